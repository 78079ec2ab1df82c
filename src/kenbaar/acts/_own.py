"""What somebody enrolled sees and decides for themselves: their choices, one purpose more, who looked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from kenbaar.acts._act import act
from kenbaar.acts._json import HIDDEN
from kenbaar.acts._receipts import keep_receipt
from kenbaar.archive import Archive
from kenbaar.collections import Certainty
from kenbaar.consent import ENGLISH, Code, Holder, Purpose, attempted, last_day, open_sessions
from kenbaar.errors import NotFound, RoleRefused
from kenbaar.faces import Box
from kenbaar.ledger import require_permission
from kenbaar.policy import Actor, Event, Permission, subject_actor


@dataclass(frozen=True, slots=True)
class ChoicesRequest:
    """Whose. language: of the sentences."""

    subject: str
    language: str = ENGLISH


@dataclass(frozen=True, slots=True)
class ChoiceRow:
    """One purpose that somebody was offered. on: they agree to it now, since given_at, until that day."""

    purpose: str
    sentence: str
    on: bool
    given_at: datetime | None
    until: date | None


@dataclass(frozen=True, slots=True)
class ChoicesAnswer:
    """What somebody agrees to, and could. by_hand: no template of them is kept: their pictures are pointed out."""

    subject: str
    holder: Holder
    by_hand: bool
    choices: tuple[ChoiceRow, ...]


@act("choices", Permission.READ, own=True)
def choices(archive: Archive, actor: Actor, request: ChoicesRequest) -> ChoicesAnswer:
    """What somebody agrees to now, and what else they were offered. Raises NotFound, ConsentWithdrawn."""
    consents, person = archive.consents, archive.consents.subject(request.subject)
    on = {g.purpose: g for g in consents.living_grants(request.subject)}
    off = consents.may_agree_to(request.subject)
    rows = []
    for purpose in sorted([*on, *off], key=str):
        grant = on.get(purpose)
        rows.append(
            ChoiceRow(
                purpose=str(purpose),
                sentence=purpose.sentence_in(request.language),
                on=grant is not None,
                given_at=grant.given_at if grant else None,
                until=last_day(grant.until) if grant else None,
            )
        )
    by_hand = not consents.templates.packs_of(request.subject)
    return ChoicesAnswer(request.subject, person.holder, by_hand, tuple(rows))


@dataclass(frozen=True, slots=True)
class AgreeRequest:
    """Who agrees to what more. codes: theirs, where they hold their own key. language: of the sentence they read."""

    subject: str
    purpose: str
    codes: tuple[Code, ...] = field(default=(), repr=False)
    language: str = ENGLISH


@dataclass(frozen=True, slots=True)
class AgreeAnswer:
    """What was agreed to, until which day, and the receipt."""

    subject: str
    purpose: str
    until: date
    receipt: Path | None
    place: Path = field(default=Path(), metadata=HIDDEN)  # where the receipt was to be


@act("agree", Permission.SPEAK_FOR, own=True)
def agree(archive: Archive, actor: Actor, request: AgreeRequest) -> AgreeAnswer:
    """Agrees to one purpose more, of those that were offered. Raises ConsentMissing, UsageError, WrongCode."""
    purpose = Purpose.parse(request.purpose)
    sessions = open_sessions(archive.consents, request.codes, Event.RENEW, actor, request.subject)
    themselves = sessions.actor(actor, request.subject)
    with attempted(archive.consents, Event.RENEW, themselves, request.subject):
        require_permission(Event.RENEW, themselves, request.subject)
        agreed = archive.consents.agree(
            themselves, request.subject, purpose, sessions=sessions, language=request.language
        )
    place = archive.settings.home / "receipts" / f"{request.subject}-{request.purpose.replace(':', '-')}-consent.jws"
    receipt = keep_receipt(place, agreed.receipt)
    return AgreeAnswer(request.subject, str(purpose), last_day(agreed.until), receipt, place)


@dataclass(frozen=True, slots=True)
class LooksRequest:
    """At whom."""

    subject: str


@dataclass(frozen=True, slots=True)
class LookRow:
    """One act about a person. entry: its number in the ledger. meaning: what it was, to them; who: did it, in words."""

    entry: int
    at: datetime
    event: str
    meaning: str
    purpose: str | None
    who: str
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class LooksAnswer:
    """Every act about that person, the newest first."""

    subject: str
    looks: tuple[LookRow, ...]


@act("looks", Permission.READ, own=True)
def looks(archive: Archive, actor: Actor, request: LooksRequest) -> LooksAnswer:
    """Who looked, and what else was done about a person; for that person alone: it tells which questions they were
    shown for. Raises RoleRefused for everybody else."""
    if not actor.speaks_as(request.subject):
        raise RoleRefused(
            "This is told to the person alone.", "Of one person, `kenbaar ledger show --subject` tells you what it may."
        )
    rows = archive.looks.at(request.subject)
    return LooksAnswer(
        request.subject,
        tuple(LookRow(r.entry, r.at, r.event, r.meaning, r.purpose, r.who, r.facts) for r in rows),
    )


@dataclass(frozen=True, slots=True)
class LookProofRequest:
    """Of which act about that person. entry: its number, of `looks`."""

    subject: str
    entry: int


@dataclass(frozen=True, slots=True)
class LookProofAnswer:
    """proof: that the act is in the ledger, against its signed head (C2SP tlog-proof); it is checked anywhere."""

    entry: int
    proof: str


@act("look proof", Permission.READ, own=True)
def look_proof(archive: Archive, actor: Actor, request: LookProofRequest) -> LookProofAnswer:
    """The proof that an act about a person is in the ledger. Raises NotFound for an act about somebody else."""
    mine = looks(archive, actor, LooksRequest(request.subject))
    if request.entry not in {row.entry for row in mine.looks}:
        raise NotFound("There is no such act about this person.", "See who looked.")
    return LookProofAnswer(request.entry, archive.ledger.proof(request.entry))


@dataclass(frozen=True, slots=True)
class OwnPictureRequest:
    """Which picture of whom. side_px: the longest side of the JPEG; None: only what is known of the picture."""

    subject: str
    item: str
    codes: tuple[Code, ...] = field(default=(), repr=False)
    side_px: int | None = None


@dataclass(frozen=True, slots=True)
class OwnPictureFaceRow:
    """A face in it. mine: theirs. taken: of somebody who agreed, and is not told. Others are nobody's, so far."""

    n: int
    box: Box
    mine: bool
    taken: bool


@dataclass(frozen=True, slots=True)
class SpanRow:
    """From start_s until before end_s of a video, seconds."""

    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class OwnPictureAnswer:
    """A picture of somebody. width, height: px, upright. jpeg: with everybody else covered, where it was asked for.

    hidden: they said that no copy is to show them there. spans: of a video, from when until when they are in it.
    """

    item: str
    collection: str
    name: str
    width: int
    height: int
    band: Certainty
    when: datetime | None
    faces: tuple[OwnPictureFaceRow, ...]
    hidden: bool = False
    spans: tuple[SpanRow, ...] = ()
    jpeg: bytes = field(default=b"", repr=False, metadata=HIDDEN)


@act("own picture", Permission.SPEAK_FOR, own=True)
def own_picture(archive: Archive, actor: Actor, request: OwnPictureRequest) -> OwnPictureAnswer:
    """One picture, for the person in it alone. Their asking for their pictures (`find`) is on record already.

    Raises NotFound where they are not in it, RoleRefused for everybody else: `find --sheet` is how others show them.
    """
    if not actor.speaks_as(request.subject):
        raise RoleRefused("This is shown to the person alone.", "`kenbaar find --sheet` makes a page for them.")
    sessions = open_sessions(archive.consents, request.codes, Event.FIND, actor, request.subject)
    seen = archive.on_screen.view(request.subject, request.item, sessions)
    jpeg = b""
    if request.side_px is not None:
        jpeg = archive.on_screen.jpeg(request.subject, request.item, sessions, request.side_px)
    mine = seen.picture
    return OwnPictureAnswer(
        item=mine.item,
        collection=mine.collection,
        name=Path(seen.path).name,
        width=seen.width,
        height=seen.height,
        band=mine.band,
        when=mine.when,
        faces=tuple(
            OwnPictureFaceRow(n, box, n == mine.n, n in seen.taken) for n, box in enumerate(seen.faces) if box.area
        ),
        hidden=_is_hidden(archive, request.subject, request.item),
        spans=_spans(archive, request.subject, request.item),
        jpeg=jpeg,
    )


def _is_hidden(archive: Archive, subject: str, item_id: str) -> bool:
    item = archive.collections.store.item(item_id)
    digest = item.digest if item is not None else None
    return digest is not None and any(h.subject == subject for h in archive.collections.store.hidden(digest))


def _spans(archive: Archive, subject: str, item_id: str) -> tuple[SpanRow, ...]:
    """When they are in a video, in order."""
    mine = [a for a in archive.collections.store.appearances_in(item_id) if a.subject == subject]
    spans = ((a.start_s, a.end_s) for a in mine)
    return tuple(sorted((SpanRow(a, b) for a, b in spans if a is not None and b is not None), key=lambda s: s.start_s))


@dataclass(frozen=True, slots=True)
class NewCodeRequest:
    """For whom: somebody whose key the organisation holds."""

    subject: str


@dataclass(frozen=True, slots=True)
class NewCodeAnswer:
    """The code they sign in with, in a browser, shown once; theirs of before is good for nothing any more."""

    subject: str
    code: str = field(repr=False)


@act("code", Permission.SPEAK_FOR, own=True)
def new_code(archive: Archive, actor: Actor, request: NewCodeRequest) -> NewCodeAnswer:
    """A new code for whoever acts. Raises RoleRefused for anybody else's, UsageError where they hold their own key."""
    with attempted(archive.consents, Event.ACCESS, actor, request.subject):
        return NewCodeAnswer(request.subject, archive.access.new_code(actor, request.subject))


@dataclass(frozen=True, slots=True)
class CodeLinkRequest:
    """For whom: somebody whose key the organisation holds, and who lost their code."""

    subject: str


@dataclass(frozen=True, slots=True)
class CodeLinkAnswer:
    """A token with which they make themselves a new code, once; until when."""

    subject: str
    token: str = field(repr=False)
    until: datetime


@act("code link", Permission.SPEAK_FOR)
def make_code_link(archive: Archive, actor: Actor, request: CodeLinkRequest) -> CodeLinkAnswer:
    """Lets somebody make a new code. Whoever makes the link never sees that code, and the person sees who made it."""
    with attempted(archive.consents, Event.ACCESS, actor, request.subject):
        token, until = archive.access.new_link(actor, request.subject)
        return CodeLinkAnswer(request.subject, token, until)


@dataclass(frozen=True, slots=True)
class OpenCodeLinkRequest:
    """The token that somebody was given."""

    token: str = field(repr=False)


@act("code open", Permission.SPEAK_FOR)
def open_code_link(archive: Archive, actor: Actor, request: OpenCodeLinkRequest) -> NewCodeAnswer:
    """Their new code, and the link is used. It is the act of whose link it is. Raises TokenRefused."""
    with attempted(archive.consents, Event.ACCESS, actor, None):
        subject = archive.access.subject_of_link(request.token)
    return NewCodeAnswer(subject, archive.access.new_code(subject_actor(subject), subject))
