"""What a key is for is part of what it opens: who edits the database widens nothing, and is found out.

Each test is an attack of somebody who may write to archive.db, and has no key.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from tests.e2e.club import Club
from tests.e2e.unsealed import unseal


@contextmanager
def records(club: Club) -> Iterator[sqlite3.Connection]:
    """archive.db, open for editing; from here on the archive may not be whole."""
    club.kenbaar.whole = False
    with sqlite3.connect(club.home / "archive.db") as db:
        yield db
    db.close()


def told_by_check(club: Club) -> str:
    """What `check` says of an edited archive: exit 6."""
    answer = club.kenbaar.answer("check")
    assert answer.code == 6
    return str(answer.data)


def shows(club: Club, channel: str = "web") -> int:
    """How many faces are visible in a new publication of everything."""
    club.kenbaar("sweep", "party", "--workers", 1)
    return int(club.kenbaar("publish", "party", club.folder / f"out-{channel}", "--channel", channel)["visible"])


@pytest.mark.parametrize(
    ("edit", "name"),
    [
        ("UPDATE grants SET purpose = 'show:web' WHERE purpose = 'find'", "Bob"),
        ("UPDATE grants SET purpose = 'show' WHERE purpose = 'show:web'", "Cas"),
        ("UPDATE grants SET until = '2098-01-01 00:00:00.000000'", "Ada"),
        ("UPDATE grants SET given_at = '2020-01-01 00:00:00.000000'", "Ada"),
        ("UPDATE grants SET pack = 'sha256:another'", "Ada"),
        ("UPDATE grants SET template = '0'", "Ada"),
        ("UPDATE subjects SET holder = 'subject'", "Ada"),
        ("UPDATE subjects SET log_key = NULL", "Ada"),
    ],
)
def test_a_consent_edited_in_its_row_opens_nothing_and_check_names_it(party: Club, edit: str, name: str) -> None:
    with records(party) as db:
        db.execute(edit)
    shown = shows(party), shows(party, "print")
    assert shown == ((3, 0) if "WHERE purpose = 'find'" in edit else (0, 0))
    assert party.ids[name] in told_by_check(party)


def test_find_turned_into_show_reveals_nobody(party: Club) -> None:
    with records(party) as db:
        db.execute("UPDATE grants SET purpose = 'show:web' WHERE subject = ? AND purpose = 'find'", (party.ids["Bob"],))
    party.publish()
    assert not party.sees("both.jpg", 1) and party.sees("both.jpg", 0)
    assert "edited" in party.kenbaar.refused("find", party.ids["Bob"], code=6)


def test_an_end_date_moved_revives_nobody(party: Club) -> None:
    with records(party) as db:
        db.execute("UPDATE grants SET until = '2098-01-01 00:00:00.000000' WHERE subject = ?", (party.ids["Ada"],))
    party.publish()
    assert not party.sees("ada.jpg", 0)
    with party.open(after=timedelta(hours=1)) as archive:
        assert party.ids["Ada"] not in archive.consents.recognisable()
        assert archive.consents.living_grants(party.ids["Ada"]) == []


def test_a_consent_made_up_from_rows_opens_with_no_living_key(party: Club) -> None:
    party.invite("Dov", "find")
    with records(party) as db:
        ada = db.execute("SELECT * FROM grants WHERE purpose = 'show:web' LIMIT 1").fetchone()
        names = [row[1] for row in db.execute("PRAGMA table_info(grants)")]
        made_up = dict(zip(names, ada, strict=True)) | {"id": "g-made-up", "subject": party.ids["Dov"]}
        db.execute("DELETE FROM grants WHERE id = ?", (ada[0],))  # a key carries one grant
        db.execute(
            f"INSERT INTO grants ({', '.join(made_up)}) VALUES ({', '.join('?' * len(made_up))})",
            tuple(made_up.values()),
        )
        db.execute(
            "UPDATE appearances SET subject = ? WHERE item IN (SELECT id FROM items WHERE path = 'cas.jpg')",
            (party.ids["Dov"],),
        )
    party.publish()
    assert not party.sees("cas.jpg", 0) and not party.sees("cas.jpg", 1)
    assert party.ids["Dov"] in told_by_check(party)


def test_after_a_withdrawal_and_a_rotation_no_living_key_stands_in_for_the_destroyed_one(party: Club) -> None:
    yesterday = party.backup()
    party.kenbaar("withdraw", party.ids["Ada"])
    party.kenbaar("keys", "rotate")
    party.restored_from(yesterday, "archive.db", "templates.db")
    with records(party) as db:
        living = db.execute("SELECT key_id FROM grants WHERE subject = ?", (party.ids["Cas"],)).fetchone()[0]
        db.execute("DELETE FROM grants WHERE subject = ?", (party.ids["Cas"],))
        db.execute("UPDATE grants SET key_id = ? WHERE subject = ? AND purpose <> 'find'", (living, party.ids["Ada"]))
    assert party.kenbaar.answer("publish", "party", party.out, "--channel", "web").code in (0, 6)
    assert not (party.out / "ada.jpg").exists() or not party.sees("ada.jpg", 0)
    assert party.kenbaar.answer("find", party.ids["Ada"]).code in (3, 6)


def test_a_holder_edited_answers_nobody_without_the_code(club: Club) -> None:
    club.enrol("Dov", "find", "show:web", options=("--holder", "subject"))
    club.photo("dov.jpg", "Dov")
    club.collect()
    club.kenbaar("sweep", "party", "--workers", 1, "--code", club.codes["Dov"])
    assert club.found("Dov") == ["dov.jpg"]
    with records(club) as db:
        db.execute("UPDATE subjects SET holder = 'organisation' WHERE id = ?", (club.ids["Dov"],))
    club.kenbaar.refused("find", club.ids["Dov"], code=6)
    club.publish()
    assert not club.sees("dov.jpg", 0)
    assert club.ids["Dov"] in told_by_check(club)


@pytest.mark.parametrize(
    ("name", "value"), [("jurisdiction", "us"), ("organisation", "Somebody Else"), ("ledger_size", "0")]
)
def test_a_fact_of_the_archive_edited_refuses_every_command(party: Club, name: str, value: str) -> None:
    with records(party) as db:
        db.execute("UPDATE meta SET value = ? WHERE name = ?", (value + " ", name))
    for call in (
        ("collection", "set", "party", "--mode", "transient", "--reason", "x"),
        ("check",),
        ("invite", "Eva", "--purpose", "find"),
        ("publish", "party", party.out, "--channel", "web"),
        ("find", party.ids["Ada"]),
    ):
        assert name in party.kenbaar.refused(*call, code=6)


@pytest.mark.parametrize("deleted", [("created_at",), ("created_at", "signing_key"), ("created_at", "jurisdiction")])
def test_an_archive_whose_records_were_taken_away_is_not_made_anew_elsewhere(
    party: Club, deleted: tuple[str, ...]
) -> None:
    with records(party) as db:
        for name in deleted:
            db.execute("DELETE FROM meta WHERE name = ?", (name,))
    party.kenbaar.refused("init", "--organisation", "Somebody Else", "--jurisdiction", "other", code=6)
    assert "Somebody Else" not in str(party.kenbaar.answer("ledger", "show").data)


@pytest.mark.parametrize("name", ["key_generation", "keys_made", "ledger_size"])
def test_a_counter_taken_away_refuses_every_command(party: Club, name: str) -> None:
    with records(party) as db:
        db.execute("DELETE FROM meta WHERE name = ?", (name,))
    party.kenbaar.refused("find", party.ids["Ada"], code=6)
    party.kenbaar.refused("publish", "party", party.out, "--channel", "web", code=6)


def test_an_adopted_threshold_edited_is_refused(party: Club) -> None:
    with records(party) as db:
        db.execute("INSERT INTO meta (name, value) VALUES ('operating_point', '{\"accept\": -1}')")
    party.kenbaar.refused("sweep", "party", code=6)


@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE collections SET mode = 'off'",
        "UPDATE collections SET officer = 'somebody'",
        "INSERT INTO roster (collection, subject) SELECT 'party', id FROM subjects LIMIT 1",
    ],
)
def test_a_collection_edited_in_its_row_is_not_swept_and_check_names_it(party: Club, edit: str) -> None:
    with records(party) as db:
        db.execute(edit)
    assert "party" in party.kenbaar.refused("sweep", "party", code=6)
    party.kenbaar.refused("publish", "party", party.out, "--channel", "web", code=6)
    assert "party" in told_by_check(party)


@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE appearances SET n = 1 WHERE item = (SELECT id FROM items WHERE path = 'cas.jpg')",
        "UPDATE tracks SET n = CASE n WHEN 0 THEN 7 ELSE 0 END"
        " WHERE item = (SELECT id FROM items WHERE path = 'cas.jpg')",
        "UPDATE appearances SET item = (SELECT id FROM items WHERE path = 'cas.jpg'), n = 1"
        " WHERE item = (SELECT id FROM items WHERE path = 'ada.jpg')",
        "INSERT INTO appearances (item, n, subject, band, how, seen_at)"
        " SELECT i.id, 1, a.subject, 'strong', 'claimed', a.seen_at FROM items i, appearances a"
        " WHERE i.path = 'cas.jpg' AND a.item = i.id",
    ],
)
def test_an_appearance_made_up_or_moved_unmasks_nobody(party: Club, edit: str) -> None:
    with records(party) as db:
        db.execute("PRAGMA foreign_keys = OFF")
        db.execute(edit)
    party.publish()
    assert not party.sees("cas.jpg", 1)
    assert "edited" in told_by_check(party)


def test_a_bit_flipped_in_the_key_store_is_told_and_nobody_is_gone_of_it(party: Club) -> None:
    party.kenbaar.whole = False
    with party.open() as archive:
        key_id = archive.consents.living_grants(party.ids["Ada"])[0].key_id
    store = party.home / "keys" / "store"
    raw = bytearray(store.read_bytes())
    raw[8192 + int(key_id[-8:], 16) * 128 + 32] ^= 1  # "destroyed", says the bit
    store.write_bytes(bytes(raw))
    assert key_id in told_by_check(party)
    raw[8192 + int(key_id[-8:], 16) * 128 + 32] ^= 1
    store.write_bytes(bytes(raw))
    assert party.found("Ada") == ["ada.jpg", "both.jpg"]
    party.kenbaar.whole = True


def test_who_withdraws_goes_whatever_their_rows_say(party: Club) -> None:
    with records(party) as db:
        db.execute("UPDATE grants SET until = '2098-01-01 00:00:00.000000'")
    left = party.kenbaar("withdraw", party.ids["Ada"])
    assert left["left"] is True and left["keys_destroyed"] == 2


# -- archives made before -------------------------------------------------------------------------------------------


def test_an_archive_made_before_opens_nothing_until_it_is_sealed_and_then_everything(party: Club) -> None:
    party.enrol("Dov", "find", options=("--holder", "subject"))
    unseal(party)
    for call in (("find", party.ids["Ada"]), ("sweep", "party"), ("check",), ("subjects",)):
        assert "kenbaar seal" in party.kenbaar.refused(*call, code=4)
    told = party.kenbaar("seal")
    assert told["sealed"] is False and told["jurisdiction"] == "us" and told["appearances"] == 4
    assert {(c["subject"], c["purpose"]) for c in told["consents"]} >= {(party.ids["Ada"], "show:web")}
    party.kenbaar.refused("subjects", code=4)
    assert party.kenbaar("seal", "--yes")["sealed"] is True
    assert party.found("Ada") == ["ada.jpg", "both.jpg"] and party.found("Dov") == []
    assert shows(party) == 3
    assert "sealed" in [act["event"] for act in party.kenbaar("ledger", "show")["acts"]]
    party.kenbaar.refused("seal", "--yes", code=2)


def test_the_key_store_of_before_the_sealing_is_noise(party: Club) -> None:
    unseal(party)
    before = party.backup()
    party.kenbaar("seal", "--yes")
    today = party.backup()
    party.restored_from(before, "keys")
    party.kenbaar.refused("subjects", code=6)
    party.kenbaar.refused("seal", "--yes", code=6)
    party.restored_from(today, "keys")


# -- what is on record comes of an act ------------------------------------------------------------------------------


def test_a_copy_that_no_publication_made_is_named_by_check(party: Club) -> None:
    party.publish()
    with records(party) as db:
        db.execute("UPDATE copies SET channel = 'print'")
    assert "publication" in told_by_check(party)


def test_a_consent_and_an_appearance_that_no_act_made_are_named(party: Club) -> None:
    from kenbaar.rights._against_ledger import against_ledger

    with party.open() as archive:
        acts, items = list(archive.journal.acts()), archive.collections.store
        grants, copies = archive.consents.store.unended(), archive.publisher.copies.all()
        assert list(against_ledger(acts, grants, items, copies)) == []
        without_ada = [a for a in acts if (a.payload or {}).get("subject") != party.ids["Ada"]]
        told = list(against_ledger(without_ada, grants, items, copies))
        assert len(told) == 2 and all(party.ids["Ada"] in sentence for sentence in told)
        without_sweeps = [a for a in acts if a.event != "sweep"]
        assert len(list(against_ledger(without_sweeps, grants, items, copies))) == 4
