"""Pixels turned, and boxes turned back: a detector sees faces upright, and people and scans lie on their side."""

from __future__ import annotations

from math import ceil, cos, floor, radians, sin

import numpy as np
from numpy.typing import NDArray

from kenbaar.faces import Box

QUARTERS = (1, 2, 3)
"""The turns besides upright, in quarters, anticlockwise as np.rot90 counts."""


def turned(pixels: NDArray[np.uint8], quarters: int) -> NDArray[np.uint8]:
    """The pixels turned anticlockwise by so many quarters, contiguous."""
    return np.ascontiguousarray(np.rot90(pixels, quarters))


def turned_back(box: Box, quarters: int, width: int, height: int) -> Box:
    """A box in the turned pixels, in px of the pixels as they were. width, height: of those."""
    match quarters % 4:
        case 1:
            return Box(width - box.y_max, box.x_min, width - box.y_min, box.x_max)
        case 2:
            return Box(width - box.x_max, height - box.y_max, width - box.x_min, height - box.y_min)
        case 3:
            return Box(box.y_min, height - box.x_max, box.y_max, height - box.x_min)
        case _:
            return box


def eighth_turned(square: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """The middle of a square picture turned anticlockwise by 45°, side x side px; the square is 1.42 times as large."""
    import cv2

    middle = square.shape[0] / 2
    matrix = cv2.getRotationMatrix2D((middle, middle), 45, 1.0)
    matrix[:, 2] += side / 2 - middle
    return np.asarray(cv2.warpAffine(square, matrix, (side, side), flags=cv2.INTER_LINEAR), np.uint8)


def eighth_turned_back(box: Box, side: int) -> Box:
    """The box around a box that was found in a picture turned by 45°, in px of the side x side picture upright."""
    angle, middle = radians(45), side / 2
    xs, ys = [], []
    for x, y in ((box.x_min, box.y_min), (box.x_max, box.y_min), (box.x_min, box.y_max), (box.x_max, box.y_max)):
        across, down = x - middle, y - middle
        xs.append(middle + across * cos(angle) - down * sin(angle))
        ys.append(middle + across * sin(angle) + down * cos(angle))
    return Box(floor(min(xs)), floor(min(ys)), ceil(max(xs)), ceil(max(ys)))
