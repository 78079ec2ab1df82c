"""How long asking takes beyond the model's own time: one face against everybody who agreed, on one core."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from kenbaar.gallery import COMPACT_FROM, CompactRows
from kenbaar.keys import Safe
from kenbaar.matching import Threshold, rank_candidates
from kenbaar.measure._bench_match import PACK, faces_of, float_rows, gallery_of, ids, parts, peak_bytes, refuse_nothing


@dataclass(frozen=True, slots=True)
class SearchBench:
    """Of `searches` questions with one face each, 30 % of them of somebody there, on made-up vectors.

    median_ms, p95_ms: of one question, from a template to its candidates, one core. first_ms: of the first, which pays
    for what is loaded when it is needed. memory_mb: what a question takes beyond the gallery at its peak.
    gallery_mb: rows, and whose they are.
    compact: whether the gallery is one of whole numbers, as from COMPACT_FROM people on.
    """

    n: int
    dim: int
    searches: int
    median_ms: float
    p95_ms: float
    first_ms: float
    memory_mb: float
    gallery_mb: float
    compact: bool


def bench_search(people: int, searches: int = 200, dim: int = 512) -> SearchBench:
    """Asks `searches` questions of `people` made-up subjects. Nothing is read or kept. Raises UsageError, NoSpace."""
    refuse_nothing(people, searches, dim)
    compact = people >= COMPACT_FROM
    rows = CompactRows.of(parts(people, dim), dim, Safe(4 * dim)) if compact else float_rows(people, dim)
    few = float_rows(min(people, searches), dim)
    gallery = gallery_of(rows, ids(people))
    faces = faces_of(few, searches)
    threshold = Threshold(PACK, accept=0.6, strong=0.7, margin=0.05, fpir=0.001, n=people, per_decade=0.0)
    took = []
    with _one_core():
        for face in faces:
            began = time.perf_counter()
            rank_candidates([face], gallery, threshold)
            took.append((time.perf_counter() - began) * 1e3)
        _, peak = peak_bytes(lambda: rank_candidates(faces[:1], gallery, threshold))
    stored = gallery.stored
    held = stored.memory_bytes if isinstance(stored, CompactRows) else stored.nbytes
    whose = gallery.row_subject.nbytes + gallery.stricter.nbytes
    gallery.wipe()
    return SearchBench(
        n=people,
        dim=dim,
        searches=searches,
        median_ms=statistics.median(took),
        p95_ms=sorted(took)[max(0, -(-len(took) * 95 // 100) - 1)],
        first_ms=took[0],
        memory_mb=peak / 1e6,
        gallery_mb=(held + whose) / 1e6,
        compact=compact,
    )


@contextmanager
def _one_core() -> Iterator[None]:
    """What runs here has one core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
