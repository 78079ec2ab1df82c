"""Every act has an actor: it stands in the ledger, and the person whom it is about reads who it was."""

from __future__ import annotations

import json
import os
import pwd
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kenbaar import acts
from kenbaar.consent import Purpose, Sessions
from kenbaar.errors import RoleRefused
from kenbaar.policy import Actor, Event
from tests.actors import OFFICER
from tests.cheap import quick_codes
from tests.e2e.club import Club, draw_people, new_club

ME = pwd.getpwuid(os.getuid()).pw_name


def told(club: Club, event: str, subject: str | None = None) -> list[dict[str, Any]]:
    """What the ledger says of such acts, oldest first."""
    asked = ("ledger", "show", *(("--subject", subject) if subject else ()))
    return [act["facts"] for act in club.kenbaar(*asked)["acts"] if act["event"] == event]


@pytest.fixture(scope="module")
def made_held(made_party: Club, tmp_path_factory: pytest.TempPathFactory) -> tuple[Club, str, str, str]:
    party = made_party.swept_copied_to(tmp_path_factory.mktemp("held"))
    with quick_codes():
        return _with_eva(party)


@pytest.fixture
def held(made_held: tuple[Club, str, str, str], tmp_path: Path) -> Iterator[tuple[Club, str, str, str]]:
    """The party with Eva, who holds her own key: subject, code, and an item she is in."""
    club = made_held[0].swept_copied_to(tmp_path)
    yield (club, *made_held[1:])
    club.kenbaar.expect_whole()


def _with_eva(party: Club) -> tuple[Club, str, str, str]:
    invited = party.kenbaar("invite", "Eva", "--purpose", "find", "--holder", "subject")
    party.photo("eva.jpg", "Eva")
    (party.folder / "selfies").mkdir(exist_ok=True)
    draw_people(party.folder / "selfies" / "eva.jpg", "Eva")
    enrolled = party.kenbaar("enrol", invited["token"], party.folder / "selfies" / "eva.jpg", "--agree", "find")
    code = enrolled["code"]
    party.kenbaar("sweep", "party", "--workers", 1, "--code", code)
    found = party.kenbaar("find", invited["subject"], "--code", code)["appearances"]
    return party, invited["subject"], code, found[0]["item"]


def test_an_act_at_the_command_line_is_an_officers_at_the_account_of_the_process(party: Club) -> None:
    party.kenbaar("find", party.ids["Ada"])
    assert {k: told(party, "find")[-1][k] for k in ("by", "actor", "role")} == {
        "by": ME, "actor": "operator", "role": "officer",
    }  # fmt: skip


def test_what_logname_says_is_not_believed(party: Club, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "somebody-else")
    monkeypatch.setenv("USER", "somebody-else")
    party.kenbaar("find", party.ids["Ada"])
    assert told(party, "find")[-1]["by"] == ME


def test_who_enrols_with_their_token_acts_for_themselves_and_the_account_is_told_too(party: Club) -> None:
    facts = told(party, "enrol", party.ids["Ada"])[-1]
    assert (facts["actor"], facts["by"], facts["account"]) == ("subject", party.ids["Ada"], ME)


def test_without_their_code_nobody_says_for_them_that_it_is_not_them(held: tuple[Club, str, str, str]) -> None:
    club, eva, code, item = held
    there = club.kenbaar.refused("reject", eva, item, code=3)
    nowhere = club.kenbaar.refused("reject", eva, "i-000000000000", code=3)
    assert there == nowhere  # whoever asks does not learn whether she is in it
    assert club.kenbaar("find", eva, "--code", code)["appearances"]
    refused = told(club, "refused", eva)
    assert [r["act"] for r in refused[-2:]] == ["reject", "reject"] and refused[-1]["by"] == ME
    club.kenbaar("reject", eva, item, "--code", code)
    assert told(club, "reject", eva)[-1]["actor"] == "subject"
    assert not club.kenbaar("find", eva, "--code", code)["appearances"]


def test_another_persons_code_is_not_theirs(held: tuple[Club, str, str, str]) -> None:
    club, eva, code, _ = held
    club.kenbaar("reject", club.ids["Ada"], club.items()["ada.jpg"]["item"], "--code", code)
    assert told(club, "reject", club.ids["Ada"])[-1]["actor"] == "operator"  # Eva's code makes nobody Ada
    assert club.kenbaar("find", eva, "--code", code)["appearances"]


def test_the_person_reads_who_it_was_and_that_it_was_done_by_hand(
    held: tuple[Club, str, str, str], tmp_path: Path
) -> None:
    club, eva, code, item = held
    club.kenbaar("reject", eva, item, "--code", code)
    club.kenbaar("export", eva, tmp_path / "eva.zip", "--code", code)
    club.kenbaar("find", club.ids["Ada"])
    club.kenbaar("export", club.ids["Ada"], tmp_path / "ada.zip")
    who = {}
    for name in ("eva", "ada"):
        with zipfile.ZipFile(tmp_path / f"{name}.zip") as opened:
            data = json.loads(opened.read("data.json"))
            who[name] = {act["event"]: act["who"] for act in data["acts"]}
            assert all(act["who"] in opened.read("index.html").decode() for act in data["acts"])
    assert who["eva"]["reject"] == f"you, with your code or token, at the account {ME}"
    assert who["ada"]["find"] == f"by hand, by {ME} (officer)"
    assert who["ada"]["sweep"] == f"{ME} (officer)"  # nobody does a sweep in her name


def test_taking_back_needs_no_code_and_says_by_whom_it_was_done(held: tuple[Club, str, str, str]) -> None:
    club, eva, _, _ = held
    before = club.kenbaar("ledger", "show")["acts"]
    club.kenbaar("withdraw", eva)
    assert len(club.kenbaar("ledger", "show")["acts"]) > len(before)
    with club.open() as archive:
        assert archive.consents.store.subject(eva).left_at is not None  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("role", "allowed"),
    [("officer", {"invite", "find", "add", "check", "rotate"}), ("editor", {"invite", "find", "add"}),
     ("reviewer", set()), ("auditor", {"check"})],
)  # fmt: skip
def test_a_role_does_what_its_row_says_and_is_refused_everything_else(
    party: Club, role: Any, allowed: set[str], tmp_path: Path
) -> None:
    actor = replace(OFFICER, kind="staff", role=role)
    (tmp_path / "more").mkdir()
    done = set()
    with party.open() as archive:
        acts: dict[str, Callable[[], object]] = {
            "invite": lambda: archive.consents.invite(actor, "Zoe", [Purpose("find")]),
            "find": lambda: archive.requests.find(actor, party.ids["Ada"], Sessions()),
            "add": lambda: archive.collections.add(actor, "more", tmp_path / "more"),
            "check": lambda: archive.check(actor, say=lambda *_: None),
            "rotate": lambda: archive.rotate_keys(actor),
        }
        for name, act in acts.items():
            try:
                act()
                done.add(name)
            except RoleRefused as refusal:
                assert actor.name in refusal.what
        assert done == allowed
        assert len(archive.collections.store.all()) == (2 if "add" in allowed else 1)  # a refusal changes nothing


def test_a_person_does_for_themselves_what_is_theirs_and_nothing_about_others(party: Club) -> None:
    ada, bob = (Actor("subject", party.ids[n]) for n in ("Ada", "Bob"))
    with party.open() as archive:
        assert archive.requests.find(ada, party.ids["Ada"], Sessions())
        with pytest.raises(RoleRefused):
            archive.requests.find(bob, party.ids["Ada"], Sessions())
        with pytest.raises(RoleRefused):
            archive.consents.invite(ada, "Zoe", [Purpose("find")])
        with pytest.raises(RoleRefused):
            archive.leaving.withdraw(bob, party.ids["Ada"])
        assert archive.consents.living_grants(party.ids["Ada"])


def test_a_fact_that_the_event_does_not_declare_is_a_mistake_in_the_program(party: Club) -> None:
    with party.open() as archive, archive.journal.writing(), pytest.raises(ValueError, match="declare"):
        archive.journal.record(Event.FIND, OFFICER, subject=party.ids["Ada"], names="of others")


def test_a_club_in_norway_is_in_the_eea_where_the_person_holds_the_key(tiny_pack_folder: Path, tmp_path: Path) -> None:
    club = new_club(tmp_path, tiny_pack_folder, "eea")
    invited = club.kenbaar("invite", "Ada", "--purpose", "find")
    assert invited["holder"] == "subject"
    club.photo("ada.jpg", "Ada")
    add = ("collection", "add", "c", club.photos)
    assert "jurisdiction" in club.kenbaar.refused(*add, "--mode", "transient", "--reason", "why", code=3)
    enrolled = club.kenbaar("enrol", invited["token"], club.photos / "ada.jpg", "--agree", "find")
    receipt = json.dumps(club.kenbaar("receipt", "verify", enrolled["receipt"]))
    assert "EEA Agreement" in receipt
    club.kenbaar.expect_whole()


# -- misses are recorded as hits are ----------------------------------------------------------------------------------


def last_refused(club: Club, subject: str | None = None) -> tuple[str, str]:
    facts = told(club, "refused", subject)[-1]
    return facts["act"], facts["why"]


def test_what_is_tried_in_somebodys_name_with_a_wrong_code_stands_in_the_ledger_for_them(
    held: tuple[Club, str, str, str], tmp_path: Path
) -> None:
    club, eva, code, item = held
    other = club.kenbaar("enrol", club.invite("Dov", "find", options=("--holder", "subject")), club.portrait("Dov"))
    for words in (
        ("find", eva), ("claim", eva, item, "--box", 0), ("reject", eva, item), ("export", eva, tmp_path / "e.zip"),
    ):  # fmt: skip
        for given in ((), ("--code", other["code"]), ("--code", "KB-wrong"), ("--code", mistyped(code))):
            before = len(told(club, "refused", eva))
            club.kenbaar.refused(*words, *given, code=3)
            after = told(club, "refused", eva)
            assert len(after) == before + 1 and (after[-1]["act"], after[-1]["why"]) == (words[0], "WrongCode")
            assert after[-1]["by"] == ME and after[-1]["actor"] == "operator"
    assert not (tmp_path / "e.zip").exists()
    assert club.kenbaar("find", eva, "--code", code)["appearances"]


def mistyped(code: str) -> str:
    return code[:-1] + ("2" if code[-1] != "2" else "3")


def test_a_sweep_with_a_wrong_code_stands_in_the_ledger(held: tuple[Club, str, str, str]) -> None:
    club, _, code, _ = held
    club.kenbaar.refused("sweep", "party", "--code", mistyped(code), code=3)
    assert last_refused(club) == ("sweep", "WrongCode")


def test_without_their_code_every_answer_about_them_is_the_same_whether_they_are_in_the_picture_or_not(
    held: tuple[Club, str, str, str], tmp_path: Path
) -> None:
    club, eva, _, item = held
    elsewhere = club.items()["stranger.jpg" if "stranger.jpg" in club.items() else "ada.jpg"]["item"]
    for command, more in (("reject", ()), ("claim", ("--box", 0)), ("claim", ("--box", 99))):
        answers = {club.kenbaar.refused(command, eva, i, *more, code=3) for i in (item, elsewhere, "i-000000000000")}
        assert len(answers) == 1


def test_a_reject_of_a_picture_they_are_not_in_stands_in_the_ledger_too(party: Club) -> None:
    ada, elsewhere = party.ids["Ada"], next(i for p, i in party.items().items() if p not in party.found("Ada"))
    party.kenbaar.refused("reject", ada, elsewhere["item"], code=4)
    assert last_refused(party, ada) == ("reject", "NotFound")
    party.kenbaar.refused("reject", ada, "i-000000000000", code=4)
    party.kenbaar.refused("claim", ada, "i-000000000000", "--box", 0, code=4)
    assert last_refused(party, ada) == ("claim", "NotFound")


def test_an_id_that_nobody_has_and_somebody_who_left_are_asked_for_on_the_record_and_not_written_down(
    party: Club, tmp_path: Path
) -> None:
    bob = party.ids["Bob"]
    party.kenbaar("withdraw", bob)
    for subject, code, why in (("Jane Doe", 4, "NotFound"), (bob, 3, "ConsentWithdrawn")):
        for words in (
            ("find", subject), ("reject", subject, "i-0"), ("claim", subject, "i-0", "--box", 0),
            ("export", subject, tmp_path / "x.zip"), ("withdraw", subject), ("renew", subject),
        ):  # fmt: skip
            before = len(told(party, "refused"))
            party.kenbaar.refused(*words, code=code)
            refused = told(party, "refused")
            assert len(refused) == before + 1 and refused[-1]["why"] == why, words
            assert "Jane" not in json.dumps(refused)
            assert "subject" not in refused[-1]


def test_a_token_that_is_none_is_tried_on_the_record(party: Club) -> None:
    party.kenbaar.refused("enrol", "kbnone", party.portrait("Dov"), code=3)
    assert last_refused(party) == ("enrol", "TokenRefused")


def test_renewing_for_somebody_who_holds_their_key_takes_their_code_before_a_photo_is_looked_at(
    held: tuple[Club, str, str, str],
) -> None:
    club, eva, _, _ = held
    token = club.kenbaar("renew", eva)["token"]
    club.kenbaar.refused("enrol", token, club.folder / "no-such.jpg", code=3)
    assert last_refused(club, eva) == ("renew", "WrongCode")


def test_an_act_that_a_role_does_not_permit_stands_in_the_ledger(party: Club) -> None:
    eve = Actor("staff", "eve", "auditor")
    with party.open() as archive, pytest.raises(RoleRefused):
        acts.find(archive, eve, acts.FindRequest(party.ids["Ada"]))
    refused = told(party, "refused", party.ids["Ada"])[-1]
    assert (refused["act"], refused["why"], refused["by"]) == ("find", "RoleRefused", "eve")


def test_a_claim_that_does_not_match_and_photos_that_show_somebody_else_were_compared_on_the_record(
    party: Club,
) -> None:
    ada, elsewhere = party.ids["Ada"], party.items()["cas.jpg"]["item"]
    before = len(told(party, "compare", ada))
    party.kenbaar.refused("claim", ada, elsewhere, "--box", 0, code=3)
    assert told(party, "compare", ada)[-1]["item"] == elsewhere
    assert last_refused(party, ada) == ("claim", "ClaimRefused")
    token = party.kenbaar("renew", ada)["token"]
    party.kenbaar.refused("enrol", token, party.portrait("Stranger"), code=4)
    assert len(told(party, "compare", ada)) == before + 2
    assert last_refused(party, ada) == ("renew", "EnrolmentRefused")
