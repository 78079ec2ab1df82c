"""Small files that survive a crash: locked, written aside, synced, renamed, or overwritten where they lie."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from kenbaar.errors import KeyStoreBroken, NoSpace


@contextmanager
def told_as_refusals(path: Path) -> Iterator[None]:
    """The operating system's errors end here: KeyStoreBroken with a sentence, NoSpace where the disk is full."""
    try:
        yield
    except FileNotFoundError as err:
        raise KeyStoreBroken(
            f"{path} is missing.", "Put it back from the backup it belongs to; without it no template can be opened."
        ) from err
    except OSError as err:
        if err.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise NoSpace(f"There is no room left to write {path}.", "Free some space and do it again.") from err
        raise KeyStoreBroken(
            f"{path} cannot be read or written ({os.strerror(err.errno or 0)}).",
            "Check its owner, mode (0600) and disk, and do it again.",
        ) from err


@contextmanager
def locked(folder: Path, *, exclusive: bool) -> Iterator[None]:
    """The folder to ourselves (exclusive) or among readers. Waits; ends with the process, also if that is killed.

    The lock is a file of its own: the store file is replaced by rotation, and a lock on a replaced file locks nobody.
    It is opened anew each time, so that two threads exclude each other as two processes do.
    """
    with told_as_refusals(folder / "lock"):
        fd = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH)
        yield
    finally:
        os.close(fd)


@contextmanager
def opened(path: Path, flags: int) -> Iterator[int]:
    """A file descriptor, closed afterwards. Symbolic links are refused: a key lies where we put it."""
    fd = os.open(path, flags | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        yield fd
    finally:
        os.close(fd)


def write_all(fd: int, data: bytes | bytearray | memoryview, at: int) -> None:
    """Every byte of it, at that offset; the system may take a large write in parts."""
    view = memoryview(data)
    while view:
        done = os.pwrite(fd, view, at)
        view, at = view[done:], at + done


def read_all(fd: int, size_bytes: int, at: int) -> bytes:
    """That many bytes from that offset; fewer only where the file ends."""
    parts = []
    while size_bytes > 0 and (part := os.pread(fd, size_bytes, at)):
        parts.append(part)
        size_bytes, at = size_bytes - len(part), at + len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def sync_folder(folder: Path) -> None:
    """Names given in the folder are on the disk when this returns."""
    with opened(folder, os.O_RDONLY | os.O_DIRECTORY) as fd:
        os.fsync(fd)


def write_new(path: Path, data: bytes | bytearray) -> None:
    """A new file, mode 0600, on the disk under its name when this returns. Refuses to replace one.

    What could not be written whole is removed again.
    """
    with opened(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL) as fd:
        try:
            write_all(fd, data, 0)
            os.fsync(fd)
        except OSError:
            with suppress(OSError):
                path.unlink()
            raise
    sync_folder(path.parent)


def overwrite(path: Path) -> None:
    """Zeros where the file's bytes were, on the disk when this returns. The file keeps its name and length."""
    with opened(path, os.O_WRONLY) as fd:
        write_all(fd, bytes(os.fstat(fd).st_size), 0)
        os.fsync(fd)


def remove(path: Path) -> None:
    """The file is overwritten, and gone. Nothing happens where there is none."""
    with suppress(FileNotFoundError):
        overwrite(path)
        path.unlink()
        sync_folder(path.parent)
