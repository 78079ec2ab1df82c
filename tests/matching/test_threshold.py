"""The operating point: bound to a pack and a size, tighter as the gallery grows, refused when it makes no sense."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kenbaar.errors import SettingsError
from kenbaar.matching import LOOKALIKE_DECADES, Threshold

GOOD: dict[str, Any] = {
    "pack": "p", "accept": 0.6, "strong": 0.7, "margin": 0.03, "fpir": 0.001, "n": 100, "per_decade": 0.02
}  # fmt: skip


def test_ten_times_the_gallery_tightens_by_one_step() -> None:
    tight = Threshold(**GOOD).for_gallery(1000)
    assert tight.accept == pytest.approx(0.62) and tight.strong == pytest.approx(0.72)
    assert (tight.n, tight.margin, tight.fpir, tight.pack) == (1000, 0.03, 0.001, "p")


@pytest.mark.parametrize("n", [0, 1, 99, 100])
def test_a_smaller_gallery_than_was_measured_does_not_loosen(n: int) -> None:
    assert Threshold(**GOOD).for_gallery(n) == Threshold(**GOOD)


@given(st.integers(1, 10**8), st.integers(1, 10**8), st.integers(1, 10**6))
def test_a_larger_gallery_is_never_searched_more_loosely(a: int, b: int, n: int) -> None:
    threshold = Threshold(**{**GOOD, "n": n})
    small, large = sorted((a, b))
    assert threshold.for_gallery(small).accept <= threshold.for_gallery(large).accept


def test_tightening_in_two_steps_is_tightening_once() -> None:
    once, twice = Threshold(**GOOD).for_gallery(50_000), Threshold(**GOOD).for_gallery(700).for_gallery(50_000)
    assert once.accept == pytest.approx(twice.accept)


def test_a_claim_is_held_against_the_level_of_one_comparison() -> None:
    assert Threshold(**GOOD).for_claim().accept == pytest.approx(0.6 - 2 * 0.02)
    assert Threshold(**{**GOOD, "n": 1}).for_claim() == Threshold(**{**GOOD, "n": 1})


def test_a_look_alike_is_searched_as_in_a_gallery_ten_times_as_large() -> None:
    assert LOOKALIKE_DECADES == 1
    assert Threshold(**GOOD).tightened().accept == pytest.approx(Threshold(**GOOD).for_gallery(1000).accept)


@pytest.mark.parametrize(
    "changes",
    [
        {"accept": 0.8}, {"accept": 0.0}, {"accept": -0.2}, {"accept": float("nan")}, {"strong": float("inf")},
        {"margin": -0.01}, {"margin": 0.6}, {"fpir": 0.0}, {"fpir": 1.0}, {"fpir": float("nan")}, {"n": 0},
        {"per_decade": -0.01}, {"per_decade": float("nan")},
    ],
)  # fmt: skip
def test_an_operating_point_that_makes_no_sense_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        Threshold(**{**GOOD, **changes})
