"""How a video is turned and mirrored for showing: one of eight ways, for pixels and for boxes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kenbaar.faces import Box

_QUARTER = np.array([[0, 1], [-1, 0]])  # np.rot90 once: (x, y) -> (y, -x), y pointing down
_MIRROR = np.array([[-1, 0], [0, 1]])
_ONE = 1 << 16  # the display matrix of ISO 14496-12 is in 16.16 fixed point


@dataclass(frozen=True, slots=True)
class Turn:
    """Upright is the coded frame mirrored left for right (or not), then turned counter-clockwise by quarters."""

    quarters: int = 0
    mirrored: bool = False

    @classmethod
    def of_matrix(cls, nine: Sequence[int]) -> Turn | None:
        """From a display matrix, as FFmpeg hands it over; None where it is not one of the eight ways."""
        linear = np.rint(np.array([[nine[0], nine[3]], [nine[1], nine[4]]]) / _ONE).astype(int)
        for mirrored in (False, True):
            for quarters in range(4):
                way = np.linalg.matrix_power(_QUARTER, quarters) @ (_MIRROR if mirrored else np.eye(2, dtype=int))
                if (way == linear).all():
                    return cls(quarters, mirrored)
        return None

    def upright(self, coded: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The pixels as they are shown; a view."""
        return np.rot90(coded[:, ::-1] if self.mirrored else coded, self.quarters)

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height of the upright frame, of these of the coded one."""
        return (height, width) if self.quarters % 2 else (width, height)

    def coded_box(self, box: Box, width: int, height: int) -> Box:
        """Where an upright frame's box lies in the coded frame of width x height."""
        x_min, y_min, x_max, y_max = box.as_list()
        for n in reversed(range(self.quarters)):
            # undoes np.rot90: what it put at (y, w-1-x); the frame before the n-th quarter is this wide
            before = height if n % 2 else width
            x_min, y_min, x_max, y_max = before - y_max, x_min, before - y_min, x_max
        if self.mirrored:
            x_min, x_max = width - x_max, width - x_min
        return Box(x_min, y_min, x_max, y_max)
