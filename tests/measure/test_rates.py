"""Rates and their intervals, against values worked out elsewhere or by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kenbaar.measure._rates import (
    BOOTSTRAP,
    EXACT,
    Resampler,
    clopper_pearson,
    gini,
    max_over_min,
    people_for_claim,
    single_rate,
)


@pytest.mark.parametrize(
    ("errors", "trials", "low", "high"),
    [
        (0, 10, 0.0, 0.3084971),  # 1 - 0.025^(1/10)
        (10, 10, 0.6915029, 1.0),
        (1, 20, 0.0012651, 0.2487328),  # scipy.stats.binomtest(...).proportion_ci("exact"), scipy 1.16
        (3, 20, 0.0320709, 0.3789268),
        (5, 100, 0.0164317, 0.1128349),
        (30, 30000, 0.0006748, 0.0014272),
    ],
)
def test_exact_intervals_are_the_published_ones(errors: int, trials: int, low: float, high: float) -> None:
    assert clopper_pearson(errors, trials) == pytest.approx((low, high), abs=2e-6)


def test_nothing_tried_tells_nothing() -> None:
    assert clopper_pearson(0, 0) == (0.0, 1.0)
    assert single_rate(0, 0, 0, 0) is None


def test_a_claim_takes_three_over_it_people() -> None:
    assert [people_for_claim(x) for x in (0.01, 0.003, 0.001, 0.0001)] == [300, 1000, 3000, 30000]
    # and with so many and no error the one-sided 95 % bound indeed holds
    for claim in (0.01, 0.001):
        assert 1 - 0.05 ** (1 / people_for_claim(claim)) <= claim


@pytest.mark.parametrize(
    ("rates", "value"),
    [
        ([0.02, 0.02, 0.02], 0.0),
        ([0.01, 0.03], 0.5),  # 2/1 * (0.02 + 0.02) / (2 * 4 * 0.02)
        ([0.0, 0.0, 0.3], 1.0),  # all of it in one group
        ([0.1, 0.2, 0.3], 1 / 3),  # 3/2 * 0.8 / (2 * 9 * 0.2)
        ([0.0, 0.0], 0.0),
        ([0.5], 0.0),
    ],
)
def test_gini_is_what_the_hand_gets(rates: list[float], value: float) -> None:
    assert gini(rates) == pytest.approx(value)


def test_max_over_min_says_infinite_rather_than_failing() -> None:
    assert max_over_min([0.02, 0.06, 0.03]) == pytest.approx(3)
    assert math.isinf(max_over_min([0.0, 0.1]))
    assert max_over_min([0.0, 0.0]) == 1.0


def _person(*counts: int) -> np.ndarray:
    return np.repeat(np.arange(len(counts)), counts).astype(np.int32)


def test_people_who_fail_alike_leave_no_doubt_and_people_who_differ_do() -> None:
    person = _person(*[10] * 20)
    draw = Resampler(20, seed=1)
    alike = draw.rate(person, np.arange(200) % 10 == 0)
    apart = draw.rate(person, person < 2)
    assert alike is not None and apart is not None
    assert alike.value == apart.value == pytest.approx(0.1)
    assert (alike.low, alike.high) == pytest.approx((0.1, 0.1))
    assert apart.low == 0.0 and apart.high > 0.2  # two of twenty people: others might have none, or four
    assert (alike.wrong_people, apart.wrong_people) == (20, 2)
    assert apart.shaky and not alike.shaky


def test_more_splits_of_the_same_people_make_no_interval_narrower() -> None:
    few, many = _person(*[4] * 12), _person(*[400] * 12)
    draw = Resampler(12, seed=1)
    a, b = draw.rate(few, few < 3), draw.rate(many, many < 3)
    assert a is not None and b is not None
    assert (a.low, a.high) == pytest.approx((b.low, b.high))


def test_without_an_error_the_interval_is_the_exact_one_for_people_not_for_searches() -> None:
    person = _person(*[1000] * 15)
    rate = Resampler(15, seed=1).rate(person, np.zeros(len(person), np.bool_))
    assert rate is not None and rate.method == EXACT
    assert rate.high == pytest.approx(1 - 0.025 ** (1 / 15))
    assert rate.searches == 15_000 and rate.people == 15


def test_a_wrong_name_takes_two_people_so_both_are_drawn() -> None:
    person = _person(*[30] * 30)
    wrong = (np.arange(900) % 30) == 0
    one_name = np.full(900, 7, np.int32)
    many_names = ((person + 1) % 30).astype(np.int32)
    draw = Resampler(30, seed=3)
    concentrated, spread = draw.rate(person, wrong, one_name), draw.rate(person, wrong, many_names)
    assert concentrated is not None and spread is not None and concentrated.method == BOOTSTRAP
    assert concentrated.value == spread.value
    assert concentrated.high > 1.5 * spread.high  # one person's name on all of them: without that person, no error


def test_drawing_pairs_is_right_on_average() -> None:
    draw = Resampler(40, seed=5, draws=4000)
    left, right = _person(*[5] * 40), ((_person(*[5] * 40) + 11) % 40).astype(np.int32)
    assert draw.drawn_pairs(draw.paired(left, right)).mean() == pytest.approx(200, rel=0.02)


def test_many_people_are_drawn_in_blocks_that_give_the_same_interval() -> None:
    rng = np.random.default_rng(0)
    person = _person(*[5] * 3000)
    wrong = rng.random(3000)[person] < 0.05
    rate = Resampler(3000, seed=1).rate(person, wrong)
    assert rate is not None
    spread = math.sqrt(rate.value * (1 - rate.value) / 3000)
    assert rate.high - rate.low == pytest.approx(2 * 1.96 * spread, rel=0.2)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=1, max_size=60), st.booleans())
def test_every_interval_holds_its_rate_and_lies_within_0_and_1(searches: list[tuple[int, bool]], paired: bool) -> None:
    person = np.array([p for p, _ in searches], np.int32)
    wrong = np.array([w for _, w in searches], np.bool_)
    rate = Resampler(6, seed=1, draws=200).rate(person, wrong, ((person + 1) % 6).astype(np.int32) if paired else None)
    assert rate is not None
    assert 0 <= rate.low <= rate.value <= rate.high <= 1
    assert rate.errors == int(wrong.sum()) and rate.searches == len(searches)
