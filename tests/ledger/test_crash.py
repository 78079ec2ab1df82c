"""A kill, a full disk, a closed folder: nothing acknowledged is lost, and nothing half written stays."""

from __future__ import annotations

import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from kenbaar.errors import LedgerBroken, NoSpace
from kenbaar.ledger import Ledger, NewAct, PayloadKey

WRITER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from conftest import NOON, SeedSigner
from kenbaar.ledger import Ledger, NewAct, PayloadKey
key = PayloadKey("k-archive", b"\\x0a" * 32)
ledger = Ledger.open(Path(sys.argv[1]), SeedSigner(b"\\x01" * 32))
print("ready", flush=True)
while True:
    ledger.record("sweep", payload={"n": 0}, seal=key, at=NOON)
    ledger.record_many([NewAct("find", {"n": n}, key, NOON) for n in range(3)])
    print(ledger.checkpoint().size, flush=True)
"""


@pytest.mark.parametrize("seed", range(8))
def test_after_a_kill_the_ledger_opens_holds_all_it_answered_for_and_goes_on(
    seed: int, ledger: Ledger, folder: Path, signer: Any, ours: PayloadKey, noon: datetime
) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder), str(Path(__file__).parent)], stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None and writer.stdout.readline() == "ready\n"
    time.sleep(random.Random(seed).uniform(0.0, 0.08))
    writer.kill()
    answered = max((int(line) for line in writer.stdout.read().split("\n") if line.isdigit()), default=0)
    again = Ledger.open(folder, signer)
    assert again.size >= answered
    again.record("sweep", payload={}, seal=ours, at=noon)
    assert again.verify(open_key=lambda _: ours.key).ok


def test_an_entry_torn_at_any_byte_is_taken_away_and_a_whole_one_is_taken_in(
    filled: Ledger, folder: Path, signer: Any, ours: PayloadKey, noon: datetime
) -> None:
    before = {f.name: f.read_bytes() for f in folder.iterdir()}
    filled.record("sweep", payload={"n": 9}, seal=ours, at=noon)
    after = {f.name: f.read_bytes() for f in folder.iterdir()}
    line = after["entries.jsonl"][len(before["entries.jsonl"]) :]
    for kept in range(len(line) + 1):
        (folder / "head.json").write_bytes(before["head.json"])
        (folder / "acts.jsonl").write_bytes(after["acts.jsonl"])
        (folder / "entries.jsonl").write_bytes(before["entries.jsonl"] + line[:kept])
        again = Ledger.open(folder, signer)
        assert again.size == (10 if kept == len(line) else 9)
        assert again.verify().ok
        if kept % 40 == 0:
            assert again.record("sweep", payload={}, seal=ours, at=noon).index == 9


def test_an_act_torn_at_any_byte_is_taken_away(
    filled: Ledger, folder: Path, signer: Any, ours: PayloadKey, noon: datetime
) -> None:
    before = {f.name: f.read_bytes() for f in folder.iterdir()}
    filled.record("sweep", payload={"n": 9}, seal=ours, at=noon)
    line = (folder / "acts.jsonl").read_bytes()[len(before["acts.jsonl"]) :]
    for kept in range(0, len(line) + 1, 7):
        for name, content in before.items():
            (folder / name).write_bytes(content)
        (folder / "acts.jsonl").write_bytes(before["acts.jsonl"] + line[:kept])
        assert Ledger.open(folder, signer).size == 9
        assert (folder / "acts.jsonl").read_bytes() == before["acts.jsonl"]


def test_a_head_left_half_written_beside_the_true_one_does_no_harm(
    filled: Ledger, folder: Path, signer: Any, ours: PayloadKey, noon: datetime
) -> None:
    (folder / "head.json.new").write_text("{")
    assert Ledger.open(folder, signer).record("sweep", payload={}, seal=ours, at=noon).index == 9


def test_the_same_head_is_signed_again_after_a_crash_never_another_of_that_size(
    filled: Ledger, folder: Path, signer: Any, ours: PayloadKey, noon: datetime
) -> None:
    old_head = (folder / "head.json").read_bytes()
    filled.record("sweep", payload={}, seal=ours, at=noon)
    told = filled.checkpoint()
    (folder / "head.json").write_bytes(old_head)  # the rename was lost in a power cut
    assert Ledger.open(folder, signer).checkpoint() == told


def test_a_making_that_was_interrupted_can_be_done_again(folder: Path, signer: Any) -> None:
    folder.mkdir()
    (folder / "entries.jsonl").touch()
    (folder / "lock").touch()
    with pytest.raises(LedgerBroken):
        Ledger.open(folder, signer)
    assert Ledger.create(folder, "example.org/photos", signer).verify().ok


@pytest.mark.parametrize("room_bytes", [0, 10, 200, 600, 1200])
def test_when_the_disk_is_full_nothing_is_taken_down_and_nothing_stays(
    room_bytes: int, filled: Ledger, folder: Path, signer: Any, ours: PayloadKey, noon: datetime
) -> None:
    """A file size limit stands in for the full disk: the system refuses the write halfway, just so (EFBIG)."""
    before = {name: (folder / name).read_bytes() for name in ("entries.jsonl", "acts.jsonl", "head.json")}
    acts = [NewAct("sweep", {"n": n}, ours, noon) for n in range(8)]
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before["acts.jsonl"]) + room_bytes, hard))
    try:
        with pytest.raises(NoSpace):
            filled.record_many(acts)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert {name: (folder / name).read_bytes() for name in before} == before
    assert [e.index for e in filled.record_many(acts)] == list(range(9, 17))  # room was made
    assert Ledger.open(folder, signer).verify().ok


def test_when_only_the_head_finds_no_room_the_entries_are_taken_back_too(
    filled: Ledger, folder: Path, ours: PayloadKey, noon: datetime, signer: Any
) -> None:
    before = (folder / "entries.jsonl").read_bytes()
    (folder / "head.json.new").mkdir()  # the head cannot be written aside
    with pytest.raises(LedgerBroken):
        filled.record("sweep", payload={}, seal=ours, at=noon)
    (folder / "head.json.new").rmdir()
    assert (folder / "entries.jsonl").read_bytes() == before
    assert Ledger.open(folder, signer).record("sweep", payload={}, seal=ours, at=noon).index == 9


def test_a_folder_that_cannot_be_written_is_a_sentence_and_nothing_happens(
    signer: Any, ours: PayloadKey, noon: datetime
) -> None:
    """In a child without root's privileges, who may read everything and write nothing."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        folder = Path(name) / "ledger"
        ledger = Ledger.create(folder, "example.org/photos", signer)
        ledger.record("sweep", payload={}, seal=ours, at=noon)
        folder.chmod(0o555)
        for file in folder.iterdir():
            file.chmod(0o444)
        child = os.fork()
        if child == 0:
            outcome = 1
            try:
                if os.geteuid() == 0:
                    os.setuid(65534)
                ledger.record("sweep", payload={}, seal=ours, at=noon)
            except LedgerBroken as err:
                outcome = 0 if "written" in err.what and err.do else 2
            finally:
                os._exit(outcome)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        folder.chmod(0o755)
        assert ledger.verify().entries == 1
