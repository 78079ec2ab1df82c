"""A case to look at: the face that was asked about beside its candidates, at one size and in one light."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kenbaar.asking import Case, CaseFace, Cases, Reviews, Shown
from kenbaar.collections import (
    Appearance,
    Collections,
    Item,
    still_of,
)
from kenbaar.consent import Consents
from kenbaar.disk import writing_atomically
from kenbaar.errors import CaseRefused, KenbaarError, NotFound, ReaderUnavailable
from kenbaar.faces import Box
from kenbaar.media import Photo, PhotoLimits, open_own_bytes
from kenbaar.policy import Actor
from kenbaar.publish import mask, mask_box
from kenbaar.rights._covered import Covered, DetectAgain, Thumbnail, face_picture, open_covered, thumbnail
from kenbaar.rights._pages import page

PICTURES_EACH = 3  # of a candidate who left no portrait


@dataclass(frozen=True, slots=True)
class CandidateCard:
    """One candidate. pictures: their portrait, or their face in collections; none: nothing can be shown of them."""

    letter: str
    band: str
    pictures: tuple[Thumbnail, ...]
    portrait: bool


@dataclass(frozen=True, slots=True)
class FaceCard:
    """A face that was asked about, and who may be on it."""

    n: int
    face: Thumbnail
    candidates: tuple[CandidateCard, ...]
    case: str


class CaseSheets:
    """Makes the page on which a reviewer compares."""

    def __init__(
        self,
        consents: Consents,
        collections: Collections,
        cases: Cases,
        reviews: Reviews,
        limits: PhotoLimits,
        detect_again: DetectAgain,
    ) -> None:
        """detect_again: every face in a photo, so that whoever was not asked about is covered."""
        self._consents, self._collections, self._cases, self._reviews = consents, collections, cases, reviews
        self._limits, self._detect_again = limits, detect_again

    def write(self, actor: Actor, case: Case, out: Path) -> None:
        """The page, for a reviewer of this case alone: who asked is shown nobody. Raises CaseRefused.

        Whose portrait or pictures are on it reads so: it is in the ledger before they are opened.
        """
        self._require_reviewer(actor, case)
        cards = [self._face_card(actor, case, face) for face in case.faces if not face.decided]
        with writing_atomically(out) as file:
            for piece in page("case.html", case=case, cards=cards):
                file.write(piece)

    def compare(self, actor: Actor, case: Case, n: int) -> FaceCard:
        """One face that waits for this reviewer's answer, beside its candidates. Raises CaseRefused, NotFound.

        It says nothing of what others answered, nor whether: who looks first and who looks second see the same.
        Whose portrait or pictures are on it reads so: it is in the ledger before they are opened.
        """
        self._require_reviewer(actor, case)
        face = case.face(n)
        if face is None:
            raise NotFound(f"Case {case.id} has no face {n}.", "See `kenbaar case show`.")
        if face.decided or self._reviews.answered(actor, face):
            raise CaseRefused(f"Of face {n} there is nothing left for this account to say.", "See what else waits.")
        return self._face_card(actor, case, face)

    def asked(self, case: Case) -> dict[int, Thumbnail]:
        """Each face that was asked about by its number, everybody else covered; none where no photo is kept."""
        shown: dict[int, Thumbnail] = {}
        for place in sorted({face.photo for face in case.faces}):
            if (opened := self._kept(case, place)) is not None:
                shown |= {f.n: _face_asked(case, f, *opened) for f in case.faces if f.photo == place}
        return shown

    def known(self, found: list[tuple[Item, Appearance]]) -> list[Thumbnail | None]:
        """Pictures of somebody two people named, everybody else covered; None: it is gone or changed since."""
        pictures = (self._own_picture(item, appearance) for item, appearance in found)
        return [None if covered is None else thumbnail(covered) for covered in pictures]

    def _require_reviewer(self, actor: Actor, case: Case) -> None:
        if not self._reviews.may_compare(actor, case):
            raise CaseRefused(
                "What candidates look like is shown to those who review the case alone.",
                "Ask two colleagues to review it.",
            )

    def _face_card(self, actor: Actor, case: Case, face: CaseFace) -> FaceCard:
        opened = self._kept(case, face.photo)
        if opened is None:
            raise CaseRefused("The photo of this case is not kept any more.", "Ask anew.")
        cards = tuple(self._candidate_card(actor, case, one) for one in face.candidates)
        return FaceCard(face.n, _face_asked(case, face, *opened), cards, case.id)

    def _kept(self, case: Case, place: int) -> tuple[Photo, list[Box]] | None:
        """One of the case's photos and every face that is found in it; None where it is not kept."""
        kept = self._cases.photo(case, place)
        if kept is None:
            return None
        photo = open_own_bytes(kept)
        return photo, list(self._detect_again(photo))

    def _candidate_card(self, actor: Actor, case: Case, shown: Shown) -> CandidateCard:
        portrait = self._portrait(actor, case, shown)
        pictures = (portrait,) if portrait else self._own_pictures(actor, case, shown.subject)
        return CandidateCard(shown.letter, shown.band, pictures, portrait is not None)

    def _portrait(self, actor: Actor, case: Case, shown: Shown) -> Thumbnail | None:
        """What they left to be compared with, opened for a reviewer of this case; None where they left none."""
        data = shown.portrait or self._consents.open_portrait(shown.subject, None)
        if data is None:
            return None
        self._reviews.compared(actor, case, shown.subject, portrait=True)
        photo = open_own_bytes(data)
        whole = Box(0, 0, photo.width, photo.height)
        return face_picture(photo.pixels, max(self._detect_again(photo), key=_size, default=whole))

    def _own_pictures(self, actor: Actor, case: Case, subject: str) -> tuple[Thumbnail, ...]:
        """Their face in a few pictures of collections, everybody else covered."""
        store = self._collections.store
        found = store.appearances_of(subject)
        if found:
            self._reviews.compared(actor, case, subject, portrait=False)
        pictures: list[Thumbnail] = []
        for item, appearance in sorted(found, key=lambda one: -_size(one[1].box)):
            covered = self._own_picture(item, appearance)
            if covered is None:
                continue  # another picture will do
            pictures.append(face_picture(covered.pixels, appearance.box.reduced(covered.reduced)))
            if len(pictures) == PICTURES_EACH:
                break
        return tuple(pictures)

    def _own_picture(self, item: Item, appearance: Appearance) -> Covered | None:
        """One picture of somebody, everybody else covered; None where it is gone or changed since."""
        still = still_of(self._collections.store, item, appearance.n)
        file = self._collections.get(item.collection).file(item.path)
        try:
            return open_covered(
                file,
                item.digest,
                self._limits,
                still.faces,
                shown=appearance.n,
                detect_again=self._detect_again,
                at_s=still.at_s,
            )
        except ReaderUnavailable:
            raise
        except KenbaarError:
            return None


def _face_asked(case: Case, face: CaseFace, photo: Photo, found: list[Box]) -> Thumbnail:
    """The face that is asked about, everybody else covered. found: every face in its photo, known or not."""
    scale = max(1, round(case.photos[face.photo].width / photo.width))
    box = face.box.reduced(scale)
    known = [f.box.reduced(scale) for f in case.faces if f.photo == face.photo and f.n != face.n]
    besides = [b for b in found if not b.is_same_face(box)]
    others = [mask_box(b, photo.width, photo.height) for b in (*known, *besides)]
    return face_picture(mask(photo.pixels, others), box)


def _size(box: Box) -> int:
    return min(box.width, box.height)
