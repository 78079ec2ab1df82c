"""Faces that lie or stand on the head: looks are turned, and what they tell is told upright."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kenbaar.detection import PUBLISH, detect_all
from kenbaar.detection._turns import eighth_turned, eighth_turned_back, turned, turned_back
from kenbaar.faces import Box, Face, Landmarks
from kenbaar.modelpack import PhotoPixels, load_pack
from tests.detection.test_thorough import composed
from tests.publish.bright_squares import BrightSquares, photo_of, scene


def lit(pixels: np.ndarray) -> Box:
    """The box around what is bright."""
    rows, columns = np.nonzero(pixels[..., 0] > 128)
    return Box(int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1)


@given(st.integers(0, 60), st.integers(0, 30), st.integers(1, 30), st.integers(1, 15), st.integers(0, 3))
def test_a_box_found_in_turned_pixels_is_told_where_it_was(x: int, y: int, width: int, height: int, turns: int) -> None:
    pixels = np.zeros((48, 96, 3), np.uint8)
    box = Box(x, y, x + width, y + height)
    pixels[box.y_min : box.y_max, box.x_min : box.x_max] = 255
    assert turned_back(lit(turned(pixels, turns)), turns, 96, 48) == box


@pytest.mark.parametrize("where", [Box(40, 24, 48, 32), Box(16, 40, 24, 48), Box(28, 28, 36, 36)])
def test_a_box_found_in_a_picture_turned_by_an_eighth_holds_what_was_there(where: Box) -> None:
    square = np.zeros((92, 92, 3), np.uint8)
    square[where.y_min + 14 : where.y_max + 14, where.x_min + 14 : where.x_max + 14] = 255
    back = eighth_turned_back(lit(eighth_turned(square, 64)), 64)
    assert back.padded(1).contains(where)
    assert max(back.width, back.height) <= 2.2 * where.width


def test_what_lies_within_a_face_that_is_masked_anyway_is_not_looked_at_again_and_within_one_shown_it_is() -> None:
    points = Landmarks(np.zeros((5, 2), np.float32))
    face, inside, beside = Box(600, 300, 900, 660), Box(700, 400, 730, 436), Box(885, 400, 915, 436)

    class Nested(BrightSquares):
        doubtful = inside

        def detect_with_hints(
            self,
            photo: PhotoPixels,
            *,
            long_side: int | None = None,
            min_score: float | None = None,
            hint_score: float = 0.2,
        ) -> tuple[list[Face], list[Face]]:
            return [Face(face, points, 0.9)], [Face(self.doubtful, points, 0.05)]

    photo = photo_of(scene(1920, 1080))
    for doubtful, masked, looked_at in ((inside, True, False), (inside, False, True), (beside, True, True)):
        find = Nested()
        find.doubtful = doubtful
        detect_all(photo, find, PUBLISH, mask_of=lambda box, yes=masked: box if yes else None)  # type: ignore[misc]
        assert bool(find.closely) is looked_at


@pytest.mark.slow
@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_group_that_lies_on_its_side_or_head_is_found_nearly_as_one_that_stands(
    quarters: int, default_pack_folder: Path, demo_photos: Path
) -> None:
    places = [(110 + 180 * n, 150 + 200 * row, size) for row, size in enumerate((48, 64, 90)) for n in range(9)]
    pixels, boxes = composed(demo_photos, (1920, 1080), places)
    pack = load_pack(default_pack_folder)
    found = detect_all(photo_of(turned(pixels, quarters)), pack, PUBLISH)
    upright = [turned_back(box, quarters, 1920, 1080) for box in found]
    missed = [box for box in boxes if not any(box.iou(each) >= 0.3 for each in upright)]
    assert len(missed) <= 1
