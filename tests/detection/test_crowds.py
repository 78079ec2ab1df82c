"""A closer look: crowds get one, in which every face is told once and in its place; other photos cost what they did."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from kenbaar.detection import detect_closely
from kenbaar.faces import Box, Face
from kenbaar.media import Photo, open_photo
from kenbaar.modelpack import ModelPack, PhotoPixels, WrappedPack, load_pack
from tests.modelpack.tiny_pack import blank_photo, draw_face

SIDE = 640  # px, the tiny pack's look
LANDMARKS = np.array([(0.3, 0.35), (0.7, 0.35), (0.5, 0.55), (0.35, 0.75), (0.65, 0.75)])  # of a drawn face's side


class CountingPack(WrappedPack):
    """The tiny pack, remembering the size of every look."""

    def __init__(self, pack: ModelPack) -> None:
        super().__init__(pack)
        self.looks: list[int] = []

    def detect_with_hints(
        self, photo: PhotoPixels, *, long_side: int | None = None, **scores: Any
    ) -> tuple[list[Face], list[Face]]:
        self.looks.append(long_side or SIDE)
        return self._pack.detect_with_hints(photo, long_side=long_side, **scores)


@pytest.fixture
def pack(tiny_pack_folder: Path) -> CountingPack:
    return CountingPack(load_pack(tiny_pack_folder))


def drawn(file: Path, width: int, height: int, faces: list[tuple[int, int, int]]) -> Path:
    """A photo with faces at (x, y) of that side."""
    pixels = blank_photo(width, height)
    for n, (x, y, side) in enumerate(faces):
        draw_face(pixels, x, y, n % 100, side)
    Image.fromarray(pixels).save(file, quality=95)
    return file


def looked(path: Path, pack: CountingPack) -> list[Face]:
    def open_at(side: int) -> Photo:
        return open_photo(path, detail_side=side)

    return detect_closely(open_at, pack, SIDE)


def expect(found: list[Face], drawn_faces: list[tuple[int, int, int]]) -> None:
    """Each of them found once, boxes and landmarks where they were drawn."""
    left = list(found)
    for x, y, side in drawn_faces:
        same = [f for f in left if f.box.iou(Box(x, y, x + side, y + side)) > 0.7]
        assert len(same) == 1, (x, y, side, [f.box for f in same])
        assert np.abs(same[0].landmarks.points - (np.array([x, y]) + LANDMARKS * side)).max() < 0.1 * side
        left.remove(same[0])
    assert left == []
    assert found == sorted(found, key=lambda f: f.box)


def test_a_face_too_small_for_the_first_look_is_found_beside_one_that_hints_at_it(
    pack: CountingPack, tmp_path: Path
) -> None:
    faces = [(400, 300, 64), (700, 300, 24)]
    photo = drawn(tmp_path / "photo.jpg", 2560, 1440, faces)
    opened = open_photo(photo, detail_side=SIDE)
    assert len(pack.detect_with_hints(opened)[0]) == 1
    expect(looked(photo, pack), faces)


def test_a_photo_of_large_faces_is_looked_at_once(pack: CountingPack, tmp_path: Path) -> None:
    faces = [(200, 300, 256), (1200, 500, 320)]
    expect(looked(drawn(tmp_path / "photo.jpg", 2560, 1440, faces), pack), faces)
    assert pack.looks == [SIDE]


def test_a_photo_without_faces_is_looked_at_once(pack: CountingPack, tmp_path: Path) -> None:
    assert looked(drawn(tmp_path / "photo.jpg", 2560, 1440, []), pack) == []
    assert pack.looks == [SIDE]


def test_a_photo_that_has_no_more_detail_is_looked_at_once(pack: CountingPack, tmp_path: Path) -> None:
    faces = [(100, 100, 24), (400, 200, 24)]
    expect(looked(drawn(tmp_path / "photo.jpg", 900, 600, faces), pack), faces)
    assert pack.looks == [SIDE]


def test_faces_too_small_to_recognise_anybody_are_no_reason_to_look_again(pack: CountingPack, tmp_path: Path) -> None:
    looked(drawn(tmp_path / "photo.jpg", 1300, 700, [(300, 300, 16)]), pack)
    assert pack.looks == [SIDE]


def test_faces_on_the_borders_between_tiles_are_told_once_and_whole(pack: CountingPack, tmp_path: Path) -> None:
    faces = [(x, y, 64) for y in (300, 1090, 1900) for x in range(60, 4000, 290)]  # 290: of every place in a tile
    found = looked(drawn(tmp_path / "photo.jpg", 4096, 2304, faces), pack)
    assert sum(side > SIDE for side in pack.looks) > 2, "it was looked at in tiles"
    expect(found, faces)


def test_only_the_tiles_with_small_faces_are_looked_at_again(pack: CountingPack, tmp_path: Path) -> None:
    everywhere = [(x, y, 64) for y in (300, 1900) for x in (300, 2000, 3700)]
    looked(drawn(tmp_path / "all.jpg", 4096, 2304, everywhere), pack)
    all_looks, pack.looks = pack.looks, []
    looked(drawn(tmp_path / "corner.jpg", 4096, 2304, [(300, 300, 64)]), pack)
    assert len(pack.looks) < len(all_looks)


def test_a_large_face_is_told_by_the_first_look_and_small_ones_by_the_closer(
    pack: CountingPack, tmp_path: Path
) -> None:
    faces = [(200, 300, 512), (1400, 300, 64), (1800, 900, 24)]
    expect(looked(drawn(tmp_path / "photo.jpg", 2560, 1440, faces), pack), faces)
