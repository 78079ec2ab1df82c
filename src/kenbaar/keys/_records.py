"""The seal of an archive's records: who edits a row cannot make the seal that goes with it."""

from __future__ import annotations

from datetime import UTC, datetime

from cryptography.hazmat.primitives.constant_time import bytes_eq
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

from kenbaar.keys._sealing import length_prefixed
from kenbaar.keys._store import KeyStore

RecordValue = str | bytes | int | float | bool | datetime | None


class RecordSeal:
    """Seals records (rows) of an archive with HMAC-SHA256 under one key of its key store (kind `records`).

    It says that a row was written by who had the key store open, and as it is now. It does not say that it is the
    newest: yesterday's row with yesterday's seal is sound.
    """

    def __init__(self, key: bytes) -> None:
        """key: 32 bytes."""
        self._mac = HMAC(key, SHA256())

    @classmethod
    def of(cls, keys: KeyStore) -> RecordSeal | None:
        """That of this key store; None where it has no such key."""
        ids = keys.ids("records")
        return cls(keys.get(ids[0])) if ids else None

    def seal(self, *values: RecordValue) -> bytes:
        """The seal (32 bytes) of a record with these values, in this order; the first says what kind it is."""
        mac = self._mac.copy()
        mac.update(canonical(*values))
        return mac.finalize()

    def holds(self, seal: bytes | None, *values: RecordValue) -> bool:
        """Whether that is the record's seal."""
        return seal is not None and bytes_eq(seal, self.seal(*values))

    def __repr__(self) -> str:
        return "<RecordSeal>"


def canonical(*values: RecordValue) -> bytes:
    """The values as bytes that no other values give: each with its type and length."""
    return length_prefixed(*[_typed(value) for value in values])


def _typed(value: RecordValue) -> bytes:
    match value:
        case None:
            return b"-"
        case bool():
            return b"b1" if value else b"b0"
        case str():
            return b"s" + value.encode("utf-8", "surrogatepass")
        case bytes():
            return b"x" + value
        case datetime():
            return b"t" + value.astimezone(UTC).isoformat(timespec="microseconds").encode()
        case int():
            return b"i%d" % value
        case _:
            return b"f" + value.hex().encode()
