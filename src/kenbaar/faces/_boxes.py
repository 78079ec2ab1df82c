"""Many boxes at once: which of them overlap one. In a crowd of thousands no pair is compared in Python."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from kenbaar.faces._box import SAME_FACE_IOU, Box


class Boxes:
    """Boxes in the order they were added, with their corners in one array."""

    def __init__(self, boxes: Iterable[Box] = ()) -> None:
        self._boxes = list(boxes)
        self._corners = np.zeros((max(16, len(self._boxes)), 4), np.int64)
        for n, box in enumerate(self._boxes):
            self._corners[n] = box.as_list()

    def __len__(self) -> int:
        return len(self._boxes)

    def __iter__(self) -> Iterator[Box]:
        return iter(self._boxes)

    def __getitem__(self, n: int) -> Box:
        return self._boxes[n]

    def add(self, box: Box) -> None:
        """One more, at the end."""
        if len(self._boxes) == len(self._corners):
            self._corners = np.concatenate([self._corners, np.zeros_like(self._corners)])
        self._corners[len(self._boxes)] = box.as_list()
        self._boxes.append(box)

    def replace(self, n: int, box: Box) -> None:
        """Another box in the place of number n."""
        self._boxes[n] = box
        self._corners[n] = box.as_list()

    def iou(self, box: Box) -> NDArray[np.float64]:
        """Intersection over union with each, 0..1, float64 (n,)."""
        shared, areas = self._shared(box)
        union = areas + box.area - shared
        overlaps = np.zeros(len(self), np.float64)
        np.divide(shared, union, out=overlaps, where=union > 0)
        return overlaps

    def touching(self, box: Box) -> list[Box]:
        """Those that share a pixel with this one, in order."""
        shared, _ = self._shared(box)
        return [self._boxes[n] for n in np.flatnonzero(shared)]

    def holding(self, box: Box, share: float) -> NDArray[np.intp]:
        """Numbers of those in which at least this share of the box lies; none for an empty box."""
        shared, _ = self._shared(box)
        return np.flatnonzero(shared >= share * box.area) if box.area else np.zeros(0, np.intp)

    def nearest(self, box: Box) -> int | None:
        """Which of them is the same face as this one: the one it overlaps best; None where none is."""
        if not self._boxes:
            return None
        overlaps = self.iou(box)
        best = int(overlaps.argmax())
        return best if overlaps[best] >= SAME_FACE_IOU else None

    def _shared(self, box: Box) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The area each shares with the box, and each one's own, px."""
        corners = self._corners[: len(self._boxes)]
        low, high = corners[:, :2], corners[:, 2:]
        sides = np.minimum(high, (box.x_max, box.y_max)) - np.maximum(low, (box.x_min, box.y_min))
        own = np.clip(high - low, 0, None)
        return np.asarray(np.clip(sides, 0, None).prod(axis=1)), np.asarray(own.prod(axis=1))
