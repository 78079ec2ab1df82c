"""Collections, their items, the faces in them and who appears there, as values; and the store that keeps them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal, Protocol

from kenbaar.collections._path import TrackPath
from kenbaar.faces import Box
from kenbaar.media import FileBelow

Mode = Literal["off", "claimed", "roster", "transient"]
Certainty = Literal["strong", "possible", "by hand"]  # a match's band, or the word of a person
How = Literal["recognised", "claimed", "by hand"]
ItemKind = Literal["photo", "video"]
ItemState = Literal["new", "present", "missing", "unreadable"]


@dataclass(frozen=True, slots=True)
class Collection:
    """Where pictures lie, and who is said to be in them (the mode: docs/architecture.md, four modes).

    follow_links: links in the source may lead out of it.
    """

    name: str
    source: str
    mode: Mode
    added_at: datetime
    reason: str | None = None
    officer: str | None = None
    roster: tuple[str, ...] = ()
    follow_links: bool = False

    def file(self, path: str) -> FileBelow:
        """The file of an item at that path, as it is handed to whoever opens it."""
        return FileBelow(Path(self.source), path, self.follow_links)


@dataclass(frozen=True, slots=True)
class Item:
    """One file of a collection. path: relative to the source, in media.encode_name's spelling.

    digest, width, height, taken_at: of its content when it was last read. analysed_with: pack and mode that found its
    faces; compared_with: the grants and levels its faces were compared with. None: to be done.
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
    analysed_with: str | None = None
    compared_with: str | None = None
    kind: ItemKind = "photo"


@dataclass(frozen=True, slots=True)
class Moment:
    """A face at one moment. at_s: seconds from the start; None: of a photo.

    landmarks: its five points, as faces.Landmarks.packed has them; None where they are not known.
    """

    box: Box
    landmarks: bytes | None = field(default=None, repr=False)
    at_s: float | None = None


@dataclass(frozen=True, slots=True)
class Track:
    """One face through time; a photo's face is a track of one moment. Geometry alone: it says nothing of who it is.

    n: its number in the item, from 0. key: the moment that stands for it. start_s, end_s: it is there from start_s
    until before end_s, seconds; both None for photos. by_hand: a person drew it, or pointed at it when no detector
    found it. path: digest of its TrackPath; None of a photo. ValueError where the times contradict each other.
    """

    item: str
    n: int
    key: Moment
    start_s: float | None = None
    end_s: float | None = None
    by_hand: bool = False
    path: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.start_s is None and self.end_s is None and self.key.at_s is None:
            return
        if not self.is_there(self.key.at_s):
            raise ValueError(f"the key moment {self.key.at_s} does not lie in [{self.start_s}, {self.end_s})")

    @property
    def box(self) -> Box:
        """Where the face is at its key moment."""
        return self.key.box

    def is_there(self, at_s: float | None) -> bool:
        """Whether the face is there at that moment; a photo has the moment None and no other."""
        if self.start_s is None or self.end_s is None or at_s is None:
            return self.start_s is None and self.end_s is None and at_s is None
        return self.start_s <= at_s < self.end_s

    def meets(self, other: Track) -> bool:
        """Whether both faces are there at one moment of the same item; two faces of one photo always are."""
        if self.start_s is None or self.end_s is None or other.start_s is None or other.end_s is None:
            return self.start_s is None and other.start_s is None
        return self.start_s < other.end_s and other.start_s < self.end_s


@dataclass(frozen=True, slots=True)
class Appearance:
    """One subject on one track: in one photo, or from start_s until before end_s of a video.

    Somebody who is in an item more than once has an appearance for each track. At one moment a person is on one track.
    said_by, confirmed_by: of one by hand, through which account it was said and by which other it was confirmed.
    """

    subject: str
    track: Track
    band: Certainty
    how: How
    seen_at: datetime
    said_by: str | None = None
    confirmed_by: str | None = None

    @property
    def item(self) -> str:
        """The item's id."""
        return self.track.item

    @property
    def n(self) -> int:
        """The track's number in the item."""
        return self.track.n

    @property
    def box(self) -> Box:
        """Where the face is, at the track's key moment."""
        return self.track.box

    @property
    def start_s(self) -> float | None:
        """When it begins, seconds; None for photos."""
        return self.track.start_s

    @property
    def end_s(self) -> float | None:
        """When it is over, seconds; None for photos."""
        return self.track.end_s

    @property
    def certain_enough_to_show(self) -> bool:
        """A reveal needs more than a possible match: a strong one, a claim that was compared, or two people's word."""
        if self.how == "by hand":
            return self.confirmed_by is not None
        return self.band == "strong" or self.how == "claimed"


@dataclass(frozen=True, slots=True)
class Rejection:
    """Somebody's "this is not me" about one track of one content. Final for that person and content.

    digest: of the content. box, at_s: the track's key moment. So it stays true when the content is analysed again and
    its tracks get other numbers, and it is true of every file with that content.
    """

    digest: str
    subject: str
    box: Box
    rejected_at: datetime
    at_s: float | None = None

    @property
    def face(self) -> str:
        """Which face of the content, as the ledger keeps it: the box's sides, and the moment where there is one."""
        sides = (self.box.x_min, self.box.y_min, self.box.x_max, self.box.y_max)
        return " ".join(map(str, (*sides, *(() if self.at_s is None else (self.at_s,)))))

    @staticmethod
    def read_face(text: str) -> tuple[Box, float | None]:
        """The box and the moment of a face that `face` wrote. ValueError for anything else."""
        x_min, y_min, x_max, y_max, *moment = text.split()
        return Box(int(x_min), int(y_min), int(x_max), int(y_max)), float(moment[0]) if moment else None

    def is_of(self, track: Track) -> bool:
        """Whether that track (of an item of this content) is the face that was rejected."""
        return track.is_there(self.at_s) and self.box.is_same_face(track.box)


@dataclass(frozen=True, slots=True)
class Hidden:
    """Somebody's word that they are visible in no copy of one content, whatever they agreed to elsewhere."""

    digest: str
    subject: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Cover:
    """A place in one content that is covered in every copy, whoever is there and whatever they agreed to.

    at_s: of a video, a moment at which the face is there; the track on which it lies is covered whole.
    """

    digest: str
    box: Box
    since: datetime
    at_s: float | None = None

    def touches(self, box: Box) -> bool:
        """Whether a face in that box is the one that is covered, or may be: a quarter of the smaller one is enough."""
        return box.intersection(self.box).area * 4 >= min(box.area, self.box.area)


@dataclass(frozen=True, slots=True)
class ItemAnalysis:
    """What a sweep learned about one item, to be written in one go.

    tracks: every face that was found, numbered in order. appearances: on these tracks, of subjects in `compared`; they
    replace what was known of those. What is known of others stays where its face still is (see merge_known).
    paths: of each track, in order; () of a photo.
    """

    item: Item
    tracks: tuple[Track, ...]
    appearances: tuple[Appearance, ...]
    compared: frozenset[str]
    paths: tuple[TrackPath, ...] = ()


@dataclass(frozen=True, slots=True)
class Tally:
    """How much of what is there now has been analysed: items of each kind, the faces in them, and whose they are."""

    photos: int
    videos: int
    tracks: int
    appearances: int

    @property
    def items(self) -> int:
        """Of every kind."""
        return self.photos + self.videos


class CollectionStore(Protocol):
    """Where collections, items, tracks and appearances lie. Each call is one transaction: all of it, or nothing."""

    def add(self, collection: Collection) -> None:
        """Keeps a new collection with its roster."""

    def change(self, collection: Collection) -> None:
        """Replaces mode, reason, officer, roster and whether links are followed."""

    def get(self, name: str) -> Collection | None:
        """One collection, or None. ArchiveBroken where it was edited."""

    def all(self) -> list[Collection]:
        """All collections, by name. ArchiveBroken where one was edited."""

    def protecting(self) -> list[bytes]:
        """Every row that protects somebody, as it stands there: about collections, rejections, who is hidden."""

    def edited(self) -> list[str]:
        """What was edited by others than us, one sentence each: collections, appearances."""

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

    def note_seen(self, run: str, new: Sequence[Item], unchanged: Sequence[str], changed: Sequence[Item]) -> None:
        """Notes that these files are there in this run; new and changed ones become state `new`."""

    def mark_missing(self, collection: str, run: str) -> int:
        """Items not seen in this run become missing; returns how many newly are."""

    def due_items(
        self, collection: str, analysed_with: str, done: Sequence[str] | None, after: str, limit: int
    ) -> list[Item]:
        """A page, by path, of items that are new, or whose faces were found with something else, or which have
        faces and were not compared with one of the gallery digests in `done` (None: nothing is to be compared)."""

    def write_analyses(self, analyses: Sequence[ItemAnalysis]) -> None:
        """Writes what was learned of these items, merged with what was known (merge_known), all or nothing.

        Where an item's content is another than before, nothing that was known of it stays."""

    def mark_unreadable(self, items: Sequence[tuple[Item, str]]) -> None:
        """These could not be read, and why. Their tracks and appearances are dropped."""

    def take_over(self, gone: Item, found: Item) -> None:
        """The file of `found` is the moved file of `gone`: gone gets its place, found's record is dropped."""

    def tracks(self, item: str) -> list[Track]:
        """All faces of one item, in order."""

    def paths(self, item: str) -> dict[int, TrackPath]:
        """n -> where the face of that track is, of a video's tracks. A path that was edited is left out."""

    def add_track_by_hand(self, item: str, box: Box) -> Track:
        """Adds a face that a person drew on a photo."""

    def appearances_of(self, subject: str) -> list[tuple[Item, Appearance]]:
        """Where somebody appears, in items that are there, by collection and path."""

    def appearances_in(self, item: str) -> list[Appearance]:
        """Who appears in one item, by track."""

    def put_appearance(self, appearance: Appearance) -> None:
        """Somebody said whose face it is: replaces who was on that track, and where that person was at that moment."""

    def drop_by_hand(self, collection: str) -> int:
        """Drops the appearances that were said by hand in that collection; returns how many there were."""

    def reject(self, rejections: Sequence[Rejection], item: str) -> None:
        """Keeps them; drops each person's appearances in that item and in every item of that content."""

    def rejections(self, *digests: str) -> list[Rejection]:
        """Everybody who said of one of these contents: not me; by content, person and box."""

    def hide(self, hidden: Hidden) -> None:
        """Keeps it."""

    def show_again(self, digest: str, subject: str) -> None:
        """They said otherwise: what was kept goes."""

    def hidden(self, *digests: str) -> list[Hidden]:
        """Who is hidden in these contents, by content and person."""

    def cover(self, cover: Cover) -> None:
        """Keeps it."""

    def covers(self, digest: str) -> list[Cover]:
        """Which places are covered in that content."""

    def drop_person(self, subject: str, *, everything: bool) -> int:
        """Drops somebody's appearances (with everything: rejections too); returns how many there were."""

    def people(self) -> set[str]:
        """Everybody who appears anywhere."""

    def keep_gallery(self, digest: str, grants: Iterable[str]) -> None:
        """Keeps which grants a gallery digest stands for."""

    def galleries(self) -> Iterator[tuple[str, frozenset[str]]]:
        """digest -> grants of every gallery ever compared with."""

    def tally(self, collection: str) -> Tally:
        """What is there now, counted."""
