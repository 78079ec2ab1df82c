"""How much one account may ask: walking through everybody photo by photo is noticed, stopped and in the ledger."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from kenbaar.errors import KenbaarError, SearchRefused
from kenbaar.ledger import Act
from kenbaar.media import Photo
from kenbaar.policy import EVENTS, Event

PER_DAY = timedelta(days=1)
COUNTED = frozenset({Event.SEARCH, Event.SEARCH_END, Event.CANDIDATE})
MOST_PHOTOS = 50  # of one search
SAME_PHOTO = 3  # times a day that one photo may be asked about
SAME_PERSON = 5  # cases a day in which one account may be shown the same person
MOST_PEOPLE = 30  # people whom one account may be shown in a day: more is walking the gallery


class TooManyPhotos(SearchRefused):
    """More photos than one account may ask about in a day."""


class SamePhotoAgain(SearchRefused):
    """The same photo, again and again."""


class SamePersonAgain(SearchRefused):
    """Photos of the same person, again and again."""


class GalleryWalk(SearchRefused):
    """So many photos, that everybody who agreed would be shown in the end."""


def probe_mark(account: str, digest: str) -> str:
    """By what the ledger knows a photo that was asked about before, by that account: no digest of the photo itself."""
    return hashlib.sha256(f"kenbaar probe 1\n{account}\n{digest}".encode()).hexdigest()[:16]


def picture_mark(account: str, photo: Photo) -> str:
    """The same by what is seen: a file written anew without loss, or with a byte more, is the same picture."""
    seen = hashlib.sha256(f"kenbaar picture 1\n{account}\n{photo.width}x{photo.height}\n".encode())
    seen.update(photo.pixels.data)
    return seen.hexdigest()[:16]


def refuse_too_much(account: str, marks: Sequence[str], recent: Iterable[Act], photos_a_day: int) -> None:
    """Raises a SearchRefused where this account has asked as much as it may. recent: acts of the last day.

    One sentence for all of them: who asks too much does not learn what gave it away; the ledger says it.
    """
    day = _day_of(account, recent)
    if day.photos + len(marks) > photos_a_day:
        raise _refusal(TooManyPhotos)
    _refuse_same_photo(day.marks, marks)
    if any(times >= SAME_PERSON for times in day.people.values()):
        raise _refusal(SamePersonAgain)
    if len(day.people) >= MOST_PEOPLE:
        raise _refusal(GalleryWalk)


def refuse_answer(account: str, pictures: Sequence[str], people: Collection[str], recent: Iterable[Act]) -> None:
    """The same once it is known what would be told, and before it is: pictures as they are seen, and people shown.

    So no single question tells more than one account may be told in a day.
    """
    day = _day_of(account, recent)
    _refuse_same_photo(day.pictures, pictures)
    if any(day.people[person] >= SAME_PERSON for person in people):
        raise _refusal(SamePersonAgain)
    if len({*day.people, *people}) > MOST_PEOPLE:
        raise _refusal(GalleryWalk)


@dataclass(frozen=True, slots=True)
class _Day:
    """What one account asked in a day: photos, how often each, by file and by picture, and who was shown how often."""

    photos: int
    marks: Counter[str]
    pictures: Counter[str]
    people: Counter[str]


def _day_of(account: str, recent: Iterable[Act]) -> _Day:
    photos, marks, pictures, people = 0, Counter[str](), Counter[str](), Counter[str]()
    for act in recent:
        said, event = act.payload, EVENTS.get(act.event)
        if said is None or said.get("by") != account:
            continue
        if event is Event.SEARCH:
            photos += int(said["photos"])
            marks.update(str(mark) for mark in said["probes"])
        elif event is Event.SEARCH_END:
            pictures.update(str(mark) for mark in said.get("pictures", ()))  # none in acts of before
        elif event is Event.CANDIDATE:
            people[str(said["subject"])] += 1
    return _Day(photos, marks, pictures, people)


def _refuse_same_photo(before: Counter[str], marks: Sequence[str]) -> None:
    asked = before + Counter(marks)
    if any(asked[mark] > SAME_PHOTO for mark in marks):
        raise _refusal(SamePhotoAgain)


def _refusal(kind: type[SearchRefused]) -> KenbaarError:
    return kind(
        "This account has asked as much as one may in a day.",
        "Wait until tomorrow, ask about fewer faces at once, or let an officer look at what is asked, and why.",
    )
