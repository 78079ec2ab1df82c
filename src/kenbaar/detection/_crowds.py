"""A closer look at crowds: where the first look hints at faces too small for it, and the photo has more detail.

Measured, with what it costs and finds: docs/decisions/0018-a-closer-look-at-crowds.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from kenbaar.faces import Box, Face, Landmarks
from kenbaar.media import Photo
from kenbaar.modelpack import PhotoPixels

SMALL_PX = 32  # of the look: below, one face in ten is missed, and half of those under 24
WORTH_PX = 20  # of the photo: smaller faces cannot be recognised (8 px between the eyes), so finding them gains nothing
STEP, MOST_STEPS = 2, 2  # each closer look is twice as fine and costs four times as much
_WORTH_IT = 1.5  # a look less than this much finer finds the same faces again
_TILE_PX, _OVERLAP_PX = 1280, 160  # of the look: the detector's memory grows with what it sees at once
_BORDER_PX = 4  # of the look: what ends so near to a border between tiles is a piece of a face
_SAME_IOU = 0.3  # as the detector tells its own findings apart
_PART = 0.75  # a finding with this share in a large face is a part of it: an eye, an ear


class CloseFinder(Protocol):
    """What a closer look needs of a model pack."""

    def find_faces_and_hints(
        self, photo: PhotoPixels, *, long_side: int | None = None
    ) -> tuple[list[Face], list[Face]]:
        """All faces, sorted by box; and what is too doubtful to be one."""


@dataclass(frozen=True, slots=True, eq=False)
class _Tile:
    """A part of a photo's pixels, as a photo of its own. area: where, in those pixels."""

    pixels: NDArray[np.uint8]
    area: Box
    scale: int = 1

    @property
    def width(self) -> int:
        return self.area.width

    @property
    def height(self) -> int:
        return self.area.height


def find_faces_closely(open_at: Callable[[int], Photo], pack: CloseFinder, side: int) -> list[Face]:
    """The faces in a photo, sorted by box, in px of the full photo.

    open_at: the photo, its long side at that many px or more where it has them. side: px, the pack's own look.

    1. The pack's own look.
    2. Where it found or hinted at a face under SMALL_PX and the photo has more detail: a look twice as fine, at the
       tiles of it that have such a face, believed about small faces alone. Then once more.
    """
    photo = open_at(side)
    faces, hints = pack.find_faces_and_hints(photo)
    long_side = max(photo.width, photo.height)
    fresh = faces
    for _ in range(MOST_STEPS):
        finer, px = min(STEP * side, long_side), long_side / side  # px: of the photo for one of the look
        small = [face.box for face in (*fresh, *hints) if WORTH_PX <= _size(face.box) < SMALL_PX * px]
        if not small or finer < _WORTH_IT * side:
            break
        fresh, hints = _look(open_at(finer), pack, finer, small)
        faces, side = _joined(faces, fresh, most_px=STEP * SMALL_PX * px), finer
    return faces


def _size(box: Box) -> int:
    return max(box.width, box.height)


def _look(photo: Photo, pack: CloseFinder, side: int, where: Sequence[Box]) -> tuple[list[Face], list[Face]]:
    """Faces and hints of a look at this long side, in the tiles that hold the middle of one of these boxes."""
    rows, columns = photo.pixels.shape[:2]
    step = max(rows, columns) / side  # px of pixels per px of the look
    faces: list[Face] = []
    hints: list[Face] = []
    for area in _tiles(rows, columns, step):
        if not any(_holds_middle(area, box, photo.scale) for box in where):
            continue
        pixels = np.ascontiguousarray(photo.pixels[area.y_min : area.y_max, area.x_min : area.x_max])
        found = pack.find_faces_and_hints(_Tile(pixels, area), long_side=round(max(pixels.shape[:2]) / step))
        for into, some in zip((faces, hints), found, strict=True):
            into += [_moved(face, area, photo) for face in some if _is_whole(face.box, area, rows, columns, step)]
    return faces, hints


def _tiles(rows: int, columns: int, step: float) -> Iterable[Box]:
    return (
        Box(left, top, right, bottom)
        for top, bottom in _stretches(rows, step)
        for left, right in _stretches(columns, step)
    )


def _stretches(length: int, step: float) -> list[tuple[int, int]]:
    """Evenly spread, at most _TILE_PX of the look long, overlapping by _OVERLAP_PX."""
    tile, overlap = _TILE_PX * step, _OVERLAP_PX * step
    if length <= tile:
        return [(0, length)]
    starts = np.linspace(0, length - tile, ceil((length - overlap) / (tile - overlap))).round().astype(int)
    return [(int(start), min(length, ceil(start + tile))) for start in starts]


def _holds_middle(area: Box, box: Box, scale: int) -> bool:
    x, y = (box.x_min + box.x_max) / 2 / scale, (box.y_min + box.y_max) / 2 / scale
    return area.x_min <= x < area.x_max and area.y_min <= y < area.y_max


def _is_whole(box: Box, area: Box, rows: int, columns: int, step: float) -> bool:
    """Whether it ends before the tile does; a small face cut by a border between tiles lies whole in the next one."""
    near = _BORDER_PX * step
    cut_left, cut_right = area.x_min > 0 and box.x_min < near, area.x_max < columns and box.x_max > area.width - near
    cut_above, cut_below = area.y_min > 0 and box.y_min < near, area.y_max < rows and box.y_max > area.height - near
    return not (cut_left or cut_right or cut_above or cut_below)


def _moved(face: Face, area: Box, photo: Photo) -> Face:
    """A face told in px of a tile, in px of the full photo."""
    k, box = photo.scale, face.box
    full = Box(
        k * (area.x_min + box.x_min),
        k * (area.y_min + box.y_min),
        k * (area.x_min + box.x_max),
        k * (area.y_min + box.y_max),
    )
    origin = np.array([area.x_min, area.y_min], np.float32)
    points = np.asarray((face.landmarks.points + origin) * np.float32(k), np.float32)
    return Face(full.clipped(photo.width, photo.height), Landmarks(points), face.score)


def _joined(known: Sequence[Face], fresh: Sequence[Face], most_px: float) -> list[Face]:
    """Both looks' faces, each once. Of a small face the closer look counts, whose landmarks are finer; of one over
    most_px the one before: closer looks see faces in large hands and clothes
    (docs/experiments/the-default-pack-as-first-measured.md)."""
    large = [face for face in known if _size(face.box) >= most_px]
    joined = list(large)
    believed = (face for face in sorted(fresh, key=lambda f: (-f.score, f.box)) if _size(face.box) < most_px)
    for face in (*believed, *(face for face in known if _size(face.box) < most_px)):
        part = any(face.box.intersection(other.box).area >= _PART * face.box.area for other in large)
        if not part and all(face.box.iou(other.box) < _SAME_IOU for other in joined):
            joined.append(face)
    return sorted(joined, key=lambda face: face.box)
