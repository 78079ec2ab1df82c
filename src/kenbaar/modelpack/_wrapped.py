"""A pack that passes everything on to another one: for whoever watches what is asked of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kenbaar.faces import Face, Template
from kenbaar.modelpack._detect import HINT_SCORE, PhotoPixels
from kenbaar.modelpack._manifest import Manifest, OperatingPoint
from kenbaar.modelpack._protocol import ModelPack
from kenbaar.modelpack._quality import FaceQuality


class WrappedPack:
    """As ModelPack, by the pack it is around. Subclasses say what they want to see or answer by themselves."""

    def __init__(self, pack: ModelPack) -> None:
        self._pack = pack
        self.digest: str = pack.digest
        self.folder: Path = pack.folder
        self.manifest: Manifest = pack.manifest

    @property
    def name(self) -> str:
        """As ModelPack."""
        return self._pack.name

    @property
    def dim(self) -> int:
        """As ModelPack."""
        return self._pack.dim

    @property
    def operating_point(self) -> OperatingPoint:
        """As ModelPack."""
        return self._pack.operating_point

    @property
    def rough_within(self) -> float:
        """As ModelPack."""
        return self._pack.rough_within

    def detect_faces(
        self, photo: PhotoPixels, *, long_side: int | None = None, min_score: float | None = None
    ) -> list[Face]:
        """As ModelPack."""
        return self._pack.detect_faces(photo, long_side=long_side, min_score=min_score)

    def detect_with_hints(
        self,
        photo: PhotoPixels,
        *,
        long_side: int | None = None,
        min_score: float | None = None,
        hint_score: float = HINT_SCORE,
    ) -> tuple[list[Face], list[Face]]:
        """As ModelPack."""
        return self._pack.detect_with_hints(photo, long_side=long_side, min_score=min_score, hint_score=hint_score)

    def detect_in_batch(self, pictures: Sequence[NDArray[np.uint8]], *, min_score: float) -> list[list[Face]]:
        """As ModelPack."""
        return self._pack.detect_in_batch(pictures, min_score=min_score)

    def refine_landmarks(self, photo: PhotoPixels, faces: Sequence[Face]) -> list[Face]:
        """As ModelPack."""
        return self._pack.refine_landmarks(photo, faces)

    def make_template(self, photo: PhotoPixels, face: Face) -> Template:
        """As ModelPack."""
        return self._pack.make_template(photo, face)

    def make_templates(self, photo: PhotoPixels, faces: Sequence[Face]) -> list[Template]:
        """As ModelPack."""
        return self._pack.make_templates(photo, faces)

    def make_rough_templates(self, photo: PhotoPixels, faces: Sequence[Face]) -> list[Template]:
        """As ModelPack."""
        return self._pack.make_rough_templates(photo, faces)

    def measure_quality(self, photo: PhotoPixels, face: Face) -> FaceQuality:
        """As ModelPack."""
        return self._pack.measure_quality(photo, face)

    def quality_problems(self, photo: PhotoPixels, face: Face) -> list[str]:
        """As ModelPack."""
        return self._pack.quality_problems(photo, face)
