"""Leaks are counted from the pixels of copies, whatever made them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from kenbaar.faces import Box
from kenbaar.measure import CONDITIONS, Head, LeakRow, Pixels, bench_leaks, cut_head
from kenbaar.measure._leak_pictures import Condition, compose

COLOUR = (64, 64, 64)


@pytest.fixture(scope="module")
def heads() -> list[Head]:
    """A drawn head, light on dark."""
    pixels = np.full((400, 300, 3), 40, np.uint8)
    pixels[80:320, 60:240] = 200
    points = np.array([[110, 170], [190, 170], [150, 220], [120, 270], [180, 270]], np.float32)
    return [cut_head(pixels, Box(60, 80, 240, 320), points)]


@pytest.fixture(scope="module")
def behind() -> list[Pixels]:
    return [np.random.default_rng(5).integers(90, 255, (300, 400, 3), dtype=np.uint8)]


def measured(heads: list[Head], behind: list[Pixels], publish: object, *conditions: Condition) -> list[LeakRow]:
    return bench_leaks(
        conditions or CONDITIONS[:1], heads, behind, publish, colour=COLOUR, faces=6, seed=3, say=lambda *_: None,  # type: ignore[arg-type]
    )  # fmt: skip


def painted(pictures: Sequence[Pixels]) -> list[Pixels]:
    return [np.full_like(pixels, 64) for pixels in pictures]


def test_a_copy_that_masks_nothing_shows_everybody(heads: list[Head], behind: list[Pixels]) -> None:
    (row,) = measured(heads, behind, lambda pictures: pictures)
    assert (row.faces, row.visible, row.held) == (6, 6, 0)
    assert row.upper == 1


def test_a_copy_that_is_all_mask_shows_nobody_and_the_bound_says_how_little_six_faces_prove(
    heads: list[Head], behind: list[Pixels]
) -> None:
    (row,) = measured(heads, behind, painted)
    assert (row.faces, row.visible) == (6, 0)
    assert 0.3 < row.upper < 0.5


def test_a_photo_that_is_held_shows_nobody_and_is_counted(heads: list[Head], behind: list[Pixels]) -> None:
    (row,) = measured(heads, behind, lambda pictures: [None for _ in pictures])
    assert row.visible == 0 and row.held == row.photos > 0


def test_a_mask_beside_every_face_is_counted_and_one_on_a_face_is_not(heads: list[Head], behind: list[Pixels]) -> None:
    condition = Condition("one", (120,))
    (picture,) = compose(condition, heads, behind, 1, 3)
    box = picture.faces[0].box

    def masks(pictures: Sequence[Pixels]) -> list[Pixels]:
        copies = []
        for pixels in pictures:
            copy = pixels.copy()
            copy[box.y_min : box.y_max, box.x_min : box.x_max] = COLOUR
            y, x = (0, 0) if box.x_min > 400 or box.y_min > 400 else (1000, 1400)
            copy[y : y + 64, x : x + 64] = COLOUR
            copies.append(copy)
        return copies

    rows = bench_leaks([condition], heads, behind, masks, colour=COLOUR, faces=1, seed=3, say=lambda *_: None)
    assert (rows[0].visible, rows[0].false_masks) == (0, 1)


def test_half_a_face_under_a_mask_is_a_face_that_is_visible(heads: list[Head], behind: list[Pixels]) -> None:
    condition = Condition("one", (120,))
    (picture,) = compose(condition, heads, behind, 1, 3)
    box = picture.faces[0].box

    def half(pictures: Sequence[Pixels]) -> list[Pixels]:
        copy = pictures[0].copy()
        copy[(box.y_min + box.y_max) // 2 : box.y_max, box.x_min : box.x_max] = COLOUR
        return [copy]

    rows = bench_leaks([condition], heads, behind, half, colour=COLOUR, faces=1, seed=3, say=lambda *_: None)
    assert rows[0].visible == 1


@pytest.mark.parametrize("condition", CONDITIONS, ids=lambda c: c.name)
def test_every_condition_composes_the_faces_it_says_of_the_sizes_it_says(
    condition: Condition, heads: list[Head], behind: list[Pixels]
) -> None:
    pictures = list(compose(condition, heads, behind, 4, 11))
    faces = [face for picture in pictures for face in picture.faces]
    assert [face.size_px for face in faces] == [condition.sizes[n % len(condition.sizes)] for n in range(4)]
    for face in faces:
        assert 0.5 * face.size_px <= max(face.box.width, face.box.height) <= 1.1 * face.size_px
        assert face.pixels.shape == (face.box.height, face.box.width) and face.pixels.any()


def test_the_same_seed_composes_the_same_pictures(heads: list[Head], behind: list[Pixels]) -> None:
    one, two = (list(compose(CONDITIONS[0], heads, behind, 3, 9)) for _ in range(2))
    assert all(np.array_equal(a.pixels, b.pixels) for a, b in zip(one, two, strict=True))
