"""What an act was about: sealed outside the tree, and only committed to inside it.

From one 32-byte payload key two are derived (HKDF-SHA256), one to seal (AES-256-GCM, 96-bit random nonce) and one to
commit (HMAC-SHA256). Destroy the payload key and both are noise, while the tree keeps its root.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import rfc8785
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from kenbaar.errors import LedgerBroken, UsageError
from kenbaar.text import read_json

_NONCE_BYTES = 12  # SP 800-38D section 5.2.1.1
_PAD_BYTES = 256  # sealed payloads come in steps of this, so that their length does not tell a name's length


@dataclass(frozen=True, slots=True)
class PayloadKey:
    """The key one act's payload is sealed under: the archive's log key, or a subject's own.

    key_id: stands beside the sealed payload in clear, so it must be random, never derived from a person.
    key:    32 bytes. Never in repr, logs or errors.
    """

    key_id: str
    key: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.key) != 32 or not self.key_id:
            raise UsageError("A payload key is 32 bytes and has an id.", "Take it from the key store.")


@dataclass(frozen=True, slots=True)
class Payload:
    """An opened payload: the act's exact time and what the caller said about it."""

    at: datetime
    said: dict[str, Any]


def payload_bytes(at: datetime, said: Mapping[str, Any]) -> bytes:
    """The canonical bytes (RFC 8785) that are sealed and committed to."""
    try:
        return rfc8785.dumps({"at": at.astimezone(UTC).isoformat(), "said": dict(said)})
    except (rfc8785.CanonicalizationError, ValueError, TypeError, RecursionError) as err:
        raise UsageError("This act's payload is not plain JSON.", "Pass texts, numbers, lists and dicts only.") from err


def commitment(key: bytes, payload: bytes) -> str:
    """HMAC-SHA256 of the payload under the committing half of the key, hex. Means nothing without the key."""
    return hmac.digest(_derive(key, b"kenbaar ledger commit v1"), payload, "sha256").hex()


def seal_payload(key: bytes, payload: bytes, aad: bytes) -> bytes:
    """The payload sealed to its place in the ledger (aad); nonce, ciphertext and tag."""
    padded = payload + b" " * (-len(payload) % _PAD_BYTES)  # JSON ignores spaces at its end
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(_derive(key, b"kenbaar ledger seal v1")).encrypt(nonce, padded, aad)


def open_payload(key: bytes, sealed: bytes, aad: bytes, commit: str) -> Payload:
    """The payload, once it is known to be the one the tree committed to; LedgerBroken where it was altered or moved."""
    try:
        cipher = AESGCM(_derive(key, b"kenbaar ledger seal v1"))
        payload = cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], aad).rstrip(b" ")
        if not hmac.compare_digest(commitment(key, payload), commit):
            raise _altered()
        read = read_json(payload)
        return Payload(datetime.fromisoformat(read["at"]), dict(read["said"]))
    except (InvalidTag, ValueError, KeyError, TypeError) as err:
        raise _altered() from err


def _derive(key: bytes, info: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=info).derive(key)


def _altered() -> LedgerBroken:
    return LedgerBroken(
        "A sealed act is not the one the ledger committed to.", "Run `kenbaar ledger verify` and keep a copy as it is."
    )
