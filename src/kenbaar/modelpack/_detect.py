"""Faces in a photo: boxes and landmarks at full size, whatever size the detector looked at."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from kenbaar.faces import Box, Face, Landmarks
from kenbaar.modelpack._centerface import GRID_PX, OUTPUTS, decode_centerface, kept_by_nms
from kenbaar.modelpack._manifest import DetectorSpec
from kenbaar.modelpack._sessions import Network

_MULTIPLE_PX = 32
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
        boxes, points, scores = self._look(photo.pixels, long_side, min_score)
        return sorted(_faces(boxes * photo.scale, points * photo.scale, scores, photo), key=lambda face: face.box)

    def _look(self, pixels: NDArray[np.uint8], long_side: int, min_score: float, border: float = 0.0) -> _Found:
        """One pass over the pixels, shrunk so that they and their border fit long_side; coordinates of `pixels`."""
        import cv2

        rows, columns = pixels.shape[:2]
        ratio = min(1.0, long_side / (max(rows, columns) * (1 + 2 * border)))
        height, width = max(1, round(rows * ratio)), max(1, round(columns * ratio))
        top, left = round(height * border), round(width * border)
        if (height, width) != (rows, columns):
            # Linear is enough (and quick) down to a half; below it would skip pixels.
            method = cv2.INTER_LINEAR if ratio >= 0.5 else cv2.INTER_AREA
            pixels = np.asarray(cv2.resize(pixels, (width, height), interpolation=method), np.uint8)
        canvas = np.zeros((_rounded_up(height + 2 * top), _rounded_up(width + 2 * left), 3), np.uint8)
        canvas[top : top + height, left : left + width] = pixels
        boxes, points, scores = self._run(canvas, min_score)
        origin = np.array([left, top], np.float32)
        back = np.array([columns / width, rows / height], np.float32)
        return (boxes - np.tile(origin, 2)) * np.tile(back, 2), (points - origin) * back, scores

    def _run(self, canvas: NDArray[np.uint8], min_score: float) -> _Found:
        import cv2

        spec, (rows, columns) = self._spec, canvas.shape[:2]
        mean = spec.mean if spec.colour == "RGB" else spec.mean[::-1]  # blobFromImage swaps after taking the mean off
        blob = cv2.dnn.blobFromImage(canvas, spec.scale, mean=mean, swapRB=spec.colour == "BGR")
        grid = (rows // GRID_PX, columns // GRID_PX)
        shapes = {name: (1, count, *grid) for name, count in zip(OUTPUTS, (1, 2, 2, 10), strict=True)}
        heatmap, scale, offset, landmarks = self._network.run(np.asarray(blob, np.float32), shapes)
        boxes, points, scores = decode_centerface(heatmap, scale, offset, landmarks, min_score)
        kept = kept_by_nms(boxes, spec.max_iou)
        return boxes[kept], points[kept], scores[kept]


def _rounded_up(side_px: int) -> int:
    return -(-side_px // _MULTIPLE_PX) * _MULTIPLE_PX


def _faces(
    boxes: NDArray[np.float32], points: NDArray[np.float32], scores: NDArray[np.float32], photo: PhotoPixels
) -> list[Face]:
    """Whole-pixel boxes that lie in the photo and are not empty; a box rounds outward so that it holds its face."""
    limits = 4 * max(photo.width, photo.height)
    faces = []
    for box, five, score in zip(boxes, points, scores, strict=True):
        if not (np.isfinite(box).all() and np.isfinite(five).all()):
            continue
        low, high = np.floor(np.clip(box[:2], -limits, limits)), np.ceil(np.clip(box[2:], -limits, limits))
        clipped = Box(int(low[0]), int(low[1]), int(high[0]), int(high[1])).clipped(photo.width, photo.height)
        if clipped.area > 0 and float(np.ptp(five, axis=0).max()) > 0:
            faces.append(Face(clipped, Landmarks(np.ascontiguousarray(five, np.float32)), float(score)))
    return faces
