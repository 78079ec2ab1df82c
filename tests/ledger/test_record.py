"""Recording acts, reading them back, proving them, and what the files give away."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from kenbaar.errors import LedgerBroken, UsageError
from kenbaar.ledger import Checkpoint, Ledger, NewAct, PayloadKey, verify_consistency, verify_proof


def test_a_new_ledger_has_a_signed_empty_head(ledger: Ledger) -> None:
    assert ledger.size == 0 and ledger.last_at is None
    assert Checkpoint.read(ledger.checkpoint().text, ledger.verifier_key).size == 0
    assert ledger.verify().ok


def test_an_act_is_on_disk_under_a_signed_head_when_record_returns(
    ledger: Ledger, folder: Path, signer: Any, ours: PayloadKey, noon: datetime
) -> None:
    entry = ledger.record("find", payload={"subject": "s-abcd"}, seal=ours, purpose="find", at=noon)
    assert (folder / "entries.jsonl").read_bytes() == entry.leaf + b"\n"
    again = Ledger.open(folder, signer)
    assert again.size == 1 and again.checkpoint() == ledger.checkpoint()


def test_acts_come_back_in_order_with_their_exact_time(filled: Ledger, ours: PayloadKey, noon: datetime) -> None:
    acts = list(filled.acts({"k-archive": ours.key, "k-person": b"\x0b" * 32}.get))
    assert [a.index for a in acts] == list(range(9))
    assert [a.payload for a in acts] == [{"n": n} for n in range(9)]
    assert {a.at for a in acts} == {noon}
    assert acts[1].purpose == "find" and acts[0].purpose is None


def test_recent_acts_of_a_kind_come_newest_first_from_that_hour_on_and_those_whose_key_is_gone_do_not(
    filled: Ledger, ours: PayloadKey, theirs: PayloadKey, noon: datetime
) -> None:
    keys = {"k-archive": ours.key, "k-person": theirs.key}
    assert [(a.index, a.payload) for a in filled.recent(noon, {"find"}, keys.get)] == [(n, {"n": n}) for n in (7, 4, 1)]
    assert [a.index for a in filled.recent(noon, {"find", "sweep"}, keys.get)] == list(range(8, -1, -1))
    assert list(filled.recent(noon + timedelta(hours=1), {"find"}, keys.get)) == []
    assert list(filled.recent(noon, {"find"}, {"k-archive": ours.key}.get)) == []


def test_when_a_persons_key_is_destroyed_their_acts_are_noise_and_every_proof_still_holds(
    filled: Ledger, ours: PayloadKey
) -> None:
    before = filled.checkpoint()
    acts = list(filled.acts({"k-archive": ours.key}.get))
    assert [a.payload is None for a in acts] == [n % 3 == 1 for n in range(9)]
    assert acts[1].at.minute == 0  # only the hour is in clear
    check = filled.verify(before, open_key={"k-archive": ours.key}.get)
    assert check.ok and check.entries == 9


def test_the_files_hold_nothing_of_what_was_sealed(
    ledger: Ledger, folder: Path, theirs: PayloadKey, noon: datetime
) -> None:
    payload = {"name": "Wilhelmina Grootegoed", "path": "/photos/feest 1.jpg", "subject": "s-geheimxx", "score": 0.8713}
    entry = ledger.record("find", payload=payload, seal=theirs, purpose="find", at=noon)
    everything = b"".join(f.read_bytes() for f in folder.iterdir())
    for secret in ("Wilhelmina", "Grootegoed", "feest", "geheim", "0.8713", "12:30", theirs.key.hex()):
        assert secret.encode() not in everything
    assert set(json.loads(entry.leaf)) == {"v", "event", "purpose", "hour", "commit", "seal"}


def test_the_length_of_a_sealed_act_does_not_tell_the_length_of_a_name(
    ledger: Ledger, folder: Path, theirs: PayloadKey, noon: datetime
) -> None:
    for name in ("Al", "Wilhelmina Grootegoed-van der Ploeg"):
        ledger.record("invite", payload={"name": name}, seal=theirs, at=noon)
    first, second = (folder / "acts.jsonl").read_bytes().splitlines()
    assert len(first) == len(second)


def test_the_same_act_twice_looks_different_in_clear_only_by_its_seal(
    ledger: Ledger, ours: PayloadKey, theirs: PayloadKey, noon: datetime
) -> None:
    one = ledger.record("find", payload={"n": 1}, seal=ours, at=noon)
    two = ledger.record("find", payload={"n": 1}, seal=theirs, at=noon)
    assert json.loads(one.leaf)["commit"] != json.loads(two.leaf)["commit"]  # keyed: guessing needs the key


def test_the_hour_never_goes_back_and_a_clock_that_jumped_back_can_be_noticed(
    ledger: Ledger, ours: PayloadKey, noon: datetime
) -> None:
    ledger.record("sweep", payload={}, seal=ours, at=noon)
    jumped = noon - timedelta(days=300)
    assert ledger.last_at is not None and jumped < ledger.last_at
    entry = ledger.record("sweep", payload={}, seal=ours, at=jumped)
    assert entry.hour == ledger.last_at == noon.replace(minute=0, second=0)
    assert ledger.verify().ok


def test_hours_are_utc_whatever_zone_the_time_came_in(ledger: Ledger, ours: PayloadKey) -> None:
    at = datetime(2026, 7, 1, 1, 30, tzinfo=timezone(timedelta(hours=2)))
    entry = ledger.record("sweep", payload={}, seal=ours, at=at)
    assert entry.hour == datetime(2026, 6, 30, 23, tzinfo=UTC)


def test_several_acts_at_once_are_as_good_as_one_by_one(ledger: Ledger, ours: PayloadKey, noon: datetime) -> None:
    entries = ledger.record_many([NewAct("sweep", {"n": n}, ours, noon) for n in range(40)])
    assert [e.index for e in entries] == list(range(40))
    assert ledger.record_many([]) == []
    assert ledger.verify(ledger.checkpoint(), open_key=lambda _: ours.key).ok


@pytest.mark.parametrize("event", ["", "Find", "find me", "s-abcd efgh", "x" * 65, "find\n"])
def test_an_event_that_is_not_a_short_word_is_refused(
    event: str, ledger: Ledger, ours: PayloadKey, noon: datetime
) -> None:
    with pytest.raises(UsageError):
        ledger.record(event, payload={}, seal=ours, at=noon)
    assert ledger.size == 0


@pytest.mark.parametrize("purpose", ["", "show:", "show:Web", "find me", "show:a/b", "show:" + "x" * 33])
def test_a_purpose_that_consent_would_not_write_is_refused(
    purpose: str, ledger: Ledger, ours: PayloadKey, noon: datetime
) -> None:
    with pytest.raises(UsageError):
        ledger.record("find", payload={}, seal=ours, at=noon, purpose=purpose)
    assert ledger.size == 0


@pytest.mark.parametrize("payload", [{"n": object()}, {"n": float("nan")}, {"n": b"x"}, {"n": "x" * (1 << 20)}])
def test_a_payload_that_is_not_plain_or_short_json_is_refused(
    payload: dict[str, Any], ledger: Ledger, ours: PayloadKey, noon: datetime
) -> None:
    with pytest.raises(UsageError):
        ledger.record("find", payload=payload, seal=ours, at=noon)
    assert ledger.size == 0 and ledger.verify().ok


def test_a_time_without_zone_is_refused(ledger: Ledger, ours: PayloadKey) -> None:
    with pytest.raises(UsageError):
        ledger.record("find", payload={}, seal=ours, at=datetime(2026, 1, 1))


def test_a_payload_key_is_32_bytes_and_never_in_repr() -> None:
    with pytest.raises(UsageError):
        PayloadKey("k-1", b"short")
    assert "secret" not in repr(PayloadKey("k-1", b"secret" + b"x" * 26))


def test_a_second_ledger_in_the_same_folder_is_refused(filled: Ledger, folder: Path, signer: Any) -> None:
    with pytest.raises(UsageError):
        Ledger.create(folder, "example.org/photos", signer)
    assert filled.verify().ok


def test_a_ledger_that_is_not_there_is_refused_with_a_sentence(tmp_path: Path, signer: Any) -> None:
    with pytest.raises(LedgerBroken) as refusal:
        Ledger.open(tmp_path / "nowhere", signer)
    assert refusal.value.do


def test_the_folder_and_its_files_are_their_owners_alone(filled: Ledger, folder: Path) -> None:
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {f.stat().st_mode & 0o777 for f in folder.iterdir()} == {0o600}


def test_every_entry_can_be_proven_offline(filled: Ledger) -> None:
    lines = (filled._folder / "entries.jsonl").read_bytes().splitlines()
    for index, leaf in enumerate(lines):
        assert verify_proof(filled.proof(index), leaf, filled.verifier_key) == filled.checkpoint()


def test_a_proof_reads_as_the_spec_says(filled: Ledger) -> None:
    head, _, note = filled.proof(3).partition("\n\n")
    lines = head.split("\n")
    assert lines[:2] == ["c2sp.org/tlog-proof@v1", "index 3"] and len(lines) == 2 + 4
    assert note == filled.checkpoint().text


@pytest.mark.parametrize("at", range(0, 520, 13))
def test_a_flipped_bit_in_a_proof_is_refused(at: int, filled: Ledger, folder: Path) -> None:
    proof = bytearray(filled.proof(3).encode())
    proof[at % len(proof)] ^= 1
    leaf = (folder / "entries.jsonl").read_bytes().splitlines()[3]
    with pytest.raises(LedgerBroken):
        verify_proof(proof.decode(errors="replace"), leaf, filled.verifier_key)


def test_a_proof_of_one_entry_does_not_prove_another(filled: Ledger, folder: Path) -> None:
    leaves = (folder / "entries.jsonl").read_bytes().splitlines()
    for text, leaf in ((filled.proof(3), leaves[4]), (filled.proof(3), leaves[3] + b" "), ("", leaves[3])):
        with pytest.raises(LedgerBroken):
            verify_proof(text, leaf, filled.verifier_key)


def test_extra_data_in_a_proof_is_passed_over(filled: Ledger, folder: Path) -> None:
    proof = filled.proof(3).replace("index 3", "extra AAAA\nindex 3")
    assert verify_proof(proof, (folder / "entries.jsonl").read_bytes().splitlines()[3], filled.verifier_key)


def test_a_proof_of_an_entry_that_is_not_there_is_refused(filled: Ledger) -> None:
    for index in (-1, 9):
        with pytest.raises(UsageError):
            filled.proof(index)


def test_growth_since_an_earlier_checkpoint_can_be_proven(filled: Ledger, ours: PayloadKey, noon: datetime) -> None:
    earlier = filled.checkpoint()
    for _ in range(5):
        filled.record("sweep", payload={}, seal=ours, at=noon)
    now = filled.checkpoint()
    assert verify_consistency(earlier.size, now.size, filled.consistency(earlier), earlier.root, now.root)


WRITER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from conftest import NOON, SeedSigner
from kenbaar.ledger import Ledger, PayloadKey
ledger = Ledger.open(Path(sys.argv[1]), SeedSigner(b"\\x01" * 32))
key = PayloadKey("k-archive", b"\\x0a" * 32)
for n in range(int(sys.argv[2])):
    print(ledger.record("sweep", payload={"n": n}, seal=key, at=NOON).index, flush=True)
"""


def test_processes_that_write_at_once_take_turns(
    ledger: Ledger, folder: Path, ours: PayloadKey, noon: datetime
) -> None:
    here = str(Path(__file__).parent)
    command = [sys.executable, "-c", WRITER, str(folder), "30", here]
    writers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    told = [int(line) for w in writers for line in w.communicate(timeout=60)[0].split()]
    mine = ledger.record("sweep", payload={"n": -1}, seal=ours, at=noon)
    assert sorted([*told, mine.index]) == list(range(91))
    assert ledger.verify(open_key=lambda _: ours.key).ok
