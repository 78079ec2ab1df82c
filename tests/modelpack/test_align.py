from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kenbaar.modelpack._align import cut_chip, inverted, moved, similarity

TARGET = np.array([(46.5, 46.3), (103.5, 46.3), (75, 78.8), (50.4, 102.7), (99.6, 102.7)], np.float32)
angles = st.floats(-3.1, 3.1)
scales = st.floats(0.05, 20)
places = st.floats(-2000, 2000)


def turned(points: np.ndarray, angle: float, scale: float, x: float, y: float) -> np.ndarray:
    c, s = scale * np.cos(angle), scale * np.sin(angle)
    return np.asarray(points @ np.array([[c, -s], [s, c]]).T + (x, y), np.float32)


@given(angles, scales, places, places, st.integers(0, 2**32 - 1))
def test_align_and_invert_come_back_within_a_hundredth_of_a_pixel(
    angle: float, scale: float, x: float, y: float, seed: int
) -> None:
    jitter = np.random.default_rng(seed).normal(0, 3, (5, 2)).astype(np.float32)
    face = turned(TARGET + jitter, angle, scale, x, y)
    transform = similarity(face, TARGET)
    there_and_back = moved(moved(face.astype(np.float64), transform), inverted(transform))
    assert np.abs(there_and_back - face).max() < 0.01


@given(angles, scales, places, places)
def test_a_face_that_is_only_turned_scaled_and_moved_lands_exactly_on_the_points(
    angle: float, scale: float, x: float, y: float
) -> None:
    transform = similarity(turned(TARGET, angle, scale, x, y), TARGET)
    on_chip = moved(turned(TARGET, angle, scale, x, y).astype(np.float64), transform)
    assert np.abs(on_chip - TARGET).max() < 0.02


def test_no_face_is_mirrored_to_fit_better() -> None:
    mirrored = TARGET * (-1, 1)
    transform = similarity(mirrored.astype(np.float32), TARGET)
    assert np.linalg.det(transform[:, :2]) >= 0


def test_five_points_in_one_place_are_no_face() -> None:
    with pytest.raises(ValueError, match="span"):
        similarity(np.full((5, 2), 7, np.float32), TARGET)


def test_the_identity_cuts_out_the_photo_itself() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    chip = cut_chip(pixels, np.array([[1.0, 0, 0], [0, 1.0, 0]]), 60, 40)
    assert np.array_equal(chip, pixels)


def test_a_chip_lies_where_its_transform_says_to_a_tenth_of_a_pixel() -> None:
    y, x = np.mgrid[:400, :400].astype(np.float64) + 0.5  # px middles, from the outer corner
    pixels = np.stack([x / 2, y / 2, np.zeros_like(x)], axis=2).astype(np.uint8)
    for scale in (0.2, 0.4, 0.9, 2.0):
        transform = np.array([[scale, 0, -40 * scale], [0, scale, -90 * scale]])
        chip = cut_chip(pixels, transform, 40, 40).astype(np.float64)
        chip_y, chip_x = np.mgrid[:40, :40] + 0.5
        inside = (slice(2, 38), slice(2, 38))
        assert np.abs(chip[..., 0] - (chip_x / scale + 40) / 2)[inside].mean() < 0.6
        assert np.abs(chip[..., 1] - (chip_y / scale + 90) / 2)[inside].mean() < 0.6


def test_a_large_face_is_shrunk_by_area_and_not_by_picking_pixels() -> None:
    fine = np.indices((600, 600)).sum(axis=0) % 2 * 255  # a checkerboard of single px: grey, seen from afar
    pixels = np.repeat(fine[..., None], 3, axis=2).astype(np.uint8)
    chip = cut_chip(pixels, np.array([[0.25, 0, 0], [0, 0.25, 0]]), 150, 150)
    assert chip.min() > 100
    assert chip.max() < 155


def test_a_face_over_the_edge_repeats_the_edge() -> None:
    pixels = np.full((50, 50, 3), 90, np.uint8)
    chip = cut_chip(pixels, np.array([[1.0, 0, 30], [0, 1.0, 30]]), 40, 40)
    assert (chip == 90).all()


def test_a_face_wholly_outside_still_gives_a_chip() -> None:
    pixels = np.full((50, 50, 3), 90, np.uint8)
    assert cut_chip(pixels, np.array([[1.0, 0, 5000], [0, 1.0, -5000]]), 40, 40).shape == (40, 40, 3)
