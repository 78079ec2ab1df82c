"""What a model pack can do: one protocol, with its parts. Rooms take the part they need, or the whole."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from kenbaar.faces import Face, Template
from kenbaar.modelpack._detect import HINT_SCORE, PhotoPixels
from kenbaar.modelpack._manifest import Manifest, OperatingPoint
from kenbaar.modelpack._quality import FaceQuality


class FaceDetector(Protocol):
    """Where faces are. Boxes and landmarks in px of the full photo, lists sorted by box."""

    def detect_faces(
        self, photo: PhotoPixels, *, long_side: int | None = None, min_score: float | None = None
    ) -> list[Face]:
        """All faces. long_side: px the photo is brought to; min_score: 0..1; None: what the pack says."""

    def detect_with_hints(
        self,
        photo: PhotoPixels,
        *,
        long_side: int | None = None,
        min_score: float | None = None,
        hint_score: float = HINT_SCORE,
    ) -> tuple[list[Face], list[Face]]:
        """The same faces; and what scores from hint_score on and is too doubtful to be one."""

    def detect_in_batch(self, pictures: Sequence[NDArray[np.uint8]], *, min_score: float) -> list[list[Face]]:
        """The faces in each of several pictures (RGB uint8, of one size), in px of that picture."""

    def refine_landmarks(self, photo: PhotoPixels, faces: Sequence[Face]) -> list[Face]:
        """The same faces in order, their landmarks placed better."""


class FaceEmbedder(Protocol):
    """What a face is compared by. Vectors are float32 of length dim, unit."""

    digest: str

    @property
    def dim(self) -> int:
        """Length of its vectors."""

    @property
    def rough_within(self) -> float:
        """How far a rough template's score may lie from that of the template, near a threshold; infinite: not known."""

    def make_template(self, photo: PhotoPixels, face: Face) -> Template:
        """The template of one face."""

    def make_templates(self, photo: PhotoPixels, faces: Sequence[Face]) -> list[Template]:
        """One template per face, in order."""

    def make_rough_templates(self, photo: PhotoPixels, faces: Sequence[Face]) -> list[Template]:
        """The same at half the cost: to tell who is near nobody. Never decide anybody's match with one."""


class FaceGrader(Protocol):
    """How good a picture of a face is."""

    def measure_quality(self, photo: PhotoPixels, face: Face) -> FaceQuality:
        """Sharpness, brightness, size and turn of this face."""

    def quality_problems(self, photo: PhotoPixels, face: Face) -> list[str]:
        """Why it is not good enough to enrol with, in sentences a person can act on; [] where it is."""


class ModelPack(FaceDetector, FaceEmbedder, FaceGrader, Protocol):
    """A pack, opened. folder: where it lies, for whoever opens it in another process."""

    folder: Path
    manifest: Manifest

    @property
    def name(self) -> str:
        """The pack's name, such as "default"."""

    @property
    def operating_point(self) -> OperatingPoint:
        """The default thresholds and what they were set for."""
