"""The words a person reads before they agree. Their digest stands in the receipt, so the words can be proven later."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from kenbaar.consent._purpose import Purpose
from kenbaar.text import printable

LANGUAGE = "en"

_COMPARISON = (
    "What is done\n"
    "Two steps. First, faces are found in the pictures: where a face is, not whose. Then, only with your agreement, "
    "numbers that describe your face are made from the photos you hand in, and faces in the pictures are compared "
    "with those numbers. The photos you hand in are dropped once the numbers are made. The numbers are biometric "
    "data. They are sealed, and used for what you agree to here and for nothing else. It can go wrong: a picture "
    'of you may be missed, or somebody else taken for you. You can say "this is not me", and it stays so.',
    "Where the comparing comes from\n"
    "The program that compares faces learned it from pictures collected on the web. Its makers did not establish "
    "that the people in those pictures agreed. The model card, `kenbaar pack show`, says more.",
)
_PORTRAIT = (
    "A portrait, if you leave one\n"
    "Who agrees to ask may leave one photo for the two colleagues who decide, so that they compare by eye. Head and "
    "shoulders of it are kept, sealed, shown to them alone and only while somebody asks, and destroyed when you take "
    "that agreement back or it ends. You need not leave one: then they see the organisation's own pictures of you."
)
_HELD_BY_SUBJECT = (
    "Who holds the key\n"
    "You. You get a recovery code, printed once and kept nowhere else. Your face can be looked for only while you "
    "use that code. If you lose it, nobody can open what it sealed, and you enrol again."
)
_HELD_BY_ORGANISATION = (
    "Who holds the key\n"
    "{organisation}. It can look for your face in its pictures until the end date, or until you take this back."
)
_UNTIL = "Until when\nUp to and including {day}. Then it ends by itself, and the keys are destroyed."
_TAKING_IT_BACK = (
    "Taking it back\n"
    "At any time, for any of the purposes, without giving a reason: tell {organisation}. The keys are destroyed at "
    "once, and you get a signed receipt for it. You are told which published copies still show you, and they can "
    "be published again without you. What was done before you took it back stays lawful."
)
_SAYING_NO = (
    "Saying no\n"
    "You may refuse, and it costs you nothing. Your pictures can be pointed out by hand instead, by you or with "
    "you: that way gives you the same pictures and the same say over publication, and no face is compared."
)
_ASKING = (
    "What you may ask\n"
    "Everything kept about you, as a file you can read; its correction; its erasure. Ask {organisation}. You can "
    "also complain to the data protection authority where you live."
)
_MINOR = (
    "For a minor\n"
    "A parent or guardian agrees, together with the young person as far as they can judge it, for one year at "
    "most. The young person may take it back as well."
)


def notice_text(organisation: str, purposes: Sequence[Purpose], holder: str, until: date, guardian: bool) -> str:
    """The notice for this offer, in plain words; the same text, byte for byte, for the same offer.

    until: a date is the last day, a datetime the first moment after it. holder: `organisation` or `subject`.
    """
    offered = [f"  - {p!s}: {p.sentence}" for p in sorted(set(purposes), key=str)]
    parts = [
        f"What {printable(organisation)} asks you to agree to",
        "Each line is a choice of its own. Agree to all, to some, or to none:\n" + "\n".join(offered),
        *(_COMPARISON if any(p.row.compares_faces for p in purposes) else ()),
        *((_PORTRAIT,) if any(p.row.asked for p in purposes) else ()),
        _HELD_BY_SUBJECT if holder == "subject" else _HELD_BY_ORGANISATION,
        _UNTIL,
        _TAKING_IT_BACK,
        _SAYING_NO,
        _ASKING,
        *((_MINOR,) if guardian else ()),
    ]
    day = f"{last_day(until):%Y-%m-%d}"
    return "\n\n".join(p.replace("{day}", day).replace("{organisation}", organisation) for p in parts) + "\n"


def notice_digest(text: str) -> str:
    """`sha256:` and the hex digest of the notice's UTF-8 bytes."""
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def last_day(until: date) -> date:
    """The last day on which consent holds, given its end."""
    return (until - timedelta(microseconds=1)).date() if isinstance(until, datetime) else until
