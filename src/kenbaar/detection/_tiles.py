"""One way to look at a photo tile by tile, for sweeps and for publishing alike: tiles cut, findings put back.

Tiles overlap, so that a small face cut by a border between two of them lies whole in one. What a border cuts off is no
face: a piece of one would be masked or compared as if it were somebody (seen: mouth and chin of a portrait).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from kenbaar.faces import Box

BORDER_PX = 4  # of what the detector is shown: what ends so near to a border between tiles is cut off by it
SAME_IOU = 0.3  # as the detector tells its own findings apart
WORTH_IT = 1.5  # a pass less than this much finer than the one before finds the same faces again


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """Pixels (uint8, rows x columns x 3), as a photo of their own."""

    pixels: NDArray[np.uint8]
    scale: int
    width: int
    height: int

    @classmethod
    def of(cls, pixels: NDArray[np.uint8]) -> View:
        """These pixels, at full size."""
        return cls(pixels, 1, pixels.shape[1], pixels.shape[0])


def stretches(length: int, count: int, each: float) -> list[tuple[int, int]]:
    """So many stretches of that length each, evenly spread over length px; they overlap as it comes out."""
    last = max(1, count - 1)
    starts = (round(n * (length - each) / last) for n in range(count))
    return [(start, min(length, ceil(start + each))) for start in starts]


def tiles(rows: int, columns: int, down: tuple[int, float], across: tuple[int, float]) -> Iterator[Box]:
    """The areas of a photo, row by row. down, across: how many, and how long each, px."""
    for top, bottom in stretches(rows, *down):
        for left, right in stretches(columns, *across):
            yield Box(left, top, right, bottom)


def is_cut_off(
    edges: tuple[float, float, float, float], area: Box, size: tuple[int, int], near: tuple[float, float]
) -> bool:
    """Whether a border between tiles cuts it off. The photo's own edge does not count: nothing lies beyond it.

    edges: x_min, y_min, x_max, y_max of the finding, px of the photo's pixels. area: the tile's, in the same px.
    size: columns, rows of the photo. near: px, across and down, that count as at the border.
    """
    x_min, y_min, x_max, y_max = edges
    (columns, rows), (near_x, near_y) = size, near
    return (
        0 < area.x_min > x_min - near_x
        or columns > area.x_max < x_max + near_x
        or 0 < area.y_min > y_min - near_y
        or rows > area.y_max < y_max + near_y
    )


def cut(pixels: NDArray[np.uint8], area: Box, size: tuple[int, int]) -> NDArray[np.uint8]:
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
