"""Locks between processes: the kernel's, so that they end with whoever holds them, however that ends."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def lock_file(path: Path, *, shared: bool = False, wait: bool = True, create: bool = True) -> Iterator[int]:
    """Holds the lock of this file, alone or with other readers (shared); gives its descriptor.

    It is opened anew each time, so that two threads exclude each other as two processes do. Symbolic links are refused.
    Raises OSError where it can't be opened, BlockingIOError (an OSError) where wait is False and somebody else has it.
    """
    flags = os.O_RDWR | os.O_CREAT if create else os.O_RDONLY
    with _locked(os.open(path, flags | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600), shared, wait) as descriptor:
        yield descriptor


@contextmanager
def lock_folder(folder: Path, *, wait: bool = True) -> Iterator[int]:
    """The same with a folder, in which no file is made for it."""
    with _locked(os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC), False, wait) as descriptor:
        yield descriptor


@contextmanager
def _locked(descriptor: int, shared: bool, wait: bool) -> Iterator[int]:
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB))
        yield descriptor
    finally:
        os.close(descriptor)


def fix_size(descriptor: int) -> None:
    """Nobody who holds this memory file can make it shorter or longer any more, or take that back (memfd_create(2))."""
    fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL)
