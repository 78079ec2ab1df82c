"""From 1 to 5 photos of one person to the vectors of their template, or a reason they can act on."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from kenbaar.errors import EnrolmentRefused
from kenbaar.faces import Box, Face
from kenbaar.media import Photo, encode_photo, shrunk
from kenbaar.modelpack import ModelPack

MOST_PHOTOS = 5  # one photo misses 2.7 %, three 0.27 %, five 0.10 %: docs/decisions/0024-what-improves-the-templates.md
LOOSER_DECADES = 2.3  # one person's photos are compared at 200 times the false match rate of a search: this is a
# check that nobody mixed up folders, not an identification
_ENROL_AGAIN = "Then enrol again: the token still works."
PORTRAIT_PX = 512  # the longer side of what is kept of a portrait, at most: enough to compare with by eye
_PART, _WHOLE, _WIDER = 0.7, 0.9, 3  # a mouth, or a frame around the face, that a thorough look takes for a face:
# so much of it lies in the face, or it holds so much of the face and is at most so many times as large. Of 164 photos
# of one person each, taken in a laboratory (15 people, default 2), 11 were refused without this, 2 with it
_BESIDE, _ABOVE, _BELOW = 0.65, 0.7, 1.0  # of the face's longer side, beyond its box: hair, ears, neck and shoulders


def read_portraits(photos: Sequence[Photo], pack: ModelPack, *, same_person: float) -> NDArray[np.float32]:
    """The template's vectors, float32 (k, d), one per photo, in the photos' order.

    Raises EnrolmentRefused naming the photo by its place in the call. A photo given twice counts once.
    """
    if not 1 <= len(photos) <= MOST_PHOTOS:
        raise EnrolmentRefused(f"{len(photos)} photos were given.", f"Give 1 to {MOST_PHOTOS} photos of one person.")
    vectors: dict[str, NDArray[np.float32]] = {}
    places: list[int] = []
    for place, photo in enumerate(photos, start=1):
        if photo.digest in vectors:
            continue
        vectors[photo.digest] = pack.make_template(photo, _the_one_face(photo, pack, f"photo {place}")).vector
        places.append(place)
    rows = np.stack(list(vectors.values()))
    _check_one_person(rows, places, same_person)
    return rows


def read_live(photo: Photo, pack: ModelPack) -> NDArray[np.float32]:
    """The vector, float32 (1, d), of somebody who is here. Raises EnrolmentRefused for what nobody could enrol with."""
    face = _the_one_face(photo, pack, "the photo", "Take another one, in good light and from the front.")
    return pack.make_template(photo, face).vector[np.newaxis].copy()


def read_reference(
    portrait: Photo,
    rows: NDArray[np.float32],
    pack: ModelPack,
    *,
    same_person: float,
    detect_everybody: Callable[[Photo], Sequence[Box]],
) -> bytes:
    """What is kept of a portrait: head and shoulders alone, upright, at most 512 px, as JPEG without metadata.

    rows: the vectors of the photos it is enrolled with, (k, d); it may be one of them. detect_everybody: every face
    in a photo, as thoroughly as publishing looks. Raises EnrolmentRefused: no face, a second one, not good enough, or
    not the person of the photos.
    """
    photo = portrait.as_decoded()
    face = _the_one_face(photo, pack, "the portrait")
    if not all(_is_of(face.box, box) for box in detect_everybody(photo)):
        raise EnrolmentRefused(
            "There may be a second face in the portrait.", "Use one with nobody else in it, or cut them off."
        )
    own, mean = pack.make_template(photo, face).vector, rows.mean(axis=0)
    if float(own @ mean) / float(np.linalg.norm(mean)) < same_person:
        raise EnrolmentRefused(
            "The portrait and the photos do not seem to show the same person.", "Use photos of one person alone."
        )
    kept = _head_and_shoulders(face.box).clipped(photo.width, photo.height)
    pixels = np.ascontiguousarray(photo.pixels[kept.y_min : kept.y_max, kept.x_min : kept.x_max])
    return encode_photo(shrunk(pixels, PORTRAIT_PX), "JPEG")


def _is_of(face: Box, found: Box) -> bool:
    """Whether what was found is that face, a part of it, or a frame around it."""
    shared = face.intersection(found).area
    around = shared >= _WHOLE * face.area and found.area <= _WIDER * face.area
    return face.is_same_face(found) or shared >= _PART * found.area or around


def _head_and_shoulders(face: Box) -> Box:
    side = max(face.width, face.height)
    beside, above, below = (round(share * side) for share in (_BESIDE, _ABOVE, _BELOW))
    return Box(face.x_min - beside, face.y_min - above, face.x_max + beside, face.y_max + below)


def _the_one_face(photo: Photo, pack: ModelPack, called: str, otherwise: str = _ENROL_AGAIN) -> Face:
    """The only face in a photo, good enough to enrol with."""
    faces = pack.detect_faces(photo)
    if not faces:
        raise EnrolmentRefused(
            f"No face was found in {called}.", "Use one where the face is seen from the front, in good light."
        )
    if len(faces) > 1:
        raise EnrolmentRefused(
            f"There are {len(faces)} faces in {called}.", "Use one with nobody else in it, or cut them off."
        )
    if problems := pack.quality_problems(photo, faces[0]):
        raise EnrolmentRefused(
            f"{called[0].upper()}{called[1:]} cannot be used. {' '.join(problems)}",
            otherwise,
        )
    return faces[0]


def _check_one_person(rows: NDArray[np.float32], places: Sequence[int], same_person: float) -> None:
    """Each photo is compared with the mean of the others."""
    if len(rows) < 2:
        return
    for i, place in enumerate(places):
        rest = np.delete(rows, i, axis=0).mean(axis=0)
        if float(rows[i] @ rest) / float(np.linalg.norm(rest)) < same_person:
            which = f"photos {places[0]} and {places[1]}" if len(rows) == 2 else f"photo {place} and the others"
            raise EnrolmentRefused(
                f"{which[0].upper()}{which[1:]} do not seem to show the same person.", "Use photos of one person alone."
            )
