"""The pack, opened: checked weights and the few things a pack can do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kenbaar.faces import Face, Template
from kenbaar.modelpack._centerface import OUTPUTS
from kenbaar.modelpack._detect import HINT_SCORE, Detector, PhotoPixels
from kenbaar.modelpack._embed import Embedder, rough_within
from kenbaar.modelpack._landmarks import refine_landmarks
from kenbaar.modelpack._manifest import Manifest, OperatingPoint, read_file, read_manifest
from kenbaar.modelpack._quality import FaceQuality, QualityGate, measure_quality
from kenbaar.modelpack._sessions import Network


class OnnxPack:
    """Finds faces and makes templates of them. Open one with load_pack(); it holds no state between calls."""

    def __init__(self, manifest: Manifest, detector: Detector, embedder: Embedder, folder: Path) -> None:
        self.folder = folder
        self.manifest = manifest
        self.digest = manifest.digest
        self._detector, self._embedder = detector, embedder

    @property
    def name(self) -> str:
        """The pack's name, such as "default"."""
        return self.manifest.name

    @property
    def dim(self) -> int:
        """Length of its vectors."""
        return self.manifest.embedder.dim

    @property
    def operating_point(self) -> OperatingPoint:
        """The default thresholds and what they were set for."""
        return self.manifest.operating_point

    @property
    def rough_within(self) -> float:
        """How far a rough template's score may lie from that of the template, near a threshold; infinite: not known."""
        return rough_within(self.manifest.embedder)

    def detect_faces(
        self, photo: PhotoPixels, *, long_side: int | None = None, min_score: float | None = None
    ) -> list[Face]:
        """The faces in the photo, sorted by box, in px of the full photo; [] where there are none.

        long_side: px of the long side the detector works at; min_score: 0..1 (both default to the manifest's).
        """
        _refuse_other_pixels(photo)
        spec = self.manifest.detector
        side = spec.long_side if long_side is None else long_side
        return self._detector.find(photo, side, spec.min_score if min_score is None else min_score)

    def detect_with_hints(
        self,
        photo: PhotoPixels,
        *,
        long_side: int | None = None,
        min_score: float | None = None,
        hint_score: float = HINT_SCORE,
    ) -> tuple[list[Face], list[Face]]:
        """The same faces as detect_faces; and where a finer pass might find more: what is too doubtful to be a face.

        hint_score: from which score up to min_score.
        """
        _refuse_other_pixels(photo)
        spec = self.manifest.detector
        side = spec.long_side if long_side is None else long_side
        least = spec.min_score if min_score is None else min_score
        return self._detector.find_with_hints(photo, side, least, hint_score)

    def detect_in_batch(self, pictures: Sequence[NDArray[np.uint8]], *, min_score: float) -> list[list[Face]]:
        """The faces in each of these pictures (RGB uint8, all of one size), sorted by box, in px of that picture.

        They are searched as they are and in one go: for tiles of a photo and close-ups of places in it. Memory
        grows with all of their pixels together, by about 400 bytes each.
        """
        for picture in pictures:
            if picture.dtype != np.uint8 or picture.shape != (*pictures[0].shape[:2], 3):
                raise ValueError("the pictures of a batch are uint8 (rows, columns, 3), all of one size")
        return self._detector.detect_in_batch(pictures, min_score)

    def refine_landmarks(self, photo: PhotoPixels, faces: Sequence[Face]) -> list[Face]:
        """The same faces in order, their landmarks placed better: each is shown once more, enlarged.

        For faces that were small in the pass that found them (sweep tells which); of large ones it gains nothing.
        """
        _refuse_other_pixels(photo)
        return refine_landmarks(self._detector, photo, faces)

    def make_templates(self, photo: PhotoPixels, faces: Sequence[Face]) -> list[Template]:
        """One template per face, in order."""
        vectors = self._embedder.embed([self._embedder.cut(photo, face) for face in faces])
        return [Template(vector, self.digest) for vector in vectors]

    def make_rough_templates(self, photo: PhotoPixels, faces: Sequence[Face]) -> list[Template]:
        """Like make_templates without the mirror image, at half the cost: to tell who is near nobody (rough_within).

        Never decide anybody's match with one.
        """
        vectors = self._embedder.embed([self._embedder.cut(photo, face) for face in faces], rough=True)
        return [Template(vector, self.digest) for vector in vectors]

    def make_template(self, photo: PhotoPixels, face: Face) -> Template:
        """The template of one face."""
        return self.make_templates(photo, [face])[0]

    def networks_alone(
        self, photo: PhotoPixels, faces: int, *, long_side: int | None = None
    ) -> tuple[Callable[[], object], Callable[[], object]]:
        """The two networks run bare, on inputs of the very shapes that this photo with so many faces gives them.

        (detector, embedder): for benchmarks, which tell every speed against this floor. long_side: as for detect_faces.
        """
        side = self.manifest.detector.long_side if long_side is None else long_side
        return self._detector.network_alone(photo, side), self._embedder.network_alone(faces)

    def measure_quality(self, photo: PhotoPixels, face: Face) -> FaceQuality:
        """How well this face can be used for enrolment; QualityGate says what is too little."""
        return measure_quality(photo, face)

    def quality_problems(self, photo: PhotoPixels, face: Face) -> list[str]:
        """Why this face is not good enough to enrol with, in sentences a person can act on; [] where it is."""
        return QualityGate().problems(self.measure_quality(photo, face))


def _refuse_other_pixels(photo: PhotoPixels) -> None:
    if photo.pixels.dtype != np.uint8 or photo.pixels.ndim != 3 or photo.pixels.shape[2] != 3:
        raise ValueError("a photo's pixels are uint8 (rows, columns, 3)")


def load_pack(folder: Path, *, threads: int = 1) -> OnnxPack:
    """The pack in this folder, its manifest and every file's digest checked. threads: per network.

    Raises PackUnavailable where there is no pack, PackBroken where it is not what its manifest says.
    """
    manifest = read_manifest(folder)
    detector = Network(read_file(folder, manifest.detector.file), "detector", threads=threads, outputs=OUTPUTS)
    embedder = Network(read_file(folder, manifest.embedder.file), "embedder", threads=threads)
    return OnnxPack(manifest, Detector(detector, manifest.detector), Embedder(embedder, manifest.embedder), folder)
