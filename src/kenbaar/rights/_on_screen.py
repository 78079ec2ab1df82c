"""Pictures on a screen: to somebody in it, with everybody else covered; to the organisation, with everybody covered."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

from kenbaar.collections import (
    Appearance,
    Collections,
    Item,
    Still,
    still_of,
)
from kenbaar.consent import FINDING, Consents, Sessions
from kenbaar.errors import NotFound
from kenbaar.faces import Box
from kenbaar.media import Photo, PhotoLimits, encode_photo, shrunk
from kenbaar.rights._covered import DetectAgain, open_covered
from kenbaar.rights._other_names import OtherNames
from kenbaar.rights._requests import Picture

QUALITY = 85
_KEPT_BYTES = 64_000_000  # of finished pictures: some 2,000 small ones
_KEPT_S = 15 * 60.0  # then they are made anew: a person who left by another program is in no memory for longer
_BOXES_OF = 100_000  # photos whose faces are remembered, as boxes: some 20 MB


@dataclass(frozen=True, slots=True)
class OwnPicture:
    """One picture somebody is in. n: of their face; faces: of everybody, by number, px of the upright photo.

    path: without the names of other people.
    taken: numbers of the faces of people who agreed and are known there; who they are is not told.
    """

    picture: Picture
    path: str
    width: int
    height: int
    faces: tuple[Box, ...]
    taken: frozenset[int]


@dataclass(slots=True)
class _Kept:
    """A finished JPEG. until: it is thrown away then, s of a clock that only grows."""

    jpeg: bytes = field(repr=False)
    until: float
    subject: str


class ScreenPictures:
    """Makes them, for one archive; what it made it keeps in memory, for a while."""

    def __init__(
        self, consents: Consents, collections: Collections, limits: PhotoLimits, detect_again: DetectAgain
    ) -> None:
        """detect_again: every face in a photo, as thoroughly as publishing looks."""
        self._consents, self._collections, self._limits = consents, collections, limits
        self._detect_again, self._lock = detect_again, threading.Lock()
        self._kept: OrderedDict[tuple[object, ...], _Kept] = OrderedDict()
        self._boxes: OrderedDict[str, tuple[Box, ...]] = OrderedDict()

    def view(self, subject: str, item_id: str, sessions: Sessions) -> OwnPicture:
        """A picture somebody is in. Raises NotFound where they are not, ConsentMissing and its kin, WrongCode."""
        item, mine, still = self._mine(subject, item_id, sessions)
        file = self._collections.get(item.collection).file(item.path)
        picture = Picture(
            item.id, item.collection, file, mine.n, mine.box, mine.band, item.taken_at, mine.start_s, mine.end_s
        )
        known = self._collections.store.appearances_in(item.id)
        taken = frozenset(a.n for a in known if a.subject != subject)
        name = OtherNames(self._consents.store.subjects(), subject).without(item.path)
        return OwnPicture(picture, name, item.width or 0, item.height or 0, still.faces, taken)

    def jpeg(self, subject: str, item_id: str, sessions: Sessions, side: int) -> bytes:
        """The same as a JPEG of at most so many px a side, nobody visible but them. Raises PhotoUnreadable too."""
        item, mine, still = self._mine(subject, item_id, sessions)
        return self._kept_or_made(subject, item, mine.n, still, side)

    def covered_jpeg(self, item_id: str, side: int) -> bytes:
        """A picture with everybody covered, as a JPEG. Raises NotFound, PhotoUnreadable."""
        item = self._collections.store.item(item_id)
        if item is None or item.state != "present":
            raise NotFound("There is no such picture.", "See the collection.")
        return self._kept_or_made("", item, None, still_of(self._collections.store, item), side)

    def said_jpeg(self, subject: str, picture: Picture, side: int) -> bytes:
        """The face that was said by hand to be that person's, everybody else covered; for who confirms it. Raises
        NotFound, PhotoUnreadable."""
        item = self._collections.store.item(picture.item)
        still = still_of(self._collections.store, item, picture.n) if item is not None else Still(None, ())
        if item is None or item.state != "present" or still.faces[picture.n : picture.n + 1] != (picture.box,):
            raise NotFound("There is no such picture.", "See the collection.")
        return self._made(item, picture.n, still, side)

    def _kept_or_made(self, subject: str, item: Item, shown: int | None, still: Still, side: int) -> bytes:
        key = (subject, item.digest, shown, still, side)
        now = time.monotonic()
        with self._lock:
            for old in [k for k, kept in self._kept.items() if kept.until < now]:
                del self._kept[old]
            if (kept := self._kept.get(key)) is not None:
                self._kept.move_to_end(key)
                return kept.jpeg
        jpeg = self._made(item, shown, still, side)
        with self._lock:
            self._kept[key] = _Kept(jpeg, now + _KEPT_S, subject)
            while sum(len(kept.jpeg) for kept in self._kept.values()) > _KEPT_BYTES:
                self._kept.popitem(last=False)
        return jpeg

    def forget(self, subject: str) -> None:
        """Nothing that was made for that person is kept any more."""
        with self._lock:
            for key in [k for k, kept in self._kept.items() if kept.subject == subject]:
                del self._kept[key]

    def _mine(self, subject: str, item_id: str, sessions: Sessions) -> tuple[Item, Appearance, Still]:
        self._consents.require(subject, FINDING)
        self._consents.require_session(self._consents.subject(subject), sessions)
        store = self._collections.store
        item = store.item(item_id)
        mine = next((a for a in store.appearances_in(item_id) if a.subject == subject), None) if item else None
        still = still_of(store, item, mine.n) if item and mine else Still(None, ())
        if item is None or mine is None or item.state != "present" or still.faces[mine.n : mine.n + 1] != (mine.box,):
            raise NotFound("There is no such picture of you.", "See your pictures.")
        return item, mine, still

    def _made(self, item: Item, shown: int | None, still: Still, side: int) -> bytes:
        covered = open_covered(
            self._collections.get(item.collection).file(item.path),
            item.digest,
            self._limits,
            still.faces,
            shown=shown,
            detect_again=lambda photo: self._everybody(photo, f"{item.digest} {still.at_s}"),
            at_s=still.at_s,
        )
        return encode_photo(shrunk(covered.pixels, side), "JPEG", quality=QUALITY)

    def _everybody(self, photo: Photo, digest: str) -> Sequence[Box]:
        """Every face in the photo; of one that was looked through before, as boxes from memory."""
        with self._lock:
            if (known := self._boxes.get(digest)) is not None:
                return known
        found = tuple(self._detect_again(photo))
        with self._lock:
            self._boxes[digest] = found
            while len(self._boxes) > _BOXES_OF:
                self._boxes.popitem(last=False)
        return found
