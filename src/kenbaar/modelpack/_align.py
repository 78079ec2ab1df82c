"""A face turned, scaled and moved so that its five landmarks lie where the embedder expects them."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray


def similarity(source: NDArray[np.float32], target: NDArray[np.float32]) -> NDArray[np.float64]:
    """The turn, scale and move, shape (2, 3), that brings the source points nearest to the target points.

    Least squares without reflection (Umeyama, PAMI 1991, eq. 40-42; in the plane it is one division of complex
    numbers). ValueError where all source points are one: no turn can be told from that.
    """
    z = source[:, 0].astype(np.float64) + 1j * source[:, 1]
    w = target[:, 0].astype(np.float64) + 1j * target[:, 1]
    spread = z - z.mean()
    size = float(np.vdot(spread, spread).real)
    if not size > 1e-12 or not math.isfinite(size):
        raise ValueError("the points do not span a face")
    a = complex(np.vdot(spread, w - w.mean()) / size)
    b = complex(w.mean() - a * z.mean())
    return np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])


def moved(points: NDArray[np.floating], transform: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points (n, 2) after a (2, 3) transform."""
    return np.asarray(points @ transform[:, :2].T + transform[:, 2], np.float64)


def inverted(transform: NDArray[np.float64]) -> NDArray[np.float64]:
    """The (2, 3) transform that takes chip points back into the photo."""
    back = np.linalg.inv(transform[:, :2])
    return np.hstack([back, -(back @ transform[:, 2:])])


def cut_chip(
    pixels: NDArray[np.uint8], transform: NDArray[np.float64], width_px: int, height_px: int
) -> NDArray[np.uint8]:
    """The chip (height, width, 3) that a transform from photo px to chip px cuts out of the photo; edges are repeated.

    Both sides are told with the origin at the outer corner of the top left pixel. Where the face is more than twice
    the chip it is shrunk by area first, or the warp would pick single pixels out of it (aliasing).
    """
    import cv2

    corners = np.array([[0, 0], [width_px, 0], [0, height_px], [width_px, height_px]], np.float64)
    in_photo = moved(corners, inverted(transform))
    rows, columns = pixels.shape[:2]
    x_min, y_min = (int(v) for v in np.clip(np.floor(in_photo.min(axis=0)) - 2, 0, (columns - 1, rows - 1)))
    x_max, y_max = (int(v) for v in np.clip(np.ceil(in_photo.max(axis=0)) + 2, (x_min + 1, y_min + 1), (columns, rows)))
    part = pixels[y_min:y_max, x_min:x_max]
    part_scale_x = part_scale_y = 1.0
    shrink = math.hypot(transform[0, 0], transform[1, 0])  # chip px per photo px
    if shrink < 0.5:
        size = (max(1, round(part.shape[1] * shrink)), max(1, round(part.shape[0] * shrink)))
        part_scale_x, part_scale_y = size[0] / part.shape[1], size[1] / part.shape[0]
        part = np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), np.uint8)
    # Part px (whose centres are integers to OpenCV) -> photo px -> chip px (again at centres).
    to_photo = np.array(
        [
            [1 / part_scale_x, 0, x_min + 0.5 / part_scale_x],
            [0, 1 / part_scale_y, y_min + 0.5 / part_scale_y],
            [0, 0, 1],
        ]
    )
    warp = transform @ to_photo
    warp[:, 2] -= 0.5
    chip = cv2.warpAffine(part, warp, (width_px, height_px), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(chip, np.uint8)
