"""Detecting faces when nobody may be missed: in the whole photo, in tiles of it, and close up wherever in doubt.

What each step finds and costs: docs/decisions/0025-publishing-in-less-time.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from math import ceil, log

import numpy as np
from numpy.typing import NDArray

from kenbaar.detection._close import CloseRule, look_closely
from kenbaar.detection._finding import Finding, distinct, in_pixels, merged
from kenbaar.detection._tiles import WORTH_IT, View, cut, tiles
from kenbaar.detection._turns import QUARTERS, turned, turned_back
from kenbaar.faces import Box, Boxes
from kenbaar.modelpack import FaceDetector, PhotoPixels

_TILE_AREA = 500_000  # px of a pass: the network is a third quicker per pixel there than on two megapixels at once
_OVERLAP_PX = 96  # of a pass: a face up to this size lies whole in some tile; larger ones the pass before finds
_MOST_FINER = 3.4  # from one pass to the next: what is too large for the tiles' overlap has 28 px in the pass before
_ENLARGE = 1.5  # small photos are enlarged so far: faces of 16 px are found there then, which at 1 are not
_EDGE_PX = 2
_MOST_HINTS, _LEAST_HINTS = 40, 80  # doubtful places looked at from every side, a megapixel and at least, best first;
_PLAIN = 0.03  # all others that score so much upright alone: a crowd has hundreds
_TURNED_SURE = 0.4  # seen turned in the whole photo, a face without a closer look
_WITHIN = 0.75  # of a doubtful place, under what is masked anyway


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
    turned_score: from here on what is seen turned, in the middle of a closer look, is a face; None: nobody is looked
                 for who lies or stands on the head. turned_hint_score: hint_score of the passes over the turned photo.
    """

    coarse_px: int
    share: float
    at_least_px: int
    min_score: float
    hint_score: float
    close_score: float
    edge_score: float
    mirrored: bool = False
    turned_score: float | None = None
    turned_hint_score: float = 0.03

    @property
    def close_rule(self) -> CloseRule:
        """From which scores on a doubtful place is a face."""
        return CloseRule(self.min_score, self.close_score, self.turned_score)

    def long_sides(self, photo_px: int) -> list[int]:
        """The passes' long sides for a photo of this long side, coarsest first."""
        last = max(round(self.share * photo_px), min(self.at_least_px, round(_ENLARGE * photo_px)))
        if last < WORTH_IT * min(self.coarse_px, photo_px):
            return [max(self.coarse_px, min(last, photo_px))]
        first = min(self.coarse_px, photo_px)
        steps = max(1, ceil(log(last / first) / log(_MOST_FINER)))
        return [round(first * (last / first) ** (n / steps)) for n in range(steps + 1)]


PUBLISH = DetectionSchedule(
    coarse_px=640,
    share=0.85,
    at_least_px=1280,
    min_score=0.3,
    hint_score=0.01,
    close_score=0.28,
    edge_score=0.1,
    turned_score=0.25,
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


def detect_all(
    photo: PhotoPixels,
    finder: FaceDetector,
    schedule: DetectionSchedule,
    *,
    hidden: Callable[[Box], bool] = lambda _: False,
    mask_of: Callable[[Box], Box | None] = lambda _: None,
) -> list[Box]:
    """Every face that the schedule finds, sorted; of one face found twice, the box around both.

    1. A pass over the whole photo; and, where people may lie, over it turned by quarters.
    2. Finer ones, tile by tile.
    3. Close up, every place where one of them found something too doubtful to be a face. Doubtful means nearly
       nothing: of small, cut-off, stretched and turned faces little more is to be seen in 1 and 2.
    hidden: what need not be looked at close up, in px of the photo. mask_of: what will be
    covered for a face found, in px of the photo; what lies under it need not be looked at either. None: nothing.
    """
    pixels = np.ascontiguousarray(photo.pixels[:, ::-1]) if schedule.mirrored else photo.pixels
    rows, columns = pixels.shape[:2]
    first, *finer = schedule.long_sides(max(rows, columns))
    faces, hints = finder.detect_with_hints(
        View.of(pixels), long_side=first, min_score=schedule.min_score, hint_score=schedule.hint_score
    )
    found = [Finding(face.box, face.score) for face in (*faces, *hints)]
    for side in finer:
        found += _detect_in_tiles(pixels, finder, side, schedule.hint_score)

    def in_photo(box: Box) -> Box:
        return _in_photo(box, photo, schedule.mirrored)

    sure = [each for each in found if each.score >= schedule.min_score]
    unsure = [each for each in found if each.score < schedule.min_score]
    if schedule.turned_score is not None:
        for each in _detect_turned(pixels, finder, first, schedule.turned_hint_score):
            if each.score >= _TURNED_SURE:
                sure.append(each)
            else:  # what it scores turned is no word for a closer look upright
                unsure.append(Finding(each.box, schedule.turned_hint_score))
    masks = Boxes(mask for each in sure if (mask := mask_of(in_photo(each.box))) is not None)
    doubtful = [
        each
        for each in distinct(unsure, sure)
        if not len(masks.holding(in_photo(each.box), _WITHIN)) and not hidden(in_photo(each.box))
    ]
    most = max(_LEAST_HINTS, round(_MOST_HINTS * rows * columns / 1e6))
    upright = [each for each in doubtful[most:] if each.score >= _PLAIN]
    sure += [each for each in doubtful if each.score >= schedule.edge_score and _at_edge(each.box, rows, columns)]
    sure += look_closely(pixels, finder, doubtful[:most], schedule.close_rule)
    sure += look_closely(pixels, finder, upright, replace(schedule.close_rule, turned_score=None))
    return merged(Finding(in_photo(each.box), each.score) for each in sure)


def _detect_turned(pixels: NDArray[np.uint8], finder: FaceDetector, side: int, min_score: float) -> Iterable[Finding]:
    """What is found in the whole photo at this long side, turned by one, two and three quarters."""
    rows, columns = pixels.shape[:2]
    scale = min(1.0, side / max(rows, columns))
    width, height = max(1, round(columns * scale)), max(1, round(rows * scale))
    whole = Box(0, 0, columns, rows)
    small = cut(pixels, whole, (width, height))
    for quarters in QUARTERS:
        (seen,) = finder.detect_in_batch([turned(small, quarters)], min_score=min_score)
        for face in seen:
            box = turned_back(face.box, quarters, width, height)
            finding = in_pixels(box, face.score, whole, (width, height), rows, columns)
            if finding is not None:
                yield finding


def _detect_in_tiles(pixels: NDArray[np.uint8], finder: FaceDetector, side: int, min_score: float) -> Iterable[Finding]:
    """What a pass at this long side finds, one tile at a time."""
    rows, columns = pixels.shape[:2]
    step = max(rows, columns) / side  # px of pixels per px of the pass
    down, across = _grid(rows / step, columns / step)
    for area in tiles(rows, columns, (down, _each(rows, down, step)), (across, _each(columns, across, step))):
        size = (max(1, round(area.width / step)), max(1, round(area.height / step)))
        (seen,) = finder.detect_in_batch([cut(pixels, area, size)], min_score=min_score)
        for face in seen:
            finding = in_pixels(face.box, face.score, area, size, rows, columns)
            if finding is not None:
                yield finding


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


def _at_edge(box: Box, rows: int, columns: int) -> bool:
    return min(box.x_min, box.y_min, columns - box.x_max, rows - box.y_max) <= _EDGE_PX


def _in_photo(box: Box, photo: PhotoPixels, mirrored: bool) -> Box:
    """A box told in px of the pixels searched, in px of the full photo."""
    k, columns = photo.scale, photo.pixels.shape[1]
    if mirrored:
        box = Box(columns - box.x_max, box.y_min, columns - box.x_min, box.y_max)
    return Box(k * box.x_min, k * box.y_min, k * box.x_max, k * box.y_max).clipped(photo.width, photo.height)
