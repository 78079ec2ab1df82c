from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kenbaar.faces import Box, Face, Landmarks
from kenbaar.modelpack import FaceQuality, ModelPack, QualityGate, load_pack
from kenbaar.modelpack._quality import turn_of
from tests.modelpack.tiny_pack import SimplePhoto, blank_photo, draw_face

GOOD = FaceQuality(inter_eye_px=60, sharpness=0.2, brightness=0.45, contrast=0.15, turn=0.05)
gate = QualityGate()


@pytest.fixture(scope="module")
def pack(tiny_pack_folder: Path) -> ModelPack:
    return load_pack(tiny_pack_folder)


def test_a_good_picture_has_no_problems() -> None:
    assert gate.problems(GOOD) == []


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"inter_eye_px": 15.9}, "small"),
        ({"sharpness": 0.05}, "blurred"),
        ({"brightness": 0.03}, "dark"),
        ({"brightness": 0.98}, "bright"),
        ({"contrast": 0.01}, "stands out"),
        ({"turn": 0.8}, "turned"),
        ({"turn": -0.8}, "turned"),
    ],
)
def test_each_problem_is_told_alone_and_with_what_to_do(change: dict[str, float], word: str) -> None:
    (problem,) = gate.problems(replace(GOOD, **change))
    assert word in problem
    assert problem.count(".") >= 2


def test_all_problems_are_told_at_once() -> None:
    assert len(gate.problems(FaceQuality(8, 0.01, 0.02, 0.01, 1.0))) == 4


@pytest.mark.parametrize("field", ["inter_eye_px", "sharpness", "brightness", "contrast", "turn"])
def test_a_value_that_is_no_number_is_a_problem(field: str) -> None:
    assert gate.problems(replace(GOOD, **{field: float("nan")}))


@given(st.floats(-1, 1), st.floats(-3, 3), st.floats(0.1, 20))
def test_turn_is_where_the_nose_is_however_the_picture_is_turned(place: float, angle: float, scale: float) -> None:
    points = np.array([(-20, 0), (20, 0), (20 * place, 15), (-15, 30), (15, 30)])
    c, s = np.cos(angle) * scale, np.sin(angle) * scale
    turned = (points @ np.array([[c, -s], [s, c]]).T + 100).astype(np.float32)
    assert turn_of(turned) == pytest.approx(place, abs=1e-3)


def test_both_eyes_in_one_place_is_turned_away() -> None:
    assert abs(turn_of(np.zeros((5, 2), np.float32))) == 1


def test_blur_darkness_and_size_are_measured_on_the_photo(pack: ModelPack) -> None:
    pixels = blank_photo(640, 480)
    draw_face(pixels, 100, 100, 3, side=160)

    def seen(pixels: np.ndarray, scale: int = 1) -> FaceQuality:
        photo = SimplePhoto(np.ascontiguousarray(pixels), scale)
        face = Face(
            Box(100, 100, 260, 260),
            Landmarks(np.array([(148, 156), (212, 156), (180, 188), (156, 220), (204, 220)], np.float32)),
            0.9,
        )
        return pack.measure_quality(photo, face)

    sharp = seen(pixels)
    assert gate.problems(sharp) == []
    assert sharp.inter_eye_px == pytest.approx(64)
    blurred = [seen(cv2.GaussianBlur(pixels, (0, 0), sigma)).sharpness for sigma in (1, 2, 4, 8, 16)]
    assert blurred == sorted(blurred, reverse=True)
    assert "blurred" in gate.problems(seen(cv2.GaussianBlur(pixels, (0, 0), 16)))[0]
    dark = seen((pixels * 0.05).astype(np.uint8))
    assert any("dark" in problem for problem in gate.problems(dark))
    assert dark.brightness == pytest.approx(sharp.brightness * 0.05, abs=0.01)
    reduced = seen(cv2.resize(pixels, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), 2)
    assert reduced.inter_eye_px == pytest.approx(64)  # told in px of the full photo
    assert reduced.brightness == pytest.approx(sharp.brightness, abs=0.02)


def test_a_picture_without_any_contrast_is_measured_and_refused(pack: ModelPack) -> None:
    photo = SimplePhoto(np.full((200, 200, 3), 128, np.uint8))
    face = Face(
        Box(20, 20, 180, 180),
        Landmarks(np.array([(60, 70), (140, 70), (100, 110), (70, 150), (130, 150)], np.float32)),
        0.9,
    )
    quality = pack.measure_quality(photo, face)
    assert quality.contrast == pytest.approx(0, abs=1e-6)
    assert gate.problems(quality)
