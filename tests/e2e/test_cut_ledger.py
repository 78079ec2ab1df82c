"""The ledger cannot be cut, not even to a head that was once signed: no command does anything with it."""

from __future__ import annotations

import base64
import json
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from kenbaar.ledger._tree import Frontier, leaf_hash
from tests.e2e.club import Club


def every_command(club: Club) -> list[tuple[object, ...]]:
    ada = club.ids["Ada"]
    return [
        ("find", ada),
        ("subjects",),
        ("sweep", "party"),
        ("publish", "party", club.out, "--channel", "web"),
        ("check",),
        ("withdraw", ada),
        ("invite", "Eva", "--purpose", "find"),
        ("ledger", "show"),
        ("keys", "rotate"),
    ]


def refused_by_all(club: Club) -> None:
    """Every command ends with exit 6 and a sentence about the ledger, or what is remembered of it; verify tells too."""
    club.kenbaar.whole = False
    for call in every_command(club):
        assert "ledger" in club.kenbaar.refused(*call, code=6).lower(), call
    verified = club.kenbaar.answer("ledger", "verify")
    assert verified.code == 6


def set_note(club: Club, name: str, value: str) -> None:
    with sqlite3.connect(club.home / "archive.db") as db:
        db.execute("UPDATE meta SET value = ? WHERE name = ?", (value, name))
    db.close()


def cut_to(club: Club, checkpoint: str) -> None:
    """Cuts entries, acts and head to an older signed head, as an operator with a shell would."""
    folder, size = club.home / "ledger", int(checkpoint.split("\n")[1])
    for name in ("entries.jsonl", "acts.jsonl"):
        lines = (folder / name).read_bytes().splitlines(keepends=True)[:size]
        (folder / name).write_bytes(b"".join(lines))
    entries = (folder / "entries.jsonl").read_bytes().splitlines()
    frontier = Frontier().extend(leaf_hash(entry) for entry in entries)
    head = json.loads((folder / "head.json").read_text())
    head |= {"v": 1, "checkpoint": checkpoint, "peaks": [peak.hex() for peak in frontier.peaks]}
    for name in ("entries.jsonl", "acts.jsonl"):
        stat = (folder / name).stat()
        head[name] = [stat.st_size, stat.st_ino, stat.st_ctime_ns]
    head.pop("signature", None)
    (folder / "head.json").write_text(json.dumps(head))


def checkpoint_in_receipt(club: Club, name: str) -> str:
    """The signed head that somebody's destruction receipt carries."""
    printed = club.kenbaar("receipt", "print", club.ids[name])["receipts"]
    jws = next(r["jws"] for r in printed if r["kind"] == "destruction")
    payload = json.loads(base64.urlsafe_b64decode(jws.split(".")[1] + "=="))
    return _text_with(payload, "kenbaar/")


def _text_with(value: Any, start: str) -> str:
    if isinstance(value, str):
        return value if value.startswith(start) else ""
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return next((found for v in inside if (found := _text_with(v, start))), "")


def test_a_ledger_cut_to_the_head_in_a_receipt_is_refused_by_every_command(party: Club) -> None:
    party.kenbaar("withdraw", party.ids["Bob"])
    old = checkpoint_in_receipt(party, "Bob")
    party.found("Ada")
    cut_to(party, old)
    refused_by_all(party)
    set_note(party, "ledger_size", old.split("\n")[1])
    refused_by_all(party)


@pytest.mark.parametrize(
    "change",
    [
        {"entries.jsonl": [1, 2, 3]},
        {"acts.jsonl": [0, 0, 0]},
        {"peaks": []},
        {"peaks": ["00" * 32]},
        {"signature": "00" * 64},
        {"v": 3},
        {"checkpoint": "kenbaar/x\n0\n\n"},
    ],
    ids=str,
)
def test_no_part_of_the_head_can_be_edited(party: Club, change: dict[str, Any]) -> None:
    head = party.home / "ledger" / "head.json"
    head.write_text(json.dumps({**json.loads(head.read_text()), **change}))
    before = head.read_bytes()
    refused_by_all(party)
    assert head.read_bytes() == before, "nothing new was signed"


def test_a_head_of_the_old_form_is_believed_in_nothing_but_its_checkpoint(party: Club) -> None:
    head = party.home / "ledger" / "head.json"
    stored = json.loads(head.read_text())
    del stored["signature"]
    head.write_text(json.dumps({**stored, "v": 1, "peaks": ["00" * 32], "entries.jsonl": [0, 0, 0]}))
    assert party.found("Ada") == ["ada.jpg", "both.jpg"]  # read through, found whole, and signed anew
    assert json.loads(head.read_text())["v"] == 2


def test_another_ledger_of_the_same_length_is_refused(party: Club, made_club: Club, tmp_path: Path) -> None:
    yesterday = party.backup()
    party.found("Ada")
    one_way = party.backup()
    party.restored_from(yesterday, *(p.name for p in yesterday.iterdir()))
    party.found("Bob")
    party.restored_from(one_way, "ledger")
    refused_by_all(party)


@pytest.mark.parametrize("what", ["deleted", "emptied", "cut", "flipped", "another archive's"])
def test_what_is_remembered_beside_the_keys_cannot_be_taken_away_or_altered(
    party: Club, made_club: Club, what: str
) -> None:
    witness = party.home / "keys" / "ledger"
    raw = witness.read_bytes()
    match what:
        case "deleted":
            witness.unlink()
        case "emptied":
            witness.write_bytes(b"")
        case "cut":
            witness.write_bytes(raw[:40])
        case "flipped":
            witness.write_bytes(bytes(b ^ 1 for b in raw))
        case _:
            shutil.copy(made_club.home / "keys" / "ledger", witness)
            if witness.read_bytes() != raw:  # the party is the club of yesterday: what it remembers is sound, and small
                assert party.found("Ada")
                return
    refused_by_all(party)


def test_yesterdays_witness_with_yesterdays_ledger_is_told_by_the_records(party: Club) -> None:
    yesterday = party.backup()
    party.found("Ada")
    shutil.copy(yesterday / "keys" / "ledger", party.home / "keys" / "ledger")
    assert party.found("Ada")  # today's ledger continues it
    shutil.copy(yesterday / "keys" / "ledger", party.home / "keys" / "ledger")
    party.restored_from(yesterday, "ledger")
    party.kenbaar.whole = False
    for call in every_command(party):
        assert "ledger" in party.kenbaar.refused(*call, code=6).lower()


def test_a_rotation_keeps_what_is_remembered(party: Club) -> None:
    party.kenbaar("keys", "rotate")
    assert party.found("Ada") == ["ada.jpg", "both.jpg"]
