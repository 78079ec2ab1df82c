"""Yesterday's files put back: nobody who left returns, and older keys are refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.e2e.club import Club


def nobody_is_back(club: Club) -> None:
    """Ada, who withdrew, is found nowhere, shown nowhere, and sealed nowhere; Bob is where he was."""
    assert club.kenbaar.answer("find", club.ids["Ada"]).code == 3
    assert club.sweep()["appearances"] == 2
    club.publish()
    assert not club.sees("ada.jpg", 0) and not club.sees("both.jpg", 0)
    assert club.sees("cas.jpg", 0)
    assert club.found("Bob") == ["both.jpg"]
    with club.open() as archive:
        assert club.ids["Ada"] not in archive.consents.recognisable()
    listed = club.kenbaar("subjects")["subjects"]
    assert [s for s in listed if s["subject"] == club.ids["Ada"] and (s["name"] or s["purposes"])] == []


@pytest.mark.parametrize(
    "put_back",
    [
        ("archive.db",),
        ("templates.db",),
        ("archive.db", "templates.db"),
        ("archive.db", "templates.db", "receipts", "locks", "lock", "master.key"),
    ],
    ids=", ".join,
)
def test_yesterdays_databases_bring_nobody_back(party: Club, put_back: tuple[str, ...]) -> None:
    party.publish()
    yesterday = party.backup()
    party.kenbaar("withdraw", party.ids["Ada"])
    party.restored_from(yesterday, *put_back)
    nobody_is_back(party)
    party.kenbaar.expect_whole()


def test_everything_but_the_keys_put_back_is_refused_since_the_ledger_lacks_acts(party: Club) -> None:
    yesterday = party.backup()
    party.kenbaar("withdraw", party.ids["Ada"])
    today = party.backup()
    names = [p.name for p in yesterday.iterdir() if p.name != "keys"]
    party.restored_from(yesterday, *names)
    for call in (("find", party.ids["Ada"]), ("sweep", "party"), ("publish", "party", party.out, "--channel", "web")):
        assert "cut" in party.kenbaar.refused(*call, code=6)
    party.restored_from(today, *names)
    nobody_is_back(party)


def test_databases_and_keys_put_back_together_bring_nobody_back_while_the_ledger_tells_of_it(party: Club) -> None:
    party.publish()
    yesterday = party.backup()
    party.kenbaar("withdraw", party.ids["Ada"])
    party.restored_from(yesterday, "archive.db", "templates.db", "keys", "lock")
    nobody_is_back(party)
    party.kenbaar.expect_whole()


def test_a_database_put_back_before_a_purpose_was_withdrawn_does_not_show_the_person(party: Club) -> None:
    yesterday = party.backup()
    party.kenbaar("withdraw", party.ids["Ada"], "--purpose", "show:web")
    party.restored_from(yesterday, "archive.db")
    assert party.found("Ada") == ["ada.jpg", "both.jpg"]
    assert party.publish()["visible"] == 1  # Cas


def test_somebody_only_invited_who_withdrew_stays_gone_with_their_token(party: Club) -> None:
    token = party.invite("Dov", "find")
    yesterday = party.backup()
    party.kenbaar("withdraw", party.ids["Dov"])
    party.restored_from(yesterday, "archive.db", "templates.db")
    party.kenbaar.refused("enrol", token, party.portrait("Dov"), code=3)
    assert "Dov" not in [s["name"] for s in party.kenbaar("subjects")["subjects"]]


def test_somebody_who_enrolled_and_left_since_the_backup_cannot_enrol_again_with_the_old_token(party: Club) -> None:
    token = party.invite("Dov", "find")
    yesterday = party.backup()
    party.kenbaar("enrol", token, party.portrait("Dov"))
    party.kenbaar("withdraw", party.ids["Dov"])
    party.restored_from(yesterday, "archive.db", "templates.db")
    party.kenbaar.refused("enrol", token, party.portrait("Dov"), code=3)


def test_yesterdays_keys_after_a_rotation_are_noise(party: Club) -> None:
    yesterday = party.backup()
    party.kenbaar("withdraw", party.ids["Ada"])
    party.kenbaar("keys", "rotate")
    today = party.backup()
    for names in (("keys",), ("keys", "archive.db", "templates.db")):
        party.restored_from(yesterday, *names)
        assert "key" in party.kenbaar.refused("find", party.ids["Ada"], code=6)
        party.kenbaar.refused("sweep", "party", code=6)
        party.kenbaar.refused("publish", "party", party.out, "--channel", "web", code=6)
    party.restored_from(today, "keys", "archive.db", "templates.db")
    nobody_is_back(party)


def test_yesterdays_keys_without_a_rotation_are_refused(party: Club) -> None:
    yesterday = party.backup()
    party.kenbaar("withdraw", party.ids["Ada"])
    today = party.backup()
    party.restored_from(yesterday, "keys")
    assert "older" in party.kenbaar.refused("find", party.ids["Ada"], code=6)
    party.kenbaar.refused("sweep", "party", code=6)
    party.restored_from(today, "keys")
    nobody_is_back(party)


def test_yesterdays_keys_that_lack_a_newcomers_are_refused_and_the_newcomer_is_not_lost(party: Club) -> None:
    yesterday = party.backup()
    party.enrol("Dov", "find")
    today = party.backup()
    party.restored_from(yesterday, "keys")
    for call in (("subjects",), ("sweep", "party"), ("find", party.ids["Dov"])):
        party.kenbaar.refused(*call, code=6)
    (party.home / "lock").write_bytes(b"writing\n")  # even where the last writer was killed, nothing is cleared away
    party.kenbaar.refused("subjects", code=6)
    party.restored_from(today, "keys")
    party.photo("dov.jpg", "Dov")
    party.sweep()
    assert party.found("Dov") == ["dov.jpg"]


def test_yesterdays_ledger_is_refused(party: Club) -> None:
    yesterday = party.backup()
    party.kenbaar("withdraw", party.ids["Ada"])
    today = party.backup()
    party.restored_from(yesterday, "ledger")
    assert "ledger" in party.kenbaar.refused("subjects", code=6)
    party.restored_from(today, "ledger")
    nobody_is_back(party)


def test_the_whole_of_yesterday_is_told_by_a_checkpoint_kept_elsewhere(party: Club) -> None:
    yesterday = party.backup()
    party.kenbaar("withdraw", party.ids["Ada"])
    kept = party.folder / "checkpoint.txt"
    party.kenbaar("ledger", "checkpoint", "--out", kept)
    today = party.backup()
    party.restored_from(yesterday, *(p.name for p in yesterday.iterdir()))
    verify = party.kenbaar("ledger", "verify", "--checkpoint", kept, code=6)
    assert verify["ok"] is False and "cut" in verify["problems"][0]
    party.restored_from(today, *(p.name for p in today.iterdir()))
    assert party.kenbaar("ledger", "verify", "--checkpoint", kept)["ok"] is True


@pytest.mark.parametrize("missing", ["keys", "master.key", "ledger", "archive.db", "templates.db", "keys/store"])
def test_a_missing_store_is_refused_and_nothing_is_made_in_its_place(party: Club, missing: str) -> None:
    aside = party.folder / "aside"
    (party.home / missing).rename(aside)
    for call in (("subjects",), ("sweep", "party"), ("withdraw", party.ids["Ada"]), ("check",)):
        party.kenbaar.refused(*call, code=6)
    assert party.kenbaar.answer("init").code in (2, 6)
    assert not (party.home / missing).exists()
    aside.rename(party.home / missing)
    assert party.found("Ada") == ["ada.jpg", "both.jpg"]


@pytest.mark.parametrize("name", ["archive.db", "templates.db", "master.key", "keys/store", "ledger/head.json"])
def test_a_store_of_garbage_is_refused_with_a_sentence(party: Club, name: str) -> None:
    good = (party.home / name).read_bytes()
    for garbage in (b"", b"nonsense", bytes(len(good)), good[: len(good) // 2]):
        (party.home / name).write_bytes(garbage)
        assert party.kenbaar.answer("subjects").code == 6, (name, garbage[:8])
    (party.home / name).write_bytes(good)
    assert party.found("Ada") == ["ada.jpg", "both.jpg"]


def test_another_archives_keys_are_refused(party: Club, made_club: Club, tmp_path: Path) -> None:
    from tests.e2e.club import new_club

    other = new_club(tmp_path / "other", Path(str(party.kenbaar.pack)))
    mine = party.backup()
    party.restored_from(other.home, "keys", "master.key")
    party.kenbaar.refused("subjects", code=6)
    party.restored_from(mine, "keys", "master.key")
    assert party.found("Bob") == ["both.jpg"]


def test_a_rotation_keeps_everybody_who_is_there(party: Club) -> None:
    assert party.kenbaar("keys", "rotate")["living"] > 4
    party.photo("new.jpg", "Ada")
    party.sweep()
    assert party.found("Ada") == ["ada.jpg", "both.jpg", "new.jpg"]
    assert party.publish()["visible"] == 4


def test_a_home_copied_to_another_place_works_there(party: Club, tmp_path: Path) -> None:
    moved = tmp_path / "a home with spaces, 100% of it? #1 'quoted'"
    shutil.copytree(party.home, moved)
    party.kenbaar.home = moved
    assert party.found("Ada") == ["ada.jpg", "both.jpg"]
