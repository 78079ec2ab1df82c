"""CenterFace: its maps read as boxes and landmarks.

The maps lie on a grid of 4 input px. A cell's face has its middle at (cell + offset + 0.5) * 4, sides of
exp(scale) * 4, and landmarks as fractions of its box (the network and its reading: Xu et al. 2019,
"CenterFace: Joint Face Detection and Alignment Using Face as Point", and the author's MIT-licensed demo).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

GRID_PX = 4
OUTPUTS = ("heatmap", "scale", "offset", "landmarks")


def decode_centerface(
    heatmap: NDArray[np.float32],
    scale: NDArray[np.float32],
    offset: NDArray[np.float32],
    landmarks: NDArray[np.float32],
    min_score: float,
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Boxes (n, 4) as x_min, y_min, x_max, y_max; points (n, 5, 2); scores (n,), best first. Input px, edge origin."""
    rows, columns = np.nonzero(heatmap[0, 0] >= min_score)
    scores = heatmap[0, 0, rows, columns]
    order = np.argsort(-scores, kind="stable")
    rows, columns, scores = rows[order], columns[order], scores[order]
    height, width = np.exp(scale[0][:, rows, columns]) * GRID_PX
    y_min = (rows + offset[0, 0, rows, columns] + 0.5) * GRID_PX - height / 2
    x_min = (columns + offset[0, 1, rows, columns] + 0.5) * GRID_PX - width / 2
    boxes = np.stack([x_min, y_min, x_min + width, y_min + height], axis=1)
    fractions = landmarks[0][:, rows, columns].reshape(5, 2, -1)  # (point, y then x, face)
    points = np.stack([fractions[:, 1] * width + x_min, fractions[:, 0] * height + y_min], axis=2).transpose(1, 0, 2)
    return boxes.astype(np.float32), points.astype(np.float32), scores.astype(np.float32)


def kept_by_nms(boxes: NDArray[np.float32], max_iou: float) -> NDArray[np.intp]:
    """Which boxes stay: best first (as given), each dropping the later ones that overlap it by more than max_iou."""
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    left = np.arange(len(boxes))
    kept: list[int] = []
    while left.size:
        best, rest = int(left[0]), left[1:]
        kept.append(best)
        corner_min = np.maximum(boxes[rest, :2], boxes[best, :2])
        corner_max = np.minimum(boxes[rest, 2:], boxes[best, 2:])
        shared = np.prod(np.clip(corner_max - corner_min, 0, None), axis=1)
        left = rest[shared <= max_iou * (areas[rest] + areas[best] - shared)]
    return np.array(kept, np.intp)
