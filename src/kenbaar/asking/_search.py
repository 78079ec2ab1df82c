"""Asking: photos in, for each face at most three people who agreed to be the answer, as letters."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from string import ascii_uppercase

from kenbaar.asking._cases import Cases, new_case
from kenbaar.asking._limits import (
    COUNTED,
    MOST_PHOTOS,
    PER_DAY,
    picture_mark,
    probe_mark,
    refuse_answer,
    refuse_too_much,
)
from kenbaar.asking._records import Case, CaseFace, CasePhoto, Shown
from kenbaar.collections import Collections
from kenbaar.consent import ASKED, Consents, Sessions, attempted
from kenbaar.detection import detect_closely, with_fine_landmarks
from kenbaar.errors import PhotoUnreadable, SearchRefused, UsageError
from kenbaar.faces import Face
from kenbaar.gallery import ConsentedGallery
from kenbaar.ledger import Act, Journal, require_permission
from kenbaar.matching import MOST_CANDIDATES, Band, Threshold, rank_candidates
from kenbaar.media import Photo, encode_name, encode_photo
from kenbaar.modelpack import ModelPack
from kenbaar.policy import JURISDICTIONS, Actor, BasisRow, Event

MOST_FACES = 50  # in all photos of one question: more is no question about somebody
_REASON_CHARS = (3, 500)
_PHOTO_QUALITY = 92


@dataclass(frozen=True, slots=True)
class Probe:
    """A photo that somebody asks about. name: as they know it."""

    name: str
    photo: Photo = field(repr=False)


@dataclass(frozen=True, slots=True)
class AskedPack:
    """A pack that people are found with, and from which score."""

    pack: ModelPack
    threshold: Threshold


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, and on what. basis: a row of the jurisdiction's. digests: of the photos, before they are read.

    collection: whose pictures alone are told with a name. Candidates do not depend on it: who asked could make one with
    a single person in it, and learn from the answer who that is.
    """

    reason: str
    basis: str
    digests: tuple[str, ...]
    collection: str | None = None


class Searches:
    """Asking with photos, for one archive."""

    def __init__(
        self,
        consents: Consents,
        collections: Collections,
        cases: Cases,
        journal: Journal,
        recent: Callable[[datetime, frozenset[Event]], Iterable[Act]],
        photos_a_day: int,
    ) -> None:
        """recent: the acts of these kinds since then."""
        self._consents, self._collections, self.cases = consents, collections, cases
        self._journal, self._recent, self._photos_a_day = journal, recent, photos_a_day

    def bases(self) -> dict[str, BasisRow]:
        """On what it may be asked here."""
        return dict(JURISDICTIONS[self._consents.jurisdiction].bases)

    def search(
        self,
        actor: Actor,
        question: Question,
        probes: Callable[[], Sequence[Probe]],
        packs: Callable[[], Sequence[AskedPack]],
        sessions: Sessions,
    ) -> Case:
        """Who may be on these photos. The reason and the basis are in the ledger before a photo is read.

        probes: reads the photos; packs: opens the packs, the one in use first. sessions: of people who hold their own
        key; without theirs they are no answer. Raises SearchRefused, RoleRefused, UsageError; PhotoUnreadable where no
        face is found, or too many.
        """
        with attempted(self._consents, Event.SEARCH, actor, None):
            require_permission(Event.SEARCH, actor, None)
            if actor.kind != "staff":
                raise SearchRefused(
                    "Asking with a photo needs an account: two others decide, so it must be known who asked.",
                    "Use --as ACCOUNT; `kenbaar staff invite` makes one.",
                )
            question = self._checked(question)
            marks = [probe_mark(actor.name, digest) for digest in question.digests]
            self._refuse_too_much(actor, marks)
        case = new_case(actor.name, question.reason, question.basis, question.collection, self._journal.now())
        with attempted(self._consents, Event.SEARCH, actor, None), self._journal.writing():
            self._refuse_too_much(actor, marks)  # again: nobody else writes now
            entry = self._journal.record(
                Event.SEARCH,
                actor,
                case=case.id,
                photos=len(question.digests),
                probes=marks,
                reason=case.reason,
                basis=case.basis,
                collection=case.collection,
                held_by_themselves=sorted(sessions.by_subject),
            )
        read = probes()
        if tuple(probe.photo.digest for probe in read) != question.digests:
            raise PhotoUnreadable("A photo changed while it was asked about.", "Ask again.")
        opened = packs()
        found = [_faces(probe.photo, opened[0].pack) for probe in read]
        _refuse_faces(found)
        ranked = self._ranked(entry, read, found, opened, sessions)
        case = replace(
            case,
            photos=tuple(_case_photo(p) for p in read),
            faces=tuple(
                CaseFace(n, place, face.box, candidates)
                for n, (place, face, candidates) in enumerate(zip(_places(found), _flat(found), ranked, strict=True))
            ),
        )
        return self._kept(actor, case, read, sessions)

    def _refuse_too_much(self, actor: Actor, marks: Sequence[str]) -> None:
        refuse_too_much(actor.name, marks, self._asked_lately(), self._photos_a_day)

    def _asked_lately(self) -> Iterable[Act]:
        return self._recent(self._journal.now() - PER_DAY, COUNTED)

    def _checked(self, question: Question) -> Question:
        """The question, if it may be asked like this."""
        if not 1 <= len(question.digests) <= MOST_PHOTOS:
            raise UsageError(f"{len(question.digests)} photos were given.", f"Ask about 1 to {MOST_PHOTOS} at a time.")
        reason = " ".join(unicodedata.normalize("NFC", question.reason).split())
        least, most = _REASON_CHARS
        if not least <= len(reason) <= most or any(unicodedata.category(c) in ("Cc", "Cs", "Cf") for c in reason):
            raise UsageError(
                "The reason is too short, too long, or holds control characters.",
                f"Say in {least} to {most} characters what the answer is for: whoever is shown reads it.",
            )
        if question.basis not in (allowed := self.bases()):
            raise UsageError(
                "That is no basis on which somebody may be looked for here.",
                f"Use {', '.join(allowed)}. Criminal investigation is none.",
            )
        if question.collection is not None:
            self._collections.get(question.collection)
        return replace(question, reason=reason)

    def _ranked(
        self,
        entry: int,
        probes: Sequence[Probe],
        found: Sequence[Sequence[Face]],
        packs: Sequence[AskedPack],
        sessions: Sessions,
    ) -> list[tuple[Shown, ...]]:
        """For each face its candidates. What was made of the faces is overwritten before this returns."""
        said_no = self._collections.store.rejections(*{p.photo.digest for p in probes})
        places = _places(found)
        barred = {
            (i, r.subject) for i, place in enumerate(places) for r in said_no if r.digest == probes[place].photo.digest
        }
        by_face: list[list[tuple[str, Band]]] = [[] for _ in places]
        for asked in packs:
            gallery = self._consents.open_gallery(ASKED, asked.pack.digest, sessions, dim=asked.pack.dim)
            gallery.recorded(entry)
            try:
                _add(by_face, _candidates(probes, found, asked, gallery, barred, places))
            finally:
                gallery.wipe()
        return [tuple(self._shown(one)) for one in by_face]

    def _shown(self, found: Sequence[tuple[str, Band]]) -> list[Shown]:
        asked = ((subject, self._asked_by(subject), band) for subject, band in found)
        kept = [(subject, grant, band) for subject, grant, band in asked if grant is not None]
        return [
            Shown(letter, subject, grant, band)
            for letter, (subject, grant, band) in zip(ascii_uppercase, kept[:MOST_CANDIDATES], strict=False)
        ]

    def _asked_by(self, subject: str) -> str | None:
        """The consent of theirs, in force now, by which they may be the answer."""
        return next((g.id for g in self._consents.living_grants(subject) if g.purpose.kind in ASKED), None)

    def _kept(self, actor: Actor, case: Case, probes: Sequence[Probe], sessions: Sessions) -> Case:
        """The case, told to everybody who is shown in it, and kept. Without candidates nothing of the photos is.

        Raises SearchRefused where it would tell one account more than it may be told; then nothing is told or kept.
        """
        pictures = [picture_mark(actor.name, probe.photo) for probe in probes]
        with attempted(self._consents, Event.SEARCH, actor, None), self._journal.writing():
            for subject in _shown_in(case):
                if self._asked_by(subject) is None:  # they took it back while the photo was looked at
                    case = case.without(subject)
            refuse_answer(actor.name, pictures, _shown_in(case), self._asked_lately())
            for subject in _shown_in(case):
                self._journal.record(
                    Event.CANDIDATE, actor, subject=subject, case=case.id, reason=case.reason, basis=case.basis
                )
            case = replace(case, faces=tuple(self._with_portraits(face, sessions) for face in case.faces))
            answered = sum(bool(face.candidates) for face in case.faces)
            photos = [encode_photo(p.photo.pixels, "JPEG", quality=_PHOTO_QUALITY) for p in probes] if answered else []
            self.cases.begin(case, photos)
            self._journal.record(
                Event.SEARCH_END, actor, case=case.id, faces=len(case.faces), answered=answered, pictures=pictures
            )
        return case

    def _with_portraits(self, face: CaseFace, sessions: Sessions) -> CaseFace:
        """With the portraits of people who hold their own key: to reviewers, later, they do not open without them."""
        kept = []
        for shown in face.candidates:
            session = sessions.of(shown.subject)
            portrait = None if session is None else self._consents.open_portrait(shown.subject, session)
            kept.append(replace(shown, portrait=portrait))
        return replace(face, candidates=tuple(kept))


def _case_photo(probe: Probe) -> CasePhoto:
    return CasePhoto(encode_name(probe.name), probe.photo.digest, probe.photo.width, probe.photo.height)


def _faces(photo: Photo, pack: ModelPack) -> list[Face]:
    """The faces of one photo, found as a sweep finds them."""
    side = pack.manifest.detector.long_side
    faces = detect_closely(lambda _: photo, pack, side)
    return with_fine_landmarks(lambda: photo, pack, faces, max(photo.width, photo.height), side)


def _shown_in(case: Case) -> list[str]:
    """Everybody who is a candidate in it, in order."""
    return sorted({shown.subject for face in case.faces for shown in face.candidates})


def _refuse_faces(found: Sequence[Sequence[Face]]) -> None:
    if not any(found):
        which = "that photo" if len(found) == 1 else "these photos"
        raise PhotoUnreadable(f"No face was found in {which}.", "Use one where the face is seen larger.")
    if (faces := sum(map(len, found))) > MOST_FACES:
        raise PhotoUnreadable(
            f"There are {faces} faces in what was asked about.", f"Cut out whom you ask about: {MOST_FACES} at most."
        )


def _candidates(
    probes: Sequence[Probe],
    found: Sequence[Sequence[Face]],
    asked: AskedPack,
    gallery: ConsentedGallery,
    barred: set[tuple[int, str]],
    places: Sequence[int],
) -> list[list[tuple[str, Band]]]:
    """For each face of all photos: who of one pack's people may be on it, the most alike first.

    Templates are made where nobody can be the answer too: it takes the same time then.
    """
    templates = [t for p, faces in zip(probes, found, strict=True) for t in asked.pack.make_templates(p.photo, faces)]
    try:
        ranked = rank_candidates(templates, gallery, asked.threshold, barred=barred, pictures=places)
    finally:
        for template in templates:
            template.vector[...] = 0  # strangers' too: they become nothing
    return [[(candidate.subject, candidate.band) for candidate in one] for one in ranked]


def _add(by_face: list[list[tuple[str, Band]]], more: Sequence[Sequence[tuple[str, Band]]]) -> None:
    for known, new in zip(by_face, more, strict=True):
        known += [one for one in new if one[0] not in {subject for subject, _ in known}]


def _places(found: Sequence[Sequence[Face]]) -> list[int]:
    """For each face of all photos, which photo it is on."""
    return [place for place, faces in enumerate(found) for _ in faces]


def _flat(found: Sequence[Sequence[Face]]) -> list[Face]:
    return [face for faces in found for face in faces]
