"""A copy depends on where a face is, and not on the face."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from kenbaar.faces import Box
from kenbaar.media import Rights, open_photo_bytes
from kenbaar.publish import MASK_COLOUR, CopyPlan, covered, mask, mask_box, plan_masks, render_copy
from tests.media.photo_samples import exif, saved

WIDTH, HEIGHT = 150, 133  # neither is a multiple of 16: a turned source's block grid does not lie on the copy's

boxes = st.builds(
    lambda x, y, w, h: Box(x, y, x + w, y + h).clipped(WIDTH, HEIGHT),
    st.integers(0, WIDTH - 2),
    st.integers(0, HEIGHT - 2),
    st.integers(2, 70),
    st.integers(2, 70),
)


def scene(seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).integers(0, 255, (HEIGHT // 4 + 1, WIDTH // 4 + 1, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(noise).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)).copy()


def two_originals(box: Box, seed: int, turn: int, **options: object) -> list[bytes]:
    """Two files that differ only inside the box of the upright photo, stored lying as a camera would."""
    files = []
    lying = {1: [], 2: [0], 3: [3], 4: [1], 5: [5], 6: [2], 7: [6], 8: [4]}[turn]  # inverses, as PIL transpositions
    for face in (0, 1):
        upright = scene(seed)
        inside = upright[box.y_min : box.y_max, box.x_min : box.x_max]
        inside[:] = np.random.default_rng(seed + 1 + face).integers(0, 255, inside.shape, dtype=np.uint8)
        picture = Image.fromarray(upright)
        for step in lying:
            picture = picture.transpose(Image.Transpose(step))
        files.append(saved(picture, "JPEG", exif=exif(turn), **options))
    return files


def copies(files: list[bytes], box: Box) -> list[bytes]:
    photos = [open_photo_bytes(data) for data in files]
    assert (photos[0].width, photos[0].height) == (WIDTH, HEIGHT)
    plans = [plan_masks([box], [], p.width, p.height, block_px=p.block_px) for p in photos]
    return [render_copy(p, plan, Rights()) for p, plan in zip(photos, plans, strict=True)]


@settings(max_examples=60, deadline=None)
@given(boxes, st.integers(0, 2**20), st.integers(1, 8), st.booleans())
def test_two_originals_that_differ_only_in_the_face_give_the_same_copy(
    box: Box, seed: int, turn: int, progressive: bool
) -> None:
    one, other = two_originals(box, seed, turn, quality=85, subsampling="4:2:0", progressive=progressive)
    assert one != other
    first, second = copies([one, other], box)
    assert first == second


@pytest.mark.parametrize("turn", range(1, 9))
def test_that_holds_for_every_exif_turn_at_every_place_of_the_block_grid(turn: int) -> None:
    for offset in range(16):
        box = Box(40 + offset, 35 + offset, 75 + offset, 77 + offset)
        first, second = copies(two_originals(box, offset, turn, quality=85, subsampling="4:2:0"), box)
        assert first == second


def test_padding_less_would_not_be_enough() -> None:
    """The counter-proof: masks of the face's own blocks alone leave traces, so the test above can fail."""
    leaked = 0
    for seed in range(4):
        box = Box(45, 40, 80, 85)
        photos = [open_photo_bytes(f) for f in two_originals(box, seed, 3, quality=85, subsampling="4:2:0")]
        exact = [mask(p.pixels, [box]) for p in photos]
        snapped = [mask(p.pixels, [box.snapped(16)]) for p in photos]
        leaked += (exact[0] != exact[1]).any() and (snapped[0] != snapped[1]).any()
    assert leaked == 4


@given(boxes)
def test_a_mask_box_holds_its_face_with_a_margin_and_stays_in_the_photo(box: Box) -> None:
    wide = mask_box(box, WIDTH, HEIGHT)
    assert wide.contains(box.padded(16).clipped(WIDTH, HEIGHT))
    assert Box(0, 0, WIDTH, HEIGHT).contains(wide)
    for low, high, length in ((wide.x_min, wide.x_max, WIDTH), (wide.y_min, wide.y_max, HEIGHT)):
        assert low % 16 == 0 and (high % 16 == 0 or high == length)
    assert mask_box(box, WIDTH, HEIGHT, block_px=32).contains(box.padded(32).clipped(WIDTH, HEIGHT))


def test_the_margin_around_a_large_face_grows_with_it() -> None:
    assert mask_box(Box(400, 400, 700, 720), 4000, 4000) == Box(384, 384, 720, 736)
    assert mask_box(Box(400, 400, 1400, 1400), 4000, 4000) == Box(336, 336, 1456, 1456)


def test_a_face_on_the_edge_is_masked_to_the_last_row_of_pixels() -> None:
    plan = plan_masks([Box(120, 110, 150, 133)], [], WIDTH, HEIGHT)
    assert plan.masks == (Box(96, 80, 150, 133),)


def test_a_mask_is_one_opaque_colour_and_changes_nothing_else() -> None:
    pixels = scene(1)
    before = pixels.copy()
    masked = mask(pixels, [Box(10, 10, 40, 40), Box(30, 30, 60, 60), Box(140, 120, 900, 900)])
    assert (pixels == before).all()
    painted = np.zeros(pixels.shape[:2], bool)
    painted[10:40, 10:40] = painted[30:60, 30:60] = painted[120:, 140:] = True
    assert (masked[painted] == MASK_COLOUR).all() and (masked[~painted] == before[~painted]).all()


def test_everybody_is_masked_but_the_revealed() -> None:
    faces = [Box(10, 10, 40, 50), Box(60, 10, 90, 50), Box(110, 10, 140, 50)]
    assert plan_masks(faces, [], 200, 100).reveals == ()
    assert len(plan_masks(faces, [], 200, 100).masks) == 3
    plan = plan_masks(faces, [Box(61, 12, 92, 49)], 200, 100)
    assert plan.masks == (mask_box(faces[0], 200, 100), mask_box(faces[2], 200, 100))
    assert plan.reveals == (Box(61, 12, 92, 49),)


def test_a_mask_wins_over_a_reveal_beside_it() -> None:
    shown, stranger = Box(40, 20, 80, 70), Box(84, 20, 124, 70)
    plan = plan_masks([shown, stranger], [shown], WIDTH, HEIGHT)
    assert covered(shown, plan.masks) > 0
    assert (mask(scene(2), plan.masks)[20:70, 68:80] == MASK_COLOUR).all()


def test_a_revealed_face_is_spared_however_often_it_was_found_and_its_neighbour_is_not() -> None:
    shown, again, neighbour = Box(40, 20, 80, 70), Box(42, 18, 83, 71), Box(60, 20, 100, 70)
    plan = plan_masks([shown, again, neighbour], [shown], WIDTH, HEIGHT)
    assert plan.masks == (mask_box(neighbour, WIDTH, HEIGHT),)


def test_a_reveal_that_barely_touches_a_face_spares_nobody() -> None:
    plan = plan_masks([Box(10, 10, 50, 50)], [Box(35, 10, 75, 50)], WIDTH, HEIGHT)
    assert plan.masks == (mask_box(Box(10, 10, 50, 50), WIDTH, HEIGHT),)


@given(st.lists(boxes, max_size=6), st.lists(boxes, max_size=4))
def test_no_face_goes_unmasked_that_is_not_one_with_a_revealed_one(faces: list[Box], revealed: list[Box]) -> None:
    plan = plan_masks(faces, revealed, WIDTH, HEIGHT)
    for face in faces:
        assert covered(face, plan.masks) == 1 or any(face.iou(shown) >= 0.5 for shown in revealed)
    assert plan == plan_masks(faces[::-1], revealed[::-1], WIDTH, HEIGHT)


def test_a_copy_is_not_made_of_a_reduced_photo() -> None:
    photo = open_photo_bytes(saved(np.zeros((800, 800, 3), np.uint8), "JPEG"), detail_side=100)
    with pytest.raises(ValueError, match="full-size"):
        render_copy(photo, CopyPlan((), ()), Rights())


@given(boxes, st.lists(boxes, max_size=4))
def test_the_share_under_masks_is_that_of_painted_pixels(box: Box, masks: list[Box]) -> None:
    canvas = np.zeros((700, 700), np.bool_)
    for each in masks:
        canvas[each.y_min : each.y_max, each.x_min : each.x_max] = True
    painted = canvas[box.y_min : box.y_max, box.x_min : box.x_max]
    assert covered(box, masks) == pytest.approx(float(painted.mean()))


@pytest.mark.parametrize("masks", [[], [Box(0, 0, 5, 5)]])
def test_of_an_empty_box_everything_is_covered(masks: list[Box]) -> None:
    assert covered(Box(7, 7, 7, 9), masks) == 1.0


def test_a_mask_reaches_out_of_no_photo_and_paints_what_is_left_of_it() -> None:
    pixels = np.zeros((20, 30, 3), np.uint8)
    painted = mask(pixels, [Box(-10, -10, 5, 5), Box(28, 18, 99, 99)])
    assert (painted[:5, :5] == MASK_COLOUR).all() and (painted[18:, 28:] == MASK_COLOUR).all()
    assert int((painted == MASK_COLOUR).all(axis=2).sum()) == 25 + 4
    assert not pixels.any()


def test_a_tall_photo_is_painted_to_its_last_row() -> None:
    painted = mask(np.zeros((40, 12, 3), np.uint8), [Box(0, 30, 12, 40)])
    assert (painted[30:] == MASK_COLOUR).all() and not painted[:30].any()
