"""How the benchmark talks with its peers: JSON, a line each way, over a process's standard input and output.

First line in: a Beginning. Out: {"ready": versions} or {"refused": sentence}. Then, for each {"photos": [...], "out":
folder} in, one {"answers": [Answer, ...]} or {"failed": sentence} out. Times are taken in the peer, around each photo,
so that neither loading nor talking counts. Standard library only: this file runs in every peer's environment.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from threading import Timer
from typing import IO, Any

ONE_THREAD = dict.fromkeys(
    (
        *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"),
        *("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"),
    ),
    "1",
)


class PeerRefused(Exception):
    """This peer cannot take part, or no longer: the reason, a sentence for its row."""


@dataclass(frozen=True, slots=True)
class Beginning:
    """What every peer is told first. people: name -> photo to enrol; weights: a folder; core: to stay on."""

    way: str
    people: dict[str, str]
    weights: str
    core: int | None


@dataclass(frozen=True, slots=True)
class Found:
    """A face: its box in px (x_min, y_min, x_max, y_max), and whose it is, where somebody was recognised."""

    box: tuple[float, float, float, float]
    name: str | None = None


@dataclass(slots=True)
class Answer:
    """What was made of one photo, in which time. written: the masked copy; held: it would not have gone out."""

    faces: list[Found] = field(default_factory=list)
    written: str | None = None
    held: bool = False
    wall_s: float = 0.0
    cpu_s: float = 0.0


Work = Callable[[Path, Path], Answer]
"""What a peer does with a photo; the second is the folder for copies."""


def serve(load: Callable[[Beginning], tuple[Work, dict[str, str]]]) -> None:
    """The peer's end: loads once, then works through what it is given until its input ends.

    load: gives the work and the versions that do it; PeerRefused says why not.
    """
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)  # what libraries print goes to the log
    beginning = Beginning(**json.loads(sys.stdin.readline()))
    if beginning.core is not None and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {beginning.core})
    try:
        work, versions = load(beginning)
    except Exception as err:  # noqa: BLE001  whatever it is, it is this row's reason
        answers.write(json.dumps({"refused": _sentence(err)}) + "\n")
        return
    answers.write(json.dumps({"ready": versions}) + "\n")
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            done = [asdict(_timed(work, Path(photo), Path(asked["out"]))) for photo in asked["photos"]]
        except Exception as err:  # noqa: BLE001  as above
            answers.write(json.dumps({"failed": _sentence(err)}) + "\n")
            return
        answers.write(json.dumps({"answers": done}) + "\n")


def _timed(work: Work, photo: Path, out: Path) -> Answer:
    wall, cpu = time.perf_counter(), time.process_time()
    answer = work(photo, out)
    answer.cpu_s, answer.wall_s = time.process_time() - cpu, time.perf_counter() - wall
    return answer


def _sentence(err: Exception) -> str:
    if isinstance(err, PeerRefused):
        return str(err)
    text = " ".join(str(err).split())
    return f"{type(err).__name__}: {text[:300]}"


class Peer:
    """The benchmark's end of one peer process, loaded and ready. Raises PeerRefused wherever it cannot go on."""

    def __init__(self, command: Sequence[str], beginning: Beginning, log: Path, env: dict[str, str], patience_s: float):
        log.parent.mkdir(parents=True, exist_ok=True)
        self._log = log.open("wb")
        self._patience_s = patience_s
        try:
            self._process = subprocess.Popen(  # noqa: S603  an interpreter and a script of ours
                [*command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
                env={**os.environ, **ONE_THREAD, **env},
                text=True,
                encoding="utf-8",
            )
        except OSError as err:
            self._log.close()
            raise PeerRefused(f"It could not be started ({err.strerror}).") from err
        try:
            self.versions: dict[str, str] = self._ask(asdict(beginning), "ready")
        except PeerRefused:
            self.close()
            raise

    def work(self, photos: Sequence[Path], out: Path) -> list[Answer]:
        """What it makes of these photos, in order."""
        answers = self._ask({"photos": [str(p) for p in photos], "out": str(out)}, "answers")
        return [Answer(**{**a, "faces": [Found(tuple(f["box"]), f["name"]) for f in a["faces"]]}) for a in answers]

    def close(self) -> None:
        """Ends the process; one that does not end by itself is killed."""
        try:
            self._pipe(self._process.stdin).close()
            self._process.wait(5)
        except (OSError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        finally:
            self._pipe(self._process.stdout).close()
            self._log.close()

    def _ask(self, message: dict[str, Any], wanted: str) -> Any:
        late = Timer(self._patience_s, self._process.kill)
        late.start()
        try:
            stdin = self._pipe(self._process.stdin)
            stdin.write(json.dumps(message) + "\n")
            stdin.flush()
            line = self._pipe(self._process.stdout).readline()
        except OSError:
            line = ""
        finally:
            in_time = late.is_alive()
            late.cancel()
        if not line:
            what = "It ended without a word" if in_time else f"It took more than {self._patience_s:.0f} s"
            raise PeerRefused(f"{what}; see {Path(self._log.name).name}.")
        try:
            answer = json.loads(line)
        except ValueError as err:
            raise PeerRefused("It answered with something that is no JSON.") from err
        if wanted not in answer:
            raise PeerRefused(str(answer.get("refused") or answer.get("failed") or "It answered with something else."))
        return answer[wanted]

    @staticmethod
    def _pipe(pipe: IO[str] | None) -> IO[str]:
        assert pipe is not None  # both are pipes, as Popen was told
        return pipe
