"""Opened templates as the rows of a gallery."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from kenbaar.gallery import SEGMENT_ROWS, CompactRows
from kenbaar.keys import Safe, unpack_many


def stored_rows(plains: Iterator[bytes], dim: int, compact_from: int) -> NDArray[np.float32] | CompactRows:
    """A row for each opened template: float32 where they are few, compact from so many on."""
    first = list(islice(plains, compact_from))
    if len(first) < compact_from:
        return _rows(first, dim)
    dim = unpack_many(first[:1])[0].shape[1]

    def parts() -> Iterator[NDArray[np.float32]]:
        yield _rows(first, dim)
        first.clear()
        while part := list(islice(plains, SEGMENT_ROWS)):
            yield _rows(part, dim)

    return CompactRows.of(parts(), dim, Safe(4 * dim))


_ROWS_AT_ONCE = 8192  # float64 means of so many people at a time: 8 MB, so that a large gallery needs no second copy


def _rows(plains: Sequence[bytes], dim: int) -> NDArray[np.float32]:
    """One row per opened template, float32 (n, d): what gallery.combine() gives, for many people at once."""
    if not plains:
        return np.zeros((0, dim), np.float32)
    vectors, owner = unpack_many(plains)
    starts = np.flatnonzero(np.diff(owner, prepend=-1))
    if len(starts) == len(vectors):
        return vectors  # one vector each: it is its own mean
    rows = np.empty((len(plains), vectors.shape[1]), np.float32)
    for first in range(0, len(plains), _ROWS_AT_ONCE):
        begin = starts[first : first + _ROWS_AT_ONCE]
        end = starts[first + len(begin)] if first + len(begin) < len(starts) else len(vectors)
        sums = np.add.reduceat(vectors[begin[0] : end].astype(np.float64), begin - begin[0], axis=0)
        rows[first : first + len(begin)] = sums / np.linalg.norm(sums, axis=1, keepdims=True)
    vectors[...] = 0
    return rows
