"""A stand-in for a detector, and pictures for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from kenbaar.faces import Box, Face, Landmarks
from kenbaar.media import Photo, encode_photo, open_photo_bytes
from kenbaar.modelpack import PhotoPixels

SURE, DOUBTFUL, DARK = 255, 230, 30  # grey levels


@dataclass
class BrightSquares:
    """Finds white rectangles, and doubts light grey ones unless it sees them alone in a picture of 64 px.

    believes: whether it takes them for faces then. asked: (columns, rows) of what it was shown, in order.
    """

    believes: bool = True
    asked: list[tuple[int, int]] = field(default_factory=list)
    closely: list[np.ndarray] = field(default_factory=list)

    def detect_faces(
        self, photo: PhotoPixels, *, long_side: int | None = None, min_score: float | None = None
    ) -> list[Face]:
        return self.detect_with_hints(photo, long_side=long_side, min_score=min_score)[0]

    def refine_landmarks(self, photo: PhotoPixels, faces: Sequence[Face]) -> list[Face]:
        return list(faces)

    def detect_with_hints(
        self,
        photo: PhotoPixels,
        *,
        long_side: int | None = None,
        min_score: float | None = None,
        hint_score: float = 0.2,
    ) -> tuple[list[Face], list[Face]]:
        self.asked.append((photo.width, photo.height))
        found = self._in(photo.pixels, doubted=hint_score)
        enough = 0.5 if min_score is None else min_score
        return [f for f in found if f.score >= enough], [f for f in found if f.score < enough]

    def detect_in_batch(self, pictures: Sequence[np.ndarray], *, min_score: float) -> list[list[Face]]:
        close = pictures[0].shape[:2] == (64, 64)
        if close:
            self.closely += list(pictures)
        else:
            self.asked += [(p.shape[1], p.shape[0]) for p in pictures]
        doubted = (0.9 if self.believes else 0.0) if close else 0.05
        return [[f for f in self._in(p, doubted) if f.score >= min_score] for p in pictures]

    @staticmethod
    def _in(pixels: np.ndarray, doubted: float) -> list[Face]:
        import cv2

        bright = (pixels.min(axis=2) > 200).astype(np.uint8)
        count, _, stats, _ = cv2.connectedComponentsWithStats(bright)
        faces = []
        for x, y, w, h, _ in stats[1:count]:
            score = 0.9 if pixels[y + h // 2, x + w // 2, 0] > (SURE + DOUBTFUL) // 2 else doubted
            faces.append(
                Face(Box(int(x), int(y), int(x + w), int(y + h)), Landmarks(np.zeros((5, 2), np.float32)), score)
            )
        return sorted(faces, key=lambda f: f.box)


def scene(width: int, height: int, *squares: Box, level: int = SURE) -> np.ndarray:
    """A dark picture with bright squares."""
    pixels = np.full((height, width, 3), DARK, np.uint8)
    for box in squares:
        pixels[box.y_min : box.y_max, box.x_min : box.x_max] = level
    return pixels


def photo_of(pixels: np.ndarray) -> Photo:
    """These pixels as a photo, without loss."""
    return open_photo_bytes(encode_photo(pixels, "PNG"))
