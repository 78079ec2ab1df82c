"""The transparency report: how often what was done in a time, out of the ledger alone, so that anybody can count again.

Of acts about a person it uses their kind and their day alone: what else they say is closed for good once the person
left, and a figure that nobody can compute again would be worth nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from kenbaar.ledger import Act
from kenbaar.policy import EVENTS, Event
from kenbaar.rights._pages import page

FORMAT = "kenbaar-transparency/1"
LEAST = 10  # counts under this are not told: of few, somebody who knows one could tell who it was


@dataclass(frozen=True, slots=True)
class Figures:
    """One group of counts. parts: by name, None where it is not told: it is under LEAST, or one that is could be worked
    out with it. total: None where a part is not told, or where there is none to tell."""

    parts: Mapping[str, int | None]
    total: int | None


@dataclass(frozen=True, slots=True)
class Transparency:
    """What was done from the first day to the last, both included, UTC. entries: of the ledger that was counted.

    searches: by basis. faces: that were asked about, by what came of them. accounts_*: of staff, by role.
    acts: everything else, by kind.
    """

    first: date
    last: date
    entries: int
    searches: Figures
    photos: int | None
    faces: Figures
    candidates: int | None
    accounts_invited: Figures
    accounts_accepted: Figures
    accounts_ended: Figures
    accounts_living: Figures
    acts: Figures


_ASKED = {Event.SEARCH, Event.SEARCH_END, Event.CANDIDATE, Event.REVIEW, Event.NAMED, Event.NOT_NAMED, Event.CASE_SEEN}
_KINDS = {
    Event.INVITE: "invitations",
    Event.ENROL: "enrolments",
    Event.RENEW: "renewals",
    Event.WITHDRAW: "consents ended, by the person or at their date",
    Event.COLLECTION: "collections added or changed",
    Event.SWEEP: "sweeps",
    Event.SPOKEN: "consents spoken on the spot",
    Event.FIND: "people looking for their own pictures",
    Event.COMPARE: "comparisons with one person alone",
    Event.CLAIM: "claims: this is me",
    Event.CONFIRM: "claims confirmed by a second person",
    Event.REJECT: "corrections: this is not me",
    Event.REFUSED: "requests refused",
    Event.PUBLISH: "publications",
    Event.SHOWN: "publications that showed somebody",
    Event.EXPORT: "exports of everything held about somebody",
    Event.CHECK: "checks",
    Event.CASE_END: "questions closed",
}
KIND_WORDS = {event.value.name: words for event, words in _KINDS.items()}  # by the event's name
_STAFF = {Event.STAFF_INVITE, Event.STAFF_ACCEPT, Event.STAFF_END}


def count_acts(acts: Iterable[Act], first: date, last: date, entries: int) -> Transparency:
    """The figures of these days, of the first `entries` acts of a ledger."""
    begin = datetime.combine(first, time.min, UTC)
    end = datetime.combine(last, time.min, UTC) + timedelta(days=1)
    bases, faces, others = Counter[str](), Counter[str](), Counter[str]()
    photos = asked = named = candidates = 0
    staff = _Accounts(end)
    for act in acts:
        if act.index >= entries or act.at >= end:
            continue
        event, said = EVENTS.get(act.event), act.payload or {}
        within = act.at >= begin
        if event in _STAFF:
            staff.add(event, said, within)
        if not within:
            continue
        if event is Event.SEARCH:
            bases[str(said.get("basis"))] += 1
            photos += int(said.get("photos", 0))
        elif event is Event.SEARCH_END:
            asked += int(said.get("faces", 0))
        elif event is Event.NAMED:
            named += 1
        elif event is Event.CANDIDATE:
            candidates += 1
        elif event not in _ASKED and event not in _STAFF:
            others[act.event] += 1
    faces["named"], faces["not named"] = named, max(0, asked - named)
    searches, came_of = figures(bases), figures(faces)
    # A question has a photo and a face at least, and ends once: photos, faces, candidates and ends say how many
    # questions there were, and the other way round. So the rest of asking is told only where both groups are whole.
    whole = searches.total is not None and came_of.total is not None
    kinds = {name: told(count) for name, count in sorted(others.items())}
    if str(Event.CASE_END) in kinds and not whole:
        kinds[str(Event.CASE_END)] = None
    invited, accepted, ended, living = staff.figures()
    return Transparency(
        first,
        last,
        entries,
        searches=searches,
        photos=told(photos) if whole else None,
        faces=came_of if whole else Figures(dict.fromkeys(came_of.parts), None),
        candidates=told(candidates) if whole else None,
        accounts_invited=invited,
        accounts_accepted=accepted,
        accounts_ended=ended,
        accounts_living=living,
        acts=Figures(kinds, None),
    )


def transparency_page(said: Transparency, organisation: str, bases: Mapping[str, str], data: str) -> bytes:
    """The page, UTF-8. bases: in words, by name. data: the name of the file with the signed figures."""
    pieces = page(
        "transparency.html",
        said=said,
        organisation=organisation,
        bases=bases,
        kinds=KIND_WORDS,
        least=LEAST,
        data=data,
    )
    return b"".join(pieces)


def told(count: int) -> int | None:
    """A count as it may be told."""
    return count if count >= LEAST else None


def figures(counts: Mapping[str, int]) -> Figures:
    """Counts as they may be told, with their sum only where every one of them is."""
    parts = {name: told(count) for name, count in sorted(counts.items())}
    whole = bool(parts) and all(part is not None for part in parts.values())
    return Figures(parts, sum(counts.values()) if whole else None)


class _Accounts:
    """Accounts by role: what happened to them in a time, and who was there at its end."""

    def __init__(self, end: datetime) -> None:
        self._end = end
        self._role: dict[str, str] = {}
        self._until: dict[str, datetime] = {}
        self._there: set[str] = set()
        self.invited, self.accepted, self.ended = Counter[str](), Counter[str](), Counter[str]()

    def add(self, event: Event | None, said: Mapping[str, Any], within: bool) -> None:
        """One act about an account."""
        account = str(said.get("staff"))
        if event is Event.STAFF_INVITE:
            self._role[account] = str(said["role_given"])
            self._until[account] = datetime.fromisoformat(str(said["until"]))
            self.invited[self._role[account]] += within
        elif event is Event.STAFF_ACCEPT:
            self._there.add(account)
            self.accepted[self._role.get(account, "?")] += within
        else:
            self._there.discard(account)
            self.ended[self._role.get(account, "?")] += within

    def figures(self) -> tuple[Figures, Figures, Figures, Figures]:
        """Invited, accepted, ended and living, as they may be told. Accepted less living is ended, where nobody's time
        ran out: of a role with one figure under LEAST only the living are told, if they are enough."""
        living = self.living()
        rows = (self.invited, self.accepted, self.ended, living)
        roles = sorted(set().union(*rows))
        whole = {role for role in roles if all(row[role] >= LEAST for row in rows)}
        invited, accepted, ended = (
            figures({role: row[role] if role in whole else 0 for role in roles}) for row in rows[:3]
        )
        return invited, accepted, ended, figures({role: living[role] for role in roles})

    def living(self) -> Counter[str]:
        """Who can act at the end of the time."""
        there = (account for account in self._there if self._until.get(account, self._end) >= self._end)
        return Counter(self._role.get(account, "?") for account in there)
