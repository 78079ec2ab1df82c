"""The matrix product, and the few pairs of it that matter."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kenbaar.gallery import CompactRows
from kenbaar.matching._whole import near_in_whole_numbers

MAX_CELLS = 1 << 20
"""Scores in one block: 4 MB. Measured (docs/decisions/0011): from 200 to 1,000 probes by 2,000 rows the product and the
running maximum stay in cache and reach 85-95 % of a bare matrix product; twice as wide spills and loses a quarter."""

MAX_PROBES, MAX_ROWS = 512, 16384
"""Shape limits of a block; a tall and a wide one are both slower than a squarish one of the same size."""

FEW_PROBES = 3
"""So few probes are multiplied one by one: as fast as a matrix product, which OpenBLAS would share between threads
that wait for each other, which takes 3 to 10 times as long where other work has the cores (decision 0023)."""

_RESCORE_PAIRS = 8192
"""Pairs scored in float64 at a time: 2 x 32 MB at d = 512."""


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Probe i and row j that score at or above a level. int32, int32, float64, all of one length."""

    probe: NDArray[np.int32]
    row: NDArray[np.int32]
    score: NDArray[np.float64]

    @classmethod
    def none(cls) -> Pairs:
        """No pair at all."""
        return cls(np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, np.float64))

    @classmethod
    def joined(cls, parts: list[Pairs]) -> Pairs:
        """All of them, in the order given."""
        if not parts:
            return cls.none()
        return cls(*(np.concatenate([getattr(p, name) for p in parts]) for name in ("probe", "row", "score")))

    def where(self, keep: NDArray[np.bool_]) -> Pairs:
        """Those pairs only."""
        return Pairs(self.probe[keep], self.row[keep], self.score[keep])

    def __len__(self) -> int:
        return len(self.probe)


def block_shape(probes: int) -> tuple[int, int]:
    """Probes and rows in one block of scores: squarish, and small enough to stay in cache."""
    height = max(1, min(probes, MAX_PROBES))
    return height, max(1, min(MAX_ROWS, MAX_CELLS // height))


def near_pairs(
    probes: NDArray[np.float32],
    rows: NDArray[np.float32] | CompactRows,
    level: float,
    *,
    shape: tuple[int, int] | None = None,
    keep: Callable[[Pairs], Pairs] = lambda pairs: pairs,
    max_pairs: int = 1 << 21,
) -> Pairs:
    """Every pair whose score is at or above `level`, scored exactly, whatever the block shape. In no promised order.

    probes (P, d) and rows (R, d): float32 unit vectors. The score is the float64 sum of the exact products, so it does
    not depend on how a first product, of float32 or of whole numbers, was cut up; that one only says which pairs are
    near enough to look at.
    keep: drops pairs that can never matter; called with each block's, and again with all whenever more than max_pairs
    have come together, so memory stays bounded however low the level.
    """
    found: list[Pairs] = []
    count = 0
    if isinstance(rows, CompactRows):
        nearly = near_in_whole_numbers(probes, rows, level)
    else:
        nearly = _blocks(probes, rows, level, shape or block_shape(len(probes)))
    for near in nearly:
        exact = keep(_rescored(probes, rows, near, level))
        found.append(exact)
        count += len(exact)
        if count > max_pairs:
            found = [keep(Pairs.joined(found))]
            count = len(found[0])
    return keep(Pairs.joined(found)) if len(found) > 1 else Pairs.joined(found)


def _blocks(
    probes: NDArray[np.float32], rows: NDArray[np.float32], level: float, shape: tuple[int, int]
) -> Iterator[tuple[NDArray[np.int32], NDArray[np.int32]]]:
    """Probe and row numbers of pairs that reach the level in float32, give or take its rounding. Block by block."""
    height, width = shape
    # Rounding of a d-term float32 dot of unit vectors is at most d * 2^-24 (Higham, Accuracy and Stability, 3.1; the
    # sum of |a_i b_i| is at most 1). Twice that, so that no pair is lost to it.
    near = np.float32(level - 2 * probes.shape[1] * 2.0**-24)
    scores = np.empty(height * width, np.float32)
    best = np.empty(height, np.float32)
    for row0 in range(0, len(rows), width):
        part = rows[row0 : row0 + width]
        for probe0 in range(0, len(probes), height):
            some = probes[probe0 : probe0 + height]
            cells = scores[: len(some) * len(part)].reshape(len(some), len(part))
            if len(probes) <= FEW_PROBES:
                for probe, line in zip(some, cells, strict=True):
                    np.vecdot(part, probe, out=line)
            else:
                np.matmul(some, part.T, out=cells)
            reached = np.flatnonzero(np.max(cells, axis=1, out=best[: len(some)]) >= near)
            if len(reached):  # a stranger's faces end here: one pass over scores that are still in cache
                at, column = np.nonzero(cells[reached] >= near)
                yield (reached[at] + probe0).astype(np.int32), (column + row0).astype(np.int32)


def _rescored(
    probes: NDArray[np.float32],
    rows: NDArray[np.float32] | CompactRows,
    near: tuple[NDArray[np.int32], NDArray[np.int32]],
    level: float,
) -> Pairs:
    parts = []
    for start in range(0, len(near[0]), _RESCORE_PAIRS):
        p, r = near[0][start : start + _RESCORE_PAIRS], near[1][start : start + _RESCORE_PAIRS]
        score = exact_scores(probes[p], rows.exact(r) if isinstance(rows, CompactRows) else rows[r])
        parts.append(Pairs(p, r, score).where(score >= level))
    return Pairs.joined(parts)


def exact_scores(left: NDArray[np.float32], right: NDArray[np.float32]) -> NDArray[np.float64]:
    """Cosine of each left row with the right row beside it: (n, d), (n, d) -> (n,). Each depends on its two alone."""
    total: NDArray[np.float64] = np.multiply(left, right, dtype=np.float64).sum(axis=1)
    return total
