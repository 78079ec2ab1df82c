"""Ways in that were tried on an earlier version; each stays closed."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.club import Club


def test_a_claim_by_hand_never_pushes_aside_somebody_who_is_known_there(party: Club) -> None:
    both = party.items()["both.jpg"]["item"]
    party.kenbaar("collection", "set", "party", "--mode", "off")
    party.kenbaar("enrol", party.invite("Eva", "find", "show:web"), "--by-hand")
    for n, owner in ((0, "Ada"), (1, "Bob")):
        refused = party.kenbaar.refused("claim", party.ids["Eva"], both, "--box", n, code=3)
        assert "somebody else" in refused.lower()
        assert "both.jpg" in party.found(owner)


def test_a_template_goes_with_the_last_purpose_for_which_faces_are_compared(club: Club) -> None:
    club.enrol("Dov", "find", "name")
    club.kenbaar("withdraw", club.ids["Dov"], "--purpose", "find")
    with club.open() as archive:
        assert club.ids["Dov"] not in archive.consents.templates.subjects()
        assert [str(g.purpose) for g in archive.consents.living_grants(club.ids["Dov"])] == ["name"]


def test_photos_of_somebody_who_agreed_to_no_comparison_make_no_template(club: Club) -> None:
    club.enrol("Dov", "name")
    with club.open() as archive:
        assert club.ids["Dov"] not in archive.consents.templates.subjects()


def test_what_a_collection_shows_names_nobody(party: Club) -> None:
    shown = str(party.kenbaar("collection", "show", "party"))
    assert "known" in shown
    assert not any(subject in shown for subject in party.ids.values())


def test_no_page_or_file_asked_for_replaces_an_original_the_archive_or_a_device(party: Club, tmp_path: Path) -> None:
    original = party.photos / "ada.jpg"
    before = original.read_bytes()
    party.kenbaar.refused("find", party.ids["Ada"], "--sheet", original, code=2)
    party.kenbaar.refused("collection", "show", "party", "--sheet", party.home / "templates.db", code=2)
    party.kenbaar.refused("ledger", "checkpoint", "--out", party.home / "master.key", code=2)
    party.kenbaar.refused("export", party.ids["Ada"], tmp_path, code=2)
    assert original.read_bytes() == before
    party.kenbaar.expect_whole()


def test_the_archives_own_folder_is_no_collection_and_odd_words_are_refused(club: Club) -> None:
    club.kenbaar.refused("collection", "add", "mine", club.home, code=2)
    club.kenbaar.refused("invite", "Ada", "--purpose", "find", "--until", "9999-12-31", code=2)
    club.collect()
    for channel in ("", "a\nb", "Web"):
        club.kenbaar.refused("publish", "party", club.out, "--channel", channel, code=2)


def test_a_checkpoint_printed_to_a_file_verifies(party: Club, tmp_path: Path) -> None:
    kept = tmp_path / "checkpoint"
    with party.open() as archive:
        kept.write_text(archive.ledger.checkpoint().text.rstrip("\n") + "\n")  # what `ledger checkpoint > file` writes
    assert party.kenbaar("ledger", "verify", "--checkpoint", kept)["ok"] is True
