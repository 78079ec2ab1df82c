"""Asking "who is this?", deciding it, and closing it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from kenbaar.acts._act import act
from kenbaar.acts._json import HIDDEN, IF_GIVEN
from kenbaar.archive import Archive
from kenbaar.asking import NOBODY, Case, CaseFace, Named, Probe, Question
from kenbaar.collections import Appearance, Certainty, Collection, Item
from kenbaar.consent import Code, open_sessions
from kenbaar.errors import PhotoUnreadable, UsageError
from kenbaar.faces import Box
from kenbaar.matching import Band
from kenbaar.media import Rights, digest_bytes, open_photo, open_untrusted_bytes, read_photo_bytes
from kenbaar.policy import Actor, Event, Permission

PICTURES_AT_ONCE = 24  # of somebody who is named, on one page


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
    """Which case. sheet: a page with each face beside its candidates, for reviewers.

    pictures: with small pictures, for a page: of the faces, and of who is named `PICTURES_AT_ONCE` from `first` on.
    """

    case: str
    sheet: Path | None = None
    pictures: bool = False
    first: int = 0


@dataclass(frozen=True, slots=True)
class CaseFaceRow:
    """A face of a case. reviews: how many have answered. decided: null until two have; then "named" or "nobody".

    picture: the face, everybody else covered (JPEG); None where none was asked for, or the photo is not kept.
    """

    n: int
    photo: str
    box: Box
    candidates: tuple[CandidateRow, ...]
    reviews: int
    decided: str | None
    picture: bytes | None = field(default=None, repr=False, metadata=HIDDEN)


@dataclass(frozen=True, slots=True)
class KnownPictureRow:
    """A picture somebody is in, with what is known of it. when: it was taken. caption, credit: as its file says.

    picture: small, everybody else covered (JPEG); None where none was asked for, or none can be shown.
    """

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
    picture: bytes | None = field(default=None, repr=False, metadata=HIDDEN)


@dataclass(frozen=True, slots=True)
class OutcomeRow:
    """Whom two people chose for a face, and the pictures that are known of them."""

    face: int
    subject: str
    name: str = field(repr=False)
    appearances: tuple[KnownPictureRow, ...]


@dataclass(frozen=True, slots=True)
class ShowCaseAnswer:
    """A case. outcome: the first face that is named; outcomes: all of them. Before two agree neither is there.

    mine: this account asked. may_close: this account may end it.
    """

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
    mine: bool = field(default=False, metadata=HIDDEN)
    may_close: bool = field(default=False, metadata=HIDDEN)


@act("case show", Permission.READ)
def show_case(archive: Archive, actor: Actor, request: ShowCaseRequest) -> ShowCaseAnswer:
    """A case as this account may see it: who asked sees letters, reviewers what they compare. Raises CaseRefused."""
    if request.sheet:
        archive.refuse_target(request.sheet)
    case, named = archive.reviews.show(actor, request.case)
    if request.sheet:
        archive.case_sheets.write(actor, case, request.sheet)
    outcomes = tuple(_outcome(archive, one) for one in named)
    rows = tuple(_case_face(case, face) for face in case.faces)
    if request.pictures:
        asked = archive.case_sheets.asked(case)
        rows = tuple(replace(row, picture=asked[row.n].jpeg if row.n in asked else None) for row in rows)
        outcomes = _with_pictures(archive, outcomes, named, request.first)
    return ShowCaseAnswer(
        case=case.id,
        opened=case.opened_at,
        until=case.expires_at,
        reason=case.reason,
        basis=case.basis,
        collection=case.collection,
        faces=rows,
        sheet=request.sheet,
        outcome=outcomes[0] if outcomes else None,
        outcomes=outcomes or None,
        mine=archive.reviews.asked(actor, case),
        may_close=archive.reviews.may_close(actor, case),
    )


@dataclass(frozen=True, slots=True)
class CompareRequest:
    """Which face of which case is looked at, to be decided. n: its number."""

    case: str
    n: int


@dataclass(frozen=True, slots=True)
class ComparedRow:
    """One candidate. portrait: they left one for this. pictures: it, or their face in collections (JPEG, one size and
    light); often none."""

    candidate: str
    band: Band
    portrait: bool
    pictures: tuple[bytes, ...] = field(default=(), repr=False, metadata=HIDDEN)


@dataclass(frozen=True, slots=True)
class CompareAnswer:
    """A face to decide. picture: it alone, everybody else covered (JPEG). It is the same for both who review it.

    next: another face of this case that waits for this account.
    """

    case: str
    n: int
    reason: str
    basis: str
    until: datetime
    candidates: tuple[ComparedRow, ...]
    next: int | None
    picture: bytes = field(default=b"", repr=False, metadata=HIDDEN)


@act("case compare", Permission.REVIEW)
def compare_case(archive: Archive, actor: Actor, request: CompareRequest) -> CompareAnswer:
    """A face beside its candidates, for whoever may review it. Those whose pictures are opened read that they were.

    Raises CaseRefused, NotFound.
    """
    case = archive.reviews.open_for(actor, request.case)
    card = archive.case_sheets.compare(actor, case, request.n)
    others = [f.n for f in case.faces if f.n != request.n and not f.decided and not archive.reviews.answered(actor, f)]
    bands = {shown.letter: shown.band for face in case.faces if face.n == request.n for shown in face.candidates}
    return CompareAnswer(
        case.id,
        request.n,
        case.reason,
        case.basis,
        case.expires_at,
        tuple(
            ComparedRow(c.letter, bands[c.letter], c.portrait, tuple(p.jpeg for p in c.pictures))
            for c in card.candidates
        ),
        others[0] if others else None,
        card.face.jpeg,
    )


@dataclass(frozen=True, slots=True)
class ListCasesRequest:
    """All open cases of this account."""


@dataclass(frozen=True, slots=True)
class CaseRow:
    """An open case. mine: this account asked. waiting: faces that this account has not answered for; next: the first.

    decided: faces of which everything is said, those included that nobody was found for.
    """

    case: str
    opened: datetime
    until: datetime
    reason: str
    mine: bool
    faces: int
    waiting: int
    decided: int
    next: int | None


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


def _with_pictures(
    archive: Archive, rows: Sequence[OutcomeRow], named: Sequence[Named], first: int
) -> tuple[OutcomeRow, ...]:
    """With small pictures from `first` on, so many at once, of each person where they are told first."""
    some, told, seen = slice(max(0, first), max(0, first) + PICTURES_AT_ONCE), [], set[str]()
    for row, one in zip(rows, named, strict=True):
        here = list(one.appearances[some]) if one.subject not in seen else []
        pictures = archive.case_sheets.known(here)
        shown = [
            replace(a, picture=p.jpeg if p else None) for a, p in zip(row.appearances[some], pictures, strict=False)
        ]
        rest = row.appearances[some.start + len(shown) :]
        told.append(replace(row, appearances=(*row.appearances[: some.start], *shown, *rest)))
        seen.add(one.subject)
    return tuple(told)


def _known(archive: Archive, item: Item, a: Appearance, collection: Collection) -> KnownPictureRow:
    file, rights = collection.file(item.path), Rights()
    with suppress(PhotoUnreadable):  # a video, gone or changed since: what it says now may be of another picture
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
        case=case.id,
        opened=case.opened_at,
        until=case.expires_at,
        reason=case.reason,
        mine=mine,
        faces=len(case.faces),
        waiting=0 if mine else len(waiting),
        decided=sum(face.decided for face in case.faces),
        next=None if mine or not waiting else waiting[0].n,
    )
