"""Opened templates as the rows of a gallery."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from kenbaar.errors import TemplateUnreadable
from kenbaar.gallery import SEGMENT_ROWS, CompactRows
from kenbaar.keys import Safe, unpack_many

_AT_ONCE = 2048  # opened templates in memory at a time beside the rows: 4 MB of 512 numbers, which are used again


def stored_rows(
    plains: Iterator[bytes], dim: int, compact_from: int, at_most: int
) -> NDArray[np.float32] | CompactRows:
    """A row for each opened template: float32 where they are few, compact from so many on.

    at_most: how many may come; so many rows are made room for at once, for a gallery is a large part of the memory.
    """
    first = list(islice(plains, min(_AT_ONCE, compact_from)))
    if not first:
        return np.zeros((0, dim), np.float32)
    begun = _rows(first)
    room = np.empty((max(len(begun), min(at_most, compact_from)), begun.shape[1]), np.float32)
    filled = _fill(room, 0, begun)
    while filled < compact_from and (part := list(islice(plains, min(_AT_ONCE, compact_from - filled)))):
        filled = _fill(room, filled, _rows(part))
    if filled < compact_from:
        return room if filled == len(room) else _cut(room, filled)

    def parts() -> Iterator[NDArray[np.float32]]:
        yield room
        while part := list(islice(plains, SEGMENT_ROWS)):
            yield _rows(part)

    return CompactRows.of(parts(), room.shape[1], Safe(4 * room.shape[1]))


def _fill(room: NDArray[np.float32], at: int, rows: NDArray[np.float32]) -> int:
    """Puts rows into the room from `at` on, overwrites them where they were, and says how far it is filled now."""
    if rows.shape[1] != room.shape[1]:
        raise TemplateUnreadable(
            f"Templates of {room.shape[1]} and {rows.shape[1]} numbers cannot lie in one gallery.",
            "Put the archive back from one backup, or let the people concerned enrol again.",
        )
    room[at : at + len(rows)] = rows
    rows[...] = 0
    return at + len(rows)


def _cut(room: NDArray[np.float32], filled: int) -> NDArray[np.float32]:
    """The filled part by itself: fewer came than might have. What it was cut from is overwritten."""
    rows = room[:filled].copy()
    room[:filled] = 0
    return rows


def _rows(plains: Sequence[bytes]) -> NDArray[np.float32]:
    """One row per opened template, float32 (n, d): what gallery.combine() gives, for many people at once."""
    vectors, owner = unpack_many(plains)
    starts = np.flatnonzero(np.diff(owner, prepend=-1))
    if len(starts) == len(vectors):
        return vectors  # one vector each: it is its own mean
    sums = np.add.reduceat(vectors.astype(np.float64), starts, axis=0)
    rows: NDArray[np.float32] = (sums / np.linalg.norm(sums, axis=1, keepdims=True)).astype(np.float32)
    vectors[...] = 0
    return rows
