"""Looking for faces when nobody may be missed: at the whole photo, at tiles of it, and once more wherever in doubt.

What each step finds and costs: docs/decisions/0025-publishing-in-less-time.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import ceil, floor, log
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from kenbaar.faces import Box, Face
from kenbaar.modelpack import PhotoPixels

_TILE_AREA = 500_000  # px of the look: the network is a third quicker per pixel there than on two megapixels at once
_OVERLAP_PX = 96  # of the look: a face up to this size lies whole in some tile; larger ones the look before finds
_BORDER_PX = 4  # of the look: how near to a border between tiles a finding counts as cut off by it
_MOST_FINER = 3.4  # from one look to the next: what is too large for the tiles' overlap has 28 px in the look before
_WORTH_IT = 1.5  # a look less than this much finer than the one before finds the same faces again
_ENLARGE = 1.5  # small photos are enlarged so far: faces of 16 px are found there then, which at 1 are not
_CLOSE_PX, _CLOSE_FACE_PX = 64, 40  # a closer look: a picture of 64 px with the doubtful face 40 px high in its middle
_CLOSE_WIDE = 1.2  # faces are about so much higher than wide; one that is stretched is looked at as if it were not
_CLOSE_BATCH = 32
_EDGE_PX = 2
_SAME_IOU = 0.3  # as the detector tells its own findings apart


@dataclass(frozen=True, slots=True)
class DetectionSchedule:
    """How finely a photo is looked at.

    coarse_px:   long side of the first look, at the whole photo: for large faces.
    share:       of the photo's own size, the last look: for small ones. Looks between, where those two lie far apart.
    at_least_px: long side of the last look at least, where the photo is not too small for that.
    min_score:   from here on a finding is a face.
    hint_score:  from here on it is looked at closely,
    close_score: and is a face if both scores together reach this.
    edge_score:  from here on a finding that the photo's edge cuts off is one: a closer look shows no more of it.
    mirrored:    whether the photo is looked at left for right.
    """

    coarse_px: int
    share: float
    at_least_px: int
    min_score: float
    hint_score: float
    close_score: float
    edge_score: float
    mirrored: bool = False

    def long_sides(self, photo_px: int) -> list[int]:
        """The looks' long sides at a photo of this long side, coarsest first."""
        last = max(round(self.share * photo_px), min(self.at_least_px, round(_ENLARGE * photo_px)))
        if last < _WORTH_IT * min(self.coarse_px, photo_px):
            return [max(self.coarse_px, min(last, photo_px))]
        first = min(self.coarse_px, photo_px)
        steps = max(1, ceil(log(last / first) / log(_MOST_FINER)))
        return [round(first * (last / first) ** (n / steps)) for n in range(steps + 1)]


PUBLISH = DetectionSchedule(
    coarse_px=640, share=0.85, at_least_px=1280, min_score=0.3, hint_score=0.03, close_score=0.28, edge_score=0.1
)
"""For deciding what to mask. Measured on composed group pictures of up to 3840 px: 873 of 882 faces of 24 px and more
(docs/decisions/0025-publishing-in-less-time.md)."""

RECHECK = DetectionSchedule(
    coarse_px=800,
    share=0.5,
    at_least_px=960,
    min_score=0.5,
    hint_score=0.05,
    close_score=0.55,
    edge_score=0.5,
    mirrored=True,
)
"""For judging a finished copy: other sizes and the mirror image, so that what the first missed it does not miss again;
a higher score, so that textures do not hold copies."""


class FaceFinder(Protocol):
    """What these looks need of a ModelPack."""

    def find_faces_and_hints(
        self, photo: PhotoPixels, *, long_side: int | None = None, min_score: float | None = None, hint_score: float
    ) -> tuple[list[Face], list[Face]]:
        """All faces of a photo, and what scores from hint_score on and is too doubtful to be one."""

    def find_in_batch(self, pictures: Sequence[NDArray[np.uint8]], *, min_score: float) -> list[list[Face]]:
        """The faces in each of several pictures of one size."""


@dataclass(frozen=True, slots=True, eq=False)
class _View:
    """Pixels, as a photo of their own."""

    pixels: NDArray[np.uint8]
    scale: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class _Finding:
    """Something that may be a face, in px of the pixels looked at."""

    box: Box
    score: float


def find_all_faces(
    photo: PhotoPixels,
    finder: FaceFinder,
    schedule: DetectionSchedule,
    *,
    hidden: Callable[[Box], bool] = lambda _: False,
) -> list[Box]:
    """Every face that the schedule finds, sorted; of one face found twice, the box around both.

    1. A look at the whole photo.
    2. Finer ones, tile by tile.
    3. A closer look at every place where one of them found something too doubtful to be a face. Doubtful means nearly
       nothing (0.03): of small, cut-off and stretched faces little more is to be seen in 1 and 2.
    hidden: what needs no closer look, in px of the photo.
    """
    pixels = np.ascontiguousarray(photo.pixels[:, ::-1]) if schedule.mirrored else photo.pixels
    rows, columns = pixels.shape[:2]
    first, *finer = schedule.long_sides(max(rows, columns))
    faces, hints = finder.find_faces_and_hints(
        _View(pixels, 1, columns, rows), long_side=first, min_score=schedule.min_score, hint_score=schedule.hint_score
    )
    found = [_Finding(face.box, face.score) for face in (*faces, *hints)]
    for side in finer:
        found += _look_in_tiles(pixels, finder, side, schedule.hint_score)
    sure = [each for each in found if each.score >= schedule.min_score]
    doubtful = [
        each
        for each in _distinct([each for each in found if each.score < schedule.min_score], sure)
        if not hidden(_in_photo(each.box, photo, schedule.mirrored))
    ]
    sure += [each for each in doubtful if each.score >= schedule.edge_score and _at_edge(each.box, rows, columns)]
    sure += _look_closely(pixels, finder, doubtful, schedule)
    return _merged([_Finding(_in_photo(each.box, photo, schedule.mirrored), each.score) for each in sure])


def _look_in_tiles(pixels: NDArray[np.uint8], finder: FaceFinder, side: int, min_score: float) -> Iterable[_Finding]:
    """What a look at this long side finds, one tile at a time."""
    rows, columns = pixels.shape[:2]
    step = max(rows, columns) / side  # px of pixels per px of the look
    down, across = _grid(rows / step, columns / step)
    for top, bottom in _stretches(rows, down, step):
        for left, right in _stretches(columns, across, step):
            area = Box(left, top, right, bottom)
            size = (max(1, round(area.width / step)), max(1, round(area.height / step)))
            (seen,) = finder.find_in_batch([_cut(pixels, area, size)], min_score=min_score)
            yield from _whole(seen, area, size, rows, columns)


def _look_closely(
    pixels: NDArray[np.uint8], finder: FaceFinder, doubtful: Sequence[_Finding], schedule: DetectionSchedule
) -> Iterable[_Finding]:
    """The faces in the pictures around what is doubtful, each shown at the size that the detector sees best."""
    rows, columns = pixels.shape[:2]
    size = (_CLOSE_PX, _CLOSE_PX)
    least = min([schedule.min_score, *(schedule.close_score - doubt.score for doubt in doubtful)])
    for begin in range(0, len(doubtful), _CLOSE_BATCH):
        some = doubtful[begin : begin + _CLOSE_BATCH]
        areas = [_around(doubt.box) for doubt in some]
        pictures = [_cut(pixels, area, size) for area in areas]
        for doubt, area, seen in zip(some, areas, finder.find_in_batch(pictures, min_score=least), strict=True):
            for each in _whole(seen, area, size, rows, columns):
                same = each.box.iou(doubt.box) >= _SAME_IOU
                if each.score >= (schedule.close_score - doubt.score if same else schedule.min_score):
                    yield each


def _around(box: Box) -> Box:
    """Where to look closely for a doubtful face in this box; may reach out of the photo."""
    beside = _CLOSE_PX / _CLOSE_FACE_PX / 2
    half_x, half_y = max(2, ceil(beside * _CLOSE_WIDE * box.width)), max(2, ceil(beside * box.height))
    x, y = (box.x_min + box.x_max) // 2, (box.y_min + box.y_max) // 2
    return Box(x - half_x, y - half_y, x + half_x, y + half_y)


def _cut(pixels: NDArray[np.uint8], area: Box, size: tuple[int, int]) -> NDArray[np.uint8]:
    """The pixels of an area, (columns, rows) of them. Out of the photo lies its mirror image: half a face is whole."""
    import cv2

    inside = area.clipped(pixels.shape[1], pixels.shape[0])
    part = pixels[inside.y_min : inside.y_max, inside.x_min : inside.x_max]
    if inside != area:
        part = np.asarray(
            cv2.copyMakeBorder(
                part,
                inside.y_min - area.y_min,
                area.y_max - inside.y_max,
                inside.x_min - area.x_min,
                area.x_max - inside.x_max,
                cv2.BORDER_REFLECT,
            ),
            np.uint8,
        )
    if (area.width, area.height) == size:
        return np.ascontiguousarray(part)
    # Linear is enough (and quick) down to a half; below it would skip pixels.
    shrinks = max(area.width / size[0], area.height / size[1]) > 2
    return np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR), np.uint8)


def _whole(seen: Sequence[Face], area: Box, size: tuple[int, int], rows: int, columns: int) -> Iterable[_Finding]:
    """What was seen in an area shown at this size, in px of the photo's pixels, but for what is cut off by its border.

    A piece of a face is none: a small face lies whole in the next tile, a large one belongs to a coarser look. Kept,
    pieces of a revealed face would hold its copy (seen: mouth and chin of a portrait).
    """
    across, down = area.width / size[0], area.height / size[1]
    for face in seen:
        x_min, x_max = area.x_min + face.box.x_min * across, area.x_min + face.box.x_max * across
        y_min, y_max = area.y_min + face.box.y_min * down, area.y_min + face.box.y_max * down
        near_x, near_y = _BORDER_PX * across, _BORDER_PX * down
        cut_across = 0 < area.x_min > x_min - near_x or columns > area.x_max < x_max + near_x
        cut_down = 0 < area.y_min > y_min - near_y or rows > area.y_max < y_max + near_y
        if not (cut_across or cut_down):
            box = Box(floor(x_min), floor(y_min), ceil(x_max), ceil(y_max)).clipped(columns, rows)
            if box.area:
                yield _Finding(box, face.score)


def _grid(rows: float, columns: float) -> tuple[int, int]:
    """Into how many tiles a look of that size is cut, down and across: none larger than _TILE_AREA."""
    down = across = 1
    while True:
        height = (rows + (down - 1) * _OVERLAP_PX) / down
        width = (columns + (across - 1) * _OVERLAP_PX) / across
        if height * width <= _TILE_AREA:
            return down, across
        down, across = (down + 1, across) if height > width else (down, across + 1)


def _stretches(length: int, count: int, step: float) -> list[tuple[int, int]]:
    """So many stretches of one length, evenly spread over length px, overlapping by _OVERLAP_PX of the look."""
    each = min(length, ceil((length + (count - 1) * _OVERLAP_PX * step) / count))
    return [(start, start + each) for start in (round(n * (length - each) / max(1, count - 1)) for n in range(count))]


def _distinct(doubtful: Sequence[_Finding], sure: Sequence[_Finding]) -> list[_Finding]:
    """What is doubtful and not told already, best first."""
    kept: list[_Finding] = []
    for each in sorted(doubtful, key=lambda f: (-f.score, f.box)):
        if all(each.box.iou(other.box) < _SAME_IOU for other in (*sure, *kept)):
            kept.append(each)
    return kept


def _at_edge(box: Box, rows: int, columns: int) -> bool:
    return min(box.x_min, box.y_min, columns - box.x_max, rows - box.y_max) <= _EDGE_PX


def _in_photo(box: Box, photo: PhotoPixels, mirrored: bool) -> Box:
    """A box told in px of the pixels looked at, in px of the full photo."""
    k, columns = photo.scale, photo.pixels.shape[1]
    if mirrored:
        box = Box(columns - box.x_max, box.y_min, columns - box.x_min, box.y_max)
    return Box(k * box.x_min, k * box.y_min, k * box.x_max, k * box.y_max).clipped(photo.width, photo.height)


def _merged(found: Sequence[_Finding]) -> list[Box]:
    """One box per face: findings that are the same face join the best-scored one, and the box holds them all."""
    best: list[Box] = []
    around: list[Box] = []
    for each in sorted(found, key=lambda f: (-f.score, f.box)):
        if (same := each.box.nearest(best)) is None:
            best.append(each.box)
            around.append(each.box)
        else:
            around[same] = around[same].around(each.box)
    return sorted(around)
