"""Key ids: 16 bytes, spelled "k-" and 32 hex digits; and what is said of one that does not open."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kenbaar.errors import KeyStoreBroken

_CHARS = 34


def bytes_of(ids: Sequence[str]) -> NDArray[np.uint8]:
    """The 16 bytes each id spells, (n, 16). Raises KeyStoreBroken where one is none."""
    for key_id in ids:
        if len(key_id) != _CHARS or key_id[:2] != "k-":
            raise unknown(key_id)
    try:
        raw = bytes.fromhex("".join([key_id[2:] for key_id in ids]))
    except ValueError as err:
        raise KeyStoreBroken(
            "Something that is not a key id was looked up.", "Put the archive back from one backup."
        ) from err
    if len(raw) != 16 * len(ids):
        raise KeyStoreBroken("Something that is not a key id was looked up.", "Put the archive back from one backup.")
    return np.frombuffer(raw, np.uint8).reshape(-1, 16)


def altered(key_id: str) -> KeyStoreBroken:
    """What to raise where a key is here and does not open."""
    return KeyStoreBroken(
        f"Key {key_id} was altered and does not open.",
        "Put the key store back from its own backup, or finish the withdrawal it belongs to.",
    )


def unknown(key_id: str) -> KeyStoreBroken:
    """What to raise where a key never was here."""
    return KeyStoreBroken(
        f"The key store never held key {key_id}: it is an older copy, or another archive's.",
        "Put back the newest key store of this archive.",
    )
