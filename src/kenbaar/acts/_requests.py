"""What a person asks: find me, this is me, this is not me."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from kenbaar.acts._act import NO_PROGRESS, Progress, act
from kenbaar.acts._json import HIDDEN
from kenbaar.acts._sweep import UnreadableRow
from kenbaar.archive import Archive
from kenbaar.asking import is_case
from kenbaar.collections import Certainty, How
from kenbaar.consent import Code, open_sessions
from kenbaar.errors import UsageError
from kenbaar.faces import Box
from kenbaar.policy import Actor, Event, Permission
from kenbaar.rights import Picture, write_contact_sheet, write_sheet_of_somebody_here
from kenbaar.sweep import SeenHere


@dataclass(frozen=True, slots=True)
class FindRequest:
    """Whose pictures. reason: why somebody looks for them, shown to the person. sheet: an HTML contact sheet."""

    subject: str
    codes: tuple[Code, ...] = field(default=(), repr=False)
    reason: str | None = None
    sheet: Path | None = None


@dataclass(frozen=True, slots=True)
class AppearanceRow:
    """One picture they are in. start_s, end_s: null for photos. when: it was taken. n: the number of the face."""

    item: str
    path: Path
    box: Box
    band: Certainty
    start_s: float | None
    end_s: float | None
    when: datetime | None
    n: int
    collection: str


@dataclass(frozen=True, slots=True)
class FindAnswer:
    """The pictures somebody is in, by collection and path."""

    appearances: tuple[AppearanceRow, ...]


@act("find", Permission.SPEAK_FOR, own=True)
def find(archive: Archive, actor: Actor, request: FindRequest) -> FindAnswer:
    """The pictures somebody is in. The look is in the ledger before it is answered, and shown to the person."""
    if request.sheet:
        archive.refuse_target(request.sheet)
    sessions = open_sessions(archive.consents, request.codes, Event.FIND, actor, request.subject)
    found = archive.requests.find(actor, request.subject, sessions, reason=request.reason)
    if request.sheet:
        write_contact_sheet(found, archive.collections.store, request.sheet, archive.limits, archive.detect_everybody)
    return FindAnswer(tuple(map(_appearance_row, found)))


def _appearance_row(f: Picture) -> AppearanceRow:
    return AppearanceRow(f.item, f.path, f.box, f.band, f.start_s, f.end_s, f.when, f.n, f.collection)


@dataclass(frozen=True, slots=True)
class FindPresentRequest:
    """Somebody is here and agreed, just now, to be found this once: their own photo, and the collection to look in.

    sheet: an HTML contact sheet. workers: processes; None: as the settings say.
    """

    photo: Path
    collection: str
    sheet: Path | None = None
    workers: int | None = None


@dataclass(frozen=True, slots=True)
class FindPresentAnswer:
    """The pictures they are in, by path. compared: photos looked through; unreadable: those that could not be."""

    appearances: tuple[AppearanceRow, ...]
    compared: int
    unreadable: tuple[UnreadableRow, ...]


@act("find present", Permission.SPEAK_FOR)
def find_present(
    archive: Archive, actor: Actor, request: FindPresentRequest, progress: Progress = NO_PROGRESS
) -> FindPresentAnswer:
    """The pictures of somebody who is here. That they agreed is in the ledger before anything is compared; of them
    nothing is kept. Cancelled, nothing is told."""
    if request.sheet:
        archive.refuse_target(request.sheet)
    report = archive.present.find(
        actor,
        request.collection,
        lambda: archive.enrolments.read_live(request.photo),
        archive.packs.in_use(),
        engine=archive.engine(request.workers),
        limits=archive.limits,
        say=lambda p: progress.report("find", p.done, p.total, p.seconds),
        cancelled=progress.cancelled,
    )
    found = [(_picture_here(s, request.collection), s.path, s.digest, s.faces) for s in report.pictures]
    if request.sheet:
        write_sheet_of_somebody_here(found, request.sheet, archive.limits, archive.detect_everybody)
    return FindPresentAnswer(
        tuple(_appearance_row(picture) for picture, *_ in found),
        report.compared,
        tuple(UnreadableRow(u.path, u.why) for u in report.unreadable),
    )


def _picture_here(seen: SeenHere, collection: str) -> Picture:
    return Picture(seen.item, collection, seen.file, seen.n, seen.box, seen.band, seen.when, None, None)


@dataclass(frozen=True, slots=True)
class ClaimRequest:
    """Who says of which face that it is them. n: its number, from `collection show`."""

    subject: str
    item: str
    n: int
    codes: tuple[Code, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class ClaimAnswer:
    """The face, and how it is known."""

    item: str
    subject: str
    box: Box
    band: Certainty
    how: How


@act("claim", Permission.SPEAK_FOR, own=True)
def claim(archive: Archive, actor: Actor, request: ClaimRequest) -> ClaimAnswer:
    """ "This is me": compared with their own template, or taken by hand in mode off. Raises ClaimRefused."""
    appearance = archive.requests.claim(
        actor,
        request.subject,
        request.item,
        request.n,
        open_sessions(archive.consents, request.codes, Event.CLAIM, actor, request.subject),
        lambda: archive.packs.of(request.subject),
        lambda: archive.packs.threshold_of(request.subject),
        archive.limits,
    )
    return ClaimAnswer(request.item, request.subject, appearance.box, appearance.band, appearance.how)


@dataclass(frozen=True, slots=True)
class ConfirmRequest:
    """Whose face, in which item, was said by hand. sheet: a page that shows it, with a number. seen: that number, by
    whoever looked at the page and says the same; None: nothing is confirmed yet."""

    subject: str
    item: str
    sheet: Path | None = None
    seen: str | None = None


@dataclass(frozen=True, slots=True)
class ConfirmAnswer:
    """The face. said_by, confirmed_by: the two accounts; confirmed_by null: nobody confirmed it yet."""

    item: str
    subject: str
    box: Box
    said_by: str | None
    confirmed_by: str | None
    sheet: Path | None


@act("confirm", Permission.CONFIRM)
def confirm(archive: Archive, actor: Actor, request: ConfirmRequest) -> ConfirmAnswer:
    """A second person looks at a face that was said by hand, and says the same. Raises NotFound, ClaimRefused."""
    if (request.sheet is None) == (request.seen is None):
        raise UsageError(
            "Confirming takes two steps.", "First look: --sheet FILE. Then say the number on that page: --seen NUMBER."
        )
    if request.sheet:
        archive.refuse_target(request.sheet)

    def look(picture: Picture, number: str) -> None:
        assert request.sheet is not None
        store, title = archive.collections.store, f"Is this {request.subject}? If so, say the number {number}"
        write_contact_sheet([picture], store, request.sheet, archive.limits, archive.detect_everybody, title=title)

    appearance = archive.requests.confirm(actor, request.subject, request.item, look, request.seen)
    said, second = appearance.said_by, appearance.confirmed_by
    return ConfirmAnswer(request.item, request.subject, appearance.box, said, second, request.sheet)


@dataclass(frozen=True, slots=True)
class ListToConfirmRequest:
    """All that waits for a second person."""


@dataclass(frozen=True, slots=True)
class ToConfirmRow:
    """A face that was said by hand to be somebody's. said_by: the account; it cannot confirm it itself."""

    subject: str
    name: str = field(repr=False)
    item: str
    collection: str
    path: str
    said_by: str | None
    said_at: datetime


@dataclass(frozen=True, slots=True)
class ListToConfirmAnswer:
    """What waits, the oldest first: until somebody else confirms it, it shows nobody."""

    waiting: tuple[ToConfirmRow, ...]


@act("confirm list", Permission.CONFIRM)
def list_to_confirm(archive: Archive, actor: Actor, request: ListToConfirmRequest) -> ListToConfirmAnswer:
    """What was said by hand and nobody confirmed yet."""
    rows = [
        ToConfirmRow(person.id, person.name, item.id, item.collection, item.path, said.said_by, said.seen_at)
        for person in archive.consents.store.subjects()
        if person.left_at is None
        for item, said in archive.collections.store.appearances_of(person.id)
        if said.how == "by hand" and said.confirmed_by is None
    ]
    return ListToConfirmAnswer(tuple(sorted(rows, key=lambda row: row.said_at)))


@dataclass(frozen=True, slots=True)
class LookToConfirmRequest:
    """Whose face, in which item, to look at before confirming it. side_px: the longest side of its JPEG."""

    subject: str
    item: str
    side_px: int | None = None


@dataclass(frozen=True, slots=True)
class LookToConfirmAnswer:
    """The face. number: what `confirm` wants to hear from who looked. jpeg: with everybody else covered, if asked."""

    subject: str
    name: str = field(repr=False)
    item: str
    said_by: str | None
    number: str = field(repr=False)
    jpeg: bytes = field(default=b"", repr=False, metadata=HIDDEN)


@act("confirm look", Permission.CONFIRM)
def look_to_confirm(archive: Archive, actor: Actor, request: LookToConfirmRequest) -> LookToConfirmAnswer:
    """The face that was said by hand to be somebody's, shown to who may confirm it. Raises NotFound, ConsentMissing."""
    seen: list[tuple[Picture, str]] = []
    said = archive.requests.confirm(actor, request.subject, request.item, lambda *shown: seen.append(shown), None)
    ((picture, number),) = seen
    side = request.side_px
    jpeg = archive.on_screen.said_jpeg(request.subject, picture, side) if side is not None else b""
    name = archive.consents.subject(request.subject).name
    return LookToConfirmAnswer(request.subject, name, request.item, said.said_by, number, jpeg)


@dataclass(frozen=True, slots=True)
class RejectRequest:
    """Who says of which item that it is not them. codes: theirs, where they hold their own key."""

    subject: str
    item: str
    codes: tuple[Code, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class RejectAnswer:
    """The face they were on, and are never matched with again."""

    item: str
    subject: str
    box: Box


@act("reject", Permission.SPEAK_FOR, own=True)
def reject(archive: Archive, actor: Actor, request: RejectRequest) -> RejectAnswer:
    """ "This is not me": final for that content, an item's or a case's. Raises NotFound, WrongCode."""
    sessions = open_sessions(archive.consents, request.codes, Event.REJECT, actor, request.subject)
    if is_case(request.item):
        said = archive.reviews.reject(actor, request.subject, request.item, sessions)
        return RejectAnswer(request.item, request.subject, said.box)
    rejection = archive.requests.reject(actor, request.subject, request.item, sessions)
    return RejectAnswer(request.item, request.subject, rejection.box)


@dataclass(frozen=True, slots=True)
class HideRequest:
    """Who is to be visible in no copy of which item (hidden=False: is to be again). codes: theirs, where they hold
    their own key."""

    subject: str
    item: str
    hidden: bool = True
    codes: tuple[Code, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class HideAnswer:
    """Whether they are hidden there now, and the copies that still show them and must come down."""

    item: str
    subject: str
    hidden: bool
    copies: tuple[Path, ...]


@act("hide", Permission.SPEAK_FOR, own=True)
def hide(archive: Archive, actor: Actor, request: HideRequest) -> HideAnswer:
    """ "Do not show me here": of one content, whatever they agreed to elsewhere. Raises NotFound, WrongCode."""
    sessions = open_sessions(archive.consents, request.codes, Event.HIDE, actor, request.subject)
    item = archive.requests.hide(actor, request.subject, request.item, sessions, hidden=request.hidden)
    showing = archive.publisher.copies.showing(request.subject)
    copies = tuple(Path(c.path) for c in showing if request.hidden and c.source_digest == item.digest)
    return HideAnswer(request.item, request.subject, request.hidden, copies)
