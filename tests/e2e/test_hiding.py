""" "Do not show me here": of one picture, whatever somebody agreed to elsewhere; and nobody takes it back for them."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.e2e.club import Club


def item_of(party: Club, path: str) -> str:
    return str(party.items()[path]["item"])


def test_somebody_hidden_in_one_picture_is_covered_there_and_seen_elsewhere(party: Club) -> None:
    party.publish()
    assert party.sees("both.jpg", 0) and party.sees("ada.jpg", 0)
    said = party.kenbaar("hide", party.ids["Ada"], item_of(party, "both.jpg"))
    assert [Path(c).name for c in said["copies"]] == ["both.jpg"], "what must come down"
    report = party.publish()
    assert report["replaced"] == 1
    assert not party.sees("both.jpg", 0) and party.sees("ada.jpg", 0)


def test_a_copy_that_shows_somebody_hidden_is_listed_as_one_to_come_down(party: Club) -> None:
    from kenbaar import acts
    from tests.actors import OFFICER

    party.publish()
    party.kenbaar("hide", party.ids["Ada"], item_of(party, "ada.jpg"))
    with party.open() as archive:
        copies = acts.list_copies(archive, OFFICER, acts.ListCopiesRequest()).copies
        plan = acts.plan_publication(archive, OFFICER, acts.PlanPublicationRequest("party", "web"))
    assert {c.path.name for c in copies if c.to_come_down} == {"ada.jpg"}
    assert plan.visible == 2, "both.jpg and cas.jpg"


def test_somebody_who_shows_themselves_again_is_seen(party: Club) -> None:
    item = item_of(party, "ada.jpg")
    party.kenbaar("hide", party.ids["Ada"], item)
    party.publish()
    assert not party.sees("ada.jpg", 0)
    assert party.kenbaar("hide", party.ids["Ada"], item, "--show")["hidden"] is False
    party.publish()
    assert party.sees("ada.jpg", 0)


def test_hiding_follows_the_content_to_another_name(party: Club) -> None:
    party.kenbaar("hide", party.ids["Ada"], item_of(party, "ada.jpg"))
    shutil.copy(party.photos / "ada.jpg", party.photos / "copied.jpg")
    party.sweep()
    party.publish()
    assert not party.sees("ada.jpg", 0) and not party.sees("copied.jpg", 0)


def test_nobody_hides_where_they_are_not(party: Club) -> None:
    refused = party.kenbaar.answer("hide", party.ids["Bob"], item_of(party, "ada.jpg"))
    assert refused.code == 4 and "does not appear" in refused.words
    assert party.kenbaar.answer("hide", "s-00000000", item_of(party, "ada.jpg")).code == 4


def test_a_backup_of_the_records_brings_nobody_back_into_sight(party: Club) -> None:
    before = party.backup()
    party.kenbaar("hide", party.ids["Ada"], item_of(party, "ada.jpg"))
    party.restored_from(before, "archive.db")
    party.publish()
    assert not party.sees("ada.jpg", 0)


def test_a_row_that_is_taken_out_by_hand_is_put_back(party: Club) -> None:
    import sqlite3

    party.kenbaar("hide", party.ids["Ada"], item_of(party, "ada.jpg"))
    with sqlite3.connect(party.home / "archive.db") as db:
        db.execute("DELETE FROM hidden")
    db.close()
    party.publish()
    assert not party.sees("ada.jpg", 0)


def test_a_backup_does_not_hide_who_showed_themselves_again(party: Club) -> None:
    item = item_of(party, "ada.jpg")
    party.kenbaar("hide", party.ids["Ada"], item)
    before = party.backup()
    party.kenbaar("hide", party.ids["Ada"], item, "--show")
    party.restored_from(before, "archive.db")
    party.publish()
    assert party.sees("ada.jpg", 0)


def test_nothing_of_it_is_kept_of_who_left(party: Club) -> None:
    import sqlite3

    party.kenbaar("hide", party.ids["Ada"], item_of(party, "ada.jpg"))
    party.kenbaar("withdraw", party.ids["Ada"])
    with sqlite3.connect(party.home / "archive.db") as db:
        assert db.execute("SELECT count(*) FROM hidden").fetchone() == (0,)
    db.close()
