"""The folder that copies go to: which it may be, whose turn it is there, and what a copy is named in it."""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from kenbaar.disk import leftover_parts, lock_folder
from kenbaar.errors import Busy, Unusable, UsageError
from kenbaar.media import copy_suffix

_NUMBER = re.compile(r"[0-9]{6,9}\.[a-z]+")
_WORD = re.compile(r"[^\W\d_]+")
_ANOTHER = "Give another folder for OUT."
_LONGEST_NAME = 255  # bytes, of nearly every file system


@contextmanager
def publishing_alone(folder: Path) -> Iterator[None]:
    """Holds the folder for one publication. The lock goes with the process, however it ends."""
    with ExitStack() as held:
        try:
            held.enter_context(lock_folder(folder, wait=False))
        except BlockingIOError as err:
            raise Busy("Somebody else is publishing to this folder now.", "Wait for that to end, or stop it.") from err
        yield


def copy_name(path: str) -> str:
    """Where a copy goes, relative to OUT: the original's place, printable; a TIFF's copy is `name.tiff.jpg`.

    path: as media.encode_name spells it. A name too long for a file system keeps its beginning and gets a digest.
    """
    folder, _, name = path.rpartition("/")
    name += copy_suffix(name)
    if len(name.encode()) > _LONGEST_NAME:
        beginning = name.encode()[: _LONGEST_NAME - 40].decode(errors="ignore")
        name = f"{beginning}-{hashlib.sha256(path.encode()).hexdigest()[:16]}{Path(name).suffix}"
    return f"{folder}/{name}" if folder else name


class Numbers:
    """Numbers as names of copies: what a file or folder was called tells nothing then. A copy keeps its number."""

    def __init__(self, kept: Mapping[str, str], is_free: Callable[[str], bool]) -> None:
        """kept: item -> the name of its copy as it is now. is_free: whether a name may be given."""
        self._kept = {item: name for item, name in kept.items() if _NUMBER.fullmatch(name)}
        self._is_free, self._given = is_free, set(self._kept.values())
        self._next = 1 + max((int(name.partition(".")[0]) for name in self._given), default=0)

    def name(self, item: str, path: str) -> str:
        """The name for the copy of that item, whose original has this path."""
        ending = copy_suffix(path) or Path(path).suffix.lower()
        kept = self._kept.get(item, "")
        while not kept.endswith(ending) or not kept:
            name, self._next = f"{self._next:06}{ending}", self._next + 1
            if self._is_free(name):
                kept = self._kept[item] = name
        return kept


def holds_name(path: str, people: Sequence[str]) -> bool:
    """Whether a word of one of these people's names (of three letters or more) stands in a file's path as a word."""
    words = set(_WORD.findall(_folded(path)))
    return any(word in words for name in people for word in _WORD.findall(_folded(name)) if len(word) >= 3)


def _folded(text: str) -> str:
    """Without case and accents: file names lose both on their way."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in plain if not unicodedata.combining(c))


def remove_leftovers(folder: Path) -> None:
    """What a killed publication left beside the copies."""
    for below, _, _ in os.walk(folder):  # enters no link
        for part in leftover_parts(Path(below)):
            part.unlink(missing_ok=True)


def checked_folder(out: Path, source: Path, home: Path) -> Path:
    """OUT as an absolute folder, made where it is missing; never among the originals or in the archive's home."""
    try:
        folder = out.expanduser().absolute()
        _refuse_place(folder, source, home)
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise Unusable("Nothing can be written to the folder for the copies.", _ANOTHER)
    except (OSError, ValueError, RuntimeError) as err:  # ValueError: a null byte; RuntimeError: a home that is nobody's
        why = (err.strerror if isinstance(err, OSError) else None) or "it is no path"
        raise Unusable(f"The folder for the copies cannot be made or used ({why}).", _ANOTHER) from err
    return folder


def _refuse_place(folder: Path, source: Path, home: Path) -> None:
    for forbidden, what in ((source, "the originals"), (home, "the archive's home folder")):
        if folder.resolve().is_relative_to(forbidden.resolve()) or forbidden.resolve().is_relative_to(folder.resolve()):
            raise UsageError(f"Copies cannot lie among {what}.", _ANOTHER)
