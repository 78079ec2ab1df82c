from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.figures import is_found, per_photo, ratios, tally
from benchmarks.protocol import Answer, Found

FACE = (100.0, 100.0, 200.0, 220.0)
TIMES = st.lists(st.floats(1e-4, 1e4), min_size=1, max_size=9)


def truth(*names: str | None) -> list[dict[str, Any]]:
    """Faces side by side, 300 px apart."""
    return [{"box": [100 + 300 * n, 100, 200 + 300 * n, 220], "name": name} for n, name in enumerate(names)]


def test_a_ratio_is_taken_within_each_round_and_not_across_them() -> None:
    ratio = ratios([2.0, 40.0, 6.0], [1.0, 10.0, 2.0])
    assert ratio is not None
    assert (ratio.middle, ratio.least, ratio.most) == (3.0, 2.0, 4.0)


def test_rounds_that_one_side_missed_do_not_count() -> None:
    ratio = ratios([2.0], [1.0, 100.0])
    assert ratio is not None
    assert ratio.most == 2.0


def test_there_is_no_ratio_without_a_round_of_both() -> None:
    assert ratios([], [1.0]) is None
    assert ratios([1.0], []) is None


@given(TIMES)
def test_against_itself_everybody_is_exactly_one(times: list[float]) -> None:
    ratio = ratios(times, times)
    assert ratio is not None
    assert (ratio.least, ratio.middle, ratio.most) == (1.0, 1.0, 1.0)


@given(TIMES, TIMES)
def test_the_middle_lies_within_the_spread(times: list[float], reference: list[float]) -> None:
    ratio = ratios(times, reference)
    assert ratio is not None
    assert ratio.least <= ratio.middle <= ratio.most


def test_a_round_is_its_median_photo_so_one_hiccup_says_nothing() -> None:
    answers = [Answer(cpu_s=s, wall_s=2 * s) for s in (0.1, 0.2, 9.0)]
    assert per_photo([answers], "cpu_s") == [0.2]
    assert per_photo([answers], "wall_s") == [0.4]


@pytest.mark.parametrize(
    "box",
    [FACE, (90.0, 60.0, 210.0, 225.0), (110.0, 120.0, 190.0, 215.0)],
    ids=["the same", "from the hair on", "from the brows on"],
)
def test_detectors_may_draw_a_face_wider_or_closer(box: tuple[float, ...]) -> None:
    assert is_found(FACE, box)


@pytest.mark.parametrize(
    "box",
    [
        (0.0, 0.0, 640.0, 480.0),
        (140.0, 150.0, 160.0, 170.0),
        (190.0, 100.0, 290.0, 220.0),
        (100.0, 100.0, 100.0, 100.0),
    ],
    ids=["the whole picture", "a nose", "beside it", "nothing"],
)
def test_a_box_elsewhere_or_of_another_size_is_not_that_face(box: tuple[float, ...]) -> None:
    assert not is_found(FACE, box)


def test_found_named_wrong_and_false_are_counted_apart() -> None:
    faces = [
        Found(FACE, "a"),
        Found((400, 100, 500, 220), "a"),  # really b
        Found((700, 100, 800, 220)),  # found, not named
        Found((1500, 900, 1550, 950), "c"),  # nobody there
    ]
    counted = tally([(Answer(faces), truth("a", "b", "c", "a"))])
    assert (counted.faces, counted.found, counted.named, counted.wrong, counted.false) == (4, 3, 1, 2, 1)


def test_two_boxes_on_one_face_are_one_found_and_one_false() -> None:
    counted = tally([(Answer([Found(FACE), Found((105, 105, 205, 225))]), truth("a"))])
    assert (counted.found, counted.false) == (1, 1)


def test_a_photo_without_answer_counts_its_faces_as_missed() -> None:
    counted = tally([(Answer(), truth("a", "b"))])
    assert (counted.faces, counted.found) == (2, 0)
