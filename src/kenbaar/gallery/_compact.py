"""Rows at a quarter of the memory: whole numbers to look through, the exact rows sealed and opened one by one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from kenbaar.errors import BadTemplate, ConsentMissing
from kenbaar.gallery._rows import refuse_bad_rows

SEGMENT_ROWS = 16384
"""Rows that share a step: 8 MB at d = 512. More of them make the step coarser, fewer make searching slower."""

COMPACT_FROM = 16 * SEGMENT_ROWS
"""From so many rows on a gallery is opened compact: 537 MB of float32 at d = 512. Fewer open faster as they are."""

ZERO = 128
"""The whole number that stands for 0. Unsigned, because that is what processors multiply fastest (decision 0023)."""

_LARGEST = 127
"""Whole numbers lie within this of ZERO: symmetric, so that no row is nearer to its whole numbers than its opposite."""


class RowSafe(Protocol):
    """Where the exact rows lie, in records of 4 d bytes, sealed: kenbaar.keys.Safe is one."""

    def put(self, records: memoryview) -> None:
        """Takes any number of records that lie one after another."""

    def open(self, numbers: Sequence[int]) -> list[bytes]:
        """The records of these numbers, from 0 in the order they were put; one that was erased is all zeros."""

    def erase(self, numbers: Iterable[int]) -> None:
        """Overwrites these records."""

    def close(self) -> None:
        """Destroys the key to all of them."""

    @property
    def size_bytes(self) -> int:
        """What they take on the disk."""


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """Some rows, one after another: row i is (numbers[i] - ZERO) * step, and not further from that than `error`.

    numbers: uint8 (n, d), ZERO - 127 to ZERO + 127. error: L2 norm of the largest difference, worked out, not guessed.
    """

    numbers: NDArray[np.uint8] = field(repr=False)
    step: float
    error: float


class CompactRows:
    """Unit rows (R, d) for searching: in memory as whole numbers, exact only while one is looked at.

    What a search decides is decided on exact rows, so it decides what it would on a float32 matrix; the whole numbers,
    whose error is bounded, only say which rows have to be looked at.
    """

    def __init__(self, dim: int, segments: tuple[Segment, ...], safe: RowSafe | None, gone: NDArray[np.int64]) -> None:
        """For `of` and `kept`. safe: None once wiped. gone: numbers of records that no row here is in, ascending."""
        self.dim, self.segments = dim, segments
        self._safe, self._gone = safe, gone
        self._starts = np.cumsum([0, *(len(s.numbers) for s in segments)], dtype=np.int64)

    @classmethod
    def of(cls, parts: Iterable[NDArray[np.float32]], dim: int, safe: RowSafe) -> CompactRows:
        """Takes the rows over, part by part, and overwrites each part once it is in: never are all here as float32.

        parts: float32 (n, d), any n; multiples of SEGMENT_ROWS are best. safe: an empty one, closed if this fails.
        Raises BadTemplate for what is not unit rows of that d, and whatever the safe refuses with.
        """
        segments: list[Segment] = []
        try:
            for part in parts:
                refuse_bad_rows(part)
                if part.shape[1] != dim:
                    raise BadTemplate(f"Rows of {dim} and {part.shape[1]} numbers were given.", "Use one model pack.")
                for start in range(0, len(part), SEGMENT_ROWS):
                    rows = part[start : start + SEGMENT_ROWS]
                    safe.put(rows.data)
                    segments.append(_rounded(rows))
                    rows[...] = 0
        except BaseException:
            safe.close()
            raise
        return cls(dim, tuple(segments), safe, np.empty(0, np.int64))

    def __len__(self) -> int:
        return int(self._starts[-1])

    def __repr__(self) -> str:
        return f"<CompactRows: {len(self)} of {self.dim}>"

    @property
    def memory_bytes(self) -> int:
        """What lies in memory for them."""
        return sum(s.numbers.nbytes for s in self.segments) + self._starts.nbytes + self._gone.nbytes

    @property
    def sealed_bytes(self) -> int:
        """What lies on the disk for them."""
        return self._safe.size_bytes if self._safe is not None else 0

    def exact(self, rows: NDArray[np.int32] | NDArray[np.int64]) -> NDArray[np.float32]:
        """These rows as they were put, float32 (k, d), opened now. One whose person left meanwhile is all zeros."""
        wanted, place = np.unique(rows.astype(np.int64), return_inverse=True)
        if self._safe is None:  # wiped while a search was going on: nobody is here
            return np.zeros((len(rows), self.dim), np.float32)
        opened = bytearray().join(self._safe.open(self._records(wanted).tolist()))
        return np.frombuffer(opened, np.float32).reshape(-1, self.dim)[place]

    def kept(self, stays: NDArray[np.bool_]) -> CompactRows:
        """Those rows alone; the others are erased, here and in the safe. This one is wiped: its safe goes along."""
        if self._safe is None:
            raise ConsentMissing("This gallery was closed and overwritten.", "Open it again; consents are read anew.")
        leaving = self._records(np.flatnonzero(~stays))
        self._safe.erase(leaving.tolist())
        segments = []
        for segment, start, end in zip(self.segments, self._starts[:-1], self._starts[1:], strict=True):
            here = stays[start:end]
            segments.append(Segment(segment.numbers[here], segment.step, segment.error))
            segment.numbers[...] = ZERO
        smaller = CompactRows(self.dim, tuple(segments), self._safe, np.union1d(self._gone, leaving))
        self._safe = None
        return smaller

    def wipe(self) -> None:
        """Zeros where people were, and no key to the exact rows any more."""
        for segment in self.segments:
            segment.numbers[...] = ZERO
        if self._safe is not None:
            self._safe.close()
            self._safe = None

    def _records(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """The number of each row's record: as many more than its own as records before it are gone."""
        before = self._gone - np.arange(len(self._gone))
        return rows + np.searchsorted(before, rows, side="right")


def _rounded(rows: NDArray[np.float32]) -> Segment:
    exact = rows.astype(np.float64)
    step = float(np.abs(exact).max()) / _LARGEST
    numbers = np.rint(exact / step)
    exact -= numbers * step
    error = float(np.sqrt(np.einsum("ij,ij->i", exact, exact).max()))
    exact[...] = 0
    return Segment((numbers + ZERO).astype(np.uint8), step, error)
