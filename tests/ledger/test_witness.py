"""A witness apart from the ledger remembers how far it went."""

from __future__ import annotations

import itertools
import json
from datetime import datetime
from pathlib import Path

import pytest

from kenbaar.consent import sign_manifest, verify_manifest
from kenbaar.consent._signed import open_jws, sign_jws
from kenbaar.errors import KenbaarError, LedgerBroken
from kenbaar.keys import SigningKey
from kenbaar.ledger import Checkpoint, Ledger, PayloadKey, VerifierKey
from kenbaar.ledger._folder import Head
from kenbaar.ledger._lines import signed_entry
from tests.ledger.conftest import SeedSigner


class Memory:
    """A witness for tests. fails: does not take the next thing it sees."""

    def __init__(self) -> None:
        self.seen = [(0, b"")]
        self.fails = False

    def last(self) -> tuple[int, bytes]:
        return self.seen[-1]

    def saw(self, size: int, root: bytes) -> None:
        if self.fails:
            raise LedgerBroken("No.", "Try again.")
        self.seen.append((size, root))


@pytest.fixture
def witness() -> Memory:
    return Memory()


@pytest.fixture
def watched(folder: Path, signer: SeedSigner, witness: Memory, ours: PayloadKey, noon: datetime) -> Ledger:
    ledger = Ledger.create(folder, "example.org/photos", signer, witness)
    for _ in range(3):
        ledger.record("find", payload={"n": 1}, seal=ours, at=noon)
    return ledger


def test_a_witness_sees_every_act_before_it_is_answered(watched: Ledger, witness: Memory) -> None:
    assert [size for size, _ in witness.seen[1:]] == [0, 1, 2, 3]
    assert witness.last()[1] == watched.checkpoint().root


def test_what_a_crash_kept_from_the_witness_is_seen_at_the_next_look(
    watched: Ledger, folder: Path, signer: SeedSigner, witness: Memory, ours: PayloadKey, noon: datetime
) -> None:
    witness.fails = True
    with pytest.raises(LedgerBroken):
        watched.record("find", payload={"n": 2}, seal=ours, at=noon)
    witness.fails = False
    assert Ledger.open(folder, signer, witness).size == 4
    assert witness.last()[0] == 4


@pytest.mark.parametrize("seen", [(4, b"x" * 32), (3, b"x" * 32), (2, b"x" * 32)])
def test_a_ledger_that_is_not_what_the_witness_saw_is_refused(
    watched: Ledger, folder: Path, signer: SeedSigner, witness: Memory, seen: tuple[int, bytes], ours: PayloadKey,
    noon: datetime,
) -> None:  # fmt: skip
    witness.seen.append(seen)
    for use in (
        lambda: Ledger.open(folder, signer, witness),
        lambda: watched.size,
        lambda: watched.record("find", payload={}, seal=ours, at=noon),
    ):
        with pytest.raises(LedgerBroken):
            use()


def test_no_signature_made_for_one_thing_stands_for_another(watched: Ledger, folder: Path, noon: datetime) -> None:
    key = SigningKey(b"\x01" * 32)
    verifier = VerifierKey("example.org/photos", key.public_bytes)
    jws = sign_jws({"a": 1}, "kenbaar-consent+jwt", key)
    head = Head.read(folder, verifier)
    note = watched.checkpoint().text.rpartition("\n\n")[0] + "\n"
    signed = {
        "head": head.signed_bytes(),
        "entry": signed_entry("example.org/photos", 0, b"\x00" * 32),
        "checkpoint": note.encode(),
        "receipt": jws.rpartition(".")[0].encode(),
    }
    for (one, message), (_, other) in itertools.permutations(signed.items(), 2):
        assert message != other
        assert not verifier.verifies(other, key.sign(message)), one
    # nor can the bytes of one be read as another: each begins in a way that no other may
    starts = {name: message.split(b"\n")[0] for name, message in signed.items()}
    assert b" " in starts["head"] and b" " in starts["entry"] and starts["head"] != starts["entry"]
    assert b" " not in starts["checkpoint"] and starts["receipt"].count(b".") == 1 and b"\n" not in signed["receipt"]
    for text in (signed["head"], signed["entry"], signed["receipt"]):
        with pytest.raises(LedgerBroken):
            Checkpoint.read(text.decode() + "\n\n— example.org/photos AAAA\n", verifier)
    with pytest.raises(KenbaarError):
        open_jws(watched.checkpoint().text, ["kenbaar-consent+jwt"], None)
    manifest = sign_manifest({"files": []}, key)
    with pytest.raises(KenbaarError):
        open_jws(manifest["signature"], ["kenbaar-consent+jwt"], None)
    with pytest.raises(KenbaarError):
        verify_manifest({"files": [], "signature": jws})
    assert json.loads((folder / "head.json").read_text())["v"] == 2
