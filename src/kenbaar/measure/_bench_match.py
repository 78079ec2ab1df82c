"""How fast a search is, against what the machine can do in the same minute."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from kenbaar.errors import UsageError
from kenbaar.faces import Template
from kenbaar.gallery import SEGMENT_ROWS, CompactRows, ConsentedGallery
from kenbaar.keys import Safe
from kenbaar.matching import Decision, Threshold, match_faces

Found = TypeVar("Found")

PACK = "made-up vectors"
_ROUNDS, _FEWER_ROUNDS, _MANY_PAIRS = 7, 3, 2_000_000_000  # from so many pairs on, a round takes seconds
_SQUARE = 2048
"""Side of the bare product: three matrices of 16 MB, the shape BLAS libraries are best at."""

_ID_BYTES, _ROOM = 100, 1.5  # an id as Python keeps it, and what is needed while rows are made

_MATED = 0.3
"""Share of probes that are of somebody in the gallery, so that deciding is timed as well as dismissing."""


@dataclass(frozen=True, slots=True)
class MatchBench:
    """Medians of interleaved rounds in one process, on made-up vectors.

    n subjects, dim numbers each, probes faces in one call.
    ms_per_probe: of that call. read_ratio: one probe alone, over the time it takes to read a float32 matrix of these
    people once, or, where there is none, its whole numbers.
    gemm_share: this search's useful arithmetic rate over that of a bare float32 matrix product; 1 is the machine, more
    is possible in whole numbers.
    memory_mb: what the call takes beyond the gallery and the probes, at its peak, as Python and NumPy tell (a compact
    search has 4 MB more in ONNX Runtime). gallery_mb: rows, and whose they are, without the ids. sealed_mb: on disk.
    """

    n: int
    dim: int
    probes: int
    ms_per_probe: float
    read_ratio: float
    gemm_share: float
    memory_mb: float
    gallery_mb: float
    sealed_mb: float


@dataclass(frozen=True, slots=True)
class MatchComparison:
    """The same people and faces in both forms of a gallery, in turns in one run. identical: every decision was."""

    floats: MatchBench
    compact: MatchBench
    identical: bool


def bench_match(people: int, probes: int, dim: int = 512) -> MatchBench:
    """Search `people` made-up subjects with `probes` faces, 30 % of them of somebody there. Nothing is read or kept."""
    refuse_nothing(people, probes, dim)
    floats = gallery_of(float_rows(people, dim), ids(people))
    return _measured([floats], faces_of(floats.rows, probes))[0][0]


def bench_compact_match(people: int, probes: int, dim: int = 512) -> MatchComparison:
    """The same with float32 rows and with compact ones. Needs room on the disk for the sealed rows. NoSpace."""
    refuse_nothing(people, probes, dim)
    subjects = ids(people)
    floats = gallery_of(float_rows(people, dim), subjects)
    compact = gallery_of(CompactRows.of(parts(people, dim), dim, Safe(4 * dim)), subjects)
    results, decisions = _measured([floats, compact], faces_of(floats.rows, probes))
    compact.wipe()
    return MatchComparison(results[0], results[1], decisions[0] == decisions[1])


def _available_bytes() -> int:
    """What can be had without pushing others out (proc(5): MemAvailable)."""
    told = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text("ascii").splitlines())
    return int(told["MemAvailable"].split()[0]) * 1024


def refuse_nothing(people: int, probes: int, dim: int) -> None:
    if people < 1 or probes < 1 or dim < 2:
        raise UsageError("There is nothing to match.", "Give at least one person, one probe and two numbers.")
    needed, free = people * (4 * dim + _ID_BYTES) * _ROOM, _available_bytes()
    if needed > free:
        raise UsageError(
            f"{people:,} people of {dim} numbers need {needed / 1e9:,.1f} GB, and {free / 1e9:,.1f} GB are free.",
            "Give fewer people.",
        )


def _measured(
    galleries: list[ConsentedGallery], faces: list[Template]
) -> tuple[list[MatchBench], list[list[Decision]]]:
    """The same faces searched in each gallery, in turns. The first one's rows are what is read for read_ratio."""
    n, dim, probes = len(galleries[0]), galleries[0].dim, len(faces)
    threshold = Threshold(PACK, accept=0.6, strong=0.7, margin=0.05, fpir=0.001, n=n, per_decade=0.0)
    left = np.ones((_SQUARE, _SQUARE), np.float32)
    out = np.empty_like(left)
    matrix = galleries[0].rows
    calls: list[Callable[[], object]] = [
        lambda: matrix.max(),  # touches every number once, at the speed memory gives them
        lambda: np.matmul(left, left, out=out),
    ]
    for one in galleries:
        calls += [partial(match_faces, faces, one, threshold), partial(match_faces, faces[-1:], one, threshold)]
    read, bare, *took = _medians(calls, _ROUNDS if n * probes < _MANY_PAIRS else _FEWER_ROUNDS)
    bare_rate = 2.0 * _SQUARE**3 / bare
    results, decisions = [], []
    for i, gallery in enumerate(galleries):
        many, one_probe = took[2 * i : 2 * i + 2]
        found, peak = peak_bytes(partial(match_faces, faces, gallery, threshold))
        in_memory, sealed = _size_bytes(gallery)
        rate = 2.0 * probes * n * dim / many
        results.append(
            MatchBench(
                n=n,
                dim=dim,
                probes=probes,
                ms_per_probe=many / probes * 1e3,
                read_ratio=one_probe / read,
                gemm_share=rate / bare_rate,
                memory_mb=peak / 1e6,
                gallery_mb=in_memory / 1e6,
                sealed_mb=sealed / 1e6,
            )
        )
        decisions.append(found)
    return results, decisions


def _size_bytes(gallery: ConsentedGallery) -> tuple[int, int]:
    """Of a gallery in memory, and on disk."""
    stored, whose = gallery.stored, gallery.row_subject.nbytes + gallery.stricter.nbytes
    if isinstance(stored, CompactRows):
        return stored.memory_bytes + whose, stored.sealed_bytes
    return stored.nbytes + whose, 0


def parts(people: int, dim: int) -> Iterator[NDArray[np.float32]]:
    """The rows of so many made-up people, a segment at a time; the same each time."""
    for number, first in enumerate(range(0, people, SEGMENT_ROWS)):
        rng = np.random.default_rng((2, number))
        yield _unit(rng.standard_normal((min(SEGMENT_ROWS, people - first), dim), dtype=np.float32))


def float_rows(people: int, dim: int) -> NDArray[np.float32]:
    rows = np.empty((people, dim), np.float32)
    for number, part in enumerate(parts(people, dim)):
        rows[number * SEGMENT_ROWS : number * SEGMENT_ROWS + len(part)] = part
    return rows


def ids(people: int) -> tuple[str, ...]:
    return tuple(f"s-{i:08d}" for i in range(people))


def gallery_of(rows: NDArray[np.float32] | CompactRows, subjects: tuple[str, ...]) -> ConsentedGallery:
    return ConsentedGallery.of(
        pack=PACK, purposes=["find"], opened_at=datetime(2026, 1, 1, tzinfo=UTC), subjects=subjects, rows=rows
    )


def faces_of(enrolled: NDArray[np.float32], probes: int) -> list[Template]:
    vectors = _unit(np.random.default_rng(3).standard_normal((probes, enrolled.shape[1]), dtype=np.float32))
    mated = min(len(enrolled), int(probes * _MATED))
    vectors[:mated] = _unit(enrolled[:mated] + 0.5 * vectors[:mated])  # cosine 0.89 with their own row
    return [Template(vector, PACK) for vector in vectors]


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def _medians(calls: list[Callable[[], object]], rounds: int) -> list[float]:
    """Seconds of each, the median of rounds in which all take turns: what slows one slows its neighbours too."""
    seconds: list[list[float]] = [[] for _ in calls]
    for call in calls:
        call()  # the first pays for imports, pages and threads
    for _ in range(rounds):
        for call, took in zip(calls, seconds, strict=True):
            start = time.perf_counter()
            call()
            took.append(time.perf_counter() - start)
    return [statistics.median(took) for took in seconds]


def peak_bytes(call: Callable[[], Found]) -> tuple[Found, int]:
    """What the call gave, and the most that was allocated at once during it, by Python and numpy."""
    import tracemalloc

    tracemalloc.start()
    try:
        return call(), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
