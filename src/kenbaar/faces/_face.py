"""A found face: where it is, and its five points."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from kenbaar.faces._box import Box


@dataclass(frozen=True, slots=True, eq=False)  # eq=False: comparing arrays with == is a trap
class Landmarks:
    """Five points of one face, float32, shape (5, 2), px in the upright full-size photo.

    Order: eye left in the image, eye right in the image, nose tip, mouth corner left, mouth corner right.
    """

    points: NDArray[np.float32]

    def __post_init__(self) -> None:
        if self.points.dtype != np.float32 or self.points.shape != (5, 2):
            raise ValueError(f"landmarks are float32 (5, 2), not {self.points.dtype} {self.points.shape}")

    @property
    def inter_eye_px(self) -> float:
        """Distance between the eyes, px."""
        return float(np.linalg.norm(self.points[1] - self.points[0]))

    def packed(self) -> bytes:
        """The points as they are kept: 40 bytes, little-endian float32, x and y of each point in order; exact."""
        return self.points.astype("<f4").tobytes()

    @classmethod
    def unpacked(cls, kept: bytes) -> Landmarks:
        """The points that packed() wrote, to the last bit. ValueError for anything else."""
        points = np.frombuffer(kept, "<f4").reshape(5, 2).astype(np.float32)
        if not np.isfinite(points).all():
            raise ValueError("landmarks are finite")
        return cls(points)


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """One face found in a photo. score: the detector's, 0..1, only comparable within one pack."""

    box: Box
    landmarks: Landmarks = field(repr=False)
    score: float
