"""Edits, cuts, swaps, additions and forks: found by opening, or by verifying, and never written over."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kenbaar.errors import LedgerBroken
from kenbaar.ledger import Ledger, PayloadKey, verify_ledger

Lines = list[bytes]


def edit_leaf(entries: Lines, acts: Lines) -> None:
    entries[3] = entries[3].replace(b"sweep", b"sweet")


def cut_end(entries: Lines, acts: Lines) -> None:
    del entries[-1], acts[-1]


def cut_middle(entries: Lines, acts: Lines) -> None:
    del entries[4], acts[4]


def swap(entries: Lines, acts: Lines) -> None:
    entries[2], entries[5] = entries[5], entries[2]


def swap_both(entries: Lines, acts: Lines) -> None:
    entries[2], entries[5] = entries[5], entries[2]
    acts[2], acts[5] = acts[5], acts[2]


def add_copy(entries: Lines, acts: Lines) -> None:
    entries.append(entries[-1])
    acts.append(acts[-1].replace(b'"index":8', b'"index":9'))


def empty_all(entries: Lines, acts: Lines) -> None:
    entries.clear()
    acts.clear()


def edit_act(entries: Lines, acts: Lines) -> None:
    act = json.loads(acts[4])
    act["sealed"] = act["sealed"][:40] + ("A" if act["sealed"][40] != "A" else "B") + act["sealed"][41:]
    acts[4] = json.dumps(act).encode() + b"\n"


def swap_acts(entries: Lines, acts: Lines) -> None:
    acts[1], acts[4] = acts[4].replace(b'"index":4', b'"index":1'), acts[1].replace(b'"index":1', b'"index":4')


def lose_act(entries: Lines, acts: Lines) -> None:
    del acts[-1]


def garbage(entries: Lines, acts: Lines) -> None:
    entries[0] = b"\xff\xfe\x00\n"


ATTACKS = [
    edit_leaf, cut_end, cut_middle, swap, swap_both, add_copy, empty_all, edit_act, swap_acts, lose_act, garbage,
]  # fmt: skip


def attack(folder: Path, change: Callable[[Lines, Lines], None]) -> None:
    files = [folder / "entries.jsonl", folder / "acts.jsonl"]
    lines = [f.read_bytes().splitlines(keepends=True) for f in files]
    change(*lines)
    for file, changed in zip(files, lines, strict=True):
        file.write_bytes(b"".join(changed))


@pytest.mark.parametrize("change", ATTACKS)
def test_a_changed_ledger_does_not_open(
    change: Callable[[Lines, Lines], None], filled: Ledger, folder: Path, signer: Any
) -> None:
    attack(folder, change)
    with pytest.raises(LedgerBroken):
        Ledger.open(folder, signer)


@pytest.mark.parametrize("change", ATTACKS)
def test_a_running_process_stops_writing_to_a_changed_ledger_and_leaves_it_as_it_is(
    change: Callable[[Lines, Lines], None], filled: Ledger, folder: Path, ours: PayloadKey, noon: datetime
) -> None:
    attack(folder, change)
    evidence = {f.name: f.read_bytes() for f in folder.iterdir()}
    for _ in range(2):
        with pytest.raises(LedgerBroken):
            filled.record("sweep", payload={}, seal=ours, at=noon)
    assert {f.name: f.read_bytes() for f in folder.iterdir()} == evidence


@pytest.mark.parametrize("change", ATTACKS)
def test_verifying_tells_what_is_wrong_and_never_raises(
    change: Callable[[Lines, Lines], None], filled: Ledger, folder: Path
) -> None:
    attack(folder, change)
    check = verify_ledger(folder, filled.verifier_key)
    assert not check.ok and check.problems


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_any_changed_byte_of_either_file_is_found(filled: Ledger, folder: Path, data: st.DataObject) -> None:
    file = folder / data.draw(st.sampled_from(["entries.jsonl", "acts.jsonl"]))
    sound = file.read_bytes()
    at = data.draw(st.integers(0, len(sound) - 1))
    changed = bytearray(sound)
    changed[at] ^= data.draw(st.integers(1, 255))
    try:
        file.write_bytes(changed)
        before, after = sound[:at].rpartition(b"\n")[2], sound[at + 1 :].partition(b"\n")[0]
        in_signature = file.name == "acts.jsonl" and b'"sig":"' in before and b'"' in after
        # The entry signature has done its work once a head was signed over the entry; see docs/rooms/ledger.md.
        assert in_signature or not verify_ledger(folder, filled.verifier_key).ok
    finally:
        file.write_bytes(sound)


def test_a_fork_by_somebody_who_holds_the_key_is_found_with_an_earlier_checkpoint(
    filled: Ledger, folder: Path, tmp_path: Path, signer: Any, ours: PayloadKey, noon: datetime
) -> None:
    shutil.copytree(folder, tmp_path / "copy")
    filled.record("sweep", payload={"true": 1}, seal=ours, at=noon)
    kept = filled.checkpoint()
    fork = Ledger.open(tmp_path / "copy", signer)
    for _ in range(4):
        fork.record("sweep", payload={"true": 0}, seal=ours, at=noon)
    assert fork.verify().ok  # by itself it is whole
    check = fork.verify(kept)
    assert not check.ok and "earlier checkpoint" in check.problems[0]


def test_a_ledger_put_back_to_an_earlier_day_is_found_with_a_later_checkpoint(
    filled: Ledger, folder: Path, tmp_path: Path, signer: Any, ours: PayloadKey, noon: datetime
) -> None:
    shutil.copytree(folder, tmp_path / "copy")
    filled.record("withdraw", payload={}, seal=ours, at=noon)
    check = Ledger.open(tmp_path / "copy", signer).verify(filled.checkpoint())
    assert not check.ok and "cut" in check.problems[0]
    with pytest.raises(LedgerBroken):
        Ledger.open(tmp_path / "copy", signer).consistency(filled.checkpoint())


def test_a_running_process_notices_that_the_ledger_was_put_back(
    filled: Ledger, folder: Path, tmp_path: Path, ours: PayloadKey, noon: datetime
) -> None:
    shutil.copytree(folder, tmp_path / "copy")
    filled.record("withdraw", payload={}, seal=ours, at=noon)
    for file in (tmp_path / "copy").iterdir():
        shutil.copy(file, folder / file.name)
    with pytest.raises(LedgerBroken):
        filled.record("find", payload={}, seal=ours, at=noon)


def test_a_copied_ledger_opens_and_goes_on(
    filled: Ledger, folder: Path, tmp_path: Path, signer: Any, ours: PayloadKey, noon: datetime
) -> None:
    shutil.copytree(folder, tmp_path / "copy")
    copy = Ledger.open(tmp_path / "copy", signer)
    assert copy.record("sweep", payload={}, seal=ours, at=noon).index == 9
    assert copy.verify(filled.checkpoint()).ok


def test_another_key_opens_no_ledger(filled: Ledger, folder: Path, stranger: Any) -> None:
    with pytest.raises(LedgerBroken):
        Ledger.open(folder, stranger)


@pytest.mark.parametrize("text", [b"", b"{}", b"[]", b"\xff", b'{"v":1,"checkpoint":7}'])
def test_a_head_that_cannot_be_read_is_refused(text: bytes, filled: Ledger, folder: Path, signer: Any) -> None:
    (folder / "head.json").write_bytes(text)
    with pytest.raises(LedgerBroken):
        Ledger.open(folder, signer)
    assert not filled.verify().ok


def test_a_head_whose_unsigned_part_was_edited_is_refused(filled: Ledger, folder: Path, signer: Any) -> None:
    head = json.loads((folder / "head.json").read_bytes())
    for peaks in ([], head["peaks"][::-1], ["00" * 32] * len(head["peaks"])):
        (folder / "head.json").write_text(json.dumps({**head, "peaks": peaks}))
        with pytest.raises(LedgerBroken):
            Ledger.open(folder, signer)


@pytest.mark.parametrize("name", ["head.json", "entries.jsonl", "acts.jsonl", "lock"])
def test_a_ledger_that_lost_a_file_is_refused(name: str, filled: Ledger, folder: Path, signer: Any) -> None:
    (folder / name).unlink()
    with pytest.raises(LedgerBroken):
        Ledger.open(folder, signer)
    assert not filled.verify().ok


def test_a_payload_sealed_under_a_key_that_says_otherwise_is_told(filled: Ledger) -> None:
    check = filled.verify(open_key=lambda _: b"\x0c" * 32)
    assert not check.ok and "commits to" in check.problems[0]
    with pytest.raises(LedgerBroken):
        list(filled.acts(lambda _: b"\x0c" * 32))


def test_of_a_ledger_broken_everywhere_the_first_twenty_places_are_told(
    filled: Ledger, folder: Path, ours: PayloadKey, noon: datetime
) -> None:
    for _ in range(20):
        filled.record("sweep", payload={}, seal=ours, at=noon)

    def every_act(entries: Lines, acts: Lines) -> None:
        acts[:] = [b"{}\n"] * len(acts)

    attack(folder, every_act)
    problems = verify_ledger(folder, filled.verifier_key).problems
    assert len(problems) == 20
    assert problems[0].startswith("Entry 0 ") and problems[-1].startswith("Entry 19 ")


def test_what_is_remembered_beside_the_keys_is_held_against_the_ledger(filled: Ledger, folder: Path) -> None:
    now = filled.checkpoint()
    assert verify_ledger(folder, filled.verifier_key, seen=(now.size, now.root)).ok
    cut = verify_ledger(folder, filled.verifier_key, seen=(now.size + 1, b"x" * 32))
    assert cut.problems == ("The ledger was cut: what is remembered beside the keys has 10 entries, 9 are there.",)
    changed = verify_ledger(folder, filled.verifier_key, seen=(now.size, b"x" * 32))
    assert len(changed.problems) == 1 and "the root of what is remembered beside the keys" in changed.problems[0]


def test_an_entry_after_the_signed_head_is_good_where_the_ledgers_key_signed_it(
    filled: Ledger, folder: Path, ours: PayloadKey, noon: datetime
) -> None:
    head = (folder / "head.json").read_bytes()
    filled.record("sweep", payload={}, seal=ours, at=noon)
    (folder / "head.json").write_bytes(head)  # a kill came before the head was signed anew
    assert verify_ledger(folder, filled.verifier_key).ok

    def forge(entries: Lines, acts: Lines) -> None:
        theirs, before = (json.loads(act)["sig"].encode() for act in (acts[-1], acts[-2]))
        acts[-1] = acts[-1].replace(theirs, before)

    attack(folder, forge)
    assert "without the ledger's key" in verify_ledger(folder, filled.verifier_key).problems[0]


def test_problems_and_refusals_name_no_payload(filled: Ledger, folder: Path) -> None:
    attack(folder, edit_act)
    assert "k-person" not in " ".join(verify_ledger(folder, filled.verifier_key).problems)
