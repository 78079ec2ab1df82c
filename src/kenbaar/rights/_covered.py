"""A photo as one person may be shown it: everybody else painted over before anything else is done."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kenbaar.faces import Box
from kenbaar.media import ALL_DETAIL, FileBelow, Photo, PhotoLimits, Rights, encode_photo, open_photo, shrunk
from kenbaar.publish import MASK_COLOUR, mask, mask_box
from kenbaar.video import open_moment

THUMBNAIL_PX = 480
THUMBNAIL_QUALITY = 80  # some 30 kB each: 500 of them are a page a phone opens

DetectAgain = Callable[[Photo], Sequence[Box]]


@dataclass(frozen=True, slots=True, eq=False)
class Covered:
    """pixels: upright, (height, width, 3), with all of `masks` painted over; they hold nothing of the faces there.
    masks: in px of the photo, in the order of the faces told, those that were found besides at the end. rights: of the
    file. reduced: the photo's size / that of pixels, 1 but for the largest JPEGs (PhotoLimits).
    """

    pixels: NDArray[np.uint8] = field(repr=False)
    masks: tuple[Box, ...]
    format: str
    rights: Rights
    reduced: int = 1

    @property
    def width(self) -> int:
        """px."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """px."""
        return int(self.pixels.shape[0])


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A small picture for a page. scale: thumbnail px per px of the photo, at most 1."""

    jpeg: bytes = field(repr=False)
    width: int
    height: int
    scale: float

    @property
    def data_uri(self) -> str:
        """As it stands in a page that is one file."""
        return "data:image/jpeg;base64," + base64.b64encode(self.jpeg).decode("ascii")


def open_covered(
    path: Path | FileBelow,
    digest: str | None,
    limits: PhotoLimits,
    faces: Sequence[Box],
    *,
    shown: int | None,
    detect_again: DetectAgain,
    at_s: float | None = None,
) -> Covered:
    """The photo with every face covered but one. shown: the number of that face; None: nobody stays visible.

    at_s: of a video, the moment; then faces are where they are at that moment, with an empty box for who is not there.
    digest: of the content the faces were found in; another content raises PhotoUnreadable, for its faces are unknown.
    detect_again: finds faces the sweep did not; whatever is not one of `faces` is covered too. A mask wins over the
    face beside it. Raises PhotoUnreadable, PhotoTooLarge.
    """
    if at_s is not None:
        opened = open_moment(path, at_s, digest=digest or "")
    else:
        opened = open_photo(path, limits, digest=digest or "", rights=True, detail_side=ALL_DETAIL)
    scale, photo = opened.scale, opened.as_decoded()
    known = [box.reduced(scale) for box in faces]
    others = [box for n, box in enumerate(known) if n != shown]
    others += [box for box in detect_again(photo) if not any(box.is_same_face(each) for each in known)]
    masks = tuple(
        mask_box(box, photo.width, photo.height, block_px=photo.block_px) if box.area else box for box in others
    )
    full = tuple(
        Box(scale * b.x_min, scale * b.y_min, scale * b.x_max, scale * b.y_max).clipped(opened.width, opened.height)
        for b in masks
    )
    return Covered(mask(photo.pixels, masks), full, photo.format, photo.rights, scale)


def thumbnail(covered: Covered) -> Thumbnail:
    """Small enough for a page, made of the covered pixels alone; nothing is enlarged."""
    scale = min(1.0, THUMBNAIL_PX / max(covered.width, covered.height))
    pixels = shrunk(covered.pixels, THUMBNAIL_PX)
    height, width = pixels.shape[:2]
    data = encode_photo(pixels, "JPEG", quality=THUMBNAIL_QUALITY)
    return Thumbnail(data, width, height, scale / covered.reduced)


FACE_PX = 320  # side of a face as it is held beside others
_AROUND = 1.9  # sides of the face's box that are shown: hair and chin help a person to decide
_LIGHT = 120.0  # mean brightness, 0..255, that faces are brought to, so that light decides nothing
_LIGHT_MOST = 2.5  # times brighter at most: more shows noise


def face_picture(pixels: NDArray[np.uint8], box: Box) -> Thumbnail:
    """One face, with what is around it, at the size and in the light of every other: to be compared by eye.

    pixels: (height, width, 3), everybody else covered already. box: px of them.
    """
    import cv2

    side = max(8, round(_AROUND * max(box.width, box.height)))
    x_min, y_min = (box.x_min + box.x_max - side) // 2, (box.y_min + box.y_max - side) // 2
    canvas = np.full((side, side, 3), MASK_COLOUR, np.uint8)
    seen = Box(x_min, y_min, x_min + side, y_min + side).clipped(pixels.shape[1], pixels.shape[0])
    canvas[seen.y_min - y_min : seen.y_max - y_min, seen.x_min - x_min : seen.x_max - x_min] = pixels[
        seen.y_min : seen.y_max, seen.x_min : seen.x_max
    ]
    shrinks = side > FACE_PX
    small = cv2.resize(canvas, (FACE_PX, FACE_PX), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)
    inner = slice(FACE_PX // 4, -(FACE_PX // 4))
    light = float(small[inner, inner].mean())
    gain = min(_LIGHT_MOST, max(1 / _LIGHT_MOST, _LIGHT / max(light, 1.0)))
    lit = np.asarray(np.clip(small.astype(np.float32) * gain, 0, 255), np.uint8)
    data = encode_photo(lit, "JPEG", quality=90)
    return Thumbnail(data, FACE_PX, FACE_PX, FACE_PX / side)
