"""The photos in a folder and below it, one at a time, in an order that does not depend on the disk."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kenbaar.media._formats import FORMATS

PHOTO_SUFFIXES = frozenset(suffix for row in FORMATS.values() if row.kind == "photo" for suffix in row.suffixes)
"""How names of photo files end, in lower case. Only used to choose files; what they are is read from their content."""

_NOT_OURS = {"@eaDir", "__MACOSX", "$RECYCLE.BIN", "System Volume Information", "lost+found"}  # thumbnails and bins
_ESCAPED = re.compile(r"\\(?:\\|x([0-9a-f]{2})|u\{([0-9a-f]{1,6})\})")


@dataclass(frozen=True, slots=True)
class PhotoFile:
    """A file that looks like a photo by its name.

    relative:   path below the folder walked, "/" between parts, in the storable form of encode_name.
    size_bytes, mtime_ns: 0 where the file cannot be looked at (a link that leads nowhere): open_photo then says why.
    """

    path: Path
    relative: str
    size_bytes: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class UnreadableFolder:
    """A folder whose content is not known, so that nobody takes "could not look" for "nothing there"."""

    relative: str
    why: str


def looks_like_photo(path: Path) -> bool:
    """Whether the name ends like a photo's and is not hidden (".name", which sidecars and part files are)."""
    return not path.name.startswith(".") and path.suffix.lower() in PHOTO_SUFFIXES


def walk_photos(folder: Path) -> Iterator[PhotoFile | UnreadableFolder]:
    """Every photo in folder and below it, sorted by name within each folder; one folder's names in memory at a time.

    Linked files are included under the name of the link. Linked folders are entered, but no folder twice: loops end.
    Hidden names and the thumbnail folders of file servers are left out.
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
                continue
            if _is_folder(entry):
                below.append((here / entry.name, inside))
            elif looks_like_photo(Path(entry.name)):
                yield _photo_file(here / entry.name, inside)
        waiting.extend(reversed(below))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link in a loop
        return False


def _photo_file(path: Path, relative: str) -> PhotoFile:
    try:
        status = path.stat()
    except OSError:
        return PhotoFile(path, relative, 0, 0)
    return PhotoFile(path, relative, status.st_size, status.st_mtime_ns)


def encode_name(name: str) -> str:
    r"""A file name as text that prints on one line and can be stored; decode_name gives back every byte.

    Bytes that are not UTF-8 (surrogates, PEP 383) become \xNN, characters that do not print (newlines, direction marks)
    \u{N}, a backslash \\. Most names stay as they are.
    """
    return "".join(_encode_character(c) for c in name)


def decode_name(text: str) -> str:
    """The file name that encode_name made this of."""

    def decoded(found: re.Match[str]) -> str:
        byte, point = found.groups()
        if byte:
            return chr(0xDC00 + int(byte, 16))
        return chr(int(point, 16)) if point else "\\"

    return _ESCAPED.sub(decoded, text)


def _encode_character(c: str) -> str:
    if c == "\\":
        return "\\\\"
    if "\udc80" <= c <= "\udcff":
        return f"\\x{ord(c) - 0xDC00:02x}"
    return c if c.isprintable() else f"\\u{{{ord(c):x}}}"
