"""How fast a search is, against what the machine can do in the same minute."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from kenbaar.errors import UsageError
from kenbaar.faces import Template
from kenbaar.gallery import ConsentedGallery
from kenbaar.search import Threshold, search

_PACK = "made-up vectors"
_ROUNDS = 7
_SQUARE = 2048
"""Side of the bare product: three matrices of 16 MB, the shape BLAS libraries are best at."""

_MATED = 0.3
"""Share of probes that are of somebody in the gallery, so that deciding is timed as well as dismissing."""


@dataclass(frozen=True, slots=True)
class MatchBench:
    """Medians of interleaved rounds in one process, on made-up vectors.

    n subjects, dim numbers each, probes faces in one call.
    ms_per_probe: of that call. read_ratio: one probe alone, over the time it takes to read the matrix once.
    gemm_share: this search's useful arithmetic rate over that of a bare float32 matrix product; 1 is the machine.
    memory_mb: what the call takes beyond the gallery and the probes, at its peak.
    """

    n: int
    dim: int
    probes: int
    ms_per_probe: float
    read_ratio: float
    gemm_share: float
    memory_mb: float


def bench_match(people: int, probes: int, dim: int = 128) -> MatchBench:
    """Search `people` made-up subjects with `probes` faces, 30 % of them of somebody there. Nothing is read or kept."""
    if people < 1 or probes < 1 or dim < 2:
        raise UsageError("There is nothing to match.", "Give at least one person, one probe and two numbers.")
    gallery, faces = _made_up(people, probes, dim)
    threshold = Threshold(_PACK, accept=0.6, strong=0.7, margin=0.05, fpir=0.001, n=people, per_decade=0.0)
    left = np.ones((_SQUARE, _SQUARE), np.float32)
    out = np.empty_like(left)
    calls: list[Callable[[], object]] = [
        lambda: search(faces, gallery, threshold),
        lambda: search(faces[-1:], gallery, threshold),
        lambda: gallery.rows.max(),  # touches every number once, at the speed memory gives them
        lambda: np.matmul(left, left, out=out),
    ]
    many, one, read, bare = _medians(calls)
    useful = 2.0 * probes * people * dim / many
    return MatchBench(
        n=people,
        dim=dim,
        probes=probes,
        ms_per_probe=many / probes * 1e3,
        read_ratio=one / read,
        gemm_share=useful / (2.0 * _SQUARE**3 / bare),
        memory_mb=_peak_bytes(calls[0]) / 1e6,
    )


def _made_up(people: int, probes: int, dim: int) -> tuple[ConsentedGallery, list[Template]]:
    rng = np.random.default_rng(2)
    rows = _unit(rng.standard_normal((people, dim), dtype=np.float32))
    looked_for = _unit(rng.standard_normal((probes, dim), dtype=np.float32))
    mated = min(people, int(probes * _MATED))
    looked_for[:mated] = _unit(rows[:mated] + 0.5 * looked_for[:mated])  # cosine 0.89 with their own row
    subjects = [f"s-{i:08d}" for i in range(people)]
    gallery = ConsentedGallery.of(
        pack=_PACK, purposes=["find"], opened_at=datetime(2026, 1, 1, tzinfo=UTC), subjects=subjects, rows=rows
    )
    return gallery, [Template(vector, _PACK) for vector in looked_for]


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def _medians(calls: list[Callable[[], object]]) -> list[float]:
    """Seconds of each, the median of rounds in which all take turns: what slows one slows its neighbours too."""
    seconds: list[list[float]] = [[] for _ in calls]
    for call in calls:
        call()  # the first pays for imports, pages and threads
    for _ in range(_ROUNDS):
        for call, took in zip(calls, seconds, strict=True):
            start = time.perf_counter()
            call()
            took.append(time.perf_counter() - start)
    return [statistics.median(took) for took in seconds]


def _peak_bytes(call: Callable[[], object]) -> int:
    """The most that was allocated at once during the call, by Python and numpy."""
    import tracemalloc

    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
