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
    them does it by hand. narrows: it protects somebody, so it is replayed when older
    records are put back (archive._replay).
    purpose: what agreeing to makes it lawful, where it rests on one purpose. withheld: whom it is about is told to
    that person and to who checks, not to colleagues who might be the ones that asked.
    """

    name: str
    needs: Permission | None
    narrows: bool
    facts: frozenset[str] = frozenset()
    shown: frozenset[str] = frozenset()
    meaning: str = ABOUT_YOU
    own: bool = False
    purpose: str | None = None
    withheld: bool = False


class Event(Enum):
    """Every kind of act. What an act of that kind states is its row's."""

    INIT = EventRow("init", Permission.SET_UP, narrows=False, facts=frozenset({"organisation", "jurisdiction"}))
    INVITE = EventRow(
        "invite",
        Permission.INVITE,
        narrows=False,
        facts=frozenset({"offered", "again"}),
        shown=frozenset({"offered"}),
        meaning="You were invited.",
    )
    ENROL = EventRow(
        "enrol",
        Permission.SPEAK_FOR,
        narrows=False,
        facts=frozenset({"purposes", "holder", "portrait"}),
        shown=frozenset({"purposes", "holder", "portrait"}),
        meaning="You enrolled.",
        own=True,
    )
    RENEW = EventRow(
        "renew",
        Permission.SPEAK_FOR,
        narrows=False,
        facts=frozenset({"purposes", "portrait"}),
        shown=frozenset({"purposes", "portrait"}),
        meaning="You renewed your consent.",
        own=True,
    )
    ACCESS = EventRow(
        "access",
        Permission.SPEAK_FOR,
        narrows=False,
        facts=frozenset({"kind", "staff"}),
        shown=frozenset({"kind"}),
        meaning="A new way to sign in was made for you.",
        own=True,
    )
    ACCESS_END = EventRow(
        "access-end",
        None,
        narrows=False,  # its key is destroyed, and no older records bring that back
        facts=frozenset({"kind", "staff"}),
        shown=frozenset({"kind"}),
        meaning="A way to sign in of yours was taken away.",
        own=True,
    )
    WITHDRAW = EventRow(
        "withdraw",
        Permission.SPEAK_FOR,
        narrows=True,
        facts=frozenset({"reason", "purposes"}),
        shown=frozenset({"reason", "purposes"}),
        meaning="Consent ended, and its keys were destroyed.",
        own=True,
    )
    COLLECTION = EventRow(
        "collection",
        Permission.COLLECT,
        narrows=True,
        facts=frozenset({"collection", "mode", "officer", "reason", "roster", "follow_links"}),
        shown=frozenset({"collection", "mode", "reason"}),
    )
    SWEEP = EventRow(
        "sweep",
        Permission.COLLECT,
        narrows=False,
        facts=frozenset({"collection", "mode", "gallery", "subjects", "held_by_themselves"}),
        shown=frozenset({"collection", "mode", "subjects"}),
        meaning="A collection was looked through, and the faces in it were compared with yours.",
        purpose="find",
    )
    SWEEP_END = EventRow(
        "sweep-end",
        Permission.COLLECT,
        narrows=False,
        facts=frozenset({"collection", "photos", "looked"}),
        purpose="find",
    )
    FIND = EventRow(
        "find",
        Permission.SPEAK_FOR,
        narrows=False,
        facts=frozenset({"pictures", "reason"}),
        shown=frozenset({"pictures", "reason"}),
        meaning="Somebody asked which pictures you are in.",
        purpose="find",
        own=True,
    )
    COMPARE = EventRow(
        "compare",
        Permission.SPEAK_FOR,
        narrows=False,
        facts=frozenset({"item"}),
        shown=frozenset({"item"}),
        meaning="A face was compared with yours alone: one that was claimed for you, or a photo to renew with.",
        own=True,
    )
    CLAIM = EventRow(
        "claim",
        Permission.SPEAK_FOR,
        narrows=False,
        facts=frozenset({"item", "how"}),
        shown=frozenset({"item", "how"}),
        meaning="It was said of a face that it is you.",
        own=True,
    )
    CONFIRM = EventRow(
        "confirm",
        Permission.CONFIRM,
        narrows=False,
        facts=frozenset({"item"}),
        shown=frozenset({"item"}),
        meaning="A second person confirmed that a face is yours.",
    )
    REJECT = EventRow(
        "reject",
        Permission.SPEAK_FOR,
        narrows=True,
        facts=frozenset({"item", "content", "faces"}),
        shown=frozenset({"item"}),
        meaning="It was said of a face that it is not you.",
        own=True,
    )
    HIDE = EventRow(
        "hide",
        Permission.SPEAK_FOR,
        narrows=True,
        facts=frozenset({"item", "content", "hidden"}),
        shown=frozenset({"item", "hidden"}),
        meaning="It was said whether you may be visible in one picture.",
        own=True,
    )
    REQUEST = EventRow(
        "request",
        Permission.SPEAK_FOR,
        narrows=False,
        facts=frozenset({"request", "kind", "state"}),
        shown=frozenset({"kind", "state"}),
        meaning="What you asked for by law was received, put off, answered or refused.",
        own=True,
    )
    COVER = EventRow(
        "cover",
        Permission.SPEAK_FOR,
        narrows=True,
        facts=frozenset({"content", "face", "request", "item"}),
    )
    REFUSED = EventRow(
        "refused",
        None,
        narrows=False,
        facts=frozenset({"act", "why"}),
        meaning="Something was asked for in your name, and refused.",
        own=True,
    )
    SPOKEN = EventRow(
        "spoken-consent",
        Permission.SPEAK_FOR,
        narrows=False,
        facts=frozenset({"collection", "mode", "pictures"}),
        purpose="find",
    )
    STAFF_INVITE = EventRow(
        "staff-invite",
        Permission.STAFF,
        narrows=False,
        facts=frozenset({"staff", "role_given", "until", "trial"}),
    )
    STAFF_ACCEPT = EventRow("staff-accept", None, narrows=False, facts=frozenset({"staff"}))
    STAFF_END = EventRow("staff-end", Permission.STAFF, narrows=True, facts=frozenset({"staff"}))
    STAFF_TOKEN = EventRow("staff-token", None, narrows=False, facts=frozenset({"staff", "token", "scopes", "until"}))
    STAFF_TOKEN_END = EventRow("token-end", None, narrows=True, facts=frozenset({"staff", "token"}))
    SEARCH = EventRow(
        "search",
        Permission.SEARCH,
        narrows=False,
        facts=frozenset({"case", "photos", "probes", "reason", "basis", "collection", "held_by_themselves"}),
        shown=frozenset({"basis"}),
        meaning="Somebody asked with a photo who is in it, and the faces in it were compared with yours.",
        purpose="ask",
    )
    SEARCH_END = EventRow(
        "search-end",
        Permission.SEARCH,
        narrows=False,
        facts=frozenset({"case", "faces", "answered", "pictures"}),
        purpose="ask",
    )
    CANDIDATE = EventRow(
        "search-candidate",
        Permission.SEARCH,
        narrows=False,
        facts=frozenset({"case", "reason", "basis"}),
        shown=frozenset({"case", "reason", "basis"}),
        meaning="Somebody asked with a photo who is in it, and you were shown, without your name, as one who may be.",
        purpose="ask",
        withheld=True,
    )
    REVIEW = EventRow("case-review", Permission.REVIEW, narrows=False, facts=frozenset({"case", "face"}), purpose="ask")
    NAMED = EventRow(
        "case-named",
        Permission.REVIEW,
        narrows=False,
        facts=frozenset({"case", "reviewers"}),
        shown=frozenset({"case"}),
        meaning="Two people decided that it is you in that photo: whoever asked was told your name and your pictures.",
        purpose="ask",
        withheld=True,
    )
    NOT_NAMED = EventRow(
        "case-unnamed",
        Permission.REVIEW,
        narrows=False,
        facts=frozenset({"case"}),
        shown=frozenset({"case"}),
        meaning="It was decided that nobody is named for that photo: your name was not told.",
        purpose="ask",
        withheld=True,
    )
    CASE_SEEN = EventRow(
        "case-seen",
        None,
        narrows=False,
        facts=frozenset({"case", "portrait"}),
        shown=frozenset({"case", "portrait"}),
        meaning="Somebody who works on a question about a photo looked at your pictures, or at the answer.",
        purpose="ask",
        withheld=True,
    )
    CASE_END = EventRow("case-end", None, narrows=False, facts=frozenset({"case", "why"}), purpose="ask")
    PUBLISH = EventRow(
        "publish", Permission.PUBLISH, narrows=False, facts=frozenset({"collection", "channel"}), purpose="show"
    )
    SHOWN = EventRow(
        "shown",
        Permission.PUBLISH,
        narrows=False,
        facts=frozenset({"channel", "copies"}),
        shown=frozenset({"channel", "copies"}),
        meaning="Published copies left your face visible.",
        purpose="show",
    )
    EXPORT = EventRow(
        "export",
        Permission.SPEAK_FOR,
        narrows=False,
        meaning="Everything held about you was put together for you.",
        own=True,
    )
    SEAL = EventRow("sealed", Permission.SET_UP, narrows=False, facts=frozenset({"consents", "collections", "digest"}))
    CLOCK = EventRow("clock", Permission.SET_UP, narrows=False, facts=frozenset({"machine", "last"}))
    CHECK = EventRow("check", Permission.PROVE, narrows=False)
    ROTATE = EventRow("rotate", Permission.SET_UP, narrows=False)
    ADOPT = EventRow(
        "adopt",
        Permission.SET_UP,
        narrows=True,
        facts=frozenset({"pack", "accept", "fpir", "n", "per_decade", "people", "searches", "carried", "point"}),
    )

    def __str__(self) -> str:
        return self.value.name


EVENTS = {event.value.name: event for event in Event}  # by the name that stands in the ledger
