"""Looking for faces when nobody may be missed: several looks at one photo, and a second opinion on the finished copy.

What each look finds, what it costs and what it takes for a face: docs/decisions/0007-detection-schedules.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from kenbaar.faces import Box, Face
from kenbaar.publish._mask import MASK_COLOUR, CopyPlan, covered

_TILE_PX = 1280  # the detector's memory grows with the picture: larger looks go tile by tile
_TILE_OVERLAP_PX = (
    160  # of the look: a face up to this size lies whole in some tile; larger ones the smaller looks find
)
_BORDER_PX = 4  # of the look: how near to a border between tiles a finding counts as cut off by it
_WORTH_IT = 1.5  # a look this much finer than the last one finds new faces; below, the same ones
HIDDEN_SHARE = 0.75
"""A face found again in a copy counts as masked when this much of its box is under masks."""
_EDGE_PX = 2  # the decoder's interpolation of colour reaches this far into a mask, from outside
_MOST_OFF = 24  # what JPEG and WebP change in a flat area, levels; a face differs by far more


@dataclass(frozen=True, slots=True)
class Look:
    """One pass of the detector. long_side: px it shrinks the photo to; min_score: 0..1; mirrored: left for right."""

    long_side: int
    min_score: float
    mirrored: bool = False


@dataclass(frozen=True, slots=True)
class DetectionSchedule:
    """The looks whose findings are put together, coarsest first.

    A look is at most `enlarge` times the photo's own size, and is left out where it would be less than half again as
    fine as the one before.
    """

    looks: tuple[Look, ...]
    enlarge: float = 1.5


PUBLISH = DetectionSchedule((Look(640, 0.3), Look(1280, 0.3), Look(5120, 0.3)))
"""For deciding what to mask. Measured on 1,039 faces of 16-400 px in 40 composed group pictures: 758 of 759 from 32 px
on (the one missed in 24 megapixels); in pictures of up to 3840 px, 101 of 101 of 24-31 px and 135 of 146 of 16-23."""

RECHECK = DetectionSchedule((Look(960, 0.5, mirrored=True), Look(2880, 0.5, mirrored=True)))
"""For judging a finished copy: other sizes and the mirror image, so that what the first missed it does not miss again;
a higher score, so that textures do not hold copies."""


class PixelsOfPhoto(Protocol):
    """What is looked at; media.Photo is one. pixels: upright RGB uint8, 1/scale of width x height px."""

    @property
    def pixels(self) -> NDArray[np.uint8]: ...

    @property
    def scale(self) -> int: ...

    @property
    def width(self) -> int: ...

    @property
    def height(self) -> int: ...


class FindFaces(Protocol):
    """ModelPack.find_faces."""

    def __call__(
        self, photo: PixelsOfPhoto, *, long_side: int | None = None, min_score: float | None = None
    ) -> list[Face]: ...


@dataclass(frozen=True, slots=True, eq=False)
class _View:
    """A part of a photo, as a photo of its own."""

    pixels: NDArray[np.uint8]
    scale: int
    width: int
    height: int


def find_all_faces(photo: PixelsOfPhoto, find: FindFaces, schedule: DetectionSchedule) -> list[Box]:
    """Every face that any look of the schedule finds, sorted; of one face found twice, the box around both."""
    whole = max(photo.pixels.shape[:2])
    found: list[Face] = []
    finest = 0
    for look in schedule.looks:
        side = min(look.long_side, round(whole * schedule.enlarge))
        if finest and side < finest * _WORTH_IT:
            continue
        finest = side
        found += _look(photo, find, look, side)
    return _merged(found)


def find_exposed(photo: PixelsOfPhoto, find: FindFaces, plan: CopyPlan, schedule: DetectionSchedule) -> list[Box]:
    """What in a finished copy is neither hidden nor meant to be seen, sorted; publish holds the copy if anything is.

    photo: decoded from the bytes of the finished file, at full size.
    1. A mask that is not one opaque colour there: it hides nothing.
    2. A face that is not hidden (HIDDEN_SHARE of its box under masks) and not one of the revealed (Box.is_same_face).
    """
    exposed = {box for box in plan.masks if not _is_opaque(photo, box)}
    for box in find_all_faces(photo, find, schedule):
        revealed = any(box.is_same_face(shown) for shown in plan.reveals)
        if covered(box, plan.masks) < HIDDEN_SHARE and not revealed:
            exposed.add(box)
    return sorted(exposed)


def _is_opaque(photo: PixelsOfPhoto, box: Box) -> bool:
    inside = box.padded(-_EDGE_PX).clipped(photo.width, photo.height)
    under = photo.pixels[inside.y_min : inside.y_max, inside.x_min : inside.x_max].astype(np.int16)
    return bool((np.abs(under - np.array(MASK_COLOUR, np.int16)) <= _MOST_OFF).all())


def _look(photo: PixelsOfPhoto, find: FindFaces, look: Look, side: int) -> list[Face]:
    """What one look at this long side finds, in px of the full photo; tile by tile where it is finer than _TILE_PX."""
    pixels = photo.pixels[:, ::-1] if look.mirrored else photo.pixels
    rows, columns = pixels.shape[:2]
    step = max(rows, columns) / side  # px of pixels per px of the look
    found: list[Face] = []
    for top, bottom in _tiles(rows, step) if side > _TILE_PX else [(0, rows)]:
        for left, right in _tiles(columns, step) if side > _TILE_PX else [(0, columns)]:
            seen = _look_at_tile(pixels, Box(left, top, right, bottom), find, step, look.min_score)
            found += [_moved(face, columns if look.mirrored else None, photo) for face in seen]
    return found


def _look_at_tile(pixels: NDArray[np.uint8], area: Box, find: FindFaces, step: float, min_score: float) -> list[Face]:
    """The faces that lie whole in this area, in px of pixels.

    One that ends at a border between tiles is a piece of a face: a small face lies whole in the next tile, a large one
    belongs to a coarser look. Kept, pieces of a revealed face would hold its copy (seen: mouth and chin of a portrait).
    """
    rows, columns = pixels.shape[:2]
    tile = _enlarged(pixels[area.y_min : area.y_max, area.x_min : area.x_max], step)
    long_side = max(tile.shape[:2]) if step <= 1 else round(max(tile.shape[:2]) / step)
    across, down = area.width / tile.shape[1], area.height / tile.shape[0]
    near = _BORDER_PX * step
    whole: list[Face] = []
    for face in find(_View(tile, 1, tile.shape[1], tile.shape[0]), long_side=long_side, min_score=min_score):
        x_min, x_max = area.x_min + face.box.x_min * across, area.x_min + face.box.x_max * across
        y_min, y_max = area.y_min + face.box.y_min * down, area.y_min + face.box.y_max * down
        cut_across = 0 < area.x_min > x_min - near or columns > area.x_max < x_max + near
        cut_down = 0 < area.y_min > y_min - near or rows > area.y_max < y_max + near
        if not (cut_across or cut_down):
            box = Box(floor(x_min), floor(y_min), ceil(x_max), ceil(y_max))
            whole.append(Face(box, face.landmarks, face.score))  # landmarks are of no use here and stay as they were
    return whole


def _enlarged(pixels: NDArray[np.uint8], step: float) -> NDArray[np.uint8]:
    """Contiguous pixels, enlarged where the look is finer; the detector itself only enlarges tiny photos."""
    if step >= 1:
        return np.ascontiguousarray(pixels)
    import cv2

    size = (max(1, round(pixels.shape[1] / step)), max(1, round(pixels.shape[0] / step)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_LINEAR), np.uint8)


def _tiles(length: int, step: float) -> list[tuple[int, int]]:
    """Stretches of length px, evenly spread, at most _TILE_PX of the look long, overlapping by _TILE_OVERLAP_PX."""
    tile, overlap = _TILE_PX * step, _TILE_OVERLAP_PX * step
    if length <= tile:
        return [(0, length)]
    count = int(np.ceil((length - overlap) / (tile - overlap)))
    starts = np.linspace(0, length - tile, count).round().astype(int)
    return [(int(start), min(length, int(np.ceil(start + tile)))) for start in starts]


def _moved(face: Face, mirrored_columns: int | None, photo: PixelsOfPhoto) -> Face:
    """A face in px of the pixels looked at, in px of the full photo."""
    box, k = face.box, photo.scale
    if mirrored_columns is not None:
        box = Box(mirrored_columns - box.x_max, box.y_min, mirrored_columns - box.x_min, box.y_max)
    full = Box(k * box.x_min, k * box.y_min, k * box.x_max, k * box.y_max)
    return Face(full.clipped(photo.width, photo.height), face.landmarks, face.score)


def _merged(found: Sequence[Face]) -> list[Box]:
    """One box per face: findings that are the same face join the best-scored one, and the box holds them all."""
    best: list[Box] = []
    around: list[Box] = []
    for face in sorted(found, key=lambda f: (-f.score, f.box)):
        if (same := face.box.nearest(best)) is None:
            best.append(face.box)
            around.append(face.box)
        else:
            around[same] = around[same].around(face.box)
    return sorted(around)
