"""Collections, their items, and who appears in them, as values; and the store that keeps them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from kenbaar.faces import Box

Mode = Literal["off", "claimed", "roster", "transient"]
Band = Literal["strong", "possible", "by hand"]
How = Literal["recognised", "claimed", "by hand"]
ItemState = Literal["new", "present", "missing", "unreadable"]


@dataclass(frozen=True, slots=True)
class Collection:
    """Where pictures lie, and who is said to be in them (the mode: DESIGN, four modes)."""

    name: str
    source: str
    mode: Mode
    added_at: datetime
    reason: str | None = None
    officer: str | None = None
    roster: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Item:
    """One file of a collection. path: relative to the source, in media.encode_name's spelling.

    digest, width, height, taken_at: of its content when it was last read. looked_with: pack and mode that found its
    faces; looked_for: the grants and levels it was compared with. None: to be done.
    """

    id: str
    collection: str
    path: str
    size_bytes: int
    mtime_ns: int
    state: ItemState
    digest: str | None = None
    width: int | None = None
    height: int | None = None
    taken_at: datetime | None = None
    why: str | None = None
    looked_with: str | None = None
    looked_for: str | None = None


@dataclass(frozen=True, slots=True)
class Appearance:
    """One subject in one photo. n: which face of the item. start_s, end_s: None for photos."""

    item: str
    subject: str
    n: int
    box: Box
    band: Band
    how: How
    seen_at: datetime

    @property
    def certain_enough_to_show(self) -> bool:
        """A reveal needs more than a possible match: a strong one, or somebody's word."""
        return self.band == "strong" or self.how != "recognised"


@dataclass(frozen=True, slots=True)
class Rejection:
    """Somebody's "this is not me" about one face of one content. Final for that person and content."""

    digest: str
    subject: str
    box: Box
    rejected_at: datetime


@dataclass(frozen=True, slots=True)
class LookResult:
    """What a sweep learned about one item, to be written in one go.

    faces: boxes in order, all of them. appearances: of the subjects in `compared`, replacing what was known of
    those; what is known of others stays where its face still is. landmarks: of each face in order, as
    faces.Landmarks.packed has them; () where nothing is compared and they are not kept.
    """

    item: Item
    faces: tuple[Box, ...]
    appearances: tuple[Appearance, ...]
    compared: frozenset[str]
    landmarks: tuple[bytes, ...] = ()


class CollectionStore(Protocol):
    """Where collections, items, faces and appearances lie. Each call is one transaction."""

    def add(self, collection: Collection) -> None:
        """Keeps a new collection with its roster."""

    def change(self, collection: Collection) -> None:
        """Replaces mode, reason, officer and roster."""

    def get(self, name: str) -> Collection | None:
        """One collection, or None."""

    def all(self) -> list[Collection]:
        """All collections, by name."""

    def items(
        self, collection: str, states: Sequence[ItemState] = ("present",), after: str = "", limit: int = 500
    ) -> list[Item]:
        """A page of items by path, after that path."""

    def item(self, item: str) -> Item | None:
        """One item, or None."""

    def items_by_path(self, collection: str, paths: Sequence[str]) -> dict[str, Item]:
        """The items at these paths."""

    def missing_by_digest(self, collection: str, digests: Sequence[str]) -> dict[str, Item]:
        """By content, of these contents: an item whose file is gone."""

    def count(self, collection: str) -> dict[str, int]:
        """state -> number of items."""

    def see(self, run: str, new: Sequence[Item], unchanged: Sequence[str], changed: Sequence[Item]) -> None:
        """Notes that these files are there in this run; new and changed ones become state `new`."""

    def mark_missing(self, collection: str, run: str) -> int:
        """Items not seen in this run become missing; returns how many newly are."""

    def to_look(
        self, collection: str, looked_with: str, done: Sequence[str] | None, after: str, limit: int
    ) -> list[Item]:
        """A page, by path, of items that are new, or whose faces were found with something else, or which have
        faces and were not compared with one of the gallery digests in `done` (None: nothing is to be compared)."""

    def finish_looks(self, results: Sequence[LookResult]) -> None:
        """Writes what was learned of these items, all or nothing."""

    def mark_unreadable(self, items: Sequence[tuple[Item, str]]) -> None:
        """These could not be read, and why. Their faces and appearances are dropped."""

    def take_over(self, gone: Item, found: Item) -> None:
        """The file of `found` is the moved file of `gone`: gone gets its place, found's record is dropped."""

    def faces(self, item: str) -> list[Box]:
        """All faces of one item, in order."""

    def faces_with_landmarks(self, item: str) -> list[tuple[Box, bytes | None]]:
        """The same, each with its landmarks where they are known: not of faces drawn by hand."""

    def add_face(self, item: str, box: Box) -> int:
        """Adds a face that a person drew by hand; returns its number."""

    def appearances_of(self, subject: str) -> list[tuple[Item, Appearance]]:
        """Where somebody appears, in items that are there, by collection and path."""

    def appearances_in(self, item: str) -> list[Appearance]:
        """Who appears in one item, by face."""

    def put_appearance(self, appearance: Appearance) -> None:
        """Somebody said whose box it is: replaces what was known of that face and of that person here."""

    def reject(self, rejection: Rejection, item: str) -> None:
        """Keeps the rejection; drops that person's appearance in every item of that content."""

    def rejections(self, *digests: str) -> list[Rejection]:
        """Everybody who said of one of these contents: not me."""

    def drop_person(self, subject: str, *, everything: bool) -> int:
        """Drops somebody's appearances (with everything: rejections too); returns how many there were."""

    def people(self) -> set[str]:
        """Everybody who appears anywhere."""

    def keep_gallery(self, digest: str, grants: Iterable[str]) -> None:
        """Keeps which grants a gallery digest stands for."""

    def galleries(self) -> Iterator[tuple[str, frozenset[str]]]:
        """digest -> grants of every gallery ever compared with."""

    def tally(self, collection: str) -> dict[str, int]:
        """faces, appearances and items of what is there now."""
