"""Landmarks found again: nearer to where they are, never a neighbour's, and as they were where nothing is seen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from kenbaar.faces import Box, Face, Landmarks
from kenbaar.modelpack import ModelPack, load_pack
from tests.modelpack.tiny_pack import SimplePhoto, blank_photo, build_tiny_pack, draw_face

PLACES = np.array([(0.3, 0.35), (0.7, 0.35), (0.5, 0.55), (0.35, 0.75), (0.65, 0.75)])  # of a drawn face's side


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> ModelPack:
    return load_pack(build_tiny_pack(tmp_path_factory.mktemp("tiny")))


def true_points(x: int, y: int, side: int) -> NDArray[np.float64]:
    return np.asarray(np.array([x, y]) + PLACES * side, np.float64)


def roughly(x: int, y: int, side: int, off: NDArray[np.float64]) -> Face:
    """A face there, its landmarks off by so many px."""
    return Face(Box(x, y, x + side, y + side), Landmarks((true_points(x, y, side) + off).astype(np.float32)), 0.9)


def error(face: Face, x: int, y: int, side: int) -> float:
    return float(np.abs(face.landmarks.points - true_points(x, y, side)).max())


@settings(deadline=None, max_examples=40)
@given(
    side=st.integers(24, 120),
    x=st.integers(130, 260),  # away from the border: a cut that reaches out of the photo repeats its last pixels
    y=st.integers(130, 260),
    off=st.lists(st.floats(-0.12, 0.12), min_size=10, max_size=10),
)
def test_rough_landmarks_come_nearer_to_where_they_are(
    pack: ModelPack, side: int, x: int, y: int, off: list[float]
) -> None:
    pixels = blank_photo(512, 512)
    draw_face(pixels, x, y, 3, side)
    rough = roughly(x, y, side, np.reshape(off, (5, 2)) * side)
    (again,) = pack.refine_landmarks(SimplePhoto(pixels), [rough])
    assert (again.box, again.score) == (rough.box, rough.score)
    # A third of what they were off stays (the first look counts too), beside what the tiny detector itself is off.
    assert error(again, x, y, side) <= error(rough, x, y, side) / 3 + 0.05 * side


def test_landmarks_are_told_in_px_of_the_full_photo_whatever_it_was_decoded_at(pack: ModelPack) -> None:
    pixels = blank_photo(320, 240)
    draw_face(pixels, 100, 80, 3, 64)
    rough = roughly(400, 320, 256, np.full((5, 2), 16.0))  # the same face, four times as large
    (again,) = pack.refine_landmarks(SimplePhoto(pixels, scale=4), [rough])
    assert error(again, 400, 320, 256) < 10 < error(rough, 400, 320, 256)


def test_where_no_face_is_seen_landmarks_stay_as_they_were(pack: ModelPack) -> None:
    rough = roughly(100, 80, 64, np.zeros((5, 2)))
    assert pack.refine_landmarks(SimplePhoto(blank_photo(320, 240)), [rough]) == [rough]


@pytest.mark.parametrize("apart", [1.0, 0.5, 0.4])
def test_a_neighbours_landmarks_are_never_taken_for_ones_own(pack: ModelPack, apart: float) -> None:
    pixels = blank_photo(400, 240)
    draw_face(pixels, 60 + round(apart * 64), 80, 3, 64)  # nobody is at (60, 80)
    rough = roughly(60, 80, 64, np.zeros((5, 2)))
    assert pack.refine_landmarks(SimplePhoto(pixels), [rough]) == [rough]


def test_faces_come_back_in_order_and_as_if_each_were_alone(pack: ModelPack) -> None:
    pixels = blank_photo(960, 320)
    places = [(60 + 150 * n, 60 + 10 * n, 40 + 4 * n) for n in range(6)]
    for n, (x, y, side) in enumerate(places):
        draw_face(pixels, x, y, n, side)
    rough = [roughly(*place, np.full((5, 2), 2.0)) for place in reversed(places)]
    together = pack.refine_landmarks(SimplePhoto(pixels), rough)
    assert [face.box for face in together] == [face.box for face in rough]
    for face, one in zip(rough, together, strict=True):
        (alone,) = pack.refine_landmarks(SimplePhoto(pixels), [face])
        assert np.abs(alone.landmarks.points - one.landmarks.points).max() < 0.01
    assert pack.refine_landmarks(SimplePhoto(pixels), []) == []


def test_a_face_cut_off_by_the_photos_edge_keeps_finite_landmarks(pack: ModelPack, tmp_path: Path) -> None:
    pixels = blank_photo(320, 240)
    marker = blank_photo(400, 240)
    draw_face(marker, 300, 80, 3, 64)
    pixels[:, :] = marker[:, 24:344]  # 276..340 of 320: a third of it is outside
    rough = roughly(276, 80, 64, np.zeros((5, 2)))
    (again,) = pack.refine_landmarks(SimplePhoto(pixels), [rough])
    assert np.isfinite(again.landmarks.points).all() and error(again, 276, 80, 64) < 0.3 * 64
