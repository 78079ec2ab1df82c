"""Every look at one person, out of the ledger: what was done about them, and the sweeps that compared their face."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from kenbaar.collections import Collections
from kenbaar.consent import ASKED, RECOGNISING, Consents, Grant, Subject
from kenbaar.ledger import Act
from kenbaar.policy import ABOUT_YOU, EVENTS, Event
from kenbaar.rights._account import ActRow
from kenbaar.rights._other_names import OtherNames


class Looks:
    """Every look at one person, for that person."""

    def __init__(self, consents: Consents, collections: Collections, acts_for: Callable[[str], Iterator[Act]]) -> None:
        """acts_for: the ledger, opened as far as it is about that person or about nobody."""
        self._consents, self._collections, self._acts_for = consents, collections, acts_for

    def at(self, subject: str) -> list[ActRow]:
        """The acts about this person, the newest first. Raises NotFound, ConsentWithdrawn."""
        person = self._consents.subject(subject)
        rows = acts_about(
            person,
            self._acts_for(subject),
            self._consents.store.grants_of(subject),
            dict(self._collections.store.galleries()),
            OtherNames(self._consents.store.subjects(), subject),
            has_template=bool(self._consents.templates.packs_of(subject)),
        )
        return list(rows)[::-1]


def acts_about(
    person: Subject,
    acts: Iterable[Act],
    grants: Iterable[Grant],
    galleries: Mapping[str, frozenset[str]],
    names: OtherNames,
    *,
    has_template: bool,
) -> Iterator[ActRow]:
    """The acts about this person, oldest first. galleries: digest -> ids of the grants that were compared with.

    A sweep compared their face where its record says so: they opened their own key for it, or a grant of theirs was in
    its gallery. A gallery that left no record of its grants counts as theirs where their consent was in force: better
    a look too many than one untold.
    """
    given = list(grants)
    comparing = [g for g in given if g.purpose.kind in RECOGNISING]
    asked = [g for g in given if g.purpose.kind in ASKED]
    rosters: dict[object, object] = {}
    for act in acts:
        said = act.payload
        if said is None:
            continue
        event = EVENTS.get(act.event)
        if event is Event.COLLECTION:
            rosters[said.get("collection")] = said.get("roster")
        mine = said.get("subject") == person.id
        if not mine and event is Event.SWEEP and has_template:
            mine = _compared(person, act, said, comparing, galleries, rosters)
        if not mine and event is Event.SEARCH and has_template:
            mine = _asked_about(person, act, said, asked)
        if mine:
            yield _row(act, said, names)


def _compared(
    person: Subject,
    act: Act,
    said: Mapping[str, Any],
    comparing: list[Grant],
    galleries: Mapping[str, frozenset[str]],
    rosters: Mapping[object, object],
) -> bool:
    if not said.get("subjects") or said.get("mode") in ("off", "claimed"):
        return False
    if person.holder == "subject":
        return person.id in (said.get("held_by_themselves") or ())
    if (compared := galleries.get(str(said.get("gallery")))) is not None:
        return any(g.id in compared for g in comparing)
    if said.get("mode") == "roster" and person.id not in (rosters.get(said.get("collection")) or ()):  # type: ignore[operator]
        return False
    return any(g.given_at <= act.at < (g.ended_at or g.until) for g in comparing)


def _asked_about(person: Subject, act: Act, said: Mapping[str, Any], asked: list[Grant]) -> bool:
    """Whether a photo's faces were compared with theirs: their consent to be the answer was in force."""
    if person.holder == "subject" and person.id not in (said.get("held_by_themselves") or ()):
        return False
    return any(g.given_at <= act.at < (g.ended_at or g.until) for g in asked)


def _row(act: Act, said: Mapping[str, Any], names: OtherNames) -> ActRow:
    event = EVENTS.get(act.event)
    facts: dict[str, str | int | bool | list[str]] = {}
    for name in sorted(event.value.shown & said.keys() if event else ()):
        value = said[name]
        if isinstance(value, str):
            facts[name] = names.without(value)
        elif isinstance(value, list):
            facts[name] = [names.without(str(v)) for v in value]
        elif isinstance(value, (bool, int)):
            facts[name] = value
    by, actor = (_text(said.get(member), names) for member in ("by", "actor"))
    return ActRow(
        entry=act.index,
        at=act.at,
        event=act.event,
        meaning=event.value.meaning if event else ABOUT_YOU,
        purpose=act.purpose,
        by=by,
        actor=actor,
        who=_who(event, by, actor, _text(said.get("role"), names), _text(said.get("account"), names)),
        facts=facts,
    )


def _text(value: object, names: OtherNames) -> str | None:
    return names.without(value) if isinstance(value, str) else None


def _who(event: Event | None, by: str | None, actor: str | None, role: str | None, account: str | None) -> str:
    """Who did it, in words to the person whom it is about. by alone: an entry of before actors were told apart."""
    if actor == "subject":
        return f"you, with your code or token, at the account {account}" if account else "you"
    if actor == "system":
        return "Kenbaar itself"
    told = f"{by} ({role})" if by and role else by or "not told"
    return f"by hand, by {told}" if actor and event and event.value.own else told
