"""One photo: who in it agreed to be recognised? Engines only decide where and when this runs."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from kenbaar.collections import EmbeddingPermit
from kenbaar.detection import detect_closely, with_fine_landmarks
from kenbaar.faces import Box, Face, Landmarks
from kenbaar.gallery import ConsentedGallery
from kenbaar.matching import Band, Decision, Threshold, match_faces
from kenbaar.media import FORMATS, JPEG_SCALES, FileBelow, Photo, PhotoLimits, open_photo_bytes, read_photo_bytes
from kenbaar.modelpack import FaceEmbedder, ModelPack

ENOUGH_BETWEEN_EYES_PX = 20  # of the decoded pixels: a template of more detail is the same (cosine 0.993 and up; from
# 16 px 0.990, from 8 px 0.96: docs/decisions/0018)


@dataclass(frozen=True, slots=True)
class Comparison:
    """People whose templates are of one pack, that pack, and what a score takes to be a match among them."""

    pack: FaceEmbedder
    gallery: ConsentedGallery
    threshold: Threshold


@dataclass(frozen=True, slots=True)
class Recognised:
    """One enrolled person on one face. n: its number in `PhotoAnalysis.faces`."""

    n: int
    subject: str
    band: Band


@dataclass(frozen=True, slots=True)
class PhotoAnalysis:
    """What leaves the worker: where all faces are, names of those who agreed, and counts. No vector, no score.

    landmarks: of each face in order, packed, where faces were compared; () where they were not.
    only: whom it was compared with, where that was not the whole gallery.
    """

    digest: str
    width: int
    height: int
    taken_at: datetime | None
    faces: tuple[Box, ...]
    recognised: tuple[Recognised, ...]
    unknown: int
    undecided: int
    landmarks: tuple[bytes, ...] = ()
    only: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class KnownFaces:
    """What an earlier analysis with the same pack found in that content: all faces, with their landmarks, packed."""

    digest: str
    width: int
    height: int
    faces: tuple[Box, ...]
    landmarks: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Barred:
    """A person who said "this is not me" of this content."""

    subject: str
    digest: str


def analyse_photo(
    path: Path | FileBelow,
    limits: PhotoLimits,
    pack: ModelPack,
    permit: EmbeddingPermit,
    gallery: ConsentedGallery,
    threshold: Threshold,
    barred: Sequence[Barred] = (),
    *,
    detail_side: int | None = None,
    known: KnownFaces | None = None,
    older: Sequence[Comparison] = (),
) -> PhotoAnalysis:
    """Everyone in this photo who agreed to be found. Unmatched probes are forgotten on return.

    The permit decides whether a template is made at all; where it says no, nothing below `detect_faces` runs.
    detail_side: px, the long side that the pack's detector works at; None: the photo is decoded and searched whole.
    known: where the faces are, if they were found before; believed if the file still is what it was then.
    older: people who enrolled with other packs and have not renewed: their pack compares the faces that this one found.
    """
    file = _File(read_photo_bytes(path, limits), limits)
    comparisons = [Comparison(pack, gallery, threshold), *older]
    comparisons = [c for c in comparisons if len(c.gallery)] if permit.scope == "all" else []
    compares = bool(comparisons)
    faces = _faces_known(file, known, detail_side) if known is not None and compares else None
    if faces is None:
        faces = _faces_found(file, pack, detail_side)
        if permit.scope == "all":  # kept for known faces too, so also where nobody can be found yet
            faces = _with_fine_landmarks(file, pack, faces, detail_side)
    photo = file.photo
    boxes = tuple(face.box for face in faces)
    landmarks = tuple(face.landmarks.packed() for face in faces) if permit.scope == "all" else ()
    if not compares or not faces:
        return PhotoAnalysis(photo.digest, photo.width, photo.height, photo.taken_at, boxes, (), 0, 0, landmarks)
    photo = file.at(_enough_for_templates(faces, max(photo.width, photo.height), detail_side))
    not_them = {(n, b.subject) for b in barred if b.digest == photo.digest for n in range(len(faces))}
    decisions = merge_decisions([_compared(photo, faces, c, not_them) for c in comparisons])
    recognised = tuple(
        Recognised(n, d.subject, d.band)
        for n, d in enumerate(decisions)
        if d.subject is not None and d.band is not None
    )
    outcomes = [d.outcome for d in decisions]
    unknown, undecided = outcomes.count("unknown"), outcomes.count("undecided")
    return PhotoAnalysis(
        photo.digest, photo.width, photo.height, photo.taken_at, boxes, recognised, unknown, undecided, landmarks
    )


def _compared(
    photo: Photo,
    faces: Sequence[Face],
    comparison: Comparison,
    barred: AbstractSet[tuple[int, str]],
) -> list[Decision]:
    """Who each face is, of those enrolled with one pack."""
    probes = comparison.pack.make_templates(photo, faces)
    decisions = match_faces(probes, comparison.gallery, comparison.threshold, barred=barred)
    for probe in probes:
        probe.vector[...] = 0  # what nobody consented to does not outlive its comparison
    return decisions


def merge_decisions(by_pack: Sequence[list[Decision]]) -> list[Decision]:
    """What all packs say of each face, in order: by_pack has a list of decisions per pack, of the same faces.

    Where two packs have something to say of a face, nobody is named: scores of different packs cannot be held against
    each other, and a miss is better than a wrong name.
    """
    merged = []
    for decisions in zip(*by_pack, strict=True):
        telling = [d for d in decisions if d.outcome != "unknown"]
        merged.append(telling[0] if len(telling) == 1 else Decision("undecided" if telling else "unknown"))
    return merged


def open_known(
    path: Path | FileBelow, limits: PhotoLimits, known: KnownFaces, detail_side: int | None
) -> tuple[Photo, list[Face]] | None:
    """The photo, decoded for templates of its known faces, and those; None where the file is another by now."""
    file = _File(read_photo_bytes(path, limits), limits)
    faces = _faces_known(file, known, detail_side)
    return None if faces is None else (file.photo, faces)


class _File:
    """A photo file, read once, decoded as finely as somebody needs it; the last decoding is kept."""

    def __init__(self, data: bytes, limits: PhotoLimits) -> None:
        self._data, self._limits = data, limits
        self._photo: Photo | None = None
        self._side: int | None = None

    @property
    def photo(self) -> Photo:
        """As it was decoded last."""
        assert self._photo is not None
        return self._photo

    def at(self, side: int | None) -> Photo:
        """The photo with this many px of long side or more, if it has them; None: with all it has."""
        if self._photo is None or (side != self._side and not _is_decoded_at(self._photo, side)):
            self._side, self._photo = side, None  # one decoding at a time: large ones are a gigabyte together
            self._photo = open_photo_bytes(self._data, limits=self._limits, detail_side=side)
        return self._photo


def _is_decoded_at(photo: Photo, side: int | None) -> bool:
    """Whether decoding it anew for this side would give the same pixels."""
    k, long_side, scales = photo.scale, max(photo.width, photo.height), FORMATS[photo.format].scales
    if not scales or side is None:
        return k == 1
    return (k == 1 or long_side // k >= side) and (k == max(scales) or long_side // (2 * k) < side)


def _faces_found(file: _File, pack: ModelPack, side: int | None) -> list[Face]:
    return pack.detect_faces(file.at(None)) if side is None else detect_closely(file.at, pack, side)


def _with_fine_landmarks(file: _File, pack: ModelPack, faces: list[Face], side: int | None) -> list[Face]:
    """The same faces, the landmarks of small ones found again in the pixels that a template is cut from. Faces are
    known by these later, so that nothing is to be found again then."""
    if side is None:
        return faces
    long_side = max(file.photo.width, file.photo.height)

    def finely() -> Photo:
        return file.at(_enough_for_templates(faces, long_side, side))

    return with_fine_landmarks(finely, pack, faces, long_side, side)


def _faces_known(file: _File, known: KnownFaces, side: int | None) -> list[Face] | None:
    """The faces found before, if this still is the content they were found in."""
    faces = [
        Face(box, Landmarks.unpacked(points), 1.0) for box, points in zip(known.faces, known.landmarks, strict=True)
    ]
    photo = file.at(_enough_for_templates(faces, max(known.width, known.height), side))
    return faces if photo.digest == known.digest else None


def _enough_for_templates(faces: Sequence[Face], long_side: int, side: int | None) -> int | None:
    """The long side, px, to decode a photo at for templates of these faces. A rule of the faces alone: templates of
    known faces are those of a full analysis to the last bit."""
    if side is None:
        return None
    eyes_px = min(face.landmarks.inter_eye_px for face in faces)
    enough = (k for k in JPEG_SCALES if long_side // k >= side and eyes_px >= k * ENOUGH_BETWEEN_EYES_PX)
    return long_side // next(enough, 1)
