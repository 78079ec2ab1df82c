"""The rectangle everything else is told in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

SAME_FACE_IOU = 0.5
"""From this overlap on, two boxes are one face, told by two looks. Measured: 355 faces told by a sweep and by a
publication overlap by 0.62 or more (docs/decisions/0005-detection-schedules.md). Two heads so close hide each other."""


@dataclass(frozen=True, slots=True, order=True)
class Box:
    """Half-open pixel rectangle in the upright photo, origin top left: x_min <= x < x_max. Integers."""

    x_min: int
    y_min: int
    x_max: int
    y_max: int

    @property
    def width(self) -> int:
        """Columns, px; never negative."""
        return max(0, self.x_max - self.x_min)

    @property
    def height(self) -> int:
        """Rows, px; never negative."""
        return max(0, self.y_max - self.y_min)

    @property
    def area(self) -> int:
        """Pixels inside; 0 for an empty box."""
        return self.width * self.height

    def as_list(self) -> list[int]:
        """[x_min, y_min, x_max, y_max], as JSON shows a box."""
        return [self.x_min, self.y_min, self.x_max, self.y_max]

    def padded(self, margin_px: int) -> Box:
        """The box grown by margin_px on every side; may leave the photo (see clipped)."""
        return Box(self.x_min - margin_px, self.y_min - margin_px, self.x_max + margin_px, self.y_max + margin_px)

    def snapped(self, grid_px: int) -> Box:
        """The smallest box on the grid that contains this one (each side moved outward)."""
        return Box(
            self.x_min // grid_px * grid_px,
            self.y_min // grid_px * grid_px,
            -(-self.x_max // grid_px) * grid_px,
            -(-self.y_max // grid_px) * grid_px,
        )

    def clipped(self, width_px: int, height_px: int) -> Box:
        """The part of this box that lies in a photo of that size; area 0 where nothing does."""
        x_min, y_min = min(max(0, self.x_min), width_px), min(max(0, self.y_min), height_px)
        return Box(x_min, y_min, max(x_min, min(self.x_max, width_px)), max(y_min, min(self.y_max, height_px)))

    def reduced(self, scale: int) -> Box:
        """The box in a photo reduced by scale: the smallest that holds every pixel of this one."""
        return Box(self.x_min // scale, self.y_min // scale, -(-self.x_max // scale), -(-self.y_max // scale))

    def intersection(self, other: Box) -> Box:
        """What both boxes share; area 0 where they share nothing."""
        x_min, y_min = max(self.x_min, other.x_min), max(self.y_min, other.y_min)
        return Box(x_min, y_min, max(x_min, min(self.x_max, other.x_max)), max(y_min, min(self.y_max, other.y_max)))

    def iou(self, other: Box) -> float:
        """Intersection over union, 0..1."""
        shared = self.intersection(other).area
        union = self.area + other.area - shared
        return shared / union if union else 0.0

    def is_same_face(self, other: Box) -> bool:
        """True where both boxes are of one photo and tell the same face (SAME_FACE_IOU)."""
        return self.iou(other) >= SAME_FACE_IOU

    def nearest(self, boxes: Sequence[Box]) -> int | None:
        """Which of these boxes is the same face as this one: the one it overlaps best; None where none is."""
        best = max(range(len(boxes)), key=lambda n: self.iou(boxes[n]), default=None)
        return best if best is not None and self.is_same_face(boxes[best]) else None

    def around(self, other: Box) -> Box:
        """The smallest box that contains both."""
        return Box(
            min(self.x_min, other.x_min),
            min(self.y_min, other.y_min),
            max(self.x_max, other.x_max),
            max(self.y_max, other.y_max),
        )

    def contains(self, other: Box) -> bool:
        """True where no pixel of the other lies outside this one."""
        return (
            self.x_min <= other.x_min
            and self.y_min <= other.y_min
            and self.x_max >= other.x_max
            and self.y_max >= other.y_max
        )
