"""Asking "who is this?", deciding it, and closing it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from kenbaar.acts._act import act
from kenbaar.acts._json import IF_GIVEN
from kenbaar.archive import Archive
from kenbaar.asking import NOBODY, Case, CaseFace, Named, Probe, Question
from kenbaar.collections import Appearance, Certainty, Collection, Item
from kenbaar.consent import Code, open_sessions
from kenbaar.errors import PhotoUnreadable, UsageError
from kenbaar.faces import Box
from kenbaar.matching import Band
from kenbaar.media import Rights, digest_bytes, open_photo, open_untrusted_bytes, read_photo_bytes
from kenbaar.policy import Actor, Event, Permission


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """Photos of somebody. reason: what the answer is for; whoever is shown reads it. basis: on what it is asked.

    collection: only pictures there are told with a name. codes: of people who hold their own key.
    """

    photos: tuple[Path, ...]
    reason: str
    basis: str
    collection: str | None = None
    codes: tuple[Code, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class CandidateRow:
    """Somebody who may be on a face: a letter, the most alike first."""

    candidate: str
    band: Band


@dataclass(frozen=True, slots=True)
class FaceRow:
    """A face that was asked about. photo: as it was handed in; box: px of it. candidates: often none."""

    n: int
    photo: str
    box: Box
    candidates: tuple[CandidateRow, ...]


@dataclass(frozen=True, slots=True)
class SearchAnswer:
    """The case, and for each face who may be on it. Who they are, two other people decide."""

    case: str
    faces: tuple[FaceRow, ...]


@act("search", Permission.SEARCH)
def search(archive: Archive, actor: Actor, request: SearchRequest) -> SearchAnswer:
    """Who may be on these photos, of the people who agreed to be asked about. Raises SearchRefused, PhotoUnreadable."""
    data = [read_photo_bytes(path, archive.limits) for path in request.photos]
    sessions = open_sessions(archive.consents, request.codes, Event.SEARCH, actor)
    settings = archive.settings

    def probes() -> list[Probe]:
        return [
            Probe(
                str(path),
                open_untrusted_bytes(
                    untrusted,
                    "This photo" if len(data) == 1 else f"Photo {n}",
                    archive.limits,
                    timeout_s=3 * settings.untrusted_seconds,
                    memory_bytes=settings.untrusted_mb * 1_000_000,
                    cpu_s=settings.untrusted_seconds,
                ),
            )
            for n, (path, untrusted) in enumerate(zip(request.photos, data, strict=True), start=1)
        ]

    digests = tuple(digest_bytes(one) for one in data)
    question = Question(request.reason, request.basis, digests, request.collection)
    case = archive.searches.search(actor, question, probes, archive.packs.asked, sessions)
    return SearchAnswer(case.id, tuple(_face(case, face) for face in case.faces))


@dataclass(frozen=True, slots=True)
class ReviewRequest:
    """Who a face is. n: its number; candidate: a letter; None: nobody of these."""

    case: str
    n: int
    candidate: str | None


@dataclass(frozen=True, slots=True)
class ReviewAnswer:
    """How many have answered for that face; what they said is told once two have."""

    case: str
    face: int
    reviews: int


@act("case review", Permission.REVIEW)
def review_case(archive: Archive, actor: Actor, request: ReviewRequest) -> ReviewAnswer:
    """One account's answer for one face. Raises CaseRefused, NotFound."""
    choice = NOBODY if request.candidate is None else request.candidate.strip().upper()
    if request.candidate is not None and not choice:
        raise UsageError("No candidate was named.", "Say --is LETTER, or --nobody.")
    case = archive.reviews.review(actor, request.case, request.n, choice)
    face = case.face(request.n)
    return ReviewAnswer(case.id, request.n, len(face.reviews) if face else 0)


@dataclass(frozen=True, slots=True)
class ShowCaseRequest:
    """Which case. sheet: a page with each face beside its candidates, for reviewers."""

    case: str
    sheet: Path | None = None


@dataclass(frozen=True, slots=True)
class CaseFaceRow:
    """A face of a case. reviews: how many have answered. decided: null until two have; then "named" or "nobody"."""

    n: int
    photo: str
    box: Box
    candidates: tuple[CandidateRow, ...]
    reviews: int
    decided: str | None


@dataclass(frozen=True, slots=True)
class KnownPictureRow:
    """A picture somebody is in, with what is known of it. when: it was taken. caption, credit: as its file says."""

    item: str
    path: Path
    box: Box
    band: Certainty
    start_s: float | None
    end_s: float | None
    when: datetime | None
    n: int
    collection: str
    caption: str | None
    credit: str | None


@dataclass(frozen=True, slots=True)
class OutcomeRow:
    """Whom two people chose for a face, and the pictures that are known of them."""

    face: int
    subject: str
    name: str = field(repr=False)
    appearances: tuple[KnownPictureRow, ...]


@dataclass(frozen=True, slots=True)
class ShowCaseAnswer:
    """A case. outcome: the first face that is named; outcomes: all of them. Before two agree neither is there."""

    case: str
    opened: datetime
    until: datetime
    reason: str
    basis: str
    collection: str | None
    faces: tuple[CaseFaceRow, ...]
    sheet: Path | None = None
    outcome: OutcomeRow | None = field(default=None, metadata=IF_GIVEN)
    outcomes: tuple[OutcomeRow, ...] | None = field(default=None, metadata=IF_GIVEN)


@act("case show", Permission.READ)
def show_case(archive: Archive, actor: Actor, request: ShowCaseRequest) -> ShowCaseAnswer:
    """A case as this account may see it: who asked sees letters, reviewers what they compare. Raises CaseRefused."""
    if request.sheet:
        archive.refuse_target(request.sheet)
    case, named = archive.reviews.show(actor, request.case)
    if request.sheet:
        archive.case_sheets.write(actor, case, request.sheet)
    outcomes = tuple(_outcome(archive, one) for one in named)
    return ShowCaseAnswer(
        case=case.id,
        opened=case.opened_at,
        until=case.expires_at,
        reason=case.reason,
        basis=case.basis,
        collection=case.collection,
        faces=tuple(_case_face(case, face) for face in case.faces),
        sheet=request.sheet,
        outcome=outcomes[0] if outcomes else None,
        outcomes=outcomes or None,
    )


@dataclass(frozen=True, slots=True)
class ListCasesRequest:
    """All open cases of this account."""


@dataclass(frozen=True, slots=True)
class CaseRow:
    """An open case. mine: this account asked. waiting: faces that this account has not answered for."""

    case: str
    opened: datetime
    until: datetime
    reason: str
    mine: bool
    faces: int
    waiting: int


@dataclass(frozen=True, slots=True)
class ListCasesAnswer:
    """The open cases that this account may work on, oldest first."""

    cases: tuple[CaseRow, ...]


@act("case list", Permission.READ)
def list_cases(archive: Archive, actor: Actor, request: ListCasesRequest) -> ListCasesAnswer:
    """The cases this account asked, or may review."""
    return ListCasesAnswer(tuple(_row(archive, actor, case) for case in archive.reviews.all_for(actor)))


@dataclass(frozen=True, slots=True)
class CloseCaseRequest:
    """Which case ends."""

    case: str


@dataclass(frozen=True, slots=True)
class CloseCaseAnswer:
    """It is over: nothing of it opens any more."""

    case: str


@act("case close", Permission.READ)
def close_case(archive: Archive, actor: Actor, request: CloseCaseRequest) -> CloseCaseAnswer:
    """Ends a case; its photos and its answers are gone. Raises CaseRefused."""
    archive.reviews.close(actor, request.case)
    return CloseCaseAnswer(request.case)


def _candidates(face: CaseFace) -> tuple[CandidateRow, ...]:
    return tuple(CandidateRow(shown.letter, shown.band) for shown in face.candidates)


def _face(case: Case, face: CaseFace) -> FaceRow:
    return FaceRow(face.n, case.photos[face.photo].name, face.box, _candidates(face))


def _case_face(case: Case, face: CaseFace) -> CaseFaceRow:
    decided = ("named" if face.agreed else "nobody") if face.decided else None
    return CaseFaceRow(face.n, case.photos[face.photo].name, face.box, _candidates(face), len(face.reviews), decided)


def _outcome(archive: Archive, named: Named) -> OutcomeRow:
    collections = {c.name: c for c in archive.collections.store.all()}
    rows = [_known(archive, item, a, collections[item.collection]) for item, a in named.appearances]
    return OutcomeRow(named.face, named.subject, named.name, tuple(rows))


def _known(archive: Archive, item: Item, a: Appearance, collection: Collection) -> KnownPictureRow:
    file, rights = collection.file(item.path), Rights()
    with suppress(PhotoUnreadable):  # gone or changed since: what it says now may be of another picture
        rights = open_photo(file, archive.limits, detail_side=1, digest=item.digest or "", rights=True).rights
    return KnownPictureRow(
        item=item.id,
        path=file.path,
        box=a.box,
        band=a.band,
        start_s=a.start_s,
        end_s=a.end_s,
        when=item.taken_at,
        n=a.n,
        collection=item.collection,
        caption=rights.caption,
        credit=rights.credit,
    )


def _row(archive: Archive, actor: Actor, case: Case) -> CaseRow:
    mine = archive.reviews.asked(actor, case)
    waiting = [f for f in case.faces if not f.decided and not archive.reviews.answered(actor, f)]
    return CaseRow(
        case.id, case.opened_at, case.expires_at, case.reason, mine, len(case.faces), 0 if mine else len(waiting)
    )
