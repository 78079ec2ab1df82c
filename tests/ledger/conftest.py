"""A ledger with two payload keys, and a signer made from a fixed seed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kenbaar.ledger import Ledger, PayloadKey

NOON = datetime(2026, 11, 21, 12, 30, 5, tzinfo=UTC)


class SeedSigner:
    """A signing key from a seed: the protocol's two members and nothing else."""

    def __init__(self, seed: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.public_bytes = self._key.public_key().public_bytes_raw()

    def sign(self, data: bytes) -> bytes:
        return self._key.sign(data)


@pytest.fixture
def signer() -> SeedSigner:
    return SeedSigner(b"\x01" * 32)


@pytest.fixture
def stranger() -> SeedSigner:
    """Somebody who can write to the folder but does not hold the ledger's key."""
    return SeedSigner(b"\x02" * 32)


@pytest.fixture
def noon() -> datetime:
    return NOON


@pytest.fixture
def ours() -> PayloadKey:
    return PayloadKey("k-archive", b"\x0a" * 32)


@pytest.fixture
def theirs() -> PayloadKey:
    return PayloadKey("k-person", b"\x0b" * 32)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "ledger"


@pytest.fixture
def ledger(folder: Path, signer: SeedSigner) -> Ledger:
    return Ledger.create(folder, "example.org/photos", signer)


@pytest.fixture
def filled(ledger: Ledger, ours: PayloadKey, theirs: PayloadKey) -> Ledger:
    """Nine entries; 1, 4 and 7 are about a person, the rest under the archive's key."""
    for n in range(9):
        seal, purpose = (theirs, "find") if n % 3 == 1 else (ours, None)
        ledger.record("find" if purpose else "sweep", payload={"n": n}, seal=seal, purpose=purpose, at=NOON)
    return ledger
