"""One process of the match benchmark: everybody searches the same matrix, in turns. Started by run.py, prints JSON."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import faiss
import numpy as np
import usearch
from numpy.typing import NDArray
from usearch.index import MetricKind
from usearch.index import match_faces as usearch_search

from kenbaar.faces import Template
from kenbaar.gallery import SEGMENT_ROWS, CompactRows, ConsentedGallery
from kenbaar.keys import Safe
from kenbaar.matching import Decision, Threshold, match_faces

DIM = 128
COMMON, DIRECTIONS = 0.86, 38
"""The made-up people lie as the default pack's do: strangers' cosines are 0.86 on average and scatter by 0.022, which
random vectors in a cone do that differ in 38 directions. It is dearer to be exact there than in all directions: more
rows come near the level."""

TOP = 3  # the peers answer with the best so many
MATED = 0.3
PACK = "made-up vectors"
USEARCH_PAIRS = 50_000_000  # it keeps all scores of a call, 12 bytes each: 1,000 x 1,000,000 would be 12 GB
PATIENCE_S = 40.0  # who took so long gets no further round


def people(count: int, seed: int) -> NDArray[np.float32]:
    """Unit rows (count, 128)."""
    axes = np.linalg.qr(np.random.default_rng(1).standard_normal((DIM, DIRECTIONS + 1)))[0].astype(np.float32)
    rng = np.random.default_rng(seed)
    rows = np.empty((count, DIM), np.float32)
    for first in range(0, count, SEGMENT_ROWS):
        own = rng.standard_normal((min(SEGMENT_ROWS, count - first), DIRECTIONS), dtype=np.float32)
        own *= np.float32(np.sqrt(1 - COMMON)) / np.linalg.norm(own, axis=1, keepdims=True)
        rows[first : first + len(own)] = np.float32(np.sqrt(COMMON)) * axes[:, 0] + own @ axes[:, 1:].T
        rows[first : first + len(own)] /= np.linalg.norm(rows[first : first + len(own)], axis=1, keepdims=True)
    return rows


def faces(rows: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """So many probes, 30 % of them of people there (cosine about 0.99), the others of strangers, mixed."""
    rng = np.random.default_rng(3)
    probes = people(count, seed=4)
    mated = min(len(rows), int(count * MATED))
    probes[:mated] = rows[:mated] + rng.standard_normal((mated, DIM), dtype=np.float32) * np.float32(0.012)
    probes /= np.linalg.norm(probes, axis=1, keepdims=True)
    return probes[rng.permutation(count)]


def gallery(rows: NDArray[np.float32] | CompactRows, count: int) -> ConsentedGallery:
    """Of so many made-up people, one row each."""
    return ConsentedGallery.of(
        pack=PACK,
        purposes=["find"],
        opened_at=datetime(2026, 1, 1, tzinfo=UTC),
        subjects=[f"s-{i:08d}" for i in range(count)],
        rows=rows,
    )


def main() -> None:
    """Prints {"versions", "cases": [{"probes", "contenders": {name: {"probes", "seconds", "cpu"}}, "same"}]}."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, required=True)
    parser.add_argument("--probes", type=int, nargs="+", required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--rounds", type=int, required=True)
    asked = parser.parse_args()
    faiss.omp_set_num_threads(asked.threads)
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: asked.threads])  # our integer product takes what it gets
    rows = people(asked.people, seed=2)
    floats = gallery(rows, len(rows))
    parts = (rows[i : i + SEGMENT_ROWS].copy() for i in range(0, len(rows), SEGMENT_ROWS))
    compact = gallery(CompactRows.of(parts, DIM, Safe(4 * DIM)), len(rows))
    index = faiss.IndexFlatIP(DIM)
    index.add(rows)
    # The default pack's operating point for a gallery of this size.
    level = Threshold(PACK, 0.95, 0.963, 0.006, 0.001, 20, 0.0065)
    cases = []
    for count in asked.probes:
        probes = faces(rows, count)
        templates = [Template(probe, PACK) for probe in probes]
        fewer = probes[: max(1, min(count, USEARCH_PAIRS // len(rows)))]
        one_each = range(count)  # every face from a picture of its own
        calls: dict[str, tuple[int, Callable[[], Any]]] = {
            "kenbaar compact": (count, lambda: match_faces(templates, compact, level, pictures=one_each)),  # noqa: B023
            "kenbaar float32": (count, lambda: match_faces(templates, floats, level, pictures=one_each)),  # noqa: B023
            "faiss flat": (count, lambda: index.search(probes, TOP)),  # noqa: B023
            "usearch exact": (
                len(fewer),
                lambda: usearch_search(rows, fewer, TOP, MetricKind.IP, exact=True, threads=asked.threads),  # noqa: B023
            ),
            "reading the matrix once": (1, lambda: rows.max()),
        }
        answers, told = in_turns(calls, asked.rounds)
        cases.append({"probes": count, "contenders": told, **agreement(answers)})
        sys.stderr.write(f"{len(rows):,} people, {count} faces, {asked.threads} thread(s): done\n")
    compact.wipe()
    versions = {"faiss-cpu": faiss.__version__, "usearch": usearch.__version__, "numpy": np.__version__}
    sys.stdout.write(json.dumps({"versions": versions, "cases": cases}))


def in_turns(
    calls: dict[str, tuple[int, Callable[[], Any]]], rounds: int
) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """What each answered, and its seconds by the clock and of the processor, round by round, after one to warm up."""
    answers = {name: call() for name, (_, call) in calls.items()}
    told: dict[str, dict[str, Any]] = {
        n: {"probes": count, "seconds": [], "cpu": []} for n, (count, _) in calls.items()
    }
    for _ in range(rounds):
        for name, (_, call) in calls.items():
            if sum(told[name]["seconds"]) > PATIENCE_S:
                continue
            clock, processor = time.perf_counter(), time.process_time()
            call()
            told[name]["seconds"].append(time.perf_counter() - clock)
            told[name]["cpu"].append(time.process_time() - processor)
    return answers, told


def agreement(answers: dict[str, Any]) -> dict[str, Any]:
    """Whether both our forms decide the same, and how many of our names a peer ranks first."""
    ours: list[Decision] = answers["kenbaar compact"]
    named = [(i, int(d.subject[2:])) for i, d in enumerate(ours) if d.subject is not None]
    first = {
        "faiss flat": answers["faiss flat"][1][:, 0],
        "usearch exact": np.atleast_2d(answers["usearch exact"].keys)[:, 0],
    }
    return {
        "forms_decide_the_same": ours == answers["kenbaar float32"],
        "named": len(named),
        "peers_rank_them_first": {
            name: [sum(int(best[i]) == who for i, who in named if i < len(best)), sum(i < len(best) for i, _ in named)]
            for name, best in first.items()
        },
    }


if __name__ == "__main__":
    main()
