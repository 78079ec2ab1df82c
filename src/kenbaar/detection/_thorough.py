"""Detecting faces when nobody may be missed: in the whole photo, in tiles of it, and close up wherever in doubt.

What each step finds and costs: docs/decisions/0025-publishing-in-less-time.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import ceil, floor, log

import numpy as np
from numpy.typing import NDArray

from kenbaar.detection._tiles import BORDER_PX, SAME_IOU, WORTH_IT, View, cut, is_cut_off, tiles
from kenbaar.faces import Box, Face
from kenbaar.modelpack import FaceDetector, PhotoPixels

_TILE_AREA = 500_000  # px of a pass: the network is a third quicker per pixel there than on two megapixels at once
_OVERLAP_PX = 96  # of a pass: a face up to this size lies whole in some tile; larger ones the pass before finds
_MOST_FINER = 3.4  # from one pass to the next: what is too large for the tiles' overlap has 28 px in the pass before
_ENLARGE = 1.5  # small photos are enlarged so far: faces of 16 px are found there then, which at 1 are not
_CLOSE_PX, _CLOSE_FACE_PX = 64, 40  # close up: a picture of 64 px with the doubtful face 40 px high in its middle
_CLOSE_WIDE = 1.2  # faces are about so much higher than wide; one that is stretched is shown as if it were not
_CLOSE_BATCH = 32
_EDGE_PX = 2


@dataclass(frozen=True, slots=True)
class DetectionSchedule:
    """How finely a photo is searched for faces, pass by pass.

    coarse_px:   long side of the first pass, over the whole photo: for large faces.
    share:       of the photo's own size, the last pass: for small ones. Passes between, where those two lie far apart.
    at_least_px: long side of the last pass at least, where the photo is not too small for that.
    min_score:   from here on a finding is a face.
    hint_score:  from here on it is looked at close up,
    close_score: and is a face if both scores together reach this.
    edge_score:  from here on a finding that the photo's edge cuts off is one: close up there is no more of it.
    mirrored:    whether the photo is searched left for right.
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
        """The passes' long sides for a photo of this long side, coarsest first."""
        last = max(round(self.share * photo_px), min(self.at_least_px, round(_ENLARGE * photo_px)))
        if last < WORTH_IT * min(self.coarse_px, photo_px):
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


@dataclass(frozen=True, slots=True)
class _Finding:
    """Something that may be a face, in px of the pixels searched."""

    box: Box
    score: float


def detect_all(
    photo: PhotoPixels,
    finder: FaceDetector,
    schedule: DetectionSchedule,
    *,
    hidden: Callable[[Box], bool] = lambda _: False,
) -> list[Box]:
    """Every face that the schedule finds, sorted; of one face found twice, the box around both.

    1. A pass over the whole photo.
    2. Finer ones, tile by tile.
    3. Close up, every place where one of them found something too doubtful to be a face. Doubtful means nearly
       nothing (0.03): of small, cut-off and stretched faces little more is to be seen in 1 and 2.
    hidden: what need not be looked at close up, in px of the photo.
    """
    pixels = np.ascontiguousarray(photo.pixels[:, ::-1]) if schedule.mirrored else photo.pixels
    rows, columns = pixels.shape[:2]
    first, *finer = schedule.long_sides(max(rows, columns))
    faces, hints = finder.detect_with_hints(
        View.of(pixels), long_side=first, min_score=schedule.min_score, hint_score=schedule.hint_score
    )
    found = [_Finding(face.box, face.score) for face in (*faces, *hints)]
    for side in finer:
        found += _detect_in_tiles(pixels, finder, side, schedule.hint_score)
    sure = [each for each in found if each.score >= schedule.min_score]
    doubtful = [
        each
        for each in _distinct([each for each in found if each.score < schedule.min_score], sure)
        if not hidden(_in_photo(each.box, photo, schedule.mirrored))
    ]
    sure += [each for each in doubtful if each.score >= schedule.edge_score and _at_edge(each.box, rows, columns)]
    sure += _detect_close_up(pixels, finder, doubtful, schedule)
    return _merged([_Finding(_in_photo(each.box, photo, schedule.mirrored), each.score) for each in sure])


def _detect_in_tiles(
    pixels: NDArray[np.uint8], finder: FaceDetector, side: int, min_score: float
) -> Iterable[_Finding]:
    """What a pass at this long side finds, one tile at a time."""
    rows, columns = pixels.shape[:2]
    step = max(rows, columns) / side  # px of pixels per px of the pass
    down, across = _grid(rows / step, columns / step)
    for area in tiles(rows, columns, (down, _each(rows, down, step)), (across, _each(columns, across, step))):
        size = (max(1, round(area.width / step)), max(1, round(area.height / step)))
        (seen,) = finder.detect_in_batch([cut(pixels, area, size)], min_score=min_score)
        yield from _whole(seen, area, size, rows, columns)


def _detect_close_up(
    pixels: NDArray[np.uint8], finder: FaceDetector, doubtful: Sequence[_Finding], schedule: DetectionSchedule
) -> Iterable[_Finding]:
    """The faces in the pictures around what is doubtful, each shown at the size that the detector sees best."""
    rows, columns = pixels.shape[:2]
    size = (_CLOSE_PX, _CLOSE_PX)
    least = min([schedule.min_score, *(schedule.close_score - doubt.score for doubt in doubtful)])
    for begin in range(0, len(doubtful), _CLOSE_BATCH):
        some = doubtful[begin : begin + _CLOSE_BATCH]
        areas = [_around(doubt.box) for doubt in some]
        pictures = [cut(pixels, area, size) for area in areas]
        for doubt, area, seen in zip(some, areas, finder.detect_in_batch(pictures, min_score=least), strict=True):
            for each in _whole(seen, area, size, rows, columns):
                same = each.box.iou(doubt.box) >= SAME_IOU
                if each.score >= (schedule.close_score - doubt.score if same else schedule.min_score):
                    yield each


def _around(box: Box) -> Box:
    """What to show close up of a doubtful face in this box; may reach out of the photo."""
    beside = _CLOSE_PX / _CLOSE_FACE_PX / 2
    half_x, half_y = max(2, ceil(beside * _CLOSE_WIDE * box.width)), max(2, ceil(beside * box.height))
    x, y = (box.x_min + box.x_max) // 2, (box.y_min + box.y_max) // 2
    return Box(x - half_x, y - half_y, x + half_x, y + half_y)


def _whole(seen: Sequence[Face], area: Box, size: tuple[int, int], rows: int, columns: int) -> Iterable[_Finding]:
    """What was seen in an area shown at this size, in px of the photo's pixels, but for what is cut off by its border.

    A small face that is cut off lies whole in the next tile, a large one belongs to a coarser pass.
    """
    across, down = area.width / size[0], area.height / size[1]
    for face in seen:
        x_min, x_max = area.x_min + face.box.x_min * across, area.x_min + face.box.x_max * across
        y_min, y_max = area.y_min + face.box.y_min * down, area.y_min + face.box.y_max * down
        near = (BORDER_PX * across, BORDER_PX * down)
        if not is_cut_off((x_min, y_min, x_max, y_max), area, (columns, rows), near):
            box = Box(floor(x_min), floor(y_min), ceil(x_max), ceil(y_max)).clipped(columns, rows)
            if box.area:
                yield _Finding(box, face.score)


def _grid(rows: float, columns: float) -> tuple[int, int]:
    """Into how many tiles a pass of that size is cut, down and across: none larger than _TILE_AREA."""
    down = across = 1
    while True:
        height = (rows + (down - 1) * _OVERLAP_PX) / down
        width = (columns + (across - 1) * _OVERLAP_PX) / across
        if height * width <= _TILE_AREA:
            return down, across
        down, across = (down + 1, across) if height > width else (down, across + 1)


def _each(length: int, count: int, step: float) -> int:
    """How long so many tiles are, px, that overlap by _OVERLAP_PX of the pass."""
    return min(length, ceil((length + (count - 1) * _OVERLAP_PX * step) / count))


def _distinct(doubtful: Sequence[_Finding], sure: Sequence[_Finding]) -> list[_Finding]:
    """What is doubtful and not told already, best first."""
    kept: list[_Finding] = []
    for each in sorted(doubtful, key=lambda f: (-f.score, f.box)):
        if all(each.box.iou(other.box) < SAME_IOU for other in (*sure, *kept)):
            kept.append(each)
    return kept


def _at_edge(box: Box, rows: int, columns: int) -> bool:
    return min(box.x_min, box.y_min, columns - box.x_max, rows - box.y_max) <= _EDGE_PX


def _in_photo(box: Box, photo: PhotoPixels, mirrored: bool) -> Box:
    """A box told in px of the pixels searched, in px of the full photo."""
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
