"""Photos from outside are opened here: read by a process that holds nothing else, which lasts for many of them.

One such process serves this one. It is started with the first photo, or by begin_reading while something else is done;
started anew after a photo ended it; and ended with this process.
"""

from __future__ import annotations

import functools
import os
import threading
import time
from pathlib import Path

from kenbaar.errors import PhotoUnreadable, ReaderUnavailable
from kenbaar.media._below import FileBelow
from kenbaar.media._limits import DEFAULT_LIMITS, PhotoLimits, Unfit
from kenbaar.media._open import THIS_PHOTO, Photo, digest_bytes, read_file, refusals
from kenbaar.media._outside import OutsideReader, ReaderEnded
from kenbaar.media._read import too_many_bytes
from kenbaar.media._reader import bytes_to_decode

ALL_DETAIL = 1 << 40
"""A detail_side: as many px as may be decoded, which are all but of the largest JPEGs."""
_MEMORY_BYTES = 1_000_000_000  # of address space: programs and decoders take 300 MB of it; with room for large files
_PATIENCE = 3  # times the processor time that a photo may take, by the clock: other programs want the processor too


def open_photo(
    path: Path | FileBelow,
    limits: PhotoLimits = DEFAULT_LIMITS,
    *,
    detail_side: int | None = None,
    digest: str | None = None,
    rights: bool = False,
) -> Photo:
    """The photo in a file: JPEG, PNG, WebP, TIFF or HEIC, whatever its name says. Read in another process.

    detail_side: with it, a JPEG is decoded at 1/2, 1/4 or 1/8 as long as its long side keeps that many px (the
    detector's input side: an eighth less time a photo); None decodes at full size.
    At most limits.max_full_pixels are decoded: with detail_side a larger JPEG is reduced further, others are refused.
    digest: of the content it must have; another is refused before anything of it is parsed.
    rights: whether Photo.rights is wanted.
    Raises PhotoUnreadable or PhotoTooLarge; their sentences hold no name and no path. Raises ReaderUnavailable where
    no process can be started.
    """
    data = read_photo_bytes(path, limits)
    if digest is not None and digest_bytes(data) != digest:
        raise PhotoUnreadable("This photo changed since it was swept.", "Run `kenbaar sweep` again.")
    return open_photo_bytes(data, limits=limits, detail_side=detail_side, rights=rights)


def read_photo_bytes(path: Path | FileBelow, limits: PhotoLimits = DEFAULT_LIMITS) -> bytes:
    """A photo file's bytes, for who opens them more than once. Refuses unread what open_photo does."""
    with refusals(THIS_PHOTO):
        return read_file(path, limits)


def open_photo_bytes(
    data: bytes,
    name: str = THIS_PHOTO,
    limits: PhotoLimits = DEFAULT_LIMITS,
    *,
    detail_side: int | None = None,
    rights: bool = False,
) -> Photo:
    """The photo in these bytes, as open_photo. name begins the sentence of a refusal ("Photo 2 of 3 is a PDF ...")."""
    with refusals(name):
        _refuse_size(data, limits)
        with _lock:
            return _read(data, limits, detail_side, rights)


def open_untrusted_photo(
    path: Path,
    limits: PhotoLimits = DEFAULT_LIMITS,
    *,
    timeout_s: float = 30.0,
    memory_bytes: int = 2_000_000_000,
    cpu_s: int = 20,
    detail_side: int | None = None,
) -> Photo:
    """A photo that somebody handed in, read by a process that has read no other and reads none after it. As open_photo.

    timeout_s: wall clock for the whole of it. memory_bytes: address space of the process; 50 megapixels with
    transparency and a profile need 1.4 GB, a plain JPEG of that size 1.0 (measured). cpu_s: processor time, whole s.
    """
    return open_untrusted_bytes(
        read_photo_bytes(path, limits),
        limits=limits,
        timeout_s=timeout_s,
        memory_bytes=memory_bytes,
        cpu_s=cpu_s,
        detail_side=detail_side,
    )


def open_untrusted_bytes(
    untrusted_data: bytes,
    name: str = THIS_PHOTO,
    limits: PhotoLimits = DEFAULT_LIMITS,
    *,
    timeout_s: float = 30.0,
    memory_bytes: int = 2_000_000_000,
    cpu_s: int = 20,
    detail_side: int | None = None,
) -> Photo:
    """As open_untrusted_photo, from bytes (an upload). name begins the sentence of a refusal."""
    until = time.monotonic() + timeout_s
    with refusals(name):
        _refuse_size(untrusted_data, limits)
        reader = OutsideReader(limits, memory_bytes)
        try:
            reader.await_ready(timeout_s)
            left_s = max(0.0, until - time.monotonic())
            return reader.read(untrusted_data, limits, detail_side, rights=False, timeout_s=left_s, cpu_s=cpu_s)
        except ReaderEnded as ended:
            raise ended.as_unfit() from ended
        finally:
            reader.close()


def begin_reading(limits: PhotoLimits = DEFAULT_LIMITS) -> None:
    """Starts the process that reads photos, if there is none, and does not wait for it."""
    with _lock:
        _at_hand(limits)


def end_reading() -> None:
    """Ends the process that reads photos, if there is one."""
    with _lock:
        _forget()


_lock = threading.Lock()
_reader: OutsideReader | None = None
_owner = 0  # the process that started it: after a fork the child has no right to it


def _read(data: bytes, limits: PhotoLimits, detail_side: int | None, rights: bool) -> Photo:
    """What ended a reader that had read others is tried once more, alone: it may have been another photo's doing."""
    while True:
        reader = _at_hand(limits)
        is_fresh = reader.asked == 0
        try:
            return reader.read(
                data, limits, detail_side, rights=rights,
                timeout_s=_PATIENCE * limits.max_seconds, cpu_s=limits.max_seconds,
            )  # fmt: skip
        except ReaderEnded as ended:
            _forget()
            if reader.asked == 0:
                raise _unavailable() from ended
            if is_fresh or not ended.again:
                raise ended.as_unfit() from ended


def _at_hand(limits: PhotoLimits) -> OutsideReader:
    global _reader, _owner
    memory_bytes = _MEMORY_BYTES + bytes_to_decode(limits.max_pixels, min(limits.max_pixels, limits.max_full_pixels))
    if _reader is not None and (_owner != os.getpid() or _reader.closed or not _reader.can(limits)):
        _forget()
    if _reader is None:
        try:
            _reader, _owner = OutsideReader(limits, memory_bytes), os.getpid()
        except OSError as err:
            raise _unavailable() from err
        _end_with_this_process()
    return _reader


def _unavailable() -> ReaderUnavailable:
    return ReaderUnavailable(
        "The process that reads photos cannot be started.",
        "Free some memory, or use fewer --workers; then start again to go on: what was done stays.",
    )


@functools.cache
def _end_with_this_process() -> None:
    """A worker runs no `atexit`, and tells nobody else of its end."""
    from multiprocessing.util import Finalize

    Finalize(None, _forget, exitpriority=10)  # without the lock: who holds it then never lets go


def _forget() -> None:
    global _reader
    reader, _reader = _reader, None
    if reader is not None and _owner == os.getpid():
        reader.close()


def _refuse_size(data: bytes, limits: PhotoLimits) -> None:
    if not data:
        raise Unfit("is an empty file")
    if len(data) > limits.max_bytes:
        raise too_many_bytes(limits)
