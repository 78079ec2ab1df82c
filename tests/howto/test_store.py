"""docs/how-to/add-a-store.md, followed: another store stands in the place of one, and a publication works with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from kenbaar.publish import Copy, CopyStore
from tests.actors import OFFICER
from tests.rights.party import a_party


class CopiesInMemory:
    """A CopyStore that forgets everything with the process: for a test alone."""

    def __init__(self) -> None:
        self._copies: dict[str, Copy] = {}
        self._before: dict[str, tuple[str, ...]] = {}

    def announce(self, copies: Sequence[Copy]) -> None:
        for copy in copies:
            old = self._copies.get(copy.path)
            self._before[copy.path] = old.showing if old else ()
            self._copies[copy.path] = replace(copy, showing=tuple(sorted({*copy.showing, *self._before[copy.path]})))

    def placed(self, copies: Sequence[Copy]) -> None:
        self._copies.update({copy.path: copy for copy in copies})

    def of_folder(self, folder: str) -> dict[str, Copy]:
        return {path: copy for path, copy in sorted(self._copies.items()) if copy.folder == folder}

    def all(self) -> list[Copy]:
        return [copy for _, copy in sorted(self._copies.items())]

    def showing(self, subject: str) -> list[Copy]:
        return [copy for _, copy in sorted(self._copies.items()) if subject in copy.showing]

    def drop(self, paths: Sequence[str]) -> None:
        for path in paths:
            self._copies.pop(path, None)


def test_another_store_stands_in_its_place(tmp_path: Path, tiny_pack_folder: Path) -> None:
    store: CopyStore = CopiesInMemory()
    with a_party(tmp_path, tiny_pack_folder) as p:
        ada = p.enrol("Ada", 1, ("find", "show:web")).subject
        p.photo("a.jpg", 1)
        p.add()
        p.sweep()
        archive = p.archive
        archive.publisher.copies = archive.leaving.copies = store
        archive.publisher.publish(
            OFFICER, "party", p.folder / "public", "web", archive.pack, archive.limits, say=lambda *_: None
        )
        assert [Path(c.path).name for c in store.showing(ada)] == ["a.jpg"]
        assert [Path(c.path).name for c in archive.leaving.withdraw(OFFICER, ada).copies] == ["a.jpg"]
