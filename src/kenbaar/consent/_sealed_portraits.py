"""A reference portrait as it lies on disk: noise without the key of a living `ask` grant.

Its key is its own, wrapped under the purpose key of the grant to `ask` and under no other. The template's data key,
which every grant of a person opens, would open a portrait out of a backup for as long as they agree to anything.
Renewing seals it anew for the new grant; until the records say so both lie there: a kill leaves one that opens.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from kenbaar.errors import KeyDestroyed, SealBroken
from kenbaar.keys import length_prefixed, new_data_key, open_portrait, seal_portrait, unwrap_data_key, wrap_data_key

_WRAPPED_BYTES = 40  # a key wrapped with AES-KW
_LENGTH_BYTES = 4  # before each of the portraits that lie in one row


def sealed_for(purpose_key: bytes, jpeg: bytes, subject: str) -> bytes:
    """The portrait for one grant. purpose_key: of that person's grant to `ask`, 32 bytes."""
    key = new_data_key()
    return wrap_data_key(purpose_key, key) + seal_portrait(key, jpeg, subject=subject)


def joined(sealed: Sequence[bytes]) -> bytes:
    """What lies in a row: the portrait as sealed for one grant, or for two while a renewal is under way."""
    return length_prefixed(*sealed)


def parts(row: bytes) -> list[bytes]:
    """Those in a row, each sealed for one grant; what was cut or put there by somebody else is left out."""
    found: list[bytes] = []
    while len(row) > _LENGTH_BYTES:
        size = int.from_bytes(row[:_LENGTH_BYTES], "big")
        part, row = row[_LENGTH_BYTES : _LENGTH_BYTES + size], row[_LENGTH_BYTES + size :]
        if len(part) == size:
            found.append(part)
    return found


def opened_by(purpose_key: bytes, row: bytes, subject: str) -> bytes:
    """The portrait this key opens. SealBroken where there is none: another's, of an ended grant, or altered."""
    for part in parts(row):
        with suppress(KeyDestroyed):
            key = unwrap_data_key(purpose_key, part[:_WRAPPED_BYTES])
            if (jpeg := open_portrait(key, part[_WRAPPED_BYTES:], subject=subject)) is not None:
                return jpeg
    raise SealBroken(
        f"The portrait of {subject} does not open: it was altered or swapped, or is one of before.",
        "Put the archive back from one backup, or let them renew with a new portrait.",
    )
