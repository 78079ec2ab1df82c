"""Small faces of a photo get better landmarks before they are compared; large ones cost nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from kenbaar.collections import EmbeddingPermit
from kenbaar.faces import Box, Face, Landmarks, Template
from kenbaar.gallery import ConsentedGallery
from kenbaar.matching import Threshold
from kenbaar.media import PhotoLimits
from kenbaar.modelpack import ModelPack, PhotoPixels, WrappedPack, load_pack
from kenbaar.sweep import PhotoAnalysis, analyse_photo
from tests.modelpack.tiny_pack import blank_photo, draw_face

PLACES = np.array([(0.3, 0.35), (0.7, 0.35), (0.5, 0.55), (0.35, 0.75), (0.65, 0.75)])  # of a drawn face's side
LARGE, SMALL = (100, 100, 256), (1000, 400, 66)  # x, y, side: 128 and 33 px of a look at 640


class RoughPack(WrappedPack):
    """The tiny pack, whose first look places landmarks 5 % of a face too far right; and what it was asked again."""

    def __init__(self, pack: ModelPack) -> None:
        super().__init__(pack)
        self.again: list[list[Face]] = []
        self.embedded: list[Face] = []

    def detect_faces(self, photo: PhotoPixels, **how: Any) -> list[Face]:
        return self.detect_with_hints(photo, **how)[0]

    def detect_with_hints(self, photo: PhotoPixels, **how: Any) -> tuple[list[Face], list[Face]]:
        faces, hints = self._pack.detect_with_hints(photo, **how)
        return [_shifted(face) for face in faces], hints

    def refine_landmarks(self, photo: PhotoPixels, faces: Sequence[Face]) -> list[Face]:
        self.again.append(list(faces))
        return self._pack.refine_landmarks(photo, faces)

    def make_templates(self, photo: PhotoPixels, faces: Sequence[Face]) -> list[Template]:
        self.embedded = list(faces)
        return self._pack.make_templates(photo, faces)


def _shifted(face: Face) -> Face:
    return Face(
        face.box, Landmarks(face.landmarks.points + np.array([0.05 * face.box.width, 0], np.float32)), face.score
    )


@pytest.fixture
def pack(tiny_pack_folder: Path) -> RoughPack:
    return RoughPack(load_pack(tiny_pack_folder))


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    pixels = blank_photo(1280, 720)
    for n, place in enumerate((LARGE, SMALL)):
        draw_face(pixels, place[0], place[1], n + 3, place[2])
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


def look(pack: RoughPack, photo: Path, scope: str = "all", somebody: bool = True) -> PhotoAnalysis:
    row = np.zeros((int(somebody), 16), np.float32)
    row[:, 0] = 1
    gallery = ConsentedGallery.of(
        pack=pack.digest, purposes=["find"], opened_at=datetime.now(UTC), subjects=["s-1"] * somebody, rows=row
    )
    threshold = Threshold(pack=pack.digest, accept=0.7, strong=0.9, margin=0.05, fpir=0.001, n=20, per_decade=0.02)
    permit = EmbeddingPermit("party", "transient", scope)  # type: ignore[arg-type]
    return analyse_photo(photo, PhotoLimits(), pack, permit, gallery, threshold, detail_side=640)


def off(points: np.ndarray[tuple[int, ...], np.dtype[np.float32]], place: tuple[int, int, int]) -> float:
    """How far they lie too far right, of the face's side."""
    x, _, side = place
    return float((points[:, 0] - x - PLACES[:, 0] * side).mean()) / side


def test_small_faces_are_embedded_and_kept_by_better_landmarks_large_ones_as_they_were_found(
    pack: RoughPack, photo: Path
) -> None:
    found = look(pack, photo)
    assert [[face.box for face in asked] for asked in pack.again] == [[found.faces[1]]]
    assert found.faces[1].iou(Box(1000, 400, 1066, 466)) > 0.7
    large, small = (Landmarks.unpacked(kept).points for kept in found.landmarks)
    assert off(large, LARGE) > 0.04 and abs(off(small, SMALL)) < 0.03
    assert [face.landmarks.packed() for face in pack.embedded] == list(found.landmarks)


def test_the_landmarks_kept_while_nobody_can_be_found_are_those_of_later_looks(pack: RoughPack, photo: Path) -> None:
    assert look(pack, photo, somebody=False).landmarks == look(pack, photo).landmarks


@pytest.mark.parametrize("scope", ["none", "claimed"])
def test_where_no_face_is_compared_none_is_looked_at_again(pack: RoughPack, photo: Path, scope: str) -> None:
    assert len(look(pack, photo, scope).faces) == 2
    assert pack.again == []


def test_a_photo_of_large_faces_alone_is_looked_at_once(pack: RoughPack, tmp_path: Path) -> None:
    pixels = blank_photo(1280, 720)
    draw_face(pixels, *LARGE[:2], 3, LARGE[2])
    Image.fromarray(pixels).save(tmp_path / "large.png")
    assert len(look(pack, tmp_path / "large.png").faces) == 1
    assert pack.again == []
