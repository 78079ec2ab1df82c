"""A file below a folder, opened so that no link on the way leads out of that folder, whatever is swapped meanwhile."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from kenbaar.media._limits import Unfit
from kenbaar.media._names import decode_name

_FOLDER = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_CLOEXEC  # a folder may be passed, not listed
_FILE = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_NO_FILE = ("is not a file", "Leave it out; only regular files can be photos.")


@dataclass(frozen=True, slots=True)
class FileBelow:
    """One file of a folder, by its name there. Whoever reads a collection's file is given this and not a path.

    folder:       may itself be a link.
    relative:     "/" between parts, in the storable form of encode_name. Never believed: ".." leads nowhere.
    follow_links: links may lead out of the folder. Without it they may only lead from inside to inside.
    """

    folder: Path
    relative: str
    follow_links: bool = False

    @property
    def path(self) -> Path:
        """Where it lies, to be told to people and handed to nothing that opens it."""
        return self.folder / decode_name(self.relative)


def open_file(file: Path | FileBelow) -> int:
    """A descriptor of a regular file. Raises Unfit, OSError, ValueError (a null byte in the name).

    It is looked at before it is opened: opening a device can already do something.
    """
    if isinstance(file, Path):
        return _open_regular(file, None, follow=True)
    parts = _parts(file.relative)
    if file.follow_links:
        return _open_regular(file.folder.joinpath(*parts), None, follow=True)
    with suppress(_LinkMet):
        return _open_without_links(file.folder, parts)
    try:
        return _open_without_links(file.folder, _resolved(file.folder, parts))
    except _LinkMet as err:
        raise Unfit("was replaced by a link while it was opened", "Try again.") from err


def leads_out(folder: Path, path: Path) -> bool:
    """Whether that path, its links followed, is outside folder. Where it leads nowhere, where it would lead counts."""
    return not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


class _LinkMet(Exception):
    """There is a link on the way."""


def _parts(relative: str) -> list[str]:
    parts = decode_name(relative).split("/")
    if any(part in ("", ".", "..") for part in parts):
        raise Unfit("has no place in its folder", "Sweep the collection again.")
    return parts


def _resolved(folder: Path, parts: list[str]) -> list[str]:
    """The same file by a way without links, below folder; Unfit where it lies outside."""
    real = Path(os.path.realpath(folder.joinpath(*parts), strict=True))
    try:
        way = list(real.relative_to(os.path.realpath(folder)).parts)
    except ValueError as err:
        raise Unfit(
            "is reached by a link that leads out of the collection's folder",
            "Put the file itself there. Only a collection with --follow-links reads what lies elsewhere.",
        ) from err
    if not way:  # a link to the folder itself
        raise Unfit(*_NO_FILE)
    return way


def _open_without_links(folder: Path, parts: list[str]) -> int:
    """Step by step from the folder's descriptor: what is opened was reached through no link below it."""
    *folders, name = parts
    here = os.open(folder, _FOLDER)
    try:
        for part in folders:
            try:
                below = os.open(part, _FOLDER | os.O_NOFOLLOW, dir_fd=here)
            except OSError as err:
                if err.errno in (errno.ELOOP, errno.ENOTDIR):  # a link; a file is told by the way that resolves it
                    raise _LinkMet from err
                raise
            os.close(here)
            here = below
        return _open_regular(name, here, follow=False)
    finally:
        os.close(here)


def _open_regular(name: str | Path, folder: int | None, *, follow: bool) -> int:
    mode = os.stat(name, dir_fd=folder, follow_symlinks=follow).st_mode
    if stat.S_ISLNK(mode):
        raise _LinkMet
    if not stat.S_ISREG(mode):
        raise Unfit(*_NO_FILE)
    try:
        descriptor = os.open(name, _FILE if follow else _FILE | os.O_NOFOLLOW, dir_fd=folder)
    except OSError as err:
        if not follow and err.errno == errno.ELOOP:
            raise _LinkMet from err
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):  # swapped between the look and the opening
        os.close(descriptor)
        raise Unfit(*_NO_FILE)
    return descriptor
