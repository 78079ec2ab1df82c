"""What outsiders hand in is decoded in a process of its own. A decoder's crash is then a refusal, not an outage.

That process has limits on memory, time and files, an empty environment, and no way to answer but its stdout. What it
answers is believed no more than the photo was: sizes are checked, the digest is made here, a sentence is taken only if
it is short and printable. It is not cut off from the network: that needs the operating system's help (a container).
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from kenbaar.media._formats import FORMATS
from kenbaar.media._limits import DEFAULT_LIMITS, DO_CHECK, PhotoLimits, Unfit
from kenbaar.media._open import Photo, digest_bytes, read_file, refusals

_MOST_HEAD_BYTES = 4096
_MOST_SENTENCE = 300
_CHUNK = 1 << 20


def open_untrusted_photo(
    path: Path,
    limits: PhotoLimits = DEFAULT_LIMITS,
    *,
    timeout_s: float = 30.0,
    memory_bytes: int = 2_000_000_000,
    cpu_s: int = 20,
    detail_side: int | None = None,
) -> Photo:
    """A photo somebody handed in, decoded where it can do no harm. As open_photo, and as its refusals.

    timeout_s: wall clock for the whole of it. memory_bytes: address space of the process; 50 megapixels with
    transparency and a profile need 1.4 GB, a plain JPEG of that size 1.0 (measured). cpu_s: processor time, whole s.
    """
    with refusals("This photo"):
        untrusted_data = read_file(path, limits)
    return open_untrusted_bytes(
        untrusted_data,
        "This photo",
        limits,
        timeout_s=timeout_s,
        memory_bytes=memory_bytes,
        cpu_s=cpu_s,
        detail_side=detail_side,
    )


def open_untrusted_bytes(
    untrusted_data: bytes,
    name: str = "This photo",
    limits: PhotoLimits = DEFAULT_LIMITS,
    *,
    timeout_s: float = 30.0,
    memory_bytes: int = 2_000_000_000,
    cpu_s: int = 20,
    detail_side: int | None = None,
) -> Photo:
    """As open_untrusted_photo, from bytes (an upload). name begins the sentence of a refusal."""
    numbers = (memory_bytes, cpu_s, limits.max_pixels, limits.max_bytes, detail_side or 0)
    with refusals(name):
        untrusted_answer = _ask(untrusted_data, [str(int(n)) for n in numbers], timeout_s, 3 * limits.max_pixels)
        return _checked(untrusted_answer, untrusted_data, limits)


def _unsafe(why: str) -> Unfit:
    return Unfit(f"could not be read safely ({why})", DO_CHECK)


def _ask(data: bytes, arguments: list[str], timeout_s: float, most_pixel_bytes: int) -> bytearray:
    """Everything the reader answers to these bytes; Unfit if it takes too long, says too much, or ends badly."""
    reader = subprocess.Popen(  # noqa: S603  our own interpreter and module, numbers as arguments
        [sys.executable, "-I", "-m", "kenbaar.media._reader", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={"OPENBLAS_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"},
        cwd="/",
        start_new_session=True,
    )
    try:
        answer = _converse(reader, data, time.monotonic() + timeout_s, most_pixel_bytes + _MOST_HEAD_BYTES)
        code = reader.wait(timeout=2)  # it has said everything: only to end is left
    except subprocess.TimeoutExpired as err:
        raise _unsafe("it took too long") from err
    finally:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(reader.pid, signal.SIGKILL)
        reader.wait()
        for pipe in (reader.stdin, reader.stdout):
            if pipe:
                with suppress(BrokenPipeError):
                    pipe.close()
    if code != 0:
        raise _unsafe("its decoder stopped" if code > 0 else "its decoder was stopped")
    return answer


def _converse(reader: subprocess.Popen[bytes], data: bytes, deadline: float, most_bytes: int) -> bytearray:
    """Feeds stdin and drains stdout at once, neither blocking, until stdout ends."""
    assert reader.stdin and reader.stdout
    answer, rest = bytearray(), memoryview(data)
    os.set_blocking(reader.stdin.fileno(), False)
    with selectors.DefaultSelector() as ready:
        ready.register(reader.stdout, selectors.EVENT_READ)
        ready.register(reader.stdin, selectors.EVENT_WRITE)
        while True:
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                raise _unsafe("it took too long")
            for key, _ in ready.select(left_s):
                if key.fileobj is reader.stdin:
                    with suppress(BlockingIOError):
                        try:
                            rest = rest[os.write(key.fd, rest[:_CHUNK]) :]
                        except BrokenPipeError:  # it has ended already; its exit code tells
                            rest = rest[len(rest) :]
                    if not rest:
                        ready.unregister(reader.stdin)
                        with suppress(BrokenPipeError):
                            reader.stdin.close()
                    continue
                chunk = os.read(key.fd, _CHUNK)
                if not chunk:
                    return answer
                answer += chunk
                if len(answer) > most_bytes:
                    raise _unsafe("its decoder said too much")


def _checked(untrusted_answer: bytearray, data: bytes, limits: PhotoLimits) -> Photo:
    """The Photo in the reader's answer, if it is one that an honest reader could give."""
    end = untrusted_answer.find(b"\n", 0, _MOST_HEAD_BYTES)
    try:
        untrusted_head: dict[str, Any] = json.loads(untrusted_answer[:end] if end > 0 else b"")
        if "why" in untrusted_head:
            raise _refusal(untrusted_head)
        scale, width, height = (int(untrusted_head[k]) for k in ("scale", "width", "height"))
        taken_at = datetime.fromisoformat(untrusted_head["taken_at"]) if untrusted_head["taken_at"] else None
        honest = (
            scale in (1, 2, 4, 8)
            and 0 < width * height <= limits.max_pixels
            and min(width, height) > 0
            and untrusted_head["format"] in FORMATS
            and untrusted_head["block_px"] in (16, 32)
            and (taken_at is None or taken_at.tzinfo is not None)
        )
        shape = (-(-height // scale), -(-width // scale), 3)
        if not honest or len(untrusted_answer) - end - 1 != shape[0] * shape[1] * 3:
            raise _unsafe("its decoder's answer made no sense")
        pixels = np.frombuffer(untrusted_answer, np.uint8, offset=end + 1).reshape(shape)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, ZeroDivisionError) as err:
        raise _unsafe("its decoder's answer made no sense") from err
    return Photo(
        pixels, scale, width, height, digest_bytes(data), untrusted_head["format"], taken_at, untrusted_head["block_px"]
    )


def _refusal(untrusted_head: dict[str, Any]) -> Unfit:
    """The refusal in the reader's words, if they look like words."""
    why, do = untrusted_head["why"], untrusted_head["do"]
    for sentence in (why, do):
        if not isinstance(sentence, str) or len(sentence) > _MOST_SENTENCE or not sentence.isprintable():
            return _unsafe("its decoder's answer made no sense")
    return Unfit(why, do, too_large=untrusted_head["too_large"] is True)
