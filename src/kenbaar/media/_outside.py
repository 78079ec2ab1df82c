"""A process in which photos are read, seen from the one that asks it: started, asked, watched, ended.

A photo that crashes a decoder, makes it grow or keeps it busy ends that process and no other. It gets a clean
environment, no descriptor but its pipes and the shared memory, and of a photo nothing but its bytes. What it answers is
believed no more than the photo was: sizes are checked, the digest is made here, words are taken only if they look like
words, and pixels are copied out before anybody looks at them.
"""

from __future__ import annotations

import errno
import math
import mmap
import os
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from kenbaar.disk import fix_size
from kenbaar.media._formats import FORMATS
from kenbaar.media._header import MOST_DPI
from kenbaar.media._limits import DO_CHECK, PhotoLimits, Unfit
from kenbaar.media._open import Photo, digest_bytes
from kenbaar.media._reader import OUT_OF_MEMORY, READY, REQUEST
from kenbaar.media._rights import Rights
from kenbaar.text import read_json

BEGIN = "import sys; sys.path.insert(0, sys.argv[1]); from kenbaar.media._reader import main; sys.exit(main())"
_SOURCE = str(Path(__file__).resolve().parents[2])  # the reader runs the code that this process runs
ENVIRONMENT = {
    "OPENBLAS_NUM_THREADS": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "MALLOC_ARENA_MAX": "2",  # each takes 64 MB of address space
    "MALLOC_MMAP_THRESHOLD_": str(1 << 25),  # pixels go where the last photo's were: fresh memory costs 5 ms a photo
    "MALLOC_TRIM_THRESHOLD_": str(1 << 26),
}
_MFD_NOEXEC_SEAL = 0x8  # linux/memfd.h: nothing in it is ever run; some systems ask for it
_START_S = 60.0  # to load its decoders: less than half a second, but on a machine that does much else
_END_S = 2.0  # once it says nothing more, only to end is left
_MOST_LINE_BYTES = 16_384
_MOST_SENTENCE = 300
_MOST_RIGHTS = 500
_KEEP_BYTES = 1 << 25  # of the shared memory between photos; what a larger one used is given back


class ReaderEnded(Exception):
    """The reader ended before it answered, or was ended because it did not. why: a few words; again: whether a fresh
    reader may do better, which one that took too long may not."""

    def __init__(self, why: str, *, again: bool = True, too_large: bool = False) -> None:
        super().__init__(why)
        self.why, self.again, self.too_large = why, again, too_large

    def as_unfit(self) -> Unfit:
        """The photo's refusal, where it is the photo that did it."""
        if self.too_large:
            return Unfit("needs more memory than a photo of its size may take", DO_CHECK, too_large=True)
        return unsafe(self.why)


def unsafe(why: str) -> Unfit:
    """The refusal of a photo that does harm to who reads it."""
    return Unfit(f"could not be read safely ({why})", DO_CHECK)


class OutsideReader:
    """One process that reads photos. Not for two threads at once. Ends with close(), and when its asker ends."""

    def __init__(self, limits: PhotoLimits, memory_bytes: int) -> None:
        """Starts it, without waiting. limits: the largest it will be asked with. memory_bytes: its address space,
        beside the memory it shares with this process."""
        self.limits = limits
        self.asked = 0
        """Photos it was asked to read."""
        self._ready = False
        self._pixel_bytes = 0
        self._pixels_at = -(-limits.max_bytes // mmap.PAGESIZE) * mmap.PAGESIZE
        size = self._pixels_at + 3 * min(limits.max_pixels, limits.max_full_pixels)
        descriptor = _shared_memory(size)
        try:
            self._shared = mmap.mmap(descriptor, size)
            self._process = subprocess.Popen(  # noqa: S603  our own interpreter and module, numbers as arguments
                [
                    sys.executable, "-I", "-c", BEGIN, _SOURCE,
                    *(str(n) for n in (descriptor, size, self._pixels_at, memory_bytes)),
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                pass_fds=(descriptor,),
                env=ENVIRONMENT,
                cwd="/",
                start_new_session=True,
            )  # fmt: skip
        finally:
            os.close(descriptor)
        assert self._process.stdin and self._process.stdout
        self._asks, self._answers = self._process.stdin.fileno(), self._process.stdout.fileno()
        self._said = bytearray()

    @property
    def closed(self) -> bool:
        """Whether it has ended and is not to be asked any more."""
        return self._process.returncode is not None

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    def can(self, limits: PhotoLimits) -> bool:
        """Whether it has room for photos within these limits."""
        mine = self.limits
        return (
            limits.max_pixels <= mine.max_pixels
            and limits.max_bytes <= mine.max_bytes
            and min(limits.max_pixels, limits.max_full_pixels) <= min(mine.max_pixels, mine.max_full_pixels)
        )

    def read(
        self, data: bytes, limits: PhotoLimits, detail_side: int | None, *, rights: bool, timeout_s: float, cpu_s: int
    ) -> Photo:
        """The photo in data. Raises Unfit for what is none, ReaderEnded where it ended over it; then it is closed.

        data: of at most max_bytes. timeout_s: wall clock, once the reader is ready. cpu_s: processor time, whole s.
        """
        try:
            self.await_ready(_START_S)
            self.asked += 1
            self._shared[: len(data)] = data
            numbers = (
                len(data), limits.max_pixels, limits.max_bytes, limits.max_full_pixels, limits.max_side,
                limits.max_ratio, detail_side or 0, cpu_s, rights,
            )  # fmt: skip
            if self._answered():  # nobody has asked: it ended meanwhile, or says what the photo before told it to
                raise self._ended()
            try:
                os.write(self._asks, REQUEST.pack(*numbers))
            except BrokenPipeError:
                raise self._ended() from None
            digest = digest_bytes(data)  # while it reads
            line = self._line(time.monotonic() + timeout_s)
            return self._checked(line, digest, limits)
        except Unfit:
            raise
        except BaseException:  # also Ctrl-C: what it would answer then is nobody's answer
            self.close()
            raise
        finally:
            self._give_back(max(len(data), self._pixel_bytes))

    def close(self) -> None:
        """Ends it and what it may have started, and returns when it has ended. Again, it does nothing."""
        if self.closed:
            return
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)  # before it is waited for: its number is its own until then
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                with suppress(OSError):
                    pipe.close()
        self._process.wait()
        with suppress(BufferError):
            self._shared.close()

    def await_ready(self, timeout_s: float) -> None:
        """Returns when it has loaded its decoders. Raises ReaderEnded."""
        if not self._ready:
            if self._line(time.monotonic() + timeout_s) + b"\n" != READY:
                raise _nonsense()
            self._ready = True

    # -- what it says ----------------------------------------------------------------------------------------------

    def _answered(self) -> bool:
        poll = select.poll()
        poll.register(self._answers, select.POLLIN)
        return bool(poll.poll(0))

    def _line(self, deadline: float) -> bytes:
        """The next line, without its end."""
        poll = select.poll()
        poll.register(self._answers, select.POLLIN)
        while (end := self._said.find(b"\n")) < 0:
            if len(self._said) > _MOST_LINE_BYTES:
                raise ReaderEnded("its decoder said too much", again=False)
            if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
                raise ReaderEnded("it took too long", again=False)
            chunk = os.read(self._answers, 1 << 16)
            if not chunk:
                raise self._ended()
            self._said += chunk
        line, rest = bytes(self._said[:end]), self._said[end + 1 :]
        if rest:
            raise ReaderEnded("its decoder said too much", again=False)
        self._said = bytearray()
        return line

    def _ended(self) -> ReaderEnded:
        """Why it ended by itself."""
        until, how = time.monotonic() + _END_S, os.WEXITED | os.WNOHANG | os.WNOWAIT
        while not (ended := os.waitid(os.P_PID, self.pid, how)) and time.monotonic() < until:
            time.sleep(0.005)
        self.close()
        code = self._process.returncode
        if not ended or code == -signal.SIGXCPU:
            return ReaderEnded("it took too long", again=False)
        if code == OUT_OF_MEMORY:
            return ReaderEnded("its decoder ran out of memory", too_large=True)
        return ReaderEnded("its decoder stopped" if code >= 0 else "its decoder was stopped")

    def _checked(self, line: bytes, digest: str, limits: PhotoLimits) -> Photo:
        """The Photo in an answer, if it is one that an honest reader could give."""
        try:
            untrusted: dict[str, Any] = read_json(line)
            if "why" in untrusted:
                raise _refusal(untrusted) or _nonsense()
            scale, width, height, dpi = (int(untrusted[k]) for k in ("scale", "width", "height", "dpi"))
            taken_at = datetime.fromisoformat(untrusted["taken_at"]) if untrusted["taken_at"] else None
            notice, credit, caption = (_words(text) for text in untrusted["rights"])
            honest = (
                scale in (1, 2, 4, 8)
                and min(width, height) > 0
                and width * height <= limits.max_pixels
                and -(-width // scale) * -(-height // scale) <= limits.max_full_pixels
                and untrusted["format"] in FORMATS
                and 0 <= dpi <= MOST_DPI
                and untrusted["block_px"] in (16, 24, 32)
                and (taken_at is None or taken_at.tzinfo is not None)
            )
            if not honest:
                raise _nonsense()
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, ArithmeticError) as err:
            raise _nonsense() from err
        shape = (-(-height // scale), -(-width // scale), 3)
        self._pixel_bytes = math.prod(shape)
        there = np.frombuffer(self._shared, np.uint8, self._pixel_bytes, self._pixels_at)
        pixels = there.reshape(shape).copy()
        return Photo(
            pixels, scale, width, height, digest, untrusted["format"], taken_at, untrusted["block_px"],
            Rights(notice, credit, caption), dpi,
        )  # fmt: skip

    def _give_back(self, size_bytes: int) -> None:
        """What a large photo used of the shared memory is no longer anybody's."""
        if size_bytes > _KEEP_BYTES and not self._shared.closed:
            self._pixel_bytes = 0
            self._shared.madvise(mmap.MADV_REMOVE)


def _shared_memory(size_bytes: int) -> int:
    """A descriptor of memory without a name. Its size is fixed: a reader that could cut it would end its asker, who
    looks beyond the end then (SIGBUS). What nobody has written takes no room."""
    flags = os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING
    try:
        descriptor = os.memfd_create("photo", flags | _MFD_NOEXEC_SEAL)
    except OSError as err:
        if err.errno != errno.EINVAL:
            raise
        descriptor = os.memfd_create("photo", flags)  # a kernel before 6.3
    os.ftruncate(descriptor, size_bytes)
    fix_size(descriptor)
    return descriptor


def _nonsense() -> ReaderEnded:
    return ReaderEnded("its decoder's answer made no sense", again=False)


def _words(untrusted_text: object) -> str | None:
    """A notice of rights, if it is one line as read_rights makes it."""
    if untrusted_text is None:
        return None
    if not isinstance(untrusted_text, str) or len(untrusted_text) > _MOST_RIGHTS or not untrusted_text.isprintable():
        raise ValueError("no notice of rights")
    return untrusted_text


def _refusal(untrusted: dict[str, Any]) -> Unfit | None:
    """The refusal in the reader's words, if they look like words."""
    why, do = untrusted["why"], untrusted["do"]
    for sentence in (why, do):
        if not isinstance(sentence, str) or len(sentence) > _MOST_SENTENCE or not sentence.isprintable():
            return None
    return Unfit(why, do, too_large=untrusted["too_large"] is True)
