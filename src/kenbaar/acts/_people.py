"""Inviting, enrolling, renewing, listing people."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Literal

from kenbaar.acts._act import act
from kenbaar.acts._json import HIDDEN, IF_GIVEN
from kenbaar.acts._receipts import keep_receipt
from kenbaar.archive import Archive
from kenbaar.consent import ENGLISH, Code, Holder, Purpose, Subject, attempted, last_day, open_sessions
from kenbaar.policy import Actor, Event, Permission

SubjectState = Literal["invited", "enrolled", "left"]


@dataclass(frozen=True, slots=True)
class InviteRequest:
    """Whom to invite to what. until: the last day the consent would hold; None: as long as the settings say."""

    name: str = field(repr=False)
    purposes: tuple[str, ...]
    until: date | None = None
    holder: Holder | None = None
    minor: bool = False
    guardian: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class InviteAnswer:
    """Who was invited. token: works once, for that person alone, and is kept nowhere."""

    subject: str
    token: str = field(repr=False)
    until: date
    holder: Holder


@act("invite", Permission.INVITE)
def invite(archive: Archive, actor: Actor, request: InviteRequest) -> InviteAnswer:
    """Invites somebody to enrol. Raises UsageError with what to change."""
    invited = archive.consents.invite(
        actor,
        request.name,
        [Purpose.parse(p) for p in request.purposes],
        until=request.until,
        holder=request.holder,
        guardian=request.guardian,
        minor=request.minor or request.guardian is not None,
        grant_days=archive.settings.grant_days,
        invitation_days=archive.settings.invitation_days,
    )
    return InviteAnswer(invited.subject, invited.token, last_day(invited.until), invited.holder)


@dataclass(frozen=True, slots=True)
class RenewRequest:
    """Who may renew, and until which day the renewed consent would hold."""

    subject: str
    until: date | None = None


@act("renew", Permission.INVITE)
def renew(archive: Archive, actor: Actor, request: RenewRequest) -> InviteAnswer:
    """Lets somebody enrolled renew what they agreed to. Until they use the token everything stays as it is."""
    settings = archive.settings
    with attempted(archive.consents, Event.INVITE, actor, request.subject):
        invited = archive.consents.invite_again(
            actor,
            request.subject,
            until=request.until,
            grant_days=settings.grant_days,
            invitation_days=settings.invitation_days,
        )
    return InviteAnswer(request.subject, invited.token, last_day(invited.until), invited.holder)


@dataclass(frozen=True, slots=True)
class OfferRequest:
    """The token somebody was handed. language: of the notice that they read: one of consent's NOTICES."""

    token: str = field(repr=False)
    language: str = ENGLISH


@dataclass(frozen=True, slots=True)
class OfferAnswer:
    """What a token offers: to read, and to answer purpose by purpose."""

    subject: str
    purposes: tuple[str, ...]
    notice: str
    renews: bool


@act("offer", Permission.SPEAK_FOR)
def offer(archive: Archive, actor: Actor, request: OfferRequest) -> OfferAnswer:
    """What the person with this token is asked to agree to. Raises TokenRefused."""
    with attempted(archive.consents, Event.ENROL, actor, None):
        subject, invitation, notice = archive.consents.offer(request.token, request.language)
    offered = tuple(str(p) for p in invitation.purposes)
    return OfferAnswer(subject.id, offered, notice, subject.enrolled_at is not None)


@dataclass(frozen=True, slots=True)
class EnrolRequest:
    """photos: 1 to 5 of the person, read and dropped; none: by hand, no face is compared. agreed: of what was offered.

    portrait: a photo of which head and shoulders are kept, sealed, for who decides who is in a photo; with `ask` alone.
    receipt_file: where the signed receipt goes; None: into the home folder. codes: theirs, where they renew and hold
    their own key. language: of the notice that was read.
    """

    token: str = field(repr=False)
    agreed: tuple[str, ...]
    photos: tuple[Path, ...] = ()
    receipt_file: Path | None = None
    codes: tuple[Code, ...] = field(default=(), repr=False)
    portrait: Path | None = None
    language: str = ENGLISH


@dataclass(frozen=True, slots=True)
class EnrolAnswer:
    """What was agreed to, and until when. code, recovery_code: the same, shown once, where they hold their own key."""

    subject: str
    receipt: Path | None
    purposes: tuple[str, ...]
    until: date
    code: str | None = field(default=None, metadata=IF_GIVEN)
    recovery_code: str | None = field(default=None, metadata=IF_GIVEN)
    renewed: bool = field(default=False, metadata=HIDDEN)
    place: Path = field(default=Path(), metadata=HIDDEN)  # where the receipt was to be


@act("enrol", Permission.SPEAK_FOR)
def enrol(archive: Archive, actor: Actor, request: EnrolRequest) -> EnrolAnswer:
    """Enrols, or renews. It is the act of the person whose token it is, at whichever account."""
    with attempted(archive.consents, Event.ENROL, actor, None):
        subject, _, _ = archive.consents.offer(request.token)
    if request.receipt_file:
        archive.refuse_target(request.receipt_file)
    event = Event.ENROL if subject.enrolled_at is None else Event.RENEW
    sessions = open_sessions(archive.consents, request.codes, event, actor, subject.id)
    with attempted(archive.consents, event, sessions.actor(actor, subject.id), subject.id):
        enrolled = archive.enrolments.enrol(
            actor, request.token, request.photos, request.agreed, sessions, request.portrait, request.language
        )
    place = request.receipt_file or archive.settings.home / "receipts" / f"{subject.id}-consent.jws"
    return EnrolAnswer(
        subject=enrolled.subject,
        receipt=keep_receipt(place, enrolled.receipt),
        purposes=tuple(str(p) for p in enrolled.purposes),
        until=last_day(enrolled.until),
        code=enrolled.code,
        recovery_code=enrolled.code,
        renewed=subject.enrolled_at is not None,
        place=place,
    )


@dataclass(frozen=True, slots=True)
class SubjectsRequest:
    """Everybody; or those whose name or id holds `find`, in that state: `limit` of them, from `first` on.

    subject: that person alone.
    """

    find: str = field(default="", repr=False)
    state: SubjectState | None = None
    subject: str | None = None
    first: int = 0
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class SubjectRow:
    """One person. until: the last day of the consent that ends first. packs: those their templates are of."""

    subject: str
    name: str = field(repr=False)
    state: SubjectState
    holder: Holder
    purposes: tuple[str, ...]
    until: date | None
    packs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SubjectsAnswer:
    """Who was invited, and which consents are in force. total: how many there are of whom these are some."""

    subjects: tuple[SubjectRow, ...]
    total: int


@act("subjects", Permission.READ)
def subjects(archive: Archive, actor: Actor, request: SubjectsRequest) -> SubjectsAnswer:
    """Everybody invited, enrolled or gone."""
    consents, names = archive.consents, archive.packs.names()
    rows, chosen = [], [person for person in consents.store.subjects() if _is_asked_for(person, request)]
    end = None if request.limit is None else request.first + request.limit
    for person in chosen[request.first : end]:
        templates = sorted(t.pack for t in consents.templates.packs_of(person.id))
        grants = consents.living_grants(person.id)
        rows.append(
            SubjectRow(
                subject=person.id,
                name=person.name,
                state=_state(person),
                holder=person.holder,
                purposes=tuple(str(g.purpose) for g in grants),
                until=last_day(min(g.until for g in grants)) if grants else None,
                packs=tuple(names.get(digest, f"a pack that is not here ({digest[:19]})") for digest in templates),
            )
        )
    return SubjectsAnswer(tuple(rows), len(chosen))


def _state(person: Subject) -> SubjectState:
    return "left" if person.left_at else "enrolled" if person.enrolled_at else "invited"


def _is_asked_for(person: Subject, request: SubjectsRequest) -> bool:
    wanted = request.find.strip().casefold()
    return (
        (request.subject is None or person.id == request.subject)
        and (request.state is None or _state(person) == request.state)
        and (wanted in person.name.casefold() or wanted in person.id.casefold())
    )
