"""Writing and removing files below a folder that others may write to as well: through no link that lies there."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from kenbaar.disk._errors import told
from kenbaar.disk._writing import part_name

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW


@contextmanager
def written_below(data: bytes, root: Path, relative: str) -> Iterator[Callable[[], None]]:
    """A synced file with these bytes beside its place below root; calling what is given puts it there, durably.

    Folders on the way are made. What has its name is replaced, a link too; gone at the end where it was not put there.
    root may itself be a link. Raises NotADirectoryError where something on the way below it is no folder, or a link to
    one; NoSpace, Unusable.
    """
    with _opened_below(root, relative, make=True) as (folder, name):
        part = part_name()
        try:
            with told(), os.fdopen(os.open(part, _NEW, 0o666, dir_fd=folder), "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())

            def put() -> None:
                with told():
                    os.replace(part, name, src_dir_fd=folder, dst_dir_fd=folder)
                    os.fsync(folder)

            yield put
        finally:
            with suppress(OSError):  # it is not there, or the disk takes nothing any more, which was said before
                os.unlink(part, dir_fd=folder)


@contextmanager
def placed_below(part: str, root: Path, relative: str) -> Iterator[Callable[[], None]]:
    """As written_below, of a synced file that lies in root under a passing name (part_name) already."""
    with _opened_below(root, relative, make=True) as (folder, name), _opened_below(root, part, make=False) as (here, _):
        try:

            def put() -> None:
                with told():
                    os.replace(part, name, src_dir_fd=here, dst_dir_fd=folder)
                    os.fsync(folder)

            yield put
        finally:
            with suppress(OSError):
                os.unlink(part, dir_fd=here)


def remove_below(root: Path, relative: str) -> None:
    """That file is gone. Nothing happens where it, or a folder on the way, is not there, or is reached by a link."""
    with (
        suppress(FileNotFoundError, NotADirectoryError),
        _opened_below(root, relative, make=False) as (folder, name),
        told("A file could not be removed"),
    ):
        try:
            os.unlink(name, dir_fd=folder)
        except FileNotFoundError:
            return


@contextmanager
def _opened_below(root: Path, relative: str, *, make: bool) -> Iterator[tuple[int, str]]:
    """The descriptor of the folder that this file belongs in, and the file's name there."""
    *folders, name = relative.split("/")
    if any(part in ("", ".", "..") for part in (*folders, name)):
        raise ValueError(f"{relative!r} is no place below a folder")
    here = os.open(root, _FOLDER)
    try:
        for part in folders:
            if make:
                with told("A folder could not be made there"), suppress(FileExistsError):
                    os.mkdir(part, dir_fd=here)
            below = _step(part, here)
            os.close(here)
            here = below
        yield here, name
    finally:
        os.close(here)


def _step(name: str, folder: int) -> int:
    try:
        return os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=folder)
    except OSError as err:
        if err.errno in (errno.ELOOP, errno.ENOTDIR):
            raise NotADirectoryError(err.errno, "no folder, or a link to one") from err
        raise
