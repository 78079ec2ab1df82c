"""A process that decodes videos, seen from the one that asks it: started, asked, watched, ended.

What it answers is believed no more than the video was: numbers are checked, words are taken only if they look like
words, and a frame's pixels lie in memory whose size this process has fixed.
"""

from __future__ import annotations

import hashlib
import math
import mmap
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from kenbaar.disk import fix_size
from kenbaar.errors import NoSpace, Unusable, VideoUnreadable
from kenbaar.faces import Box
from kenbaar.media import VIDEO_FORMATS, FileBelow, opened_file
from kenbaar.text import json_text, read_json
from kenbaar.video._child import BEGIN, OUT_OF_MEMORY
from kenbaar.video._limits import DEFAULT_VIDEO_LIMITS, DO_CONVERT, UnfitVideo, VideoLimits
from kenbaar.video._values import Frame, VideoEnd, VideoInfo

_SOURCE = str(Path(__file__).resolve().parents[2])
_ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1", "MALLOC_ARENA_MAX": "2"}
_SLOTS = 3  # one being looked at, two decoded ahead
_THREADS = 2
_MOST_LINE_BYTES = 1 << 22
_MOST_SENTENCE = 300
_HASH_BYTES = 1 << 22


@dataclass(frozen=True, slots=True)
class Pace:
    """How often a frame is looked at. every_s: as a rule. moving_s: at the most often, where much moves. still_s: at
    the least, where nothing does. stir: from which change on (levels of 255, in a ninth of the picture) it moves."""

    every_s: float
    moving_s: float
    still_s: float
    stir: float = 2.0


class Looking:
    """One video being looked through. info: from the first frame on. end: after the last one."""

    def __init__(self, child: _Child, limits: VideoLimits, pace: Pace | None, at_s: float) -> None:
        self._child, self._limits, self._pace = child, limits, pace
        self._slot_bytes = 3 * limits.max_pixels
        request = {
            "limits": asdict(limits), "threads": _THREADS, "slots": _SLOTS, "slot_bytes": self._slot_bytes,
            **(asdict(pace) if pace else {"at_s": at_s}),
        }  # fmt: skip
        child.ask(request)
        line = child.line()
        self.info = _info(line)
        self.end: VideoEnd | None = None
        self._n = -1
        self.pts: list[int] = []
        """Time stamps of all frames so far."""

    def frames(self) -> Iterator[Frame]:
        """Each is valid until the next is asked for. Raises VideoUnreadable."""
        while True:
            line = self._child.line()
            if "end" in line:
                self._take_end(line["end"])
                return
            frame, slot = self._frame(line)
            yield frame
            self._child.free(slot)

    def _frame(self, line: dict[str, Any]) -> tuple[Frame, int]:
        with _sense():
            slot, n, cut = int(line["slot"]), int(line["n"]), bool(line["cut"])
            pts = self._more(line["pts"])
            if not 0 <= slot < _SLOTS or (self._pace is not None and n != self._n + len(pts)) or not pts:
                raise ValueError("no slot or frame of ours")
        self._n = n
        shape = (self.info.height, self.info.width, 3)
        assert self._child.shared is not None
        flat = np.frombuffer(self._child.shared, np.uint8, math.prod(shape), slot * self._slot_bytes)
        pixels = flat.reshape(shape)
        pixels.setflags(write=False)
        return Frame(pixels, n, self.info.seconds(pts[-1]), cut, tuple(pts)), slot

    def _more(self, untrusted: Any) -> list[int]:
        pts = [int(p) for p in untrusted]
        last = self.pts[-1] if self.pts else None
        for each in pts:
            if last is not None and each <= last:
                raise ValueError("time runs backward")
            last = each
        self.pts += pts
        return pts

    def _take_end(self, untrusted: dict[str, Any]) -> None:
        with _sense():
            self._more(untrusted["pts"])
            problems = tuple(_clause(p) for p in untrusted["problems"][:10])
            frames, end_pts = int(untrusted["frames"]), int(untrusted["end_pts"])
            if self._pace is not None and frames != len(self.pts):
                raise ValueError("frames are missing")
            self.end = VideoEnd(frames, self.info.seconds(end_pts), problems)


@contextmanager
def looking(
    source: Path | FileBelow,
    pace: Pace | None = None,
    limits: VideoLimits = DEFAULT_VIDEO_LIMITS,
    *,
    at_s: float = 0.0,
) -> Iterator[Looking]:
    """Opens a video and looks through it at this pace; without one, at the frame at at_s seconds alone.

    Decoded in a process of its own, which ends with the block. Raises VideoUnreadable, with no name and no path.
    """
    with _refusals(), opened_file(source, "This video") as descriptor:
        if os.fstat(descriptor).st_size > limits.max_bytes:
            raise UnfitVideo(f"has more than {limits.max_bytes // 10**9} GB", "Cut it into parts.")
        child = _Child(descriptor, limits, shared_bytes=_SLOTS * 3 * limits.max_pixels)
        try:
            yield Looking(child, limits, pace, at_s)
        finally:
            child.close()


def render_video(
    source: Path | FileBelow,
    out: int,
    masks: Sequence[tuple[int, int, Box]],
    pts: Sequence[int],
    *,
    keep_sound: bool,
    limits: VideoLimits = DEFAULT_VIDEO_LIMITS,
    say: Callable[[int], None] = lambda _: None,
) -> VideoEnd:
    """Writes the masked copy to an open descriptor. masks: (first frame, last frame, box) of upright frames.

    pts: of every frame, as Looking told them; a frame with another is covered whole. say: frames done.
    Raises VideoUnreadable; NoSpace, Unusable where the copy cannot be written.
    """
    rows = np.array([(a, b, *box.as_list()) for a, b, box in masks], "<i4").reshape(-1, 6)
    with _refusals(), opened_file(source, "This video") as descriptor:
        child = _Child(descriptor, limits, out=out)
        try:
            child.ask(
                {"limits": asdict(limits), "threads": _THREADS, "rows": len(rows), "frames": len(pts),
                 "keep_sound": keep_sound},
                rows.tobytes() + np.array(pts, "<i8").tobytes(),
            )  # fmt: skip
            while True:
                line = child.line()
                if "errno" in line:
                    raise _not_written(int(line["errno"]))
                if "end" in line:
                    with _sense():
                        end = line["end"]
                        return VideoEnd(int(end["frames"]), 0.0, tuple(_clause(p) for p in end["problems"][:10]))
                with _sense():
                    say(int(line["done"]))
        finally:
            child.close()


def digest_video(source: Path | FileBelow) -> str:
    """ "sha256:<hex>" of the file's bytes. Raises VideoUnreadable."""
    with _refusals(), opened_file(source, "This video") as descriptor:
        digest = hashlib.sha256()
        while chunk := os.read(descriptor, _HASH_BYTES):
            digest.update(chunk)
        return f"sha256:{digest.hexdigest()}"


class _Child:
    """One such process. Ends with close(), and when its asker ends."""

    def __init__(self, source: int, limits: VideoLimits, *, shared_bytes: int = 0, out: int = -1) -> None:
        self._quiet_s = limits.quiet_s
        self.shared: mmap.mmap | None = None
        memory = -1
        try:
            if shared_bytes:
                memory = _shared_memory(shared_bytes)
                self.shared = mmap.mmap(memory, shared_bytes)
            numbers = (source, memory, out, shared_bytes, limits.memory_bytes)
            self._process = subprocess.Popen(  # noqa: S603  our own interpreter and module, numbers as arguments
                [sys.executable, "-I", "-c", BEGIN, _SOURCE, *map(str, numbers)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                pass_fds=tuple(fd for fd in (source, memory, out) if fd >= 0),
                env=_ENVIRONMENT,
                cwd="/",
                start_new_session=True,
            )
        finally:
            if memory >= 0:
                os.close(memory)
        assert self._process.stdin and self._process.stdout
        self._asks, self._answers = self._process.stdin.fileno(), self._process.stdout.fileno()
        self._said = bytearray()

    def ask(self, request: dict[str, Any], more: bytes = b"") -> None:
        """Sends a request. It may have ended by then: its last line tells."""
        view = memoryview(json_text(request).encode() + b"\n" + more)
        with suppress(BrokenPipeError):
            while view:
                view = view[os.write(self._asks, view) :]

    def free(self, slot: int) -> None:
        """That slot of the memory may be written again."""
        with suppress(BrokenPipeError):
            os.write(self._asks, bytes([slot]))

    def line(self) -> dict[str, Any]:
        """Its next answer. Raises UnfitVideo where it refuses, ends, or says nothing for too long."""
        until = time.monotonic() + self._quiet_s
        poll = select.poll()
        poll.register(self._answers, select.POLLIN)
        while (end := self._said.find(b"\n")) < 0:
            if len(self._said) > _MOST_LINE_BYTES:
                raise _nonsense()
            if not poll.poll(max(0.0, until - time.monotonic()) * 1000):
                raise UnfitVideo("could not be read safely (its decoder took too long)", DO_CONVERT)
            chunk = os.read(self._answers, 1 << 16)
            if not chunk:
                raise self._ended()
            self._said += chunk
        line, self._said = bytes(self._said[:end]), self._said[end + 1 :]
        with _sense():
            untrusted = read_json(line, limit_bytes=_MOST_LINE_BYTES, big_integers=True)
            if "why" in untrusted:
                refusal = UnfitVideo(_clause(untrusted["why"]), _clause(untrusted["do"]))
            elif isinstance(untrusted, dict):
                return untrusted
            else:
                raise ValueError("no answer")
        raise refusal

    def close(self) -> None:
        """Ends it and what it may have started, and returns when it has ended."""
        if self._process.poll() is None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                with suppress(OSError):
                    pipe.close()
        self._process.wait()
        if self.shared is not None:
            with suppress(BufferError):  # somebody still holds the last frame: it goes with that
                self.shared.close()

    def _ended(self) -> UnfitVideo:
        try:
            code = self._process.wait(5)
        except subprocess.TimeoutExpired:
            code = 0
        if code == OUT_OF_MEMORY:
            return UnfitVideo("needs more memory than a video may take", DO_CONVERT)
        return UnfitVideo("could not be read safely (its decoder stopped)", DO_CONVERT)


def _info(line: dict[str, Any]) -> VideoInfo:
    with _sense():
        untrusted = line["info"]
        duration, sound = untrusted["duration_s"], untrusted["sound"]
        info = VideoInfo(
            format=str(untrusted["format"]),
            width=int(untrusted["width"]),
            height=int(untrusted["height"]),
            duration_s=float(duration) if duration is not None and 0 < float(duration) < 1e7 else None,
            codec=_word(untrusted["codec"]),
            sound=None if sound is None else _word(sound),
            hdr=untrusted["hdr"] is True,
            other_streams=int(untrusted["other_streams"]),
            tags=tuple(_word(tag) for tag in untrusted["tags"]),
            taken_at=_moment(untrusted["taken_at"]),
            tick_s=Fraction(*map(int, untrusted["tick_s"])),
            start_s=Fraction(*map(int, untrusted["start_s"])),
        )
        limits = DEFAULT_VIDEO_LIMITS
        if (
            info.format not in VIDEO_FORMATS
            or not 0 < info.width * info.height <= limits.max_pixels
            or info.tick_s <= 0
        ):
            raise ValueError("no video of ours")
        return info


def _not_written(number: int) -> NoSpace | Unusable:
    from kenbaar.disk import is_full

    if is_full(OSError(number, "")):
        return NoSpace("The disk is full.", "Free some space, then publish again.")
    return Unusable(f"The copy could not be written ({os.strerror(number)}).", "Look at the disk, then publish again.")


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except UnfitVideo as unfit:
        raise VideoUnreadable(f"This video {unfit.why}.", unfit.do) from unfit


@contextmanager
def _sense() -> Iterator[None]:
    """Whatever an answer is that an honest process would not give."""
    try:
        yield
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, ArithmeticError) as err:
        raise _nonsense() from err


def _nonsense() -> UnfitVideo:
    return UnfitVideo("could not be read safely (its decoder's answer made no sense)", DO_CONVERT)


def _clause(untrusted: object) -> str:
    if not isinstance(untrusted, str) or len(untrusted) > _MOST_SENTENCE or not untrusted.isprintable():
        raise ValueError("no clause")
    return untrusted


def _moment(untrusted: object) -> datetime | None:
    """What a file says of when it was made; None where that is no moment, or the zero of its clock (1904, 1970)."""
    with suppress(ValueError):
        moment = datetime.fromisoformat(_word(untrusted))
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        return moment if moment.year > 1980 else None
    return None


def _word(untrusted: object) -> str:
    if not isinstance(untrusted, str) or len(untrusted) > 60 or not untrusted.isprintable():
        raise ValueError("no word")
    return untrusted


def _shared_memory(size_bytes: int) -> int:
    """Memory without a name, of a size that its reader cannot change; what nobody has written takes no room."""
    descriptor = os.memfd_create("video", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(descriptor, size_bytes)
    fix_size(descriptor)
    return descriptor
