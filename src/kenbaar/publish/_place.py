"""What lies in the folder that copies go to, and whose it is: only an older copy of the same photo is replaced."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from kenbaar.errors import KenbaarError
from kenbaar.media import FileBelow, digest_file, encode_name
from kenbaar.publish._records import Copy


class Place:
    """One folder, for the copies of one collection. before, others: copies of that one and of others, by path."""

    def __init__(self, folder: Path, collection: str, known: Mapping[str, Copy], ours: frozenset[str]) -> None:
        """known: what is on record as put there, by path. ours: what the folder's own manifest says is ours."""
        self.folder, self._ours = folder, ours
        self.before = {path: copy for path, copy in known.items() if copy.collection == collection}
        self.others = {path: copy for path, copy in known.items() if copy.collection != collection}

    def is_free(self, name: str) -> bool:
        """Whether nothing in the folder is called that."""
        path = self.folder / name
        return str(path) not in self.before and str(path) not in self.others and not os.path.lexists(path)

    def taken_by(self, target: Path) -> str | None:
        """Why a copy must not be put there: something lies there that is not the older copy of that photo."""
        path = str(target)
        if path in self.before:
            return None
        if path in self.others:
            return f"a copy from collection {self.others[path].collection!r} has its name; give another folder for OUT"
        if path not in self._ours and os.path.lexists(target):
            return "a file that Kenbaar did not write has its name; move that file away"
        return None

    def holds(self, copy: Copy) -> bool:
        """Whether that copy lies in the folder as it was put there, and not something else behind a link."""
        name = encode_name(self.below(copy))
        try:
            return not os.path.islink(copy.path) and digest_file(FileBelow(self.folder, name)) == copy.copy_digest  # noqa: PTH114
        except KenbaarError:
            return False

    def below(self, copy: Copy) -> str:
        """Where that copy lies in the folder."""
        return str(Path(copy.path).relative_to(self.folder))
