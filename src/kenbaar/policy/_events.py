"""What the ledger can say: one row per kind of act, with the facts it states and what it means to the person."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from kenbaar.policy._roles import Permission

ABOUT_YOU = "Something was done that concerns you."  # an act whose kind this version does not know


@dataclass(frozen=True, slots=True)
class EventRow:
    """One kind of act.

    name: as it stands in the ledger. facts: what its payload may state besides who did it and whom it is about.
    shown: those of the facts that the person may be shown; the others name other people, or say nothing to them.
    meaning: what it says to the person it is about.
    needs: what a role must permit; None: whoever it is, it is told. own: people may do it themselves; who does it for
    them does it by hand. narrows: it protects somebody, so it is replayed when older records are put back.
    purpose: what agreeing to makes it lawful, where it rests on one purpose.
    """

    name: str
    needs: Permission | None
    facts: frozenset[str] = frozenset()
    shown: frozenset[str] = frozenset()
    meaning: str = ABOUT_YOU
    own: bool = False
    narrows: bool = False
    purpose: str | None = None


class Event(Enum):
    """Every kind of act. What an act of that kind states is its row's."""

    INIT = EventRow("init", Permission.SET_UP, facts=frozenset({"organisation", "jurisdiction"}))
    INVITE = EventRow(
        "invite",
        Permission.INVITE,
        facts=frozenset({"offered", "again"}),
        shown=frozenset({"offered"}),
        meaning="You were invited.",
    )
    ENROL = EventRow(
        "enrol",
        Permission.SPEAK_FOR,
        facts=frozenset({"purposes", "holder"}),
        shown=frozenset({"purposes", "holder"}),
        meaning="You enrolled.",
        own=True,
    )
    RENEW = EventRow(
        "renew",
        Permission.SPEAK_FOR,
        facts=frozenset({"purposes"}),
        shown=frozenset({"purposes"}),
        meaning="You renewed your consent.",
        own=True,
    )
    WITHDRAW = EventRow(
        "withdraw",
        Permission.SPEAK_FOR,
        facts=frozenset({"reason", "purposes"}),
        shown=frozenset({"reason", "purposes"}),
        meaning="Consent ended, and its keys were destroyed.",
        own=True,
        narrows=True,
    )
    COLLECTION = EventRow(
        "collection",
        Permission.COLLECT,
        facts=frozenset({"collection", "mode", "officer", "reason", "roster", "follow_links"}),
        shown=frozenset({"collection", "mode", "reason"}),
        narrows=True,
    )
    SWEEP = EventRow(
        "sweep",
        Permission.COLLECT,
        facts=frozenset({"collection", "mode", "gallery", "subjects", "held_by_themselves"}),
        shown=frozenset({"collection", "mode", "subjects"}),
        meaning="A collection was looked through, and the faces in it were compared with yours.",
        purpose="find",
    )
    SWEEP_END = EventRow(
        "sweep-end", Permission.COLLECT, facts=frozenset({"collection", "photos", "looked"}), purpose="find"
    )
    FIND = EventRow(
        "find",
        Permission.SPEAK_FOR,
        facts=frozenset({"pictures", "reason"}),
        shown=frozenset({"pictures", "reason"}),
        meaning="Somebody asked which pictures you are in.",
        purpose="find",
        own=True,
    )
    CLAIM = EventRow(
        "claim",
        Permission.SPEAK_FOR,
        facts=frozenset({"item", "how"}),
        shown=frozenset({"item", "how"}),
        meaning="It was said of a face that it is you.",
        own=True,
    )
    REJECT = EventRow(
        "reject",
        Permission.SPEAK_FOR,
        facts=frozenset({"item"}),
        shown=frozenset({"item"}),
        meaning="It was said of a face that it is not you.",
        own=True,
        narrows=True,
    )
    REFUSED = EventRow(
        "refused",
        None,
        facts=frozenset({"act", "why"}),
        meaning="Something was asked for in your name, and refused.",
        own=True,
    )
    PUBLISH = EventRow("publish", Permission.PUBLISH, facts=frozenset({"collection", "channel"}), purpose="show")
    SHOWN = EventRow(
        "shown",
        Permission.PUBLISH,
        facts=frozenset({"channel", "copies"}),
        shown=frozenset({"channel", "copies"}),
        meaning="Published copies left your face visible.",
        purpose="show",
    )
    EXPORT = EventRow(
        "export",
        Permission.SPEAK_FOR,
        meaning="Everything held about you was put together for you.",
        own=True,
    )
    SEAL = EventRow("sealed", Permission.SET_UP, facts=frozenset({"consents", "collections", "digest"}))
    CHECK = EventRow("check", Permission.PROVE)
    ROTATE = EventRow("rotate", Permission.SET_UP)
    ADOPT = EventRow(
        "adopt",
        Permission.SET_UP,
        facts=frozenset({"pack", "accept", "fpir", "n", "per_decade", "people", "searches", "carried"}),
    )

    def __str__(self) -> str:
        return self.value.name


EVENTS = {event.value.name: event for event in Event}  # by the name that stands in the ledger
