from __future__ import annotations

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kenbaar.modelpack._centerface import decode_centerface, kept_by_nms


def maps(seed: int, rows: int = 9, columns: int = 13) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    heat = rng.random((1, 1, rows, columns)).astype(np.float32)
    scale, offset, marks = (rng.normal(0, 1, (1, n, rows, columns)).astype(np.float32) for n in (2, 2, 10))
    return heat, scale, offset, marks


@given(st.integers(0, 2**32 - 1))
def test_reading_the_maps_at_once_gives_what_reading_cell_by_cell_gives(seed: int) -> None:
    heat, scale, offset, marks = maps(seed)
    boxes, points, scores = decode_centerface(heat, scale, offset, marks, 0.8)
    slow = []
    for row in range(heat.shape[2]):
        for column in range(heat.shape[3]):
            if heat[0, 0, row, column] >= 0.8:
                at = (row, column)
                height, width = (math.exp(scale[(0, i, *at)]) * 4 for i in (0, 1))
                y = (row + offset[(0, 0, *at)] + 0.5) * 4 - height / 2
                x = (column + offset[(0, 1, *at)] + 0.5) * 4 - width / 2
                five = [(marks[(0, 2 * i + 1, *at)] * width + x, marks[(0, 2 * i, *at)] * height + y) for i in range(5)]
                slow.append((heat[(0, 0, *at)], (x, y, x + width, y + height), five))
    slow.sort(key=lambda found: -found[0])
    assert len(slow) == len(scores)
    for i, (score, box, five) in enumerate(slow):
        assert scores[i] == score
        assert np.allclose(boxes[i], box, atol=1e-3)
        assert np.allclose(points[i], five, atol=1e-3)


def test_nothing_above_the_score_is_nothing_found() -> None:
    boxes, points, scores = decode_centerface(*maps(1), 1.5)
    assert boxes.shape == (0, 4)
    assert points.shape == (0, 5, 2)
    assert len(scores) == 0
    assert len(kept_by_nms(boxes, 0.3)) == 0


@settings(max_examples=50)
@given(st.integers(0, 2**32 - 1), st.integers(1, 60))
def test_kept_boxes_do_not_overlap_and_every_dropped_one_overlaps_a_better_one(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    low = rng.random((count, 2)) * 100
    boxes = np.hstack([low, low + 1 + rng.random((count, 2)) * 60]).astype(np.float32)

    def iou(a: np.ndarray, b: np.ndarray) -> float:
        shared = np.prod(np.clip(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0, None))
        return float(shared / (np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]) - shared))

    kept = kept_by_nms(boxes, 0.3).tolist()
    assert kept[0] == 0
    for i in range(count):
        over = [j for j in kept if j < i and iou(boxes[i], boxes[j]) > 0.3 + 1e-6]
        assert (i in kept) == (not over)
