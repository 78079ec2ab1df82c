"""How fast a sweep is, against the bare inference of the same two models in the same run."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from kenbaar.sweep import SweepProgress

ROUNDS = 25  # interleaved, so that a machine whose speed drifts gives the ratio all the same


@dataclass(frozen=True, slots=True)
class SweepBench:
    """What a sweep costs.

    photos_per_s: of a whole sweep with `workers` processes, from the first results to the last, their start left out.
    floor_ratio: one worker's time for a photo, from file to decision, over the bare inference of the same networks on
    the same inputs, medians of rounds taken in turns. stages: ms a photo in one worker. peak_mb: largest process.
    speedup: photos_per_s over that of one worker; None with one worker.
    machine_speedup: the same of bare inference in as many processes, in the same run: what these cores can do.
    resweep_ratio: a photo's time in a sweep after one more person enrolled, who is in none, over that in the first.
    """

    photos_per_s: float
    workers: int
    floor_ratio: float
    stages: Mapping[str, float]
    peak_mb: float
    photos: int
    speedup: float | None
    machine_speedup: float | None
    resweep_ratio: float | None


def time_in_turns(steps: Mapping[str, Callable[[], object]], rounds: int = ROUNDS) -> dict[str, float]:
    """Median ms of each step, all steps in turn in every round, after two rounds that do not count."""
    times: dict[str, list[float]] = {name: [] for name in steps}
    for counted in range(-2, rounds):
        for name, step in steps.items():
            begin = time.perf_counter()
            step()
            if counted >= 0:
                times[name].append((time.perf_counter() - begin) * 1e3)
    return {name: median(each) for name, each in times.items()}


def steady_rate(progress: Sequence[tuple[float, int]]) -> float:
    """Photos a second between the first and the last report of a sweep; where there is one only, up to that.

    progress: (seconds, photos done) as they were reported.
    """
    reports = [p for p in progress if p[1] > 0]
    if len(reports) == 1 and reports[0][0] > 0:
        return reports[0][1] / reports[0][0]
    if len(reports) < 2 or reports[-1][0] <= reports[0][0]:
        return 0.0
    return (reports[-1][1] - reports[0][1]) / (reports[-1][0] - reports[0][0])


def bench_sweep(
    sweep: Callable[[int, Callable[[SweepProgress], None]], object],
    again: Callable[[int, Callable[[SweepProgress], None]], object],
    steps: Mapping[str, Callable[[], object]],
    *,
    whole: str,
    bare: Sequence[str],
    workers: int,
    photos: int,
    cores: Callable[[int], float],
) -> SweepBench:
    """Runs a whole sweep with one worker and with `workers`, and every stage by itself, in one process's run.

    sweep: sweeps a fresh collection with so many workers. again: enrols somebody more and sweeps that again.
    steps: each stage on one photo, by name; `whole` is the one that goes from file to decision, `bare` those that are
    the networks alone. cores: what that many processes of bare inference do, over one.
    """
    stages = time_in_turns(steps)
    rates = {n: _rate(sweep, n) for n in sorted({1, workers})}
    rate_again = _rate(again, workers)
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_CHILDREN,)) / 1024
    return SweepBench(
        photos_per_s=rates[workers],
        workers=workers,
        floor_ratio=stages[whole] / sum(stages[name] for name in bare),
        stages=stages,
        peak_mb=peak,
        photos=photos,
        speedup=rates[workers] / rates[1] if workers > 1 and rates[1] else None,
        machine_speedup=cores(workers) if workers > 1 else None,
        resweep_ratio=rates[workers] / rate_again if rates[workers] and rate_again else None,
    )


def _rate(sweep: Callable[[int, Callable[[SweepProgress], None]], object], workers: int) -> float:
    reports: list[tuple[float, int]] = []
    sweep(workers, lambda p: reports.append((p.seconds, p.done)))
    return steady_rate(reports)
