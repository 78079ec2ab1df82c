"""How a photo is looked at when nobody may be missed: whole, in tiles, and closely where in doubt."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kenbaar.detection import PUBLISH, RECHECK, DetectionSchedule, detect_all
from kenbaar.faces import Box, Face, Landmarks
from kenbaar.media import encode_photo, open_photo, open_photo_bytes
from kenbaar.modelpack import PhotoPixels, load_pack
from tests.modelpack.tiny_pack import SimplePhoto
from tests.publish.bright_squares import DOUBTFUL, BrightSquares, photo_of, scene


def near(box: Box, other: Box) -> bool:
    return box.iou(other) > 0.8


@pytest.mark.parametrize("looks", [PUBLISH, RECHECK])
def test_faces_found_in_tiles_mirrors_and_enlargements_land_where_they_are(looks: DetectionSchedule) -> None:
    squares = [Box(30, 40, 90, 120), Box(1000, 500, 1060, 590), Box(2300, 1100, 2380, 1190), Box(1180, 30, 1240, 100)]
    found = detect_all(photo_of(scene(2400, 1200, *squares)), BrightSquares(), looks)
    assert len(found) == 4
    assert all(any(near(box, square) for square in squares) for box in found)
    (small,) = detect_all(photo_of(scene(400, 300, Box(10, 20, 40, 60))), BrightSquares(), looks)
    assert near(small, Box(10, 20, 40, 60))


@pytest.mark.parametrize("looks", [PUBLISH, RECHECK])
def test_a_piece_of_a_large_face_cut_off_by_a_tile_is_no_face_of_its_own(looks: DetectionSchedule) -> None:
    face = Box(700, 300, 1700, 1100)
    (found,) = detect_all(photo_of(scene(2400, 1400, face)), BrightSquares(), looks)
    assert near(found, face)


@pytest.mark.parametrize("looks", [PUBLISH, RECHECK])
def test_a_face_cut_off_by_the_photo_itself_is_found(looks: DetectionSchedule) -> None:
    corners = photo_of(scene(2400, 1400, Box(0, 0, 60, 70), Box(2340, 1330, 2400, 1400)))
    assert len(detect_all(corners, BrightSquares(), looks)) == 2


def test_a_face_in_a_reduced_photo_is_told_at_full_size() -> None:
    data = encode_photo(scene(800, 600, Box(80, 160, 240, 320)), "JPEG")
    photo = open_photo_bytes(data, detail_side=200)
    assert photo.scale == 4
    (found,) = detect_all(photo, BrightSquares(), PUBLISH)
    assert near(found, Box(80, 160, 240, 320))


@given(st.integers(16, 20_000), st.sampled_from([PUBLISH, RECHECK]))
def test_every_look_is_finer_than_the_one_before_but_never_so_much_that_a_size_of_face_falls_between(
    photo_px: int, looks: DetectionSchedule
) -> None:
    sides = looks.long_sides(photo_px)
    for coarse, fine in pairwise(sides):
        assert 1 < fine / coarse <= 3.5
    assert looks.share * photo_px - 1 <= sides[-1] <= max(1.5 * photo_px + 1, looks.coarse_px)


def test_no_tile_is_larger_than_the_memory_it_may_take_and_together_they_show_the_whole_photo() -> None:
    find = BrightSquares()
    detect_all(photo_of(scene(3000, 2000)), find, PUBLISH)
    _, *tiles = find.asked
    assert len(tiles) > 4 and all(columns * rows <= 520_000 for columns, rows in tiles)
    last = PUBLISH.long_sides(3000)[-1]
    assert sum(columns * rows for columns, rows in tiles) >= last * last * 2 / 3


@settings(deadline=None, max_examples=12)
@given(st.integers(0, 2340), st.integers(0, 1340))
def test_a_small_face_lies_whole_in_some_tile_wherever_it_is(x: int, y: int) -> None:
    where = Box(x, y, x + 60, y + 60)
    (found,) = detect_all(photo_like(scene(2400, 1400, where)), BrightSquares(), PUBLISH)
    assert near(found, where)


def test_what_is_doubtful_is_looked_at_closely_and_is_a_face_only_if_that_look_says_so() -> None:
    where = Box(1000, 500, 1030, 536)
    photo = photo_of(scene(1920, 1080, where, level=DOUBTFUL))
    (found,) = detect_all(photo, BrightSquares(), PUBLISH)
    assert near(found, where)
    assert detect_all(photo, BrightSquares(believes=False), PUBLISH) == []
    find = BrightSquares()
    assert detect_all(photo, find, PUBLISH, hidden=lambda box: near(box, where)) == [] and not find.closely


def test_of_a_crowd_of_doubtful_faces_each_is_looked_at_closely() -> None:
    crowd = [Box(40 + 90 * n, 40 + 100 * row, 70 + 90 * n, 76 + 100 * row) for row in range(10) for n in range(20)]
    found = detect_all(photo_of(scene(1920, 1080, *crowd, level=DOUBTFUL)), BrightSquares(), PUBLISH)
    assert [box for box in crowd if not any(near(each, box) for each in found)] == []


def test_a_closer_look_shows_the_doubtful_face_upright_and_turned_always_in_the_middle() -> None:
    find = BrightSquares()
    detect_all(photo_of(scene(1920, 1080, Box(600, 300, 630, 336), level=DOUBTFUL)), find, PUBLISH)
    assert len(find.closely) == 4
    for seen in find.closely:
        bright = np.argwhere(seen[..., 0] > 128)
        assert abs(bright.mean(axis=0) - 31.5).max() <= 2
        assert 36 <= np.ptp(bright, axis=0).max() + 1 <= 44


def test_what_the_edge_of_the_photo_cuts_off_is_masked_on_a_smaller_suspicion() -> None:
    class Suspects(BrightSquares):
        def detect_in_batch(self, pictures: Sequence[np.ndarray], *, min_score: float) -> list[list[Face]]:
            close = pictures[0].shape[:2] == (64, 64)
            found = super().detect_in_batch(pictures, min_score=0.0)
            return [[] if close else [Face(f.box, f.landmarks, 0.12) for f in faces] for faces in found]

        def detect_with_hints(
            self,
            photo: PhotoPixels,
            *,
            long_side: int | None = None,
            min_score: float | None = None,
            hint_score: float = 0.2,
        ) -> tuple[list[Face], list[Face]]:
            return [], []

    at_edge, inside = Box(0, 500, 30, 560), Box(900, 500, 940, 548)
    photo = photo_of(scene(1920, 1080, at_edge, inside))
    (found,) = detect_all(photo, Suspects(), PUBLISH)
    assert near(found, at_edge)
    assert detect_all(photo, Suspects(), RECHECK) == []  # a copy is not held for it


def test_a_face_found_twice_is_one_face_and_its_box_holds_both() -> None:
    first, second = Box(100, 100, 500, 500), Box(140, 80, 540, 520)
    landmarks = Landmarks(np.zeros((5, 2), np.float32))

    class Twice(BrightSquares):
        second_score = 0.2

        def detect_with_hints(
            self,
            photo: PhotoPixels,
            *,
            long_side: int | None = None,
            min_score: float | None = None,
            hint_score: float = 0.2,
        ) -> tuple[list[Face], list[Face]]:
            found = [Face(first, landmarks, 0.9), Face(second, landmarks, self.second_score)]
            return [f for f in found if f.score > 0.5], [f for f in found if f.score < 0.5]

        def detect_in_batch(self, pictures: Sequence[np.ndarray], *, min_score: float) -> list[list[Face]]:
            return [[] for _ in pictures]

    looks = PUBLISH
    assert detect_all(photo_of(scene(600, 600)), Twice(), looks) == [first]  # the second is doubtful, and the same
    Twice.second_score = 0.8
    assert detect_all(photo_of(scene(600, 600)), Twice(), looks) == [Box(100, 80, 540, 520)]


def photo_like(pixels: np.ndarray) -> SimplePhoto:
    """These pixels as a photo, without the detour of a file."""
    return SimplePhoto(pixels)


# -- with the real pack ------------------------------------------------------------------------------------------------


def composed(
    demo: Path, size: tuple[int, int], places: Sequence[tuple[float, float, int]]
) -> tuple[np.ndarray, list[Box]]:
    """A cup of coffee with the face of a portrait pasted at (x, y) of the middle, so many px high; and the boxes."""
    import cv2

    portrait, face = open_photo(demo / "obama.jpg"), Box(375, 90, 618, 430)
    coffee = open_photo(demo / "coffee.png").pixels
    columns, rows = size
    canvas = cv2.resize(coffee, size, interpolation=cv2.INTER_CUBIC)
    head = face.padded(70)
    boxes = []
    for x, y, high in places:
        k = high / face.height
        wide, tall = round(head.width * k), round(head.height * k)
        small = cv2.resize(
            portrait.pixels[head.y_min : head.y_max, head.x_min : head.x_max],
            (wide, tall),
            interpolation=cv2.INTER_AREA,
        )
        left, top = round(x - wide / 2), round(y - tall / 2)
        inside = Box(left, top, left + wide, top + tall).clipped(columns, rows)
        canvas[inside.y_min : inside.y_max, inside.x_min : inside.x_max] = small[
            inside.y_min - top : inside.y_max - top, inside.x_min - left : inside.x_max - left
        ]
        half_x, half_y = face.width * k / 2, high / 2
        boxes.append(
            Box(round(x - half_x), round(y - half_y), round(x + half_x), round(y + half_y)).clipped(columns, rows)
        )
    return canvas, boxes


@pytest.mark.slow
def test_faces_of_24_to_500_px_are_all_found_in_a_photo_of_two_megapixels(
    default_pack_folder: Path, demo_photos: Path
) -> None:
    places = [(150 * n + 100, 100, size) for n, size in enumerate((24, 28, 32, 40, 48, 60, 80))]
    places += [(300, 600, 500), (900, 600, 200), (1200, 600, 120), (1819, 979, 26), (1500, 900, 24), (959, 1000, 30)]
    pixels, boxes = composed(demo_photos, (1920, 1080), places)
    found = detect_all(photo_of(pixels), load_pack(default_pack_folder), PUBLISH)
    assert [box for box in boxes if not any(box.iou(f) >= 0.4 for f in found)] == []
    assert len(found) <= len(boxes) + 1


@pytest.mark.slow
def test_half_a_face_at_each_side_of_the_photo_is_found(default_pack_folder: Path, demo_photos: Path) -> None:
    places = [(0, 540, 180), (1919, 300, 60), (960, 1070, 220), (1919, 800, 120), (0, 200, 90)]
    pixels, boxes = composed(demo_photos, (1920, 1080), places)
    found = detect_all(photo_of(pixels), load_pack(default_pack_folder), PUBLISH)
    assert [box for box in boxes if not any(box.iou(f) >= 0.4 for f in found)] == []


@pytest.mark.slow
def test_a_photo_of_nobody_gets_no_mask(default_pack_folder: Path, demo_photos: Path) -> None:
    pack = load_pack(default_pack_folder)
    pixels, _ = composed(demo_photos, (1920, 1080), [])
    assert detect_all(photo_of(pixels), pack, PUBLISH) == []
    assert detect_all(photo_of(pixels), pack, RECHECK) == []
