"""Consent is looked up at every read, purpose by purpose, and every look is written down before it is answered."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kenbaar.consent import Sessions
from kenbaar.errors import ConsentExpired, ConsentMissing, ConsentWithdrawn
from kenbaar.policy import Event
from tests.actors import OFFICER
from tests.e2e.club import Club, new_club, sweep_with


def test_a_withdrawn_consent_answers_no_find_from_that_moment_on(party: Club) -> None:
    assert party.found("Ada") == ["ada.jpg", "both.jpg"]
    party.kenbaar("withdraw", party.ids["Ada"])
    assert "has left" in party.kenbaar.refused("find", party.ids["Ada"], code=3)
    assert party.found("Bob") == ["both.jpg"]


def test_a_withdrawn_person_is_on_no_face_of_any_photo_and_is_not_found_again(party: Club) -> None:
    party.kenbaar("withdraw", party.ids["Ada"])
    party.photo("later.jpg", "Ada")
    report = party.sweep()
    assert report["appearances"] == 2  # Bob and Cas
    assert not any(f["known"] for path in ("ada.jpg", "later.jpg") for f in party.items()[path]["faces"])


def test_show_on_the_web_is_not_show_in_print(party: Club) -> None:
    assert party.publish(channel="print")["visible"] == 0
    assert party.publish(channel="web")["visible"] == 3


def test_show_without_a_channel_is_every_channel(club: Club) -> None:
    club.enrol("Dov", "show")
    club.photo("dov.jpg", "Dov")
    club.collect()
    club.sweep()
    for channel in ("web", "print"):
        assert club.publish(channel=channel)["visible"] == 1


def test_find_without_show_is_masked(party: Club) -> None:
    party.publish()
    assert party.sees("both.jpg", 0) and not party.sees("both.jpg", 1)
    assert party.found("Bob") == ["both.jpg"]


def test_show_without_find_reveals_and_refuses_find(party: Club) -> None:
    party.publish()
    assert party.sees("cas.jpg", 0)
    party.kenbaar.refused("find", party.ids["Cas"], code=3)


def test_withdrawing_one_purpose_leaves_the_others(party: Club) -> None:
    party.publish()
    answer = party.kenbaar("withdraw", party.ids["Ada"], "--purpose", "show:web")
    assert answer["keys_destroyed"] == 1 and answer["left"] is False and len(answer["copies"]) == 2
    assert party.found("Ada") == ["ada.jpg", "both.jpg"]
    report = party.publish()
    assert report["replaced"] == 2 and not party.sees("ada.jpg", 0)
    answer = party.kenbaar("withdraw", party.ids["Ada"], "--purpose", "find")
    assert answer["left"] is True and answer["copies"] == []


def test_withdrawing_find_leaves_show(party: Club) -> None:
    party.kenbaar("withdraw", party.ids["Ada"], "--purpose", "find")
    party.kenbaar.refused("find", party.ids["Ada"], code=3)
    assert party.publish()["visible"] == 3


def test_a_purpose_that_was_not_given_cannot_be_withdrawn(party: Club) -> None:
    party.kenbaar.refused("withdraw", party.ids["Bob"], "--purpose", "show:web", code=3)
    party.kenbaar.refused("withdraw", party.ids["Bob"], "--purpose", "nonsense", code=2)
    assert party.found("Bob") == ["both.jpg"]


def test_only_what_the_person_agreed_to_of_what_was_offered_holds(club: Club) -> None:
    token = club.invite("Dov", "find", "show:web")
    club.kenbaar.refused("enrol", token, club.portrait("Dov"), "--agree", "name", code=2)
    assert club.kenbaar("enrol", token, club.portrait("Dov"), "--agree", "find")["purposes"] == ["find"]
    club.photo("dov.jpg", "Dov")
    club.collect()
    club.sweep()
    assert club.found("Dov") == ["dov.jpg"]
    assert club.publish()["visible"] == 0


def test_somebody_who_agreed_to_neither_find_nor_show_is_not_recognised(club: Club) -> None:
    club.enrol("Dov", "name", "ask")
    club.photo("dov.jpg", "Dov")
    club.collect()
    report = club.sweep()
    assert (report["appearances"], report["unknown"]) == (0, 1)
    club.kenbaar.refused("find", club.ids["Dov"], code=3)


def test_every_look_is_in_the_ledger_and_shown_to_the_person(party: Club) -> None:
    party.kenbaar("find", party.ids["Ada"], "--reason", "she asked")
    acts = party.kenbaar("ledger", "show", "--subject", party.ids["Ada"])["acts"]
    finds = [a for a in acts if a["event"] == "find"]
    assert len(finds) == 1
    assert finds[0]["facts"]["reason"] == "she asked" and finds[0]["facts"]["pictures"] == 2
    assert finds[0]["facts"]["by"]
    others = party.kenbaar("ledger", "show", "--subject", party.ids["Bob"])["acts"]
    assert not any(a["event"] == "find" for a in others)


def test_a_find_that_cannot_be_written_down_is_not_answered(party: Club) -> None:
    entries = party.home / "ledger"
    moved = party.folder / "ledger-moved"
    entries.rename(moved)
    refused = party.kenbaar.refused("find", party.ids["Ada"], code=6)
    assert "both.jpg" not in refused
    moved.rename(entries)
    assert party.found("Ada") == ["ada.jpg", "both.jpg"]


def test_what_the_ledger_said_about_somebody_closes_when_they_leave(party: Club) -> None:
    name = "Wilhelmina Dovsdochter"  # too long to be in a key or a signature by chance
    invited = party.kenbaar("invite", name, "--purpose", "find")
    party.kenbaar("enrol", invited["token"], party.portrait("Dov"))
    party.kenbaar("find", invited["subject"])
    party.kenbaar("withdraw", invited["subject"])
    assert party.kenbaar("ledger", "show", "--subject", invited["subject"])["acts"] == []
    assert any(a["facts"] is None for a in party.kenbaar("ledger", "show")["acts"])
    for file in (p for p in party.home.rglob("*") if p.is_file()):
        assert name.encode() not in file.read_bytes(), file


# -- dates ---------------------------------------------------------------------------------------------------------


def test_on_the_last_day_consent_holds_and_the_day_after_it_does_not(club: Club) -> None:
    last = (datetime.now(UTC) + timedelta(days=10)).date()
    club.enrol("Dov", "find", "show:web", options=("--until", last.isoformat()))
    club.photo("dov.jpg", "Dov")
    club.collect()
    club.sweep()
    end = datetime(last.year, last.month, last.day, tzinfo=UTC) + timedelta(days=1)
    before = end - datetime.now(UTC) - timedelta(minutes=2)
    with club.open(after=before) as archive:
        assert len(archive.requests.find(OFFICER, club.ids["Dov"], Sessions())) == 1
        assert archive.consents.may_show("web") >= {club.ids["Dov"]}
    with club.open(after=before + timedelta(minutes=4)) as archive:
        with pytest.raises((ConsentExpired, ConsentWithdrawn)):
            archive.requests.find(OFFICER, club.ids["Dov"], Sessions())
        assert club.ids["Dov"] not in archive.consents.may_show("web")
        assert archive.consents.templates.subjects() == {club.ids[n] for n in ("Ada", "Bob", "Cas")}
    club.kenbaar.whole = False  # the ledger is now of a day that has not come; the next test is about that


def test_a_date_that_passes_while_the_archive_is_open_counts_at_once(party: Club) -> None:
    ahead = [timedelta()]
    from kenbaar.archive import open_archive

    with open_archive(party.settings, lambda: datetime.now(UTC) + ahead[0]) as archive:
        assert len(archive.requests.find(OFFICER, party.ids["Ada"], Sessions())) == 2
        ahead[0] = timedelta(days=400)
        with pytest.raises((ConsentExpired, ConsentWithdrawn)):
            archive.requests.find(OFFICER, party.ids["Ada"], Sessions())
        assert not archive.consents.may_show("web")
        archive.confirm_clock(OFFICER)
        assert sweep_with(archive).appearances == 0
    party.kenbaar.whole = False


def test_a_clock_that_jumps_back_revives_nobody(party: Club) -> None:
    with party.open(after=timedelta(days=400)) as archive:
        assert archive.consents.recognisable() == {}
    for back in (timedelta(), timedelta(days=-4000)):
        with party.open(after=back) as archive:
            assert archive.consents.recognisable() == {}
            with pytest.raises((ConsentExpired, ConsentWithdrawn, ConsentMissing)):
                archive.requests.find(OFFICER, party.ids["Ada"], Sessions())
            assert sweep_with(archive).appearances == 0
    assert party.kenbaar("ledger", "verify")["ok"] is True
    party.kenbaar.refused("find", party.ids["Ada"], code=3)


def test_a_clock_set_back_does_not_reopen_an_invitation(club: Club) -> None:
    token = club.invite("Dov", "find")
    with club.open(after=timedelta(days=31)) as archive:
        archive.journal.record(Event.CHECK, OFFICER)
    assert "expired" in club.kenbaar.refused("enrol", token, club.portrait("Dov"), code=3)


# -- tokens and minors ---------------------------------------------------------------------------------------------


def test_a_token_works_once(club: Club) -> None:
    token = club.invite("Dov", "find")
    club.kenbaar("enrol", token, club.portrait("Dov"))
    assert "used already" in club.kenbaar.refused("enrol", token, club.portrait("Dov"), code=3)


def test_a_refused_photo_does_not_spend_the_token(club: Club) -> None:
    token = club.invite("Dov", "find")
    nobody = club.photo("nobody.jpg")
    assert "No face" in club.kenbaar.refused("enrol", token, nobody, code=4)
    two = club.photo("two.jpg", "Dov", "Eva")
    assert "2 faces" in club.kenbaar.refused("enrol", token, two, code=4)
    mixed = (club.portrait("Dov"), club.portrait("Eva"))
    assert "same person" in club.kenbaar.refused("enrol", token, *mixed, code=4)
    club.kenbaar.refused("enrol", token, *([club.portrait("Dov")] * 6), code=4)
    club.kenbaar.refused("enrol", token, code=2)
    club.kenbaar("enrol", token, club.portrait("Dov"))


def test_an_unknown_token_is_refused(club: Club) -> None:
    for token in ("kbnonsense", "x", "☃", "a" * 10_000):
        assert "not known" in club.kenbaar.refused("enrol", token, club.portrait("Dov"), code=3)


def test_an_expired_token_is_refused(club: Club) -> None:
    token = club.invite("Dov", "find")
    with club.open(after=timedelta(days=31)) as archive:
        from kenbaar.errors import TokenRefused

        with pytest.raises(TokenRefused, match="expired"):
            archive.enrolments.enrol(OFFICER, token, [club.portrait("Dov")], ["find"])


def test_a_minor_needs_a_guardian_and_an_end_within_a_year(club: Club) -> None:
    invite = ("invite", "Kid", "--purpose", "find")
    assert "guardian" in club.kenbaar.refused(*invite, "--minor", code=2)
    late = (datetime.now(UTC) + timedelta(days=400)).date().isoformat()
    club.kenbaar.refused(*invite, "--minor", "--guardian", "Her Mother", "--until", late, code=2)
    club.kenbaar.refused(*invite, "--guardian", "Her Mother", "--until", late, code=2)
    until = club.kenbaar(*invite, "--minor", "--guardian", "Her Mother")["until"]
    assert datetime.fromisoformat(until).replace(tzinfo=UTC) <= datetime.now(UTC) + timedelta(days=366)


def test_consent_without_an_end_does_not_exist(club: Club) -> None:
    assert all(s["until"] for s in club.kenbaar("subjects")["subjects"])


# -- people who hold their own key ---------------------------------------------------------------------------------


@pytest.fixture
def own_key(club: Club) -> Club:
    """Dov holds his own key."""
    enrolled = club.enrol("Dov", "find", "show:web", options=("--holder", "subject"))
    assert enrolled["code"] == enrolled["recovery_code"]
    club.photo("dov.jpg", "Dov", "Bob")
    club.collect()
    return club


def test_in_the_eu_people_hold_their_own_key_unless_said_otherwise(tiny_pack_folder: Path, tmp_path: Path) -> None:
    club = new_club(tmp_path, tiny_pack_folder, "eu")
    assert club.enrol("Ada", "find")["code"]
    assert "code" not in club.enrol("Bob", "find", options=("--holder", "organisation"))
    club.kenbaar.expect_whole()


def test_without_their_code_a_sweep_finds_nothing_of_them(own_key: Club) -> None:
    report = own_key.sweep()
    assert (report["appearances"], report["unknown"]) == (1, 1)
    assert own_key.found("Dov") == []


def test_with_their_code_a_sweep_finds_them(own_key: Club) -> None:
    own_key.sweep()
    assert own_key.sweep("--code", own_key.codes["Dov"])["appearances"] == 2
    assert own_key.found("Dov") == ["dov.jpg"]
    assert own_key.sweep()["appearances"] == 2  # what they let be found stays found


def test_a_wrong_code_is_refused_and_finds_nothing(own_key: Club) -> None:
    code = own_key.codes["Dov"]
    last = "0" if code[-1] != "0" else "1"
    mistyped = code[:-1] + last
    for wrong in (mistyped, "", "nonsense", code.replace(code[-4:], code[-4:][::-1])):
        if wrong != code:
            answer = own_key.kenbaar.answer("sweep", "party", "--workers", 1, "--code", wrong)
            assert answer.code in (2, 3, 4), answer
    own_key.sweep()
    own_key.kenbaar.refused("find", own_key.ids["Dov"], code=3)
    own_key.kenbaar.refused("find", own_key.ids["Dov"], "--code", mistyped, code=3)


def test_another_persons_code_does_not_open_it(own_key: Club) -> None:
    own_key.enrol("Eva", "find", options=("--holder", "subject"))
    own_key.sweep("--code", own_key.codes["Dov"])
    own_key.kenbaar.refused("find", own_key.ids["Dov"], "--code", own_key.codes["Eva"], code=3)


def test_the_code_is_nowhere_in_the_home_folder(own_key: Club) -> None:
    own_key.sweep("--code", own_key.codes["Dov"])
    code = own_key.codes["Dov"].encode()
    secret = own_key.codes["Dov"].split("-")[-1].encode()
    for file in (p for p in own_key.home.rglob("*") if p.is_file()):
        data = file.read_bytes()
        assert code not in data and secret not in data, file


def test_somebody_who_holds_their_key_can_leave_without_it(own_key: Club) -> None:
    own_key.sweep("--code", own_key.codes["Dov"])
    assert own_key.kenbaar("withdraw", own_key.ids["Dov"])["left"] is True
    own_key.kenbaar.refused("sweep", "party", "--code", own_key.codes["Dov"], code=3)


# -- look-alikes and "this is not me" ------------------------------------------------------------------------------


def test_enrolling_a_throw_away_person_with_somebody_elses_photo_is_no_search(club: Club) -> None:
    def told() -> tuple[object, object]:
        rows = {s["subject"]: s for s in club.kenbaar("subjects")["subjects"]}
        database = sqlite3.connect(club.home / "archive.db")
        people = database.execute("SELECT * FROM subjects WHERE id = ?", [club.ids["Ada"]]).fetchall()
        database.close()
        return rows[club.ids["Ada"]], people

    before, acts = told(), club.kenbaar("ledger", "show", "--subject", club.ids["Ada"])["acts"]
    like = club.kenbaar("enrol", club.invite("Straw man", "find"), club.portrait("Ada"))
    unlike = club.kenbaar("enrol", club.invite("Another", "find"), club.portrait("Stranger"))
    assert like.keys() == unlike.keys() and not [key for key in like if "alike" in key]
    assert told() == before
    assert club.kenbaar("ledger", "show", "--subject", club.ids["Ada"])["acts"] == acts  # and she was not looked at
    rows = {s["subject"]: s for s in club.kenbaar("subjects")["subjects"]}
    differ = {k for k, v in rows[like["subject"]].items() if v != rows[unlike["subject"]][k]}
    assert differ == {"subject", "name"}


def test_not_me_is_final_also_for_copies_and_renamed_files(party: Club) -> None:
    import shutil

    item = party.items()["ada.jpg"]["item"]
    shutil.copy(party.photos / "ada.jpg", party.photos / "copy.jpg")
    party.sweep()
    assert party.found("Ada") == ["ada.jpg", "both.jpg", "copy.jpg"]
    party.kenbaar("reject", party.ids["Ada"], item)
    assert party.found("Ada") == ["both.jpg"]
    (party.photos / "ada.jpg").rename(party.photos / "renamed.jpg")
    shutil.copy(party.photos / "copy.jpg", party.photos / "another.jpg")
    party.sweep()
    party.enrol("Dov", "find")  # a new grant: everything is compared anew
    party.sweep()
    assert party.found("Ada") == ["both.jpg"]
    again = party.items()["renamed.jpg"]["item"]
    assert "final" in party.kenbaar.refused("claim", party.ids["Ada"], again, "--box", 0, code=3)
    assert party.publish()["visible"] == 2  # both.jpg, and Cas
    party.kenbaar.refused("reject", party.ids["Ada"], again, code=4)
