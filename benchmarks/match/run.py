"""Kenbaar's search against faiss-flat and usearch-exact: one matrix, one run, in turns.

    python benchmarks/match/run.py [--people 100000 1000000] [--probes 1 3 1000] [--threads 1 2]
        [--rounds 7] [--json FILE]

Standard library only; the contenders work in an environment of their own, made once in the work folder. With one thread
times are of the processor, so other work on the machine counts little; with all cores they are by the clock.
Needs 3 GB of memory and 0.6 GB below /var/tmp (or TMPDIR) for a million people.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.environments import ROOT, default_work_folder, environment
from benchmarks.protocol import PeerRefused

OURS = "kenbaar compact"


def main(argv: list[str] | None = None) -> int:
    """Runs it and prints the table; 1 where the environment cannot be made or a contender fails."""
    asked = _arguments(argv)
    try:
        python = environment("match", asked.work)
        runs = [
            {"people": people, "threads": threads, **_contest(python, people, threads, asked)}
            for people in asked.people
            for threads in asked.threads
        ]
    except PeerRefused as err:
        sys.stderr.write(f"{err}\n")
        return 1
    result = {"machine": f"{platform.machine()}, {len(os.sched_getaffinity(0))} core(s)", "runs": runs}
    sys.stdout.write(table(result) + "\n")
    if asked.json:
        asked.json.write_text(json.dumps(result, indent=1), "utf-8")
    return 0


def table(result: dict[str, Any]) -> str:
    """Markdown: for each contender how many times as long as ours it takes (median and spread over rounds), then ms."""
    lines = [
        f"{result['machine']}. Times as long as {OURS}, median of rounds in turns (least-most); then its ms a face.",
        "",
        "| people | faces | threads | contender | times as long | ms a face | ranks our names first |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for run in result["runs"]:
        clock = "cpu" if run["threads"] == 1 else "seconds"
        for case in run["cases"]:
            ours = case["contenders"][OURS]
            for name, told in case["contenders"].items():
                ratio = "1" if name == OURS else _ratios(told, ours, clock)
                first = case["peers_rank_them_first"].get(name)
                agreed = f"{first[0]} of {first[1]}" if first else ""
                if name == OURS:
                    agreed = f"names {case['named']}"
                    agreed += "; float32 decides the same" if case["forms_decide_the_same"] else "; FLOAT32 DIFFERS"
                each = median(told[clock]) / told["probes"] * 1e3
                lines.append(
                    f"| {run['people']:,} | {case['probes']:,} | {run['threads']} | {name} | {ratio} "
                    f"| {each:.3g} | {agreed} |"
                )
    return "\n".join(lines)


def _ratios(told: dict[str, Any], ours: dict[str, Any], clock: str) -> str:
    """Each round's time a face over ours in the same round."""
    pairs = zip(told[clock], ours[clock], strict=False)  # who is slow gets fewer rounds
    each = sorted((a / told["probes"]) / (b / ours["probes"]) for a, b in pairs)
    return f"{median(each):.2f} ({each[0]:.2f}-{each[-1]:.2f})"


def _contest(python: Path, people: int, threads: int, asked: argparse.Namespace) -> dict[str, Any]:
    limits = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(threads))
    command = [str(python), str(Path(__file__).parent / "contest.py"), "--people", str(people)]
    command += ["--threads", str(threads), "--rounds", str(asked.rounds), "--probes", *map(str, asked.probes)]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **limits}, stdout=subprocess.PIPE, check=False)  # noqa: S603
    if done.returncode:
        raise PeerRefused(f"The contest with {people:,} people on {threads} thread(s) ended with {done.returncode}.")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--people", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--probes", type=int, nargs="+", default=[1, 3, 1000])
    cores = len(os.sched_getaffinity(0))
    parser.add_argument("--threads", type=int, nargs="+", default=sorted({1, cores}), help="1, and all cores")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--work", type=Path, default=default_work_folder(), help="where the environment is kept")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
