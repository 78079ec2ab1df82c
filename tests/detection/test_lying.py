"""Photos and people that lie: found as if they stood, told where they lie, and others cost what they did."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from kenbaar.detection import detect_closely
from kenbaar.detection._lying import face_turned_back, stands, with_turned
from kenbaar.detection._turns import turned
from kenbaar.faces import Box, Face, Landmarks
from kenbaar.media import Photo, open_photo
from kenbaar.modelpack import HINT_SCORE, PhotoPixels, load_pack
from kenbaar.modelpack._align import moved
from kenbaar.modelpack._landmarks import _to_cut
from tests.detection.test_thorough import composed

SIDE = 640
POINTS = np.array([(0.3, 0.35), (0.7, 0.35), (0.5, 0.55), (0.35, 0.75), (0.65, 0.75)])  # of a face's side
Pixels = NDArray[np.uint8]


def face_at(box: Box, score: float = 0.9, points: NDArray[np.float64] = POINTS) -> Face:
    five = points * (box.width, box.height) + (box.x_min, box.y_min)
    return Face(box, Landmarks(five.astype(np.float32)), score)


class OneWayUp:
    """Finds white squares that have their red side on top; from the other sides it sees next to nothing, which leans.

    looks: the size of every picture it was shown. sure: what it scores.
    """

    def __init__(self, sure: float = 0.9, lying: float = 0.0) -> None:
        self.sure, self.lying = sure, lying
        self.looks: list[tuple[int, int]] = []

    def detect_with_hints(
        self,
        photo: PhotoPixels,
        *,
        long_side: int | None = None,
        min_score: float | None = None,
        hint_score: float = HINT_SCORE,
    ) -> tuple[list[Face], list[Face]]:
        seen = self._seen(photo.pixels)
        k = photo.scale
        full = [
            Face(
                Box(*(k * v for v in f.box.as_list())),
                Landmarks(np.asarray(f.landmarks.points * k, np.float32)),
                f.score,
            )
            for f in seen
        ]
        return [f for f in full if f.score >= 0.5], [f for f in full if hint_score <= f.score < 0.5]

    def detect_in_batch(self, pictures: Sequence[Pixels], *, min_score: float) -> list[list[Face]]:
        return [[f for f in self._seen(p) if f.score >= min_score] for p in pictures]

    def detect_faces(
        self, photo: PhotoPixels, *, long_side: int | None = None, min_score: float | None = None
    ) -> list[Face]:
        return self.detect_with_hints(photo)[0]

    def refine_landmarks(self, photo: PhotoPixels, faces: Sequence[Face]) -> list[Face]:
        return list(faces)

    def _seen(self, pixels: Pixels) -> list[Face]:
        self.looks.append(pixels.shape[:2])
        bright = (pixels[..., 0] > 160).astype(np.uint8)
        count, _, stats, _ = cv2.connectedComponentsWithStats(bright)
        found = []
        for x, y, width, height, _ in stats[1:count].tolist():
            if min(width, height) < 6:
                continue
            box = Box(x, y, x + width, y + height)
            red = pixels[y : y + height // 4, x + width // 3 : x + 2 * width // 3, 1] < 100
            if red.mean() > 0.5:
                found.append(face_at(box, self.sure))
            elif self.lying:
                found.append(face_at(box, self.lying, POINTS[:, ::-1]))
        return sorted(found, key=lambda face: face.box)


def scene(*squares: tuple[int, int, int, int], width: int = 1200, height: int = 800) -> Pixels:
    """A dark picture with squares at (x, y) of that side, the red side so many quarters anticlockwise from the top."""
    pixels = np.full((height, width, 3), 60, np.uint8)
    for x, y, side, quarters in squares:
        square = np.full((side, side, 3), 250, np.uint8)
        square[: side // 4, :, 1:] = 0
        pixels[y : y + side, x : x + side] = np.rot90(square, quarters)
    return pixels


def found_in(pixels: Pixels, pack: OneWayUp, tmp_path: Path) -> list[Face]:
    path = tmp_path / "photo.png"
    Image.fromarray(pixels).save(path)

    def open_at(side: int) -> Photo:
        return open_photo(path, detail_side=side)

    return detect_closely(open_at, pack, SIDE)


def way_up(face: Face) -> tuple[int, int]:
    """From the mouth to the eyes, as the sign of x and y."""
    up = face.landmarks.points[:2].mean(axis=0) - face.landmarks.points[3:].mean(axis=0)
    x, y = (up / np.abs(up).max()).round()
    return int(x), int(y)


UP = {1: (-1, 0), 2: (0, 1), 3: (1, 0)}  # where the red side is after so many quarters


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_photo_that_lies_is_found_out_and_its_faces_are_told_where_they_lie(quarters: int, tmp_path: Path) -> None:
    squares = [(200, 100, 120, quarters), (700, 500, 90, quarters)]
    found = found_in(scene(*squares), OneWayUp(), tmp_path)
    assert len(found) == 2
    for face, (x, y, side, _) in zip(found, squares, strict=True):
        assert face.box.iou(Box(x, y, x + side, y + side)) > 0.9
        assert way_up(face) == UP[quarters]


def test_a_photo_in_which_somebody_stands_is_looked_at_once(tmp_path: Path) -> None:
    pack = OneWayUp()
    assert len(found_in(scene((200, 100, 120, 0), (700, 500, 90, 1)), pack, tmp_path)) == 1
    assert len(pack.looks) == 1


def test_a_photo_without_faces_costs_three_looks_at_the_packs_own_size_more(tmp_path: Path) -> None:
    pack = OneWayUp()
    assert found_in(scene(), pack, tmp_path) == []
    assert len(pack.looks) == 4
    assert all(max(look) <= SIDE for look in pack.looks[1:])


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_one_who_lies_among_people_who_stand_is_found_close_up(quarters: int, tmp_path: Path) -> None:
    pack = OneWayUp(lying=0.2)
    found = found_in(scene((200, 100, 120, 0), (700, 500, 90, quarters)), pack, tmp_path)
    assert [way_up(face) for face in found] == [(0, -1), UP[quarters]]
    assert found[1].box.iou(Box(700, 500, 790, 590)) > 0.85
    assert pack.looks[1:] == [(128, 128)] * 3


def test_what_leans_and_is_no_face_from_any_side_is_none(tmp_path: Path) -> None:
    pixels = scene((200, 100, 120, 0))
    pixels[500:590, 700:790] = 250
    assert len(found_in(pixels, OneWayUp(lying=0.2), tmp_path)) == 1


def test_a_photo_in_which_nobody_is_sure_from_any_side_is_left_as_it_is(tmp_path: Path) -> None:
    assert found_in(scene((200, 100, 120, 1)), OneWayUp(sure=0.55), tmp_path) == []


@given(st.integers(0, 40), st.integers(0, 20), st.integers(2, 40), st.integers(0, 3))
def test_a_face_found_in_turned_pixels_is_told_where_it_was(x: int, y: int, side: int, quarters: int) -> None:
    pixels = scene((x, y, max(8, side), 0), width=96, height=64)
    (upright,) = OneWayUp()._seen(pixels)
    in_turned = scene((x, y, max(8, side), (4 - quarters) % 4), width=96, height=64)
    (seen,) = OneWayUp()._seen(turned(in_turned, quarters))
    back = face_turned_back(seen, quarters, 96, 64)
    assert back.box == upright.box
    assert stands(seen) and way_up(back) == {0: (0, -1), **UP}[(4 - quarters) % 4]


def test_of_a_face_told_twice_the_surer_counts_and_a_part_of_one_is_none() -> None:
    whole, part, apart = Box(100, 100, 200, 200), Box(120, 120, 140, 160), Box(400, 100, 500, 200)
    lying = face_at(whole, 0.9, POINTS[:, ::-1])
    wide = Face(part, face_at(part, 0.6, POINTS[:, ::-1]).landmarks, 0.6)
    assert [f.score for f in with_turned([face_at(whole, 0.7), wide, face_at(apart, 0.8)], [lying])] == [0.9, 0.8]
    assert [f.score for f in with_turned([face_at(whole, 0.95)], [lying])] == [0.95]


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_a_small_face_that_lies_is_shown_standing_when_its_landmarks_are_found_again(quarters: int) -> None:
    face = face_turned_back(face_at(Box(30, 40, 60, 70)), quarters, 100, 100)
    points = moved(face.landmarks.points, _to_cut(face.landmarks.points.astype(np.float64)))
    assert np.abs(points[:2, 1] - points[0, 1]).max() < 0.01 and points[0, 0] < points[1, 0]
    assert points[3:, 1].min() > points[2, 1] > points[0, 1]
    assert np.abs((points.min(axis=0) + points.max(axis=0)) / 2 - 64).max() < 0.01


@pytest.mark.slow
@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_real_faces_in_a_photo_that_lies_are_found_as_in_one_that_stands(
    quarters: int, default_pack_folder: Path, demo_photos: Path, tmp_path: Path
) -> None:
    places = [(110 + 180 * n, 150 + 240 * row, size) for row, size in enumerate((64, 90, 120)) for n in range(9)]
    pixels, boxes = composed(demo_photos, (1920, 1080), places)
    path = tmp_path / "photo.png"
    Image.fromarray(turned(pixels, quarters)).save(path)
    found = detect_closely(lambda side: open_photo(path, detail_side=side), load_pack(default_pack_folder), SIDE)
    upright = [face_turned_back(face, quarters, 1920, 1080) for face in found]
    assert sum(any(box.iou(face.box) >= 0.3 for face in upright) for box in boxes) >= len(boxes) - 1
    assert all(stands(face) for face in upright)
