"""A case as values: what was asked, who may be the answer, and what two people said. All of it is sealed at rest."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

from kenbaar.faces import Box
from kenbaar.matching import Band
from kenbaar.text import read_json

NOBODY = ""  # a reviewer's answer: none of these
REVIEWERS = 2  # AI Act, article 14(5): two people verify separately before anything follows from an identification


@dataclass(frozen=True, slots=True)
class Shown:
    """A candidate as a reviewer knows them: a letter. grant: the consent to be asked about that made them one.

    portrait: theirs (JPEG), where they hold their own key, so that it opens for reviewers without them; else None.
    """

    letter: str
    subject: str
    grant: str
    band: Band
    portrait: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Review:
    """What one account said of one face: a letter, or NOBODY."""

    account: str
    choice: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class CaseFace:
    """One face of a photo that somebody asked about. photo: which; box: px of that photo."""

    n: int
    photo: int
    box: Box
    candidates: tuple[Shown, ...] = ()
    reviews: tuple[Review, ...] = ()

    @property
    def decided(self) -> bool:
        """Whether there is nothing left to decide."""
        return not self.candidates or len(self.reviews) >= REVIEWERS

    @property
    def agreed(self) -> Shown | None:
        """The candidate whom all reviewers chose; None: nobody, or not decided yet."""
        choices = {review.choice for review in self.reviews}
        if len(self.reviews) < REVIEWERS or len(choices) != 1:
            return None
        return next((shown for shown in self.candidates if shown.letter in choices), None)


@dataclass(frozen=True, slots=True)
class CasePhoto:
    """A photo that somebody asked about. name: as it was handed in (encode_name); digest: of its content; px."""

    name: str
    digest: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Case:
    """One question: whose it is, why it may be asked, the faces, and what was said of them.

    photo_key: what its photos are sealed with. kept: whether they were: where nobody was a candidate they were not.
    collection: whose pictures alone are told with a name; None: all.
    """

    id: str
    searcher: str
    reason: str
    basis: str
    collection: str | None
    opened_at: datetime
    expires_at: datetime
    photo_key: bytes = field(repr=False)
    photos: tuple[CasePhoto, ...] = ()
    faces: tuple[CaseFace, ...] = ()
    kept: bool = False

    def face(self, n: int) -> CaseFace | None:
        """The face with that number."""
        return next((face for face in self.faces if face.n == n), None)

    def with_face(self, face: CaseFace) -> Case:
        """The same case with this face in place of the one of its number."""
        return replace(self, faces=tuple(face if f.n == face.n else f for f in self.faces))

    def without(self, subject: str) -> Case:
        """The same case as though that person had never been a candidate; what was said of them is nobody."""
        return replace(self, faces=tuple(_without(face, subject) for face in self.faces))

    def concerns(self, subject: str) -> bool:
        """Whether that person is a candidate here."""
        return any(shown.subject == subject for face in self.faces for shown in face.candidates)

    def packed(self) -> bytes:
        """The bytes that are sealed."""
        return json.dumps(
            {
                "searcher": self.searcher,
                "reason": self.reason,
                "basis": self.basis,
                "collection": self.collection,
                "photo_key": self.photo_key.hex(),
                "photos": [[p.name, p.digest, p.width, p.height] for p in self.photos],
                "faces": [_packed_face(f) for f in self.faces],
                "kept": self.kept,
            }
        ).encode()

    @classmethod
    def unpacked(cls, data: bytes, id_: str, opened_at: datetime, expires_at: datetime) -> Case:
        """The case in these bytes."""
        said = read_json(data)
        return cls(
            id_,
            said["searcher"],
            said["reason"],
            said["basis"],
            said["collection"],
            opened_at,
            expires_at,
            bytes.fromhex(said["photo_key"]),
            tuple(CasePhoto(*photo) for photo in said["photos"]),
            tuple(_unpacked_face(face) for face in said["faces"]),
            said["kept"],
        )


@dataclass(frozen=True, slots=True)
class SealedCase:
    """A case as it lies in the records. key_id: of the key that opens it as it is now; its earlier ones are gone."""

    id: str
    opened_at: datetime
    expires_at: datetime
    key_id: str
    sealed: bytes = field(repr=False)


class CaseStore(Protocol):
    """Where sealed cases lie. Each call is one transaction."""

    def add(self, case: SealedCase, photos: Sequence[bytes]) -> None:
        """A new case, with its sealed photos."""

    def get(self, case: str) -> SealedCase | None:
        """One case, or None."""

    def all(self) -> list[SealedCase]:
        """Every case, oldest first."""

    def replace(self, case: SealedCase) -> None:
        """The same case as it is now."""

    def photo(self, case: str, n: int) -> bytes | None:
        """One of its photos, sealed; None where it has none."""

    def photo_numbers(self, case: str) -> list[int]:
        """Which of its photos there are, in order."""

    def remove(self, case: str) -> None:
        """Removes the case and its photos, to the last byte."""


def _without(face: CaseFace, subject: str) -> CaseFace:
    gone = {shown.letter for shown in face.candidates if shown.subject == subject}
    if not gone:
        return face
    left = tuple(shown for shown in face.candidates if shown.letter not in gone)
    reviews = tuple(replace(r, choice=NOBODY) if r.choice in gone else r for r in face.reviews)
    return replace(face, candidates=left, reviews=reviews)


def _packed_face(face: CaseFace) -> dict[str, Any]:
    return {
        "n": face.n,
        "photo": face.photo,
        "box": face.box.as_list(),
        "candidates": [
            [s.letter, s.subject, s.grant, s.band, base64.b64encode(s.portrait).decode() if s.portrait else None]
            for s in face.candidates
        ],
        "reviews": [[r.account, r.choice] for r in face.reviews],
    }


def _unpacked_face(said: dict[str, Any]) -> CaseFace:
    return CaseFace(
        said["n"],
        said["photo"],
        Box(*said["box"]),
        tuple(
            Shown(letter, subject, grant, band, base64.b64decode(portrait) if portrait else None)
            for letter, subject, grant, band, portrait in said["candidates"]
        ),
        tuple(Review(account, choice) for account, choice in said["reviews"]),
    )
