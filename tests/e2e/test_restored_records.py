"""What protects people outlives a restore: yesterday's database, or single rows of it, takes nothing back."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest

from kenbaar.archive._replay import REPLAYS
from kenbaar.policy import Event
from tests.e2e.club import Club


def rows(club: Club, sql: str, *values: object) -> list[Any]:
    with sqlite3.connect(club.home / "archive.db") as db:
        found = db.execute(sql, values).fetchall()
    db.close()
    return found


def item(club: Club, path: str) -> str:
    return str(club.items()[path]["item"])


def test_every_event_says_whether_it_narrows_and_what_narrows_has_a_replay() -> None:
    assert {event for event in Event if event.value.narrows} == set(REPLAYS)
    fields = Event.FIND.value.__dataclass_fields__
    assert fields["narrows"].default is fields["name"].default, "no event narrows, or not, by omission"


@pytest.mark.parametrize("put_back", [("archive.db",), ("archive.db", "templates.db")], ids=", ".join)
def test_a_face_rejected_stays_rejected_when_yesterdays_records_are_put_back(
    party: Club, put_back: tuple[str, ...]
) -> None:
    party.publish()
    yesterday = party.backup()
    party.kenbaar("reject", party.ids["Ada"], item(party, "both.jpg"))
    party.restored_from(yesterday, *put_back)
    party.publish()
    assert not party.sees("both.jpg", 0) and party.sees("ada.jpg", 0)
    assert party.found("Ada") == ["ada.jpg"]
    party.sweep()
    assert party.found("Ada") == ["ada.jpg"]


def test_a_rejection_of_before_0_4_names_the_item_alone_and_is_replayed_all_the_same(party: Club) -> None:
    yesterday = party.backup()
    from tests.actors import OFFICER

    both = item(party, "both.jpg")
    with party.open() as archive, archive.journal.writing():
        archive.journal.record(Event.REJECT, OFFICER, subject=party.ids["Ada"], item=both)
    party.restored_from(yesterday, "archive.db")
    party.publish()
    assert not party.sees("both.jpg", 0) and party.sees("ada.jpg", 0)


def test_a_mode_set_to_off_stays_off(party: Club) -> None:
    yesterday = party.backup()
    party.kenbaar("collection", "set", "party", "--mode", "off")
    party.restored_from(yesterday, "archive.db")
    party.photo("new.jpg", "Ada")
    party.sweep()
    assert "new.jpg" not in party.found("Ada")
    listed = party.kenbaar("collection", "list")["collections"]
    assert [c["mode"] for c in listed] == ["off"]


def test_somebody_taken_off_a_roster_stays_off_it(party: Club) -> None:
    ada, bob = party.ids["Ada"], party.ids["Bob"]
    everybody = ("--mode", "roster", "--officer", "Eva", "--roster", ada, "--roster", bob)
    party.kenbaar("collection", "set", "party", *everybody)
    yesterday = party.backup()
    party.kenbaar("collection", "set", "party", "--mode", "roster", "--officer", "Eva", "--roster", bob)
    party.restored_from(yesterday, "archive.db")
    party.photo("new.jpg", "Ada", "Bob")
    party.sweep()
    assert "new.jpg" not in party.found("Ada") and "new.jpg" in party.found("Bob")


def test_a_purpose_withdrawn_stays_withdrawn_and_what_was_agreed_to_after_it_stays(party: Club) -> None:
    yesterday = party.backup()
    party.kenbaar("withdraw", party.ids["Ada"], "--purpose", "show:web")
    party.restored_from(yesterday, "archive.db", "templates.db")
    party.publish()
    assert not party.sees("ada.jpg", 0) and party.found("Ada") == ["ada.jpg", "both.jpg"]


@pytest.mark.parametrize("note", ["ledger_size", "protecting", "state"])
def test_how_far_the_records_are_cannot_be_edited_to_keep_the_ledger_from_being_replayed(
    party: Club, note: str
) -> None:
    yesterday = party.backup()
    party.kenbaar("reject", party.ids["Ada"], item(party, "both.jpg"))
    today = rows(party, "SELECT value FROM meta WHERE name = ?", note)
    party.restored_from(yesterday, "archive.db")
    rows(party, "UPDATE meta SET value = ? WHERE name = ?", today[0][0] if today else "0", note)
    answer = party.kenbaar.answer("publish", "party", party.out, "--channel", "web")
    assert answer.code == 6 or not party.sees("both.jpg", 0)
    party.kenbaar.whole = answer.code == 0


def test_todays_notes_with_their_seals_in_yesterdays_records_are_noticed(party: Club) -> None:
    yesterday = party.backup()
    party.kenbaar("reject", party.ids["Ada"], item(party, "both.jpg"))
    party.kenbaar("collection", "set", "party", "--mode", "off")
    meta = rows(party, "SELECT name, value, seal FROM meta")
    party.restored_from(yesterday, "archive.db")
    rows(party, "DELETE FROM meta")
    for row in meta:
        rows(party, "INSERT INTO meta (name, value, seal) VALUES (?, ?, ?)", *row)
    party.publish()
    assert not party.sees("both.jpg", 0)
    assert party.kenbaar("collection", "list")["collections"][0]["mode"] == "off"


def test_a_rejection_deleted_from_the_records_comes_back(party: Club) -> None:
    party.kenbaar("reject", party.ids["Ada"], item(party, "both.jpg"))
    rows(party, "DELETE FROM rejections")
    party.photo("new.jpg", "Ada")
    party.sweep()
    assert party.found("Ada") == ["ada.jpg", "new.jpg"]
    assert len(rows(party, "SELECT * FROM rejections")) == 1


def test_a_rejection_moved_to_another_face_comes_back_to_its_own(party: Club) -> None:
    party.kenbaar("reject", party.ids["Ada"], item(party, "both.jpg"))
    rows(party, "UPDATE rejections SET x_min = 5000, x_max = 5100")
    rows(party, "UPDATE items SET compared_with = NULL")
    party.sweep()
    assert party.found("Ada") == ["ada.jpg"]


def test_an_old_row_of_a_collection_with_its_old_seal_does_not_count(party: Club) -> None:
    old = rows(party, "SELECT mode, reason, officer, seal FROM collections")[0]
    party.kenbaar("collection", "set", "party", "--mode", "off")
    rows(party, "UPDATE collections SET mode = ?, reason = ?, officer = ?, seal = ?", *old)
    party.photo("new.jpg", "Ada")
    party.sweep()
    assert "new.jpg" not in party.found("Ada")


def test_an_operating_point_adopted_since_holds(party: Club) -> None:
    from kenbaar.measure import Adopted, keep_adopted

    with party.open() as archive:
        strict, journal = archive.threshold, archive.journal
        yesterday = party.backup()
        from dataclasses import replace

        from tests.actors import OFFICER

        point = Adopted(replace(strict, accept=0.999, strong=0.9995), journal.now(), 10, 10, carried=True)
        with journal.writing():
            journal.record(Event.ADOPT, OFFICER, pack=strict.pack, point=point.text())
            keep_adopted(point.text(), archive.consents.store)
    party.restored_from(yesterday, "archive.db")
    with party.open() as archive:
        assert archive.threshold.accept == 0.999
