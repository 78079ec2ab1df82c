"""Kenbaar against others, on the same pictures in the same run: `python benchmarks/run.py`. See docs/benchmarks.md.

Standard library only. Every peer works in its own environment and process; rounds go in turns, one thread each.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import subprocess
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.environments import HERE, ROOT, default_work_folder, dlib_weights, environment
from benchmarks.figures import Truth, per_photo, ratios, tally
from benchmarks.protocol import Answer, Beginning, Peer, PeerRefused
from benchmarks.report import Result, chart, tables, write_section
from benchmarks.rows import REFERENCE, ROWS, Row, chosen

PATIENCE_S = 300.0  # a round of the slowest peer takes half a minute
NEEDS_WEIGHTS = ("face_recognition", "deepface", "deepface_mtcnn")


def main(argv: list[str] | None = None) -> int:
    """Runs the benchmark; 0, or 2 for bad usage and 1 where Kenbaar itself could not be run."""
    try:
        asked = _arguments(argv)
        rows = chosen(asked.only)
        pictures, python = _pictures(asked.work, asked.photos)
    except ValueError as err:
        return _sorry(str(err), 2)
    except (PeerRefused, OSError) as err:
        return _sorry(f"The pictures cannot be made. {err}", 1)
    run = Run(rows, asked.work, pictures, python)
    try:
        run.begin()
        run.rounds(asked.rounds)
        run.groups()
    except KeyboardInterrupt:
        return _sorry("Stopped. What was made is kept; run it again.", 130)
    finally:
        run.close()
    results = run.results(asked.rounds)
    section = tables(results, _conditions(asked.rounds, asked.photos), json.loads((HERE / "quoted.json").read_text()))
    _say(section)
    whole = len(rows) == len(ROWS)
    out = asked.out or (ROOT / "docs" if whole else asked.work)
    out.mkdir(parents=True, exist_ok=True)
    told = [asdict(replace(r)) for r in results]
    (asked.work / "results.json").write_text(json.dumps({"rows": told, "rounds": run.raw()}, indent=1), "utf-8")
    (out / "benchmarks.svg").write_text(chart(results), "utf-8")
    try:
        write_section(out / "performance.md", section)
    except ValueError as err:
        return _sorry(str(err), 1)
    _say(f"Written: {out / 'performance.md'}, {out / 'benchmarks.svg'}, {asked.work / 'results.json'}")
    return 1 if any(r.refused and r.row.id in REFERENCE.values() for r in results) else 0


class Run:
    """One run: the peers, loaded and waiting, and what they answered, round by round."""

    def __init__(self, rows: list[Row], work: Path, pictures: Path, kenbaar: Path) -> None:
        self.rows, self.work, self.pictures, self.kenbaar = rows, work, pictures, kenbaar
        self.truth: dict[str, Any] = json.loads((pictures / "truth.json").read_text("utf-8"))
        self.peers: dict[str, Peer] = {}
        self.refused: dict[str, str] = {}
        self.versions: dict[str, dict[str, str]] = {}
        self.answers: dict[str, list[list[Answer]]] = {row.id: [] for row in rows}
        self.masked: dict[str, tuple[int, int]] = {}
        self.in_groups: dict[str, tuple[int, int]] = {}
        self.photos = [pictures / "photos" / name for name in sorted(self.truth["photos"])]

    def begin(self) -> None:
        """Makes what environments are missing, starts everybody, and has each look at one photo, untimed."""
        core = max(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None
        for row in self.rows:
            _say(f"{row.label} ...", end="")
            try:
                if row.weights and not any(Path(row.weights).expanduser().glob("*.onnx")):
                    raise PeerRefused(f"No package index has its weights, and {row.weights} is not there.")
                python = environment(row.folder, self.work)
                weights = dlib_weights(self.work) if row.folder in NEEDS_WEIGHTS else self.work
                told = Beginning(row.way, self.truth["people"], str(weights), core)
                command = [str(python), str(HERE / (row.peer or row.folder) / "peer.py")]
                peer = Peer(command, told, self.work / "logs" / f"{row.id}.txt", {}, PATIENCE_S)
                self.peers[row.id], self.versions[row.id] = peer, peer.versions
                self._work(row, self.photos[:1])
            except PeerRefused as err:
                self._refuse(row, str(err))
            _say(" " + (self.refused.get(row.id) or "ready"))

    def rounds(self, count: int) -> None:
        """So many rounds; in each, everybody in turn does all photos, beginning with another one each time."""
        for n in range(count):
            begin = time.monotonic()
            ready = [row for row in self.rows if row.id in self.peers]
            for row in ready[n % len(ready) :] + ready[: n % len(ready)] if ready else []:
                try:
                    self.answers[row.id].append(self._work(row, self.photos))
                except PeerRefused as err:
                    self._refuse(row, str(err))
            _say(f"round {n + 1} of {count}: {time.monotonic() - begin:.0f} s")

    def groups(self) -> None:
        """How thorough those who mask are: the last round's copies, and groups of small faces, once."""
        folder = self.pictures / "groups"
        for row in [row for row in self.rows if row.task == "mask" and row.id in self.peers]:
            try:
                last = self.answers[row.id][-1] if self.answers[row.id] else []
                self.masked[row.id] = self._judged(row, last, self.truth["photos"])
                copies = self._work(row, [folder / name for name in sorted(self.truth["groups"])])
                self.in_groups[row.id] = self._judged(row, copies, self.truth["groups"])
            except PeerRefused as err:
                self._refuse(row, str(err))

    def results(self, rounds: int) -> list[Result]:
        """The figures of every row, in the order of the rows; a row that did not do all rounds has only its reason."""
        told = []
        for row in self.rows:
            answers = self.answers[row.id]
            result = Result(row, self.refused.get(row.id, ""), self.versions.get(row.id, {}))
            if not result.refused and len(answers) < rounds:
                result.refused = "It did not do all rounds."
            if not result.refused:
                reference = self.answers.get(REFERENCE[row.task], [])
                cpu, wall = per_photo(answers, "cpu_s"), per_photo(answers, "wall_s")
                result.cpu_ms, result.wall_ms = 1000 * median(cpu), 1000 * median(wall)
                result.cpu = ratios(cpu, per_photo(reference, "cpu_s"))
                result.wall = ratios(wall, per_photo(reference, "wall_s"))
                result.tally = tally(
                    [(a, self._truth(p.name)) for r in answers for a, p in zip(r, self.photos, strict=True)]
                )
                result.masked, result.groups = self.masked.get(row.id, (0, 0)), self.in_groups.get(row.id, (0, 0))
                result.held = sum(a.held for a in answers[-1])
            told.append(result)
        return told

    def raw(self) -> dict[str, list[list[dict[str, Any]]]]:
        """Everything that was answered, for results.json."""
        return {name: [[asdict(a) for a in answers] for answers in rounds] for name, rounds in self.answers.items()}

    def close(self) -> None:
        """Ends all peers."""
        for peer in self.peers.values():
            peer.close()
        self.peers.clear()

    def _truth(self, name: str) -> Truth:
        truth: Truth = self.truth["photos"][name]
        return truth

    def _work(self, row: Row, photos: list[Path]) -> list[Answer]:
        out = self.work / "copies" / row.id
        out.mkdir(parents=True, exist_ok=True)
        return self.peers[row.id].work(photos, out)

    def _refuse(self, row: Row, why: str) -> None:
        self.refused[row.id] = why.replace(str(Path.home()), "~")  # the reason goes into a page for everybody
        if peer := self.peers.pop(row.id, None):
            peer.close()

    def _judged(self, row: Row, copies: list[Answer], truth: dict[str, Truth]) -> tuple[int, int]:
        asked = [
            {"copy": a.written, "colour": row.mask_colour, "faces": [f["box"] for f in truth[Path(a.written).name]]}
            for a in copies
            if a.written
        ]
        command = [str(self.kenbaar), "-m", "benchmarks.pictures", "judge"]
        done = subprocess.run(command, input=json.dumps(asked), capture_output=True, text=True, cwd=ROOT, check=False)  # noqa: S603
        if done.returncode:
            raise PeerRefused("Its copies could not be judged.")
        verdicts = [v for copy in json.loads(done.stdout) for v in copy]
        return sum(verdicts), len(verdicts)


def _pictures(work: Path, count: int) -> tuple[Path, Path]:
    """The folder of the pictures and the truth about them, composed now if need be; and Kenbaar's own interpreter."""
    python = environment("kenbaar", work)
    made_by = hashlib.sha256((HERE / "pictures.py").read_bytes()).hexdigest()[:10]
    folder = work / f"pictures-{count}-{made_by}"
    truth = folder / "truth.json"
    if not truth.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        _say("Composing the pictures")
        command = [str(python), "-m", "benchmarks.pictures", "compose", str(folder), str(count)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode:
            raise PeerRefused((done.stderr.strip().splitlines() or ["No reason was given."])[-1])
    return folder, python


def _conditions(rounds: int, photos: int) -> str:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return (
        f"Taken {time.strftime('%Y-%m-%d', time.gmtime())} on {platform.machine()}, {cores} core(s), Python "
        f"{platform.python_version()}: {photos} photos of 1920 x 1080 px with three faces each, {rounds} rounds in "
        "turns, one thread and one core for everybody, models loaded beforehand. A round's figure is its median "
        "photo's. What is compared, and what is unfair about it: [benchmarks](benchmarks.md)."
    )


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks/run.py", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="how often everybody does all photos (default: 5)")
    parser.add_argument("--photos", type=int, default=6, help="how many photos a round has (default: 6)")
    parser.add_argument("--only", nargs="+", default=[], metavar="PEER", help="these alone, and Kenbaar")
    parser.add_argument("--work", type=Path, default=default_work_folder(), help="environments, pictures, results")
    parser.add_argument("--out", type=Path, help="where the table and chart go (default: docs/, if nobody is left out)")
    asked = parser.parse_args(argv)
    if asked.rounds < 1 or asked.photos < 1:
        raise ValueError("Rounds and photos are counted from 1.")
    asked.work = asked.work.expanduser().absolute()
    if asked.work.exists() and not asked.work.is_dir():
        raise ValueError(f"{asked.work} is no folder. Give another with --work.")
    return asked


def _say(text: str, end: str = "\n") -> None:
    sys.stdout.write(text + end)
    sys.stdout.flush()


def _sorry(text: str, code: int) -> int:
    sys.stderr.write(text + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
