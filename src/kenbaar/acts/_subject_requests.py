"""What people ask for by law: received, seen, put off, answered; and somebody covered who never enrolled."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from kenbaar.acts._act import act
from kenbaar.acts._publish import copy_id
from kenbaar.archive import Archive
from kenbaar.collections import Cover, Item, still_of
from kenbaar.errors import NotFound, Refused, UsageError
from kenbaar.faces import Box
from kenbaar.media import digest_bytes
from kenbaar.policy import Actor, Event, Permission
from kenbaar.subject_requests import RequestKind, RequestState, SubjectRequest

_SHARE = 8  # of the longer side: how large a place is covered where no face was found at the point


@dataclass(frozen=True, slots=True)
class AddRequestRequest:
    """What somebody asks: of whom enrolled (subject), or of nobody we know; where the answer goes; their words."""

    kind: RequestKind
    subject: str | None = None
    contact: str = field(default="", repr=False)
    words: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class RequestRow:
    """One request. due: the last day to answer; days_left: until then, below 0 where it is overdue, None: answered.

    name: of whom enrolled. item: the picture that somebody pointed at themselves in, and where, px.
    """

    request: str
    kind: RequestKind
    state: RequestState
    received_at: datetime
    due: date
    days_left: int | None
    subject: str | None
    name: str | None = field(repr=False)
    contact: str = field(repr=False)
    words: str = field(repr=False)
    reason: str | None = field(repr=False)
    answer: str | None = field(repr=False)
    item: str | None
    x: int | None
    y: int | None


@act("request add", Permission.SPEAK_FOR, own=True)
def add_request(archive: Archive, actor: Actor, request: AddRequestRequest) -> RequestRow:
    """A new one, by the person or as it came by letter. Its month begins today. Raises UsageError, NotFound."""
    made = archive.subject_requests.receive(
        actor, request.kind, subject=request.subject, contact=request.contact, words=request.words
    )
    return _row(archive, made)


@dataclass(frozen=True, slots=True)
class ListRequestsRequest:
    """all: those that were answered, too."""

    all: bool = False


@dataclass(frozen=True, slots=True)
class RequestsAnswer:
    """The one that is due first at the beginning."""

    requests: tuple[RequestRow, ...]


@act("request list", Permission.SPEAK_FOR)
def list_requests(archive: Archive, actor: Actor, request: ListRequestsRequest) -> RequestsAnswer:
    """Everybody's, with the clock of each."""
    found = archive.subject_requests.store.all()
    return RequestsAnswer(tuple(_row(archive, r) for r in found if request.all or r.is_open))


@dataclass(frozen=True, slots=True)
class OwnRequestsRequest:
    """Whose."""

    subject: str


@act("request own", Permission.SPEAK_FOR, own=True)
def own_requests(archive: Archive, actor: Actor, request: OwnRequestsRequest) -> RequestsAnswer:
    """What one person asked, and what they were told."""
    return RequestsAnswer(tuple(_row(archive, r) for r in archive.subject_requests.of(request.subject)))


@dataclass(frozen=True, slots=True)
class ShowRequestRequest:
    """Which one."""

    request: str


@act("request show", Permission.SPEAK_FOR)
def show_request(archive: Archive, actor: Actor, request: ShowRequestRequest) -> RequestRow:
    """One. Raises NotFound."""
    return _row(archive, archive.subject_requests.get(request.request))


@dataclass(frozen=True, slots=True)
class ExtendRequestRequest:
    """Which one takes two months more, and why: the person is told."""

    request: str
    reason: str = field(repr=False)


@act("request extend", Permission.SPEAK_FOR)
def extend_request(archive: Archive, actor: Actor, request: ExtendRequestRequest) -> RequestRow:
    """Puts it off, once. Raises UsageError, Refused, NotFound."""
    return _row(archive, archive.subject_requests.extend(actor, request.request, request.reason))


@dataclass(frozen=True, slots=True)
class AnswerRequestRequest:
    """What was done, or (refused) why not."""

    request: str
    answer: str = field(repr=False)
    refused: bool = False


@act("request answer", Permission.SPEAK_FOR)
def answer_request(archive: Archive, actor: Actor, request: AnswerRequestRequest) -> RequestRow:
    """Answers it. Raises UsageError, Refused, NotFound."""
    done = archive.subject_requests.answer(actor, request.request, request.answer, refused=request.refused)
    return _row(archive, done)


@dataclass(frozen=True, slots=True)
class MatchCopyRequest:
    """A picture as it was published, handed in by whoever it may show."""

    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class MatchCopyAnswer:
    """Which copy it is. width, height: px of the upright original."""

    copy: str
    width: int
    height: int


@act("copies match", Permission.SPEAK_FOR)
def match_copy(archive: Archive, actor: Actor, request: MatchCopyRequest) -> MatchCopyAnswer:
    """Which published copy these bytes are: by content alone, no face is looked at. Raises NotFound."""
    digest = digest_bytes(request.data)
    for copy in archive.publisher.copies.all():
        if copy.copy_digest == digest:
            item = _published(archive, copy_id(copy))
            if item.kind == "video":
                raise NotFound(
                    "In videos nobody can be pointed at here yet.", "Say which video it is, and when you are in it."
                )
            return MatchCopyAnswer(copy_id(copy), item.width or 0, item.height or 0)
    raise NotFound(
        "This is not a picture that was published here, or it was changed on its way.",
        "Describe the picture and where you saw it instead.",
    )


@dataclass(frozen=True, slots=True)
class AskToBeCoveredRequest:
    """Which copy, and where in it: shares of its width from the left and of its height from the top, 0 up to below 1.

    contact, words: as they wish to give them.
    """

    copy: str
    across: float
    down: float
    contact: str = field(default="", repr=False)
    words: str = field(default="", repr=False)


@act("cover ask", Permission.SPEAK_FOR)
def ask_to_be_covered(archive: Archive, actor: Actor, request: AskToBeCoveredRequest) -> RequestRow:
    """Somebody objects to being visible in a published picture, and points at themselves. Nothing is compared."""
    item = _published(archive, request.copy)
    if not (0 <= request.across < 1 and 0 <= request.down < 1):
        raise UsageError("That point is not in the picture.", "Point at your face.")
    made = archive.subject_requests.receive(
        actor, "objection", contact=request.contact, words=request.words, item=item.id, digest=item.digest,
        point=(int(request.across * (item.width or 0)), int(request.down * (item.height or 0))),
    )  # fmt: skip
    return _row(archive, made)


@dataclass(frozen=True, slots=True)
class CoverRequest:
    """Which request is granted: whoever is at its point is covered from now on."""

    request: str


@dataclass(frozen=True, slots=True)
class CoverAnswer:
    """The place that is covered in every copy from now on; the copies that are out and must come down."""

    request: str
    item: str
    box: Box
    copies: tuple[Path, ...]


@act("cover", Permission.SPEAK_FOR)
def cover(archive: Archive, actor: Actor, request: CoverRequest) -> CoverAnswer:
    """Covers that place in every copy of that content, whatever anybody agreed to. Raises NotFound, Refused."""
    asked = archive.subject_requests.get(request.request)
    if asked.item is None or asked.digest is None or asked.x is None or asked.y is None:
        raise Refused("Nobody pointed at a picture with this request.", "Answer it with what was done.")
    if not asked.is_open:
        raise Refused("This request was answered already.", "See its answer.")
    item = archive.collections.store.item(asked.item)
    if item is None or item.digest != asked.digest:
        raise NotFound("That picture is gone, or is another one by now.", "Answer the request with what was done.")
    place = _place(archive, item, asked.x, asked.y)
    journal = archive.journal
    with journal.writing():
        mark = Cover(asked.digest, place[0], journal.act_time(), place[1])
        face = " ".join(map(str, (*place[0].as_list(), *(() if place[1] is None else (place[1],)))))
        journal.record(Event.COVER, actor, content=asked.digest, face=face, request=asked.id, item=item.id)
        archive.collections.store.cover(mark)
    copies = tuple(Path(c.path) for c in archive.publisher.copies.all() if c.source_digest == asked.digest)
    return CoverAnswer(asked.id, item.id, place[0], copies)


def _place(archive: Archive, item: Item, x: int, y: int) -> tuple[Box, float | None]:
    """The face at that point, the smallest where several are; a square around the point where none was found."""
    still = still_of(archive.collections.store, item)
    at = [b for b in still.faces if b.x_min <= x < b.x_max and b.y_min <= y < b.y_max]
    if at:
        return min(at, key=lambda box: box.area), still.at_s
    half = max(16, max(item.width or 0, item.height or 0) // _SHARE // 2)
    square = Box(x - half, y - half, x + half, y + half)
    return square.clipped(item.width or 0, item.height or 0), still.at_s


def _published(archive: Archive, copy: str) -> Item:
    found = next((c for c in archive.publisher.copies.all() if copy_id(c) == copy), None)
    item = archive.collections.store.item(found.item) if found is not None else None
    if found is None or item is None or item.digest != found.source_digest:
        raise NotFound("There is no such copy.", "Hand in the picture as it was published.")
    return item


def _row(archive: Archive, request: SubjectRequest) -> RequestRow:
    today = archive.journal.now().date()
    person = archive.consents.store.subject(request.subject) if request.subject else None
    return RequestRow(
        request=request.id,
        kind=request.kind,
        state=request.state,
        received_at=request.received_at,
        due=request.due,
        days_left=request.days_left(today) if request.is_open else None,
        subject=request.subject,
        name=person.name if person is not None else None,
        contact=request.contact,
        words=request.words,
        reason=request.reason,
        answer=request.answer,
        item=request.item,
        x=request.x,
        y=request.y,
    )
