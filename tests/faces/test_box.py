"""Boxes: half-open, integer, and the same whichever way they are told."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kenbaar.faces import Box

SIDE = st.integers(-500, 3000)
BOXES = st.builds(lambda x, y, w, h: Box(x, y, x + w, y + h), SIDE, SIDE, st.integers(1, 800), st.integers(1, 800))


@given(BOXES, st.integers(0, 64))
def test_a_padded_and_snapped_box_contains_the_box_and_lies_on_the_grid(box: Box, margin_px: int) -> None:
    snapped = box.padded(margin_px).snapped(16)
    assert snapped.contains(box.padded(margin_px))
    assert all(side % 16 == 0 for side in snapped.as_list())
    assert snapped.width - box.width <= 2 * margin_px + 30


@given(BOXES)
def test_a_clipped_box_lies_in_the_photo_and_is_never_negative(box: Box) -> None:
    clipped = box.clipped(1920, 1080)
    assert 0 <= clipped.x_min <= clipped.x_max <= 1920
    assert 0 <= clipped.y_min <= clipped.y_max <= 1080
    assert clipped.area <= box.area


@given(BOXES, BOXES)
def test_overlap_is_the_same_from_both_sides_and_one_only_for_equal_boxes(a: Box, b: Box) -> None:
    assert a.iou(b) == b.iou(a)
    assert 0 <= a.iou(b) <= 1
    assert (a.iou(b) == 1) == (a == b)
    assert a.around(b).contains(a) and a.around(b).contains(b)


@given(BOXES, st.lists(BOXES, max_size=6))
def test_the_nearest_box_is_one_that_tells_the_same_face_or_none(box: Box, boxes: list[Box]) -> None:
    nearest = box.nearest(boxes)
    same = [n for n, other in enumerate(boxes) if box.is_same_face(other)]
    assert (nearest is None) == (not same)
    if nearest is not None:
        assert box.iou(boxes[nearest]) == max(box.iou(boxes[n]) for n in same)


def test_boxes_that_share_half_of_their_union_tell_the_same_face() -> None:
    assert Box(0, 0, 100, 100).is_same_face(Box(0, 0, 100, 50))
    assert not Box(0, 0, 100, 100).is_same_face(Box(0, 0, 100, 49))
