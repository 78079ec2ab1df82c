"""What tests need of the operating system: to be refused by permissions although root runs them, and full disks."""

from __future__ import annotations

import ctypes
import os
import resource
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_PR_CAPBSET_DROP = 24  # linux/prctl.h
_DAC_OVERRIDE, _DAC_READ_SEARCH = 1, 2  # linux/capability.h: what lets root read and write everything


def as_a_mere_mortal() -> None:
    """preexec_fn: the program to be started is bound by permissions, root or not."""
    if os.geteuid() == 0:
        libc = ctypes.CDLL(None)
        for capability in (_DAC_OVERRIDE, _DAC_READ_SEARCH):
            if libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0) != 0:
                raise OSError("capabilities cannot be dropped here")


def with_files_of_at_most(size_bytes: int) -> Callable[[], None]:
    """preexec_fn: writing beyond that size fails with EFBIG, which is what a full disk looks like to a program."""

    def limit() -> None:
        import signal

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, size_bytes))

    return limit


@contextmanager
def small_disk(place: Path, size_bytes: int) -> Iterator[Path]:
    """A disk of that size, mounted at place. Skips where mounting is not allowed (RLIMIT_FSIZE tests remain)."""
    place.mkdir(parents=True, exist_ok=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size_bytes}", "tmpfs", place], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("a small disk cannot be mounted here")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", place], check=False)


def fill(place: Path, leave_bytes: int) -> Path:
    """Fills the disk but for so many bytes; remove the file to make room."""
    filler = place / ".filler"
    room = os.statvfs(place)
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(4096, room.f_bavail * room.f_frsize - leave_bytes))
    return filler
