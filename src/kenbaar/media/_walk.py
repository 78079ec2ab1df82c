"""The photos in a folder and below it, one at a time, in an order that does not depend on the disk."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from kenbaar.media._below import leads_out
from kenbaar.media._formats import FORMATS
from kenbaar.media._names import encode_name
from kenbaar.media._passed import HIDDEN, SERVER, PassedOverKind, kind_of, shown_ending
from kenbaar.media._video_formats import VIDEO_SUFFIXES

PHOTO_SUFFIXES = frozenset(suffix for row in FORMATS.values() if row.kind == "photo" for suffix in row.suffixes)
"""How names of photo files end, in lower case. Only used to choose files; what they are is read from their content."""

_NOT_OURS = {"@eaDir", "__MACOSX", "$RECYCLE.BIN", "System Volume Information", "lost+found"}  # thumbnails and bins


@dataclass(frozen=True, slots=True)
class PhotoFile:
    """A file that looks like a photo or a video by its name.

    relative:   path below the folder walked, "/" between parts, in the storable form of encode_name.
    size_bytes, mtime_ns: 0 where the file cannot be looked at (a link that leads nowhere): open_photo then says why.
    """

    path: Path
    relative: str
    size_bytes: int
    mtime_ns: int
    kind: Literal["photo", "video"] = "photo"


@dataclass(frozen=True, slots=True)
class UnreadableFolder:
    """A folder whose content is not known, so that nobody takes "could not look" for "nothing there"."""

    relative: str
    why: str


@dataclass(frozen=True, slots=True)
class LinkPassedOver:
    """A link to a photo or a folder, leading out of the folder walked: what lies there is not the collection's."""

    relative: str


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A file, or a folder with all that is in it, that is not opened: counted, so that nothing is dropped in silence.

    ending: what its name ends in ("CR2"); "" where that is nothing, or could tell more than a format.
    """

    relative: str
    kind: PassedOverKind
    ending: str = ""


Walked = PhotoFile | UnreadableFolder | LinkPassedOver | PassedOver


def looks_like_photo(path: Path) -> bool:
    """Whether the name ends like a photo's and is not hidden (".name", which sidecars and part files are)."""
    return not path.name.startswith(".") and path.suffix.lower() in PHOTO_SUFFIXES


def _looks_like_video(path: Path) -> bool:
    return not path.name.startswith(".") and path.suffix.lower() in VIDEO_SUFFIXES


def walk_photos(folder: Path, *, follow_links: bool = False, videos: bool = False) -> Iterator[Walked]:
    """Every photo in folder and below it, sorted by name within each folder; one folder's names in memory at a time.

    videos: videos too; without it they are told as PassedOver.

    Linked files are included under the name of the link. Linked folders are entered, but no folder twice: loops end.
    Links that lead out of the folder are passed over, unless follow_links. What is a second name of a file (a hard
    link) or a folder mounted there cannot be told from the file or the folder itself.
    Every other file is told as PassedOver, and so are hidden names and the thumbnail folders of file servers, each
    once, whatever is in it.
    """
    seen: set[tuple[int, int]] = set()
    waiting = [(folder, "")]  # a stack: the next folder is at its end
    while waiting:
        here, relative = waiting.pop()
        try:
            status = here.stat()
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            with os.scandir(here) as found:
                entries = sorted(found, key=lambda e: os.fsencode(e.name))
        except OSError as err:
            why = "may not be opened" if isinstance(err, PermissionError) else "is gone or damaged"
            yield UnreadableFolder(relative or ".", why)
            continue
        below = []
        for entry in entries:
            name = encode_name(entry.name)
            inside = f"{relative}/{name}" if relative else name
            if entry.name.startswith(".") or entry.name in _NOT_OURS:
                yield PassedOver(inside, SERVER if entry.name in _NOT_OURS else HIDDEN)
                continue
            is_folder = _is_folder(entry)
            is_video = videos and not is_folder and _looks_like_video(Path(entry.name))
            if not is_folder and not is_video and not looks_like_photo(Path(entry.name)):
                suffix = Path(entry.name).suffix.lower()
                yield PassedOver(inside, kind_of(suffix), shown_ending(suffix))
                continue
            if not follow_links and entry.is_symlink() and leads_out(folder, here / entry.name):
                yield LinkPassedOver(inside)
            elif is_folder:
                below.append((here / entry.name, inside))
            else:
                yield _file(here / entry.name, inside, "video" if is_video else "photo")
        waiting.extend(reversed(below))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link in a loop
        return False


def _file(path: Path, relative: str, kind: Literal["photo", "video"]) -> PhotoFile:
    try:
        status = path.stat()
    except OSError:
        return PhotoFile(path, relative, 0, 0, kind)
    return PhotoFile(path, relative, status.st_size, status.st_mtime_ns, kind)
