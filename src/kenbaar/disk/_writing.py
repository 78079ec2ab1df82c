"""Writing that a power cut can't halve: beside, synced, renamed, the folder synced. Appending and overwriting in place.

What a killed run leaves beside a target has a name of its own and is found by leftover_parts.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from kenbaar.disk._errors import told

_PART = re.compile(r"\.kenbaar-[0-9a-f]{16}\.part")


def part_name() -> str:
    """A passing name that nothing else has, and leftover_parts knows."""
    return f".kenbaar-{secrets.token_hex(8)}.part"


def write_atomically(target: Path, data: bytes) -> None:
    """A file with these bytes at target (replaced if it is there), whole or not at all. Raises NoSpace, Unusable."""
    with written_beside(data, target.parent) as part:
        put_in_place(part, target)


@contextmanager
def writing_atomically(target: Path) -> Iterator[BinaryIO]:
    """A file to write to; at the end of the block it is synced and gets its name, for its owner alone (mode 0600).

    Where the block raises, nothing is left. Raises NoSpace, Unusable. No OSError but the file's own may pass the block.
    """
    with written_beside(b"", target.parent) as part:
        with told("The file could not be written"), part.open("r+b") as file:
            os.fchmod(file.fileno(), 0o600)
            yield file
            file.flush()
            os.fsync(file.fileno())
        put_in_place(part, target)


@contextmanager
def written_beside(data: bytes, folder: Path) -> Iterator[Path]:
    """A synced file with these bytes under a passing name in folder. Gone at the end, unless put_in_place took it.

    For whoever writes, reads back, checks, and only then gives it a name that people see. Raises NoSpace, Unusable.
    """
    part = folder / part_name()
    try:
        with told():
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        yield part
    finally:
        with suppress(FileNotFoundError, NotADirectoryError):
            part.unlink()


def put_in_place(part: Path, target: Path) -> None:
    """Gives a file written beside it its name, durably, replacing what had it. Raises NoSpace, Unusable."""
    with told():
        part.replace(target)
        sync_folder(target.parent)


def leftover_parts(folder: Path) -> list[Path]:
    """What killed runs left in this folder (not below it), sorted. Safe to remove while nobody writes there."""
    with os.scandir(folder) as entries:
        return sorted(Path(e.path) for e in entries if _PART.fullmatch(e.name) and e.is_file(follow_symlinks=False))


# -- by descriptor; OSErrors are the caller's to tell ------------------------------------------------------------------


@contextmanager
def opened(path: Path, flags: int) -> Iterator[int]:
    """A descriptor, closed afterwards; a new file gets mode 0600. Symbolic links are refused."""
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


def write_synced(path: Path, data: bytes | bytearray, at: int = 0) -> None:
    """These bytes at that offset, on the disk when this returns. An OSError may leave a tail: cut() takes it away."""
    with opened(path, os.O_CREAT | os.O_WRONLY) as fd:
        write_all(fd, data, at)
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


def cut(path: Path, size_bytes: int) -> None:
    """Takes away what lies beyond this byte, durably."""
    if path.stat().st_size > size_bytes:
        with opened(path, os.O_WRONLY) as fd:
            os.ftruncate(fd, size_bytes)
            os.fsync(fd)


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


def sync_folder(folder: Path) -> None:
    """Names given in the folder are on the disk when this returns."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)  # a link to one is as good: nothing is written
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
