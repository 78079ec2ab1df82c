"""Photos and people that lie on their side or head: found out by how their faces look upright, and looked at turned.

What was measured, and at what cost: docs/decisions/0038-lying-photos-in-sweeps.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import atan2, degrees
from typing import Protocol

import numpy as np

from kenbaar.detection._tiles import SAME_IOU, View, cut
from kenbaar.detection._turns import QUARTERS, turned, turned_back
from kenbaar.faces import Box, Boxes, Face, Landmarks
from kenbaar.modelpack import HINT_SCORE, FaceDetector, PhotoPixels

STANDS_SCORE = 0.6  # of the best face that stands: no lying photo of 336 had one, every upright of 112 did
TURNED_SCORE = 0.7  # of the best face of a photo that is believed to lie; a cup on a table was one of 0.62
LEANS_SCORE = 0.1  # from here on what leans is looked at turned; 2 in 112 upright photos
_MOST_ROLL, _MOST_WIDE, _MOST_SPREAD = 45, 1.1, 3.2  # of 169 upright faces at most 45°, 0.94 and 2.87
_EVIDENCE_SCORE = 0.1  # what scores less is a texture as often as a face
_EVIDENCE, _CLEARLY = 0.08, 1.5  # sum of squared scores; of the photo turned over that of it upright
_CLOSE_PX, _FACE_PX, _MIDDLE_PX = (
    128,
    56,
    24,
)  # of a close-up: its side, the face's, how far it may lie off
_FACE_SCORE = 0.5  # of a closer look, as the packs' own
_MOST_LEANING = 4  # looked at closely, best first
_PART = 0.75


class Finder(Protocol):
    """What a pass asks of a detector."""

    def detect_with_hints(
        self, photo: PhotoPixels, *, long_side: int | None = None, hint_score: float = HINT_SCORE
    ) -> tuple[list[Face], list[Face]]:
        """As FaceDetector."""


@dataclass(frozen=True, slots=True)
class TurnedFinder:
    """A detector that is shown everything turned anticlockwise by so many quarters. What it finds is told in px of the
    photo as it is, landmarks too: a template is cut by them, and comes out upright."""

    pack: FaceDetector
    quarters: int

    def detect_with_hints(
        self, photo: PhotoPixels, *, long_side: int | None = None, hint_score: float = HINT_SCORE
    ) -> tuple[list[Face], list[Face]]:
        """As FaceDetector."""
        pixels, k = turned(photo.pixels, self.quarters), photo.scale
        view = View(pixels, k, k * pixels.shape[1], k * pixels.shape[0])
        rows, columns = photo.pixels.shape[:2]
        faces, hints = self.pack.detect_with_hints(view, long_side=long_side, hint_score=hint_score)
        return self._back(faces, photo, k * columns, k * rows), self._back(hints, photo, k * columns, k * rows)

    def _back(self, faces: Iterable[Face], photo: PhotoPixels, width: int, height: int) -> list[Face]:
        back = (face_turned_back(face, self.quarters, width, height) for face in faces)
        clipped = (Face(f.box.clipped(photo.width, photo.height), f.landmarks, f.score) for f in back)
        return sorted((face for face in clipped if face.box.area), key=lambda face: face.box)


def face_turned_back(face: Face, quarters: int, width: int, height: int) -> Face:
    """A face found in turned pixels, in px of the pixels as they were. width, height: of those."""
    x, y = face.landmarks.points[:, 0], face.landmarks.points[:, 1]
    match quarters % 4:
        case 1:
            points = [width - y, x]
        case 2:
            points = [width - x, height - y]
        case 3:
            points = [y, height - x]
        case _:
            points = [x, y]
    landmarks = Landmarks(np.ascontiguousarray(np.stack(points, axis=1), np.float32))
    return Face(turned_back(face.box, quarters, width, height), landmarks, face.score)


def stands(face: Face) -> bool:
    """Whether it looks as an upright face does. Of one that lies the detector tells a turned one, a box wider than
    high, or points crowded in its middle."""
    points = face.landmarks.points.astype(np.float64)
    across, down = (points[3] + points[4] - points[0] - points[1]).tolist()
    longer = max(face.box.width, face.box.height)
    return (
        abs(degrees(atan2(across, down))) <= _MOST_ROLL
        and face.box.width <= _MOST_WIDE * face.box.height
        and longer <= _MOST_SPREAD * float(np.ptp(points, axis=0).max())
    )


def which_way(photo: PhotoPixels, pack: FaceDetector, side: int, upright: Sequence[Face]) -> int:
    """By how many quarters the photo is to be turned so that its faces stand; 0 where turning shows clearly no more.

    upright: what the pass at this long side saw of it as it is, hints too.
    """
    rows, columns = photo.pixels.shape[:2]
    shrunk = min(1.0, side / max(rows, columns))
    size = (max(1, round(columns * shrunk)), max(1, round(rows * shrunk)))
    small = cut(photo.pixels, Box(0, 0, columns, rows), size)
    evidence = [_evidence(upright)]
    for quarters in QUARTERS:
        (seen,) = pack.detect_in_batch([turned(small, quarters)], min_score=_EVIDENCE_SCORE)
        evidence.append(_evidence(seen))
    best = max(QUARTERS, key=lambda quarters: evidence[quarters])
    return best if evidence[best] >= max(_EVIDENCE, _CLEARLY * evidence[0]) else 0


def _evidence(faces: Iterable[Face]) -> float:
    """Many doubtful ones count as one that is sure."""
    return sum(face.score**2 for face in faces if face.score >= _EVIDENCE_SCORE and stands(face))


def look_turned(photo: PhotoPixels, pack: FaceDetector, leaning: Sequence[Face]) -> list[Face]:
    """The faces in close-ups of what leans, each from the side from which it is seen best."""
    best_first = sorted(leaning, key=lambda face: (-face.score, face.box))[:_MOST_LEANING]
    areas = [_around(face.box, photo.scale) for face in best_first]
    shown = [cut(photo.pixels, area, (_CLOSE_PX, _CLOSE_PX)) for area in areas]
    found = []
    for area, close in zip(areas, shown, strict=True):
        pictures = [turned(close, quarters) for quarters in QUARTERS]
        seen = [
            (face.score, quarters, face)
            for quarters, faces in zip(QUARTERS, pack.detect_in_batch(pictures, min_score=_FACE_SCORE), strict=True)
            for face in faces
            if stands(face) and _is_in_the_middle(face.box)
        ]
        if seen:
            _, quarters, face = max(seen, key=lambda each: each[:2])
            found.append(_in_photo(face_turned_back(face, quarters, _CLOSE_PX, _CLOSE_PX), area, photo))
    return [face for face in found if face.box.area]


def _around(box: Box, scale: int) -> Box:
    """A square around a face, px of pixels at 1/scale; may reach out of them."""
    half = max(2, round(max(box.width, box.height) * _CLOSE_PX / _FACE_PX / 2 / scale))
    x, y = (box.x_min + box.x_max) // (2 * scale), (box.y_min + box.y_max) // (2 * scale)
    return Box(x - half, y - half, x + half, y + half)


def _is_in_the_middle(box: Box) -> bool:
    return max(abs(box.x_min + box.x_max - _CLOSE_PX), abs(box.y_min + box.y_max - _CLOSE_PX)) <= 2 * _MIDDLE_PX


def _in_photo(face: Face, area: Box, photo: PhotoPixels) -> Face:
    step, k = area.width / _CLOSE_PX, photo.scale
    box = face.box
    x_min, y_min, x_max, y_max = (
        k * (start + step * px)
        for start, px in (
            (area.x_min, box.x_min), (area.y_min, box.y_min), (area.x_min, box.x_max), (area.y_min, box.y_max)
        )
    )  # fmt: skip
    whole = Box(int(np.floor(x_min)), int(np.floor(y_min)), int(np.ceil(x_max)), int(np.ceil(y_max)))
    points = k * (face.landmarks.points.astype(np.float64) * step + np.array([area.x_min, area.y_min]))
    return Face(whole.clipped(photo.width, photo.height), Landmarks(points.astype(np.float32)), face.score)


def with_turned(known: Sequence[Face], found: Sequence[Face]) -> list[Face]:
    """Both, each face once: what stands or scores more counts. found: seen standing in turned pixels. Of what does
    not stand, what is a part of one found is none: of a lying face upright looks tell an eye, or a cheek."""
    fresh = Boxes(face.box for face in found)
    scores = np.array([face.score for face in found])

    def stays(face: Face) -> bool:
        same = fresh.iou(face.box) >= SAME_IOU
        if stands(face):
            return not (same & (scores > face.score)).any()
        return not same.any() and not len(fresh.holding(face.box, _PART))

    kept = [face for face in known if stays(face)]
    told = Boxes(face.box for face in kept)
    for face in sorted(found, key=lambda face: (-face.score, face.box)):
        if not len(told) or (told.iou(face.box).max() < SAME_IOU and not len(told.holding(face.box, _PART))):
            kept.append(face)
            told.add(face.box)
    return sorted(kept, key=lambda face: face.box)
