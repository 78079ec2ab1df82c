"""Where commands are born with everything imported, so that a kill hits them at work and not while Python loads.

A process of its own, started once: for each request on stdin it forks, and the child becomes the `kenbaar` command. It
adopts what killed commands leave behind, and tells whether any of it lives on.
"""

from __future__ import annotations

import atexit
import ctypes
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
_HELD_BACK = {
    signal.SIGINT,
    signal.SIGTERM,
    signal.SIGHUP,
}  # from the fork on, until the command has begun to hear them
_PATIENCE_S = 15.0  # for what a killed command started: a worker that is still importing notices when that is done


def main() -> None:
    """Forks a command for each line of stdin: {"arguments", "env", "out"}. Answers its pid, then how it ended."""
    import kenbaar.archive
    import kenbaar.cli._house
    import kenbaar.cli._people
    import kenbaar.cli._pictures
    import kenbaar.cli._run  # noqa: F401

    for name in ("cv2", "onnxruntime", "PIL.Image", "scipy.optimize", "joserfc.jws", "jsonschema"):
        with suppress(ImportError):
            __import__(name)
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        signal.pthread_sigmask(signal.SIG_BLOCK, _HELD_BACK)
        pid = os.fork()
        if pid == 0:
            os.setpgid(0, 0)
            _be_the_command(request)
        with suppress(OSError):  # whoever comes first, the child or this: a signal to its group finds it
            os.setpgid(pid, pid)
        print(json.dumps({"pid": pid}), flush=True)
        _, status = os.waitpid(pid, 0)
        print(json.dumps({"code": os.waitstatus_to_exitcode(status), "left_behind": _left_behind()}), flush=True)


def _be_the_command(request: dict[str, Any]) -> None:
    from kenbaar.cli import main as kenbaar
    from kenbaar.cli._stop import hear_signals, how_stopped

    out = os.open(request["out"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    for descriptor in (1, 2):
        os.dup2(out, descriptor)
    os.close(0)
    os.environ.clear()
    os.environ.update(request["env"])
    sys.argv = ["kenbaar", *request["arguments"]]
    code: object = 70
    try:
        hear_signals()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _HELD_BACK)
        kenbaar()
    except SystemExit as end:
        code = end.code
    except KeyboardInterrupt as err:
        code = how_stopped(err)[1]
    finally:
        threading._shutdown()  # type: ignore[attr-defined]  # what Python does at its end, but for unloading itself
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 70)


def _left_behind() -> int:
    """How many processes of the ended command are still there when patience ends; 0 is what should be."""
    end = time.monotonic() + _PATIENCE_S
    while time.monotonic() < end:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return 0
        if pid == 0:
            time.sleep(0.01)
    return sum(1 for _ in Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split())


@dataclass
class Killed:
    """How a command ended: code -9 where the kill came before its end."""

    code: int
    left_behind: int
    seconds: float
    said: str


@dataclass
class Nursery:
    """The test's side."""

    process: subprocess.Popen[str]

    def run(
        self,
        arguments: list[object],
        env: dict[str, str],
        log: Path,
        *,
        kill_after_s: float | None = None,
        stop_after_s: tuple[float, ...] = (),
        stop_when: Callable[[], bool] | None = None,
        by: signal.Signals = signal.SIGINT,
    ) -> Killed:
        """Runs one command and kills it after so many seconds, if it is still there.

        stop_after_s, stop_when, by: a signal at each of these moments, or as soon as this is true. SIGINT and SIGHUP as
        a terminal sends them, to the command and all its processes; SIGTERM to the command alone.
        """
        words = [os.fspath(a) if isinstance(a, os.PathLike) else str(a) for a in arguments]
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps({"arguments": words, "env": env, "out": str(log)}) + "\n")
        self.process.stdin.flush()
        pid = json.loads(self.process.stdout.readline())["pid"]
        started = time.monotonic()
        if kill_after_s is not None:
            time.sleep(kill_after_s)
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        while stop_when is not None and not stop_when() and time.monotonic() - started < _PATIENCE_S:
            time.sleep(0.01)
        for moment in stop_after_s if stop_when is None else (0.0,):
            time.sleep(max(0.0, moment - (time.monotonic() - started)))
            with suppress(ProcessLookupError):
                (os.kill if by == signal.SIGTERM else os.killpg)(pid, by)
        ended = json.loads(self.process.stdout.readline())
        took = time.monotonic() - started
        return Killed(ended["code"], ended["left_behind"], took, log.read_text() if log.exists() else "")


@contextmanager
def nursery() -> Iterator[Nursery]:
    """A nursery that is ready."""
    root = Path(__file__).parent.parent.parent
    process = subprocess.Popen(
        [sys.executable, "-c", "from tests.e2e.nursery import main; main()"],
        cwd=root,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout and json.loads(process.stdout.readline())["ready"]
        yield Nursery(process)
    finally:
        assert process.stdin
        process.stdin.close()
        process.wait(timeout=30)


def moments(seed: str, count: int, duration_s: float) -> list[float]:
    """Random moments from the start to a little past the end, the same for the same seed and duration."""
    chance = random.Random(seed)
    return [chance.uniform(0, duration_s * 1.05) for _ in range(count)]
