"""Looking through compact rows: a product of whole numbers, and a bound on how far it can be from the score."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kenbaar.gallery import ZERO, CompactRows, Segment

if TYPE_CHECKING:
    from collections.abc import Callable

PROBE_LARGEST = 63
"""Whole numbers of a probe: 7 bits. Processors without VNNI add two products in 16 bits, which 255 * 64 twice still
fits and 255 * 127 does not (ONNX Runtime's `reduce_range`): the product is exact everywhere."""

MAX_PROBES, MAX_CELLS = 512, 1 << 20
"""Probes, and products, in one block: 4 MB, as for float32. Measured in docs/decisions/0023."""

_MANY_PROBES = 64
"""From so many on a block is work enough to share between cores. A worker of a sweep has one core to itself."""

_SLACK = 1e-9
"""What float64 may round in working out a bound; a thousand times more than it does."""

_REFINED_PAIRS = 8192
"""Pairs refined at a time: 2 x 16 MB at d = 512."""

# One MatMulInteger (ONNX operator set 10) of a, uint8 (r, d) less ZERO, and b, int8 (d, p): int32 (r, p). Written with
# onnx.helper; a test reads it back.
PRODUCT = (
    b'\x08\x08:^\n\x1b\n\x01a\n\x01b\n\x01z\x12\x01c"\rMatMulInteger\x12\x01g*\t\x10\x02*\x02\x80\x01B\x01z'
    b"Z\x0f\n\x01a\x12\n\n\x08\x08\x02\x12\x04\n\x00\n\x00Z\x0f\n\x01b\x12\n\n\x08\x08\x03\x12\x04\n\x00\n\x00"
    b"b\x0f\n\x01c\x12\n\n\x08\x08\x06\x12\x04\n\x00\n\x00B\x04\n\x00\x10\r"
)


def near_in_whole_numbers(
    probes: NDArray[np.float32], rows: CompactRows, level: float
) -> Iterator[tuple[NDArray[np.int32], NDArray[np.int32]]]:
    """Probe and row numbers of every pair that can reach the level, and few that cannot. Segment by segment.

    With probe p = p' + e, row r = r' + f, where p' and r' are whole numbers times a step:
        p.r = p'.r' + p.f + e.r',   so   |p.r - p'.r'| <= |p| |f| + |e| (|r| + |f|)     (Cauchy-Schwarz)
    and likewise |p.r - p.r'| <= |p| |f|. p'.r' is whole numbers, exact, for all pairs; p.r' in float64 for those few
    whose p'.r' is near enough.
    """
    blocks = [_Probes(probes, first) for first in range(0, len(probes), MAX_PROBES)]
    first_row = 0
    for segment in rows.segments:
        for block in blocks:
            width = max(1, MAX_CELLS // len(block))
            for start in range(0, len(segment.numbers), width):
                near = block.products(segment.numbers[start : start + width]) >= block.lowest(segment, level)
                if not near.any():  # most blocks end here: one pass over numbers that are still in cache
                    continue
                row, probe = np.divmod(np.flatnonzero(near), len(block))
                yield from _refined(block, segment, probe, row + start, level, first_row)
        first_row += len(segment.numbers)


class _Probes:
    """Up to MAX_PROBES probes, as they are and as whole numbers with one step for all."""

    def __init__(self, probes: NDArray[np.float32], first: int) -> None:
        self.first, self.exact = first, probes[first : first + MAX_PROBES]
        wide = self.exact.astype(np.float64)
        self._step = float(np.abs(wide).max()) / PROBE_LARGEST
        whole = np.rint(wide / self._step)
        self._numbers = np.ascontiguousarray(whole.T.astype(np.int8))
        self.norms = np.linalg.norm(wide, axis=1)
        self._longest = float(self.norms.max())
        self._error = float(np.linalg.norm(wide - whole * self._step, axis=1).max())
        alone = len(self) < _MANY_PROBES or multiprocessing.parent_process() is not None
        self._product = product(1 if alone else len(os.sched_getaffinity(0)))

    def __len__(self) -> int:
        return len(self.exact)

    def products(self, numbers: NDArray[np.uint8]) -> NDArray[np.int32]:
        """Row by probe, (r, P): the whole numbers of each row, less ZERO, times those of each probe."""
        return self._product(numbers, self._numbers)

    def lowest(self, segment: Segment, level: float) -> int:
        """The least product at which a pair of these can reach the level."""
        slack = self._longest * segment.error + self._error * (_LONGEST_ROW + segment.error) + _SLACK
        return int(np.floor((level - slack) / (segment.step * self._step)))


_LONGEST_ROW = 1.002
"""A gallery's rows have norm 1 within 1e-3 (kenbaar.gallery), as float32 tells it."""


def _refined(
    block: _Probes, segment: Segment, probe: NDArray[np.intp], row: NDArray[np.intp], level: float, first_row: int
) -> Iterator[tuple[NDArray[np.int32], NDArray[np.int32]]]:
    """Of these pairs those that still can reach the level when the probe is taken as it is."""
    for start in range(0, len(probe), _REFINED_PAIRS):
        p, r = probe[start : start + _REFINED_PAIRS], row[start : start + _REFINED_PAIRS]
        whole = segment.numbers[r].astype(np.float32) - np.float32(ZERO)
        score = np.multiply(block.exact[p], whole, dtype=np.float64).sum(axis=1) * segment.step
        near = score >= level - block.norms[p] * segment.error - _SLACK
        if near.any():
            yield (p[near] + block.first).astype(np.int32), (r[near] + first_row).astype(np.int32)


@cache
def product(threads: int) -> Callable[[NDArray[np.uint8], NDArray[np.int8]], NDArray[np.int32]]:
    """(r, d) less ZERO, times (d, P): (r, P), exact. Ready to run; one for each process and number of threads."""
    import onnxruntime as ort  # 0.2 s, and only large galleries need it

    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session: Any = ort.InferenceSession(PRODUCT, options, providers=["CPUExecutionProvider"])
    return lambda numbers, probes: session.run(None, {"a": numbers, "b": probes})[0]
