"""Contact sheets: pages of small pictures in which nobody can be seen but the person the sheet is for."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from kenbaar.collections import (
    Appearance,
    Collection,
    CollectionStore,
    Item,
    ItemState,
    Still,
    still_of,
)
from kenbaar.disk import writing_atomically
from kenbaar.errors import KenbaarError, ReaderUnavailable
from kenbaar.faces import Box
from kenbaar.media import PhotoLimits
from kenbaar.rights._covered import DetectAgain, Thumbnail, open_covered, thumbnail
from kenbaar.rights._pages import Kind, page
from kenbaar.rights._requests import Picture

PHOTOS_A_PAGE = 500  # some 20 MB of HTML: what a phone still opens
_STATES: tuple[ItemState, ...] = ("present", "new", "unreadable", "missing")
MARK = b"<!doctype html><!-- a sheet by Kenbaar -->"
_FRAME_PX = 3
_LEAST_PX = 14  # a frame or a number smaller than this is not seen


@dataclass(frozen=True, slots=True)
class Label:
    """The number of a box, where it stands on the thumbnail: its middle and its height, px."""

    n: int
    x: int
    y: int
    size: int


@dataclass(frozen=True, slots=True)
class Card:
    """One photo on a sheet. thumbnail None: it is not shown, and `why` says so. own: the frame around the person's
    face on the thumbnail; n: its number; subject: whose sheet; known: numbers of the faces of people who agreed."""

    item: str
    path: str
    when: datetime | None
    thumbnail: Thumbnail | None
    why: str | None = None
    subject: str = ""
    n: int = 0
    band: str = ""
    own: Box | None = None
    faces: int = 0
    labels: tuple[Label, ...] = ()
    known: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Leaf:
    """Where a page stands among the others. files: the names of all, in order; number: from 1; total: photos on all.
    kept: what is on them is on record; False: of somebody who is here, this once."""

    number: int
    files: tuple[str, ...]
    total: int
    title: str
    kept: bool = True


def write_contact_sheet(
    found: Sequence[Picture],
    store: CollectionStore,
    out: Path,
    limits: PhotoLimits,
    detect_again: DetectAgain,
    *,
    title: str = "Your pictures",
    photos_a_page: int = PHOTOS_A_PAGE,
) -> list[Path]:
    """The pictures one person is in, as pages to look at, print or hand over; returns them, `out` first.

    found: of one person, as Requests.find gives it, by collection. Everybody else is covered, also whom only
    detect_again finds. A photo that is gone,
    changed, or not theirs any more is told in words. More than photos_a_page: out-2.html and so on.
    """
    pictures = sorted(found, key=lambda p: p.collection)

    def cards(first: int) -> Iterator[tuple[str, Iterator[Card]]]:
        here = pictures[first : first + photos_a_page]
        for name, group in itertools.groupby(here, key=lambda p: p.collection):
            yield name, (_own_card(p, store, limits, detect_again) for p in group)

    return _write("contact.html", title, len(pictures), photos_a_page, out, cards)


def write_sheet_of_somebody_here(
    found: Sequence[tuple[Picture, str, str, Sequence[Box]]],
    out: Path,
    limits: PhotoLimits,
    detect_again: DetectAgain,
    *,
    photos_a_page: int = PHOTOS_A_PAGE,
) -> list[Path]:
    """As write_contact_sheet, of what was seen just now and is on no record.

    found: picture, its path below the collection's folder, the digest of its content, and all faces in it; by path.
    """

    def cards(first: int) -> Iterator[tuple[str, Iterator[Card]]]:
        here = found[first : first + photos_a_page]
        if here:
            yield (
                here[0][0].collection,
                (
                    _seen_card(p, path, digest, Still(None, tuple(faces)), "", limits, detect_again)
                    for p, path, digest, faces in here
                ),
            )

    return _write("contact.html", "Your pictures", len(found), photos_a_page, out, cards, kept=False)


def write_collection_sheet(
    collection: Collection,
    store: CollectionStore,
    out: Path,
    limits: PhotoLimits,
    detect_again: DetectAgain,
    *,
    photos_a_page: int = PHOTOS_A_PAGE,
) -> list[Path]:
    """Every photo of a collection with every face covered and numbered, so that people can say which box is theirs.

    Returns the pages, `out` first. What cannot be shown is told in words.
    More than photos_a_page: out-2.html and so on.
    """
    counts = store.count(collection.name)
    items = _all_items(collection, store)

    def cards(first: int) -> Iterator[tuple[str, Iterator[Card]]]:
        here = itertools.islice(items, photos_a_page)  # pages are written in order: this goes on where the last ended
        yield collection.name, (_numbered_card(item, collection, store, limits, detect_again) for item in here)

    total = sum(counts.get(s, 0) for s in _STATES)
    return _write("collection.html", collection.name, total, photos_a_page, out, cards)


def own_frame(box: Box, small: Thumbnail) -> Box:
    """Where a face's frame lies on the thumbnail: around it, inside the picture, and never too small to be seen."""
    x_min, y_min = round(box.x_min * small.scale) - _FRAME_PX, round(box.y_min * small.scale) - _FRAME_PX
    width = max(_LEAST_PX, round(box.width * small.scale) + 2 * _FRAME_PX)
    height = max(_LEAST_PX, round(box.height * small.scale) + 2 * _FRAME_PX)
    return Box(x_min, y_min, x_min + width, y_min + height).clipped(small.width, small.height)


def _own_card(picture: Picture, store: CollectionStore, limits: PhotoLimits, detect_again: DetectAgain) -> Card:
    item = store.item(picture.item)
    still = still_of(store, item, picture.n) if item is not None else Still(None, ())
    mine = next((a for a in store.appearances_in(picture.item) if a.n == picture.n), None)
    path = picture.path.name if item is None else item.path
    if item is None or mine is None or picture.n >= len(still.faces) or still.faces[picture.n] != picture.box:
        return Card(picture.item, path, picture.when, None, "What is known about this photo changed just now.")
    return _seen_card(picture, path, item.digest, still, mine.subject, limits, detect_again)


def _seen_card(
    picture: Picture,
    path: str,
    digest: str | None,
    still: Still,
    subject: str,
    limits: PhotoLimits,
    detect_again: DetectAgain,
) -> Card:
    """Everybody covered but the face with the picture's number."""
    try:
        covered = open_covered(
            picture.file, digest, limits, still.faces, shown=picture.n, detect_again=detect_again, at_s=still.at_s
        )
    except ReaderUnavailable:
        raise
    except KenbaarError as err:
        return Card(picture.item, path, picture.when, None, err.what, subject, picture.n)
    small = thumbnail(covered)
    return Card(
        picture.item, path, picture.when, small, None, subject, picture.n, picture.band,
        own_frame(picture.box, small), sum(box.area > 0 for box in still.faces),
    )  # fmt: skip


def _numbered_card(
    item: Item, collection: Collection, store: CollectionStore, limits: PhotoLimits, detect_again: DetectAgain
) -> Card:
    if item.state != "present":
        return Card(item.id, item.path, item.taken_at, None, _state_words(item))
    still = still_of(store, item)
    faces = still.faces
    try:
        covered = open_covered(
            collection.file(item.path),
            item.digest,
            limits,
            faces,
            shown=None,
            detect_again=detect_again,
            at_s=still.at_s,
        )
    except ReaderUnavailable:
        raise
    except KenbaarError as err:
        return Card(item.id, item.path, item.taken_at, None, err.what)
    small = thumbnail(covered)
    known: list[Appearance] = store.appearances_in(item.id)
    return Card(
        item.id, item.path, item.taken_at, small, faces=len(faces),
        labels=tuple(_label(n, box, small) for n, box in enumerate(covered.masks[: len(faces)]) if box.area),
        known=tuple(a.n for a in known),
    )  # fmt: skip


def _label(n: int, box: Box, small: Thumbnail) -> Label:
    """In the middle of its mask, as large as fits there, and whole inside the picture."""
    side = min(box.width, box.height) * small.scale
    size = max(_LEAST_PX, min(36, round(side * 0.6)))
    x = min(max(round((box.x_min + box.x_max) / 2 * small.scale), size // 2), max(size // 2, small.width - size // 2))
    y = min(max(round((box.y_min + box.y_max) / 2 * small.scale), size // 2), max(size // 2, small.height - size // 2))
    return Label(n, x, y, size)


def _state_words(item: Item) -> str:
    if item.state == "missing":
        return "The file is no longer there."
    return (item.why or "It could not be read.") if item.state == "unreadable" else "It was not swept yet."


def _all_items(collection: Collection, store: CollectionStore) -> Iterator[Item]:
    after = ""
    while here := store.items(collection.name, _STATES, after):
        yield from here
        after = here[-1].path


def _write(
    kind: Kind,
    title: str,
    total: int,
    photos_a_page: int,
    out: Path,
    cards: Callable[[int], Iterable[tuple[str, Iterable[Card]]]],
    *,
    kept: bool = True,
) -> list[Path]:
    """Page after page, one photo in memory at a time. The first page gets its name last: it links to all others."""
    starts = range(0, max(1, total), photos_a_page)
    pages = [_page_path(out, k + 1) for k in range(len(starts))]
    files = tuple(p.name for p in pages)

    def put(file: BinaryIO, k: int) -> None:
        for piece in page(kind, leaf=Leaf(k + 1, files, total, title, kept), groups=cards(starts[k])):
            file.write(piece)

    with writing_atomically(out) as first:
        put(first, 0)
        for k, target in enumerate(pages[1:], start=1):
            with writing_atomically(target) as file:
                put(file, k)
    _remove_older_pages(out, len(pages) + 1)
    return pages


def _page_path(out: Path, number: int) -> Path:
    return out if number == 1 else out.with_name(f"{out.stem}-{number}{out.suffix}")


def _remove_older_pages(out: Path, number: int) -> None:
    """Pages that an earlier, longer sheet left: they could show what was rejected since. Other files stay."""
    while (older := _page_path(out, number)).is_file():
        with older.open("rb") as file:
            if file.read(len(MARK)) != MARK:
                return
        older.unlink()
        number += 1
