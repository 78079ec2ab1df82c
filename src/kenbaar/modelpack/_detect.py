"""Faces in a photo: boxes and landmarks at full size, whatever size the detector works at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from kenbaar.faces import Box, Face, Landmarks
from kenbaar.modelpack._centerface import GRID_PX, OUTPUTS, decode_centerface, kept_by_nms
from kenbaar.modelpack._feed import feed
from kenbaar.modelpack._manifest import DetectorSpec
from kenbaar.modelpack._sessions import Network

_MULTIPLE_PX = 32
# Measured on 164 portraits of 92 x 112 px: found at their own size with scores from 0.52, enlarged 2.5 times from 0.81.
_ENLARGE_TO_PX, _ENLARGE_MAX = 320, 2.5
# Measured on 20 faces cut to 0.6-1.3 of their box (docs/rooms/modelpack.md): at 0.6 one pass at 640 px finds 40 %, this
# one 90-95 %; at 0.8 the embedding's cosine to that of the whole photo goes from 0.94 to 0.98. It costs 6 ms.
_SECOND_PX, _SECOND_BORDER, _FILLS = 256, 0.5, 0.4
# From this score on something may be a face too small for this pass (docs/decisions/0018): of 95 faces of 16-23 px in
# the pass 52 score 0.25 and more, 21 score 0.5; in pictures without people nothing scored 0.2.
HINT_SCORE = 0.2
_Found = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]  # boxes, points, scores


class PhotoPixels(Protocol):
    """What this room needs of a photo: upright RGB pixels and the full size they stand for (media.Photo has it).

    pixels: uint8 (rows, columns, 3), upright sRGB, decoded at 1/scale. width, height: of the full photo, px.
    """

    @property
    def pixels(self) -> NDArray[np.uint8]: ...

    @property
    def scale(self) -> int: ...

    @property
    def width(self) -> int: ...

    @property
    def height(self) -> int: ...


class Detector:
    """Finds faces with one network, as its spec says it is to be fed and read."""

    def __init__(self, network: Network, spec: DetectorSpec) -> None:
        self._network, self._spec = network, spec

    def find(self, photo: PhotoPixels, long_side: int, min_score: float) -> list[Face]:
        """The faces in the photo, sorted by box."""
        return self.find_with_hints(photo, long_side, min_score, min_score)[0]

    def find_with_hints(
        self, photo: PhotoPixels, long_side: int, min_score: float, hint_score: float
    ) -> tuple[list[Face], list[Face]]:
        """The faces in the photo, sorted by box; and what scored from hint_score up to min_score, likewise.

        1. One pass at long_side.
        2. Where that found nothing, or a face that fills the picture, a second pass over a small copy with a wide
           border: a face cut off by the frame, or as large as it, is found there and its landmarks are better.
        """
        pixels = photo.pixels
        everything = self._look(pixels, long_side, min(min_score, hint_score))
        sure = everything[2] >= min_score
        found, hints = _where(everything, sure), _where(everything, ~sure)
        filling = _areas(found[0]) > _FILLS * pixels.shape[0] * pixels.shape[1]
        if not len(found[0]) or filling.any():
            found = _with_second_look(found, self._look(pixels, _SECOND_PX, min_score, _SECOND_BORDER), pixels)
        width, height = photo.width, photo.height
        return _faces(found, photo.scale, 0, width, 0, height), _faces(hints, photo.scale, 0, width, 0, height)

    def detect_in_batch(self, pictures: Sequence[NDArray[np.uint8]], min_score: float) -> list[list[Face]]:
        """The faces in each of these pictures of one size, searched as they are: not shrunk, no second pass.

        For parts of a photo: tiles of it, and close-ups of a place. Boxes may reach out of a picture whose face is
        cut off by its edge.
        """
        if not pictures:
            return []
        rows, columns = pictures[0].shape[:2]
        canvases = np.zeros((len(pictures), _rounded_up(rows), _rounded_up(columns), 3), np.uint8)
        for canvas, pixels in zip(canvases, pictures, strict=True):
            canvas[:rows, :columns] = pixels
        around = max(rows, columns)
        return [
            _faces(found, 1, -around, columns + around, -around, rows + around)
            for found in self._run(canvases, min_score)
        ]

    def network_alone(self, photo: PhotoPixels, long_side: int) -> Callable[[], object]:
        """The network run bare on the shape that find() feeds it for this photo."""
        rows, columns = photo.pixels.shape[:2]
        ratio = min(1.0, long_side / max(rows, columns))
        height, width = _rounded_up(max(1, round(rows * ratio))), _rounded_up(max(1, round(columns * ratio)))
        blob = np.zeros((1, 3, height, width), np.float32)
        return lambda: self._network.run_unchecked(blob)

    def _look(self, pixels: NDArray[np.uint8], long_side: int, min_score: float, border: float = 0.0) -> _Found:
        """One pass over the pixels, shrunk so that they and their border fit long_side; coordinates of `pixels`."""
        import cv2

        rows, columns = pixels.shape[:2]
        ratio = long_side / (max(rows, columns) * (1 + 2 * border))
        if ratio > 1:  # a small photo is enlarged a little: at their own size the faces in it are nearly missed
            ratio = min(ratio, max(1.0, min(_ENLARGE_MAX, _ENLARGE_TO_PX / max(rows, columns))))
        height, width = max(1, round(rows * ratio)), max(1, round(columns * ratio))
        top, left = round(height * border), round(width * border)
        if (height, width) != (rows, columns):
            # Linear is enough (and quick) down to a half; below it would skip pixels.
            method = cv2.INTER_LINEAR if ratio >= 0.5 else cv2.INTER_AREA
            pixels = np.asarray(cv2.resize(pixels, (width, height), interpolation=method), np.uint8)
        canvas = np.zeros((_rounded_up(height + 2 * top), _rounded_up(width + 2 * left), 3), np.uint8)
        canvas[top : top + height, left : left + width] = pixels
        ((boxes, points, scores),) = self._run(canvas[None], min_score)
        origin = np.array([left, top], np.float32)
        back = np.array([columns / width, rows / height], np.float32)
        return (boxes - np.tile(origin, 2)) * np.tile(back, 2), (points - origin) * back, scores

    def _run(self, canvases: NDArray[np.uint8], min_score: float) -> list[_Found]:
        spec, (count, rows, columns) = self._spec, canvases.shape[:3]
        blob = np.empty((count, 3, rows, columns), np.float32)
        for canvas, planes in zip(canvases, blob, strict=True):
            feed(canvas, planes, spec)
        grid = (rows // GRID_PX, columns // GRID_PX)
        shapes = {name: (count, planes, *grid) for name, planes in zip(OUTPUTS, (1, 2, 2, 10), strict=True)}
        maps = self._network.run(blob, shapes)
        found = []
        for n in range(count):
            heatmap, scale, offset, landmarks = (values[n : n + 1] for values in maps)
            boxes, points, scores = decode_centerface(heatmap, scale, offset, landmarks, min_score)
            kept = kept_by_nms(boxes, spec.max_iou)
            found.append((boxes[kept], points[kept], scores[kept]))
        return found


def _where(found: _Found, keep: NDArray[np.bool_]) -> _Found:
    boxes, points, scores = found
    return boxes[keep], points[keep], scores[keep]


def _areas(boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]), np.float32)


def _with_second_look(first: _Found, second: _Found, pixels: NDArray[np.uint8]) -> _Found:
    """Both passes merged: of a face that fills the picture the second pass counts, of all others the first.

    A second pass's face that is no such giant is only believed where the first found nothing at all, and then it must
    still be large (a tenth of the picture): the small copy is not where small faces are to be found.
    """
    whole = pixels.shape[0] * pixels.shape[1]
    giant = _areas(second[0]) > (_FILLS / 2 if len(first[0]) else _FILLS / 4) * whole
    boxes, points, scores = (values[giant] for values in second)
    if len(boxes) and len(first[0]):
        corner_min = np.maximum(first[0][:, None, :2], boxes[None, :, :2])
        corner_max = np.minimum(first[0][:, None, 2:], boxes[None, :, 2:])
        shared = np.prod(np.clip(corner_max - corner_min, 0, None), axis=2)
        union = _areas(first[0])[:, None] + _areas(boxes)[None] - shared
        # A face of the first pass, told again (better) by the second: one and the same where they overlap by a third.
        stays = (shared / union).max(axis=1) < 1 / 3
    else:
        stays = np.ones(len(first[0]), bool)
    return (
        np.concatenate([first[0][stays], boxes]),
        np.concatenate([first[1][stays], points]),
        np.concatenate([first[2][stays], scores]),
    )


def _rounded_up(side_px: int) -> int:
    return -(-side_px // _MULTIPLE_PX) * _MULTIPLE_PX


def _faces(found: _Found, scale: int, left: int, right: int, top: int, bottom: int) -> list[Face]:
    """Sorted whole-pixel boxes within these limits that are not empty; a box rounds outward so as to hold its face."""
    faces = []
    for box, five, score in zip(found[0] * scale, found[1] * scale, found[2], strict=True):
        if not (np.isfinite(box).all() and np.isfinite(five).all()):
            continue
        low = np.floor(np.clip(box[:2], (left, top), (right, bottom)))
        high = np.ceil(np.clip(box[2:], (left, top), (right, bottom)))
        inside = Box(int(low[0]), int(low[1]), int(high[0]), int(high[1]))
        if inside.area > 0 and float(np.ptp(five, axis=0).max()) > 0:
            faces.append(Face(inside, Landmarks(np.ascontiguousarray(five, np.float32)), float(score)))
    return sorted(faces, key=lambda face: face.box)
