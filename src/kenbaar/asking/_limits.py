"""How much one account may ask: walking through everybody photo by photo is noticed, stopped and in the ledger."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import timedelta

from kenbaar.errors import KenbaarError, SearchRefused
from kenbaar.ledger import Act
from kenbaar.policy import EVENTS, Event

PER_DAY = timedelta(days=1)
COUNTED = frozenset({Event.SEARCH, Event.CANDIDATE})
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


def refuse_too_much(account: str, marks: Sequence[str], recent: Iterable[Act], photos_a_day: int) -> None:
    """Raises a SearchRefused where this account has asked as much as it may. recent: acts of the last day.

    One sentence for all of them: who asks too much does not learn what gave it away; the ledger says it.
    """
    photos, asked, shown = len(marks), Counter(marks), Counter[str]()
    for act in recent:
        said, event = act.payload, EVENTS.get(act.event)
        if said is None or said.get("by") != account:
            continue
        if event is Event.SEARCH:
            photos += int(said["photos"])
            asked.update(str(mark) for mark in said["probes"])
        elif event is Event.CANDIDATE:
            shown[str(said["subject"])] += 1
    if photos > photos_a_day:
        raise _refusal(TooManyPhotos)
    if any(asked[mark] > SAME_PHOTO for mark in marks):
        raise _refusal(SamePhotoAgain)
    if any(times >= SAME_PERSON for times in shown.values()):
        raise _refusal(SamePersonAgain)
    if len(shown) >= MOST_PEOPLE:
        raise _refusal(GalleryWalk)


def _refusal(kind: type[SearchRefused]) -> KenbaarError:
    return kind(
        "This account has asked as much as one may in a day.",
        "Wait until tomorrow, or let an officer look at what is asked, and why.",
    )
