"""One photo: who in it agreed to be recognised? The map of the house; engines only decide where and when it runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from kenbaar.collections import Band, EmbeddingPermit
from kenbaar.errors import KenbaarError
from kenbaar.faces import Box, Face, Template
from kenbaar.gallery import ConsentedGallery
from kenbaar.media import Photo, PhotoLimits, open_photo
from kenbaar.search import Threshold, search

FULL_DETAIL_BELOW_PX = 32  # inter-eye, full-size px: twice the 16 px gate (MODELS.md 4, lever 2): smaller faces are
# read again at full size, larger ones lose nothing that shows


class FaceFinder(Protocol):
    """What a look needs of a model pack."""

    digest: str

    def find_faces(self, photo: Photo) -> list[Face]:
        """All faces, sorted by box."""

    def make_templates(self, photo: Photo, faces: Sequence[Face]) -> list[Template]:
        """One unit vector per face, in order."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One enrolled person on one face. n: its number in `Look.faces`."""

    n: int
    subject: str
    band: Band


@dataclass(frozen=True, slots=True)
class Look:
    """What leaves the worker: boxes of all faces, names of those who agreed, and counts. No vector, no score."""

    digest: str
    width: int
    height: int
    taken_at: datetime | None
    faces: tuple[Box, ...]
    seen: tuple[Seen, ...]
    unknown: int
    undecided: int


@dataclass(frozen=True, slots=True)
class Barred:
    """A person who said "this is not me" of this content."""

    subject: str
    digest: str


def look_at(
    path: Path,
    limits: PhotoLimits,
    pack: FaceFinder,
    permit: EmbeddingPermit,
    gallery: ConsentedGallery,
    threshold: Threshold,
    barred: Sequence[Barred] = (),
    *,
    detail_side: int | None = None,
) -> Look:
    """Everyone in this photo who agreed to be found. Unmatched probes are forgotten on return.

    The permit decides whether a template is made at all; where it says no, nothing below `find_faces` runs.
    """
    photo = open_photo(path, limits, detail_side=detail_side)
    faces = pack.find_faces(photo)
    boxes = tuple(face.box for face in faces)
    if permit.scope != "all" or not faces or not len(gallery):
        return Look(photo.digest, photo.width, photo.height, photo.taken_at, boxes, (), 0, 0)
    digest, taken_at = photo.digest, photo.taken_at
    if photo.scale > 1 and min(face.landmarks.inter_eye_px for face in faces) < FULL_DETAIL_BELOW_PX:
        photo = open_photo(path, limits)
        if photo.digest != digest:
            raise _changed()
    probes = pack.make_templates(photo, faces)
    not_them = {(n, b.subject) for b in barred if b.digest == digest for n in range(len(faces))}
    decisions = search(probes, gallery, threshold, barred=not_them)
    for probe in probes:
        probe.vector[...] = 0  # what nobody consented to does not outlive its comparison
    seen = tuple(
        Seen(n, d.subject, d.band) for n, d in enumerate(decisions) if d.subject is not None and d.band is not None
    )
    outcomes = [d.outcome for d in decisions]
    return Look(
        digest, photo.width, photo.height, taken_at, boxes, seen, outcomes.count("unknown"), outcomes.count("undecided")
    )


def _changed() -> KenbaarError:
    from kenbaar.errors import PhotoUnreadable

    return PhotoUnreadable("This photo changed while it was being read.", "Sweep again when it is finished.")
