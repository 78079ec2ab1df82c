"""A closer look at doubtful places: each shown by itself, at the size that the detector sees best, and turned.

What each turn finds and costs: docs/decisions/0036-looks-in-every-direction.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from kenbaar.detection._finding import Finding, in_pixels
from kenbaar.detection._tiles import SAME_IOU, cut
from kenbaar.detection._turns import eighth_turned, eighth_turned_back, turned, turned_back
from kenbaar.faces import Box
from kenbaar.modelpack import FaceDetector

CLOSE_PX, _FACE_PX = 64, 40  # a picture of 64 px with the doubtful face 40 px high in its middle
_WIDE = 1.2  # faces are about so much higher than wide; one that is stretched is shown as if it were not
_DIAGONAL_PX = 92  # of which the middle 64 px remain when it is turned by 45°
_BATCH = 32
_MIDDLE_PX = 14  # what lies no further from the picture's middle is what was doubted
_WORTH_MORE = 0.06  # what scores less than this from all four sides is no face from the other four


@dataclass(frozen=True, slots=True)
class CloseRule:
    """From which scores on a doubtful place is a face.

    min_score: of whatever is seen there upright. close_score: of both looks together, where upright the same is seen
    again. turned_score: of what is in the middle, from whichever side; None: it is looked at upright alone.
    """

    min_score: float
    close_score: float
    turned_score: float | None


@dataclass(frozen=True, slots=True)
class _Round:
    """One look at a place from several sides. eighths: of a turn, anticlockwise. stricter: what it asks for besides."""

    eighths: tuple[int, ...]
    stricter: float = 0.0


_UPRIGHT = (_Round((0,)),)
_EVERY_SIDE = (_Round((0, 2, 4, 6)), _Round(tuple(range(8)), stricter=0.1))  # twice as many looks err twice as often


def look_closely(
    pixels: NDArray[np.uint8], finder: FaceDetector, doubtful: Sequence[Finding], rule: CloseRule
) -> list[Finding]:
    """The faces in the pictures around what is doubtful. What is a face in one round is not asked in the next."""
    found: list[Finding] = []
    left = list(doubtful)
    for each in _UPRIGHT if rule.turned_score is None else _EVERY_SIDE:
        best: list[Finding | None] = [None] * len(left)
        is_face = [False] * len(left)
        for n, eighths, faces in _looks(pixels, finder, left, each, rule):
            for face, in_the_middle in faces:
                if face.score > (seen.score if (seen := best[n]) else _WORTH_MORE):
                    best[n] = face
                if _counts(face, left[n], eighths, in_the_middle, rule, each.stricter):
                    found.append(face)
                    is_face[n] = is_face[n] or in_the_middle
        # Where the best of it was seen, a face would lie in the middle of the next picture.
        left = [Finding(seen.box, left[n].score) for n, seen in enumerate(best) if seen is not None and not is_face[n]]
    return found


def _counts(face: Finding, doubt: Finding, eighths: int, in_the_middle: bool, rule: CloseRule, stricter: float) -> bool:
    if rule.turned_score is not None and in_the_middle and face.score >= rule.turned_score + stricter:
        return True
    if eighths or stricter:
        return False  # upright it was asked before
    same = face.box.iou(doubt.box) >= SAME_IOU
    return face.score >= (rule.close_score - doubt.score if same else rule.min_score)


def _looks(
    pixels: NDArray[np.uint8], finder: FaceDetector, doubtful: Sequence[Finding], each: _Round, rule: CloseRule
) -> Iterator[tuple[int, int, list[tuple[Finding, bool]]]]:
    """For every place and side: its number, the eighths, and what is seen there, with whether it lies in the middle."""
    rows, columns = pixels.shape[:2]
    least = min([rule.min_score, *(rule.close_score - doubt.score for doubt in doubtful)])
    if rule.turned_score is not None:
        least = min(least, _WORTH_MORE)
    looks = [(n, eighths) for n in range(len(doubtful)) for eighths in each.eighths]
    for begin in range(0, len(looks), _BATCH):
        some = looks[begin : begin + _BATCH]
        areas = [_around(doubtful[n].box) for n, _ in some]
        shown = [_picture(pixels, area, eighths) for area, (_, eighths) in zip(areas, some, strict=True)]
        for area, (n, eighths), seen in zip(
            areas, some, finder.detect_in_batch(shown, min_score=max(least, 0.0)), strict=True
        ):
            faces = []
            for face in seen:
                upright = _upright(face.box, eighths)
                finding = in_pixels(upright, face.score, area, (CLOSE_PX, CLOSE_PX), rows, columns)
                if finding is not None:
                    faces.append((finding, _is_in_the_middle(face.box)))
            yield n, eighths, faces


def _around(box: Box) -> Box:
    """What to show close up of a doubtful face in this box; may reach out of the photo."""
    beside = CLOSE_PX / _FACE_PX / 2
    half_x, half_y = max(2, ceil(beside * _WIDE * box.width)), max(2, ceil(beside * box.height))
    x, y = (box.x_min + box.x_max) // 2, (box.y_min + box.y_max) // 2
    return Box(x - half_x, y - half_y, x + half_x, y + half_y)


def _picture(pixels: NDArray[np.uint8], area: Box, eighths: int) -> NDArray[np.uint8]:
    """The area as the detector is shown it: CLOSE_PX x CLOSE_PX, turned by so many eighths."""
    quarters, diagonal = divmod(eighths, 2)
    if diagonal:
        grown = (_DIAGONAL_PX / CLOSE_PX - 1) / 2
        across, down = ceil(grown * area.width), ceil(grown * area.height)
        wide = Box(area.x_min - across, area.y_min - down, area.x_max + across, area.y_max + down)
        shown = eighth_turned(cut(pixels, wide, (_DIAGONAL_PX, _DIAGONAL_PX)), CLOSE_PX)
    else:
        shown = cut(pixels, area, (CLOSE_PX, CLOSE_PX))
    return turned(shown, quarters)


def _upright(box: Box, eighths: int) -> Box:
    """A box found in a picture turned by so many eighths, in px of it upright."""
    quarters, diagonal = divmod(eighths, 2)
    back = turned_back(box, quarters, CLOSE_PX, CLOSE_PX)
    return eighth_turned_back(back, CLOSE_PX) if diagonal else back


def _is_in_the_middle(box: Box) -> bool:
    """Whether what was seen is what was doubted, and not something beside it."""
    off_x, off_y = (box.x_min + box.x_max - CLOSE_PX) / 2, (box.y_min + box.y_max - CLOSE_PX) / 2
    return max(abs(off_x), abs(off_y)) <= _MIDDLE_PX
