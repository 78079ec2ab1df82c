"""Collections of pictures: added, changed, listed, shown with the numbers of the faces in them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from kenbaar.acts._act import act
from kenbaar.acts._json import HIDDEN, IF_GIVEN
from kenbaar.archive import Archive
from kenbaar.collections import ItemState, Mode
from kenbaar.errors import NotFound
from kenbaar.faces import Box
from kenbaar.policy import Actor, Permission
from kenbaar.rights import write_collection_sheet


@dataclass(frozen=True, slots=True)
class AddCollectionRequest:
    """A folder that the organisation controls, and who is said to be in it (docs/architecture.md, four modes).

    follow_links: links in it may lead elsewhere.
    """

    name: str
    source: Path
    mode: Mode = "off"
    reason: str | None = None
    roster: tuple[str, ...] = ()
    officer: str | None = None
    follow_links: bool = False


@dataclass(frozen=True, slots=True)
class CollectionAnswer:
    """A collection as it is now."""

    collection: str
    source: str
    mode: Mode
    follow_links: bool


@act("collection add", Permission.COLLECT)
def add_collection(archive: Archive, actor: Actor, request: AddCollectionRequest) -> CollectionAnswer:
    """Adds a collection. Originals stay where they are. Raises UsageError, ModeRefused, Unusable."""
    archive.refuse_source(request.source)
    added = archive.collections.add(
        actor,
        request.name,
        request.source,
        mode=request.mode,
        reason=request.reason,
        roster=request.roster,
        officer=request.officer,
        follow_links=request.follow_links,
    )
    return CollectionAnswer(added.name, added.source, added.mode, added.follow_links)


@dataclass(frozen=True, slots=True)
class SetCollectionRequest:
    """Who is said to be in a collection from now on, and whether links may lead out of it; None: as it was."""

    name: str
    mode: Mode = "off"
    reason: str | None = None
    roster: tuple[str, ...] = ()
    officer: str | None = None
    follow_links: bool | None = None


@act("collection set", Permission.COLLECT)
def set_collection(archive: Archive, actor: Actor, request: SetCollectionRequest) -> CollectionAnswer:
    """Says anew who is in a collection. Raises NotFound, UsageError, ModeRefused."""
    changed = archive.collections.set_mode(
        actor,
        request.name,
        request.mode,
        reason=request.reason,
        roster=request.roster,
        officer=request.officer,
        follow_links=request.follow_links,
    )
    return CollectionAnswer(changed.name, changed.source, changed.mode, changed.follow_links)


@dataclass(frozen=True, slots=True)
class ListCollectionsRequest:
    """All of them."""


@dataclass(frozen=True, slots=True)
class CollectionRow:
    """One collection, and how much of it was analysed."""

    collection: str
    mode: Mode
    source: str
    items: int
    faces: int
    appearances: int
    follow_links: bool


@dataclass(frozen=True, slots=True)
class ListCollectionsAnswer:
    """All collections."""

    collections: tuple[CollectionRow, ...]


@act("collection list", Permission.READ)
def list_collections(archive: Archive, actor: Actor, request: ListCollectionsRequest) -> ListCollectionsAnswer:
    """All collections, with counts."""
    rows = []
    for c in archive.collections.store.all():
        tally = archive.collections.store.tally(c.name)
        rows.append(
            CollectionRow(c.name, c.mode, c.source, tally.items, tally.tracks, tally.appearances, c.follow_links)
        )
    return ListCollectionsAnswer(tuple(rows))


@dataclass(frozen=True, slots=True)
class ShowCollectionRequest:
    """Which collection. sheet: an HTML page with the numbered boxes of every photo.

    limit: only so many items, by path, those after `after`; None: all.
    """

    name: str
    sheet: Path | None = None
    after: str = ""
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class FaceRow:
    """One face. n: its number in the item. known: somebody who agreed is on it; who, `find` says to that person."""

    n: int
    box: Box
    known: bool


@dataclass(frozen=True, slots=True)
class ItemRow:
    """One file. why: it could not be read."""

    item: str
    path: str
    state: ItemState
    why: str | None
    faces: tuple[FaceRow, ...]


@dataclass(frozen=True, slots=True)
class ShowCollectionAnswer:
    """The items of a collection with their faces' numbers, as `claim` needs them."""

    collection: str
    items: tuple[ItemRow, ...]
    sheet: Path | None
    after: str | None = field(default=None, metadata=IF_GIVEN)  # where the next items begin, if there are more


@act("collection show", Permission.READ)
def show_collection(archive: Archive, actor: Actor, request: ShowCollectionRequest) -> ShowCollectionAnswer:
    """Every item of a collection with its faces. Raises NotFound."""
    store, collection = archive.collections.store, archive.collections.get(request.name)
    if request.sheet:
        archive.refuse_target(request.sheet)
    rows: list[ItemRow] = []
    after = request.after
    states: tuple[ItemState, ...] = ("present", "new", "unreadable", "missing")
    while page := store.items(request.name, states, after, *([request.limit] if request.limit else [])):
        for item in page:
            known = {appearance.n for appearance in store.appearances_in(item.id)}
            faces = tuple(FaceRow(t.n, t.box, t.n in known) for t in store.tracks(item.id))
            rows.append(ItemRow(item.id, item.path, item.state, item.why, faces))
        after = page[-1].path
        if request.limit:
            break
    if request.sheet:
        write_collection_sheet(collection, store, request.sheet, archive.limits, archive.detect_everybody)
    more = after if request.limit and len(rows) == request.limit else None
    return ShowCollectionAnswer(request.name, tuple(rows), request.sheet, more)


@dataclass(frozen=True, slots=True)
class ShowItemRequest:
    """Which item. side_px: the longest side of its JPEG; None: only what is known of it."""

    item: str
    side_px: int | None = None


@dataclass(frozen=True, slots=True)
class ShowItemAnswer:
    """One item with its faces. width, height: px, upright. jpeg: with everybody covered, where it was asked for."""

    item: str
    collection: str
    path: str
    state: ItemState
    why: str | None
    width: int
    height: int
    when: datetime | None
    faces: tuple[FaceRow, ...]
    jpeg: bytes = field(default=b"", repr=False, metadata=HIDDEN)


@act("collection item", Permission.READ)
def show_item(archive: Archive, actor: Actor, request: ShowItemRequest) -> ShowItemAnswer:
    """One picture of a collection, with everybody covered. Raises NotFound, PhotoUnreadable."""
    store = archive.collections.store
    item = store.item(request.item)
    if item is None:
        raise NotFound("There is no such picture.", "See the collection.")
    known = {appearance.n for appearance in store.appearances_in(item.id)}
    jpeg = archive.on_screen.covered_jpeg(item.id, request.side_px) if request.side_px is not None else b""
    return ShowItemAnswer(
        item=item.id,
        collection=item.collection,
        path=item.path,
        state=item.state,
        why=item.why,
        width=item.width or 0,
        height=item.height or 0,
        when=item.taken_at,
        faces=tuple(FaceRow(t.n, t.box, t.n in known) for t in store.tracks(item.id)),
        jpeg=jpeg,
    )


@dataclass(frozen=True, slots=True)
class RosterPeopleRequest:
    """Everybody whom a roster may name."""


@dataclass(frozen=True, slots=True)
class RosterPersonRow:
    """Somebody whose face may be compared in collections."""

    subject: str
    name: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class RosterPeopleAnswer:
    """Them, by name."""

    people: tuple[RosterPersonRow, ...]


@act("collection people", Permission.READ)
def roster_people(archive: Archive, actor: Actor, request: RosterPeopleRequest) -> RosterPeopleAnswer:
    """Whom a roster may name: those with a consent in force for which faces in collections are compared."""
    may = archive.consents.recognisable()
    named = [RosterPersonRow(p.id, p.name) for p in archive.consents.store.subjects() if p.id in may]
    return RosterPeopleAnswer(tuple(sorted(named, key=lambda row: (row.name.casefold(), row.subject))))
