"""Thresholds for a target, the tail beyond what was seen, equal error rates: on score sets with known answers."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kenbaar.measure._curves import StrangerLevels, equal_error, exceed, spread
from kenbaar.measure._decide import decide
from kenbaar.measure._rates import Resampler
from kenbaar.measure._splits import Claims, Searches
from tests.measure.test_decide import POINT, made_searches

PLAIN = replace(POINT, margin=0.0)


def strangers(levels: np.ndarray, people: int = 50) -> Searches:
    searches = made_searches(*((None, [float(level)]) for level in levels))
    who = (np.arange(len(levels)) % people).astype(np.int32)
    return replace(searches, person=who, best=((who + 1) % people).astype(np.int32))


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.floats(0.0625, 0.984375, width=32), min_size=3, max_size=80),
    st.sampled_from([0.5, 0.3, 0.1, 0.05, 0.01]),
)
def test_no_more_strangers_are_named_than_aimed_at_and_hardly_fewer(levels: list[float], share: float) -> None:
    found = strangers(np.array(levels))
    accept, beyond = StrangerLevels(found, PLAIN, 10).threshold(share, 1e-3)
    named = int(decide(found, replace(PLAIN, accept=accept, strong=9.0)).named_wrong.sum())
    allowed = math.floor(share * len(levels) + 1e-9)
    assert named <= allowed
    assert beyond == (allowed == 0)
    if len(set(levels)) == len(levels) and allowed:
        assert named == min(allowed, len(levels))


def test_an_exponential_tail_is_continued_as_it_is() -> None:
    rng = np.random.default_rng(1)
    beta = 0.01
    levels = StrangerLevels(strangers(0.5 + rng.exponential(beta, 50_000)), PLAIN, 10)
    assert levels.beta == pytest.approx(beta, rel=0.1)
    assert levels.per_decade == pytest.approx(beta * math.log(10), rel=0.1)
    beyond, extrapolated = levels.threshold(1e-6, 1e-3)
    assert extrapolated
    assert beyond == pytest.approx(0.5 + beta * math.log(1e6), rel=0.03)


def test_ten_times_the_gallery_is_ten_times_the_strangers_named_as_long_as_they_are_few() -> None:
    rng = np.random.default_rng(1)
    levels = StrangerLevels(strangers(0.5 + rng.exponential(0.01, 20_000)), PLAIN, 20)
    accept = levels.threshold_for(0.001, 200, 1e-3)
    assert levels.at(accept, 200) == pytest.approx(0.001, rel=1e-6)
    assert levels.at(accept, 20) == pytest.approx(0.0001, rel=0.01)
    assert levels.at(accept, 2_000_000) == pytest.approx(1 - (1 - 0.0001) ** 100_000, rel=0.01)


def test_the_model_agrees_with_what_was_measured_where_both_speak() -> None:
    rng = np.random.default_rng(2)
    levels = StrangerLevels(strangers(0.5 + rng.exponential(0.01, 20_000)), PLAIN, 20)
    for accept in (0.51, 0.53, levels.u, levels.u + 0.005):
        measured = float((levels.levels >= accept).mean())
        assert levels.at(accept, 20) == pytest.approx(measured, rel=0.2)


def test_a_larger_gallery_or_a_smaller_target_never_asks_for_a_lower_threshold() -> None:
    rng = np.random.default_rng(3)
    levels = StrangerLevels(strangers(rng.beta(8, 4, 3000)), PLAIN, 20)
    for targets in ((0.01, 0.003, 0.001, 0.0001),):
        rows = [[levels.threshold_for(t, n, 1e-3) for t in targets] for n in (20, 100, 1000, 10_000)]
        assert (np.diff(np.array(rows), axis=0) >= 0).all() and (np.diff(np.array(rows), axis=1) >= 0).all()


def test_modelled_rates_come_with_an_interval_from_other_people() -> None:
    rng = np.random.default_rng(4)
    levels = StrangerLevels(strangers(0.5 + rng.exponential(0.01, 5000)), PLAIN, 20)
    accept = levels.threshold_for(0.001, 1000, 1e-3)
    rate = levels.modelled_rate(accept, 1000, Resampler(50, seed=1))
    assert rate is not None and rate.method == "tail model"
    assert rate.low < 0.001 < rate.high
    assert rate.value == pytest.approx(0.001)


def test_strangers_who_come_near_nobody_still_give_a_threshold() -> None:
    nobody = StrangerLevels(made_searches(*((None, []) for _ in range(20))), PLAIN, 5)
    assert nobody.threshold(0.01, 0.05) == (0.05, True)
    assert nobody.at(0.05, 1000) == 0.0


def _claims(mated: list[float], others: list[float]) -> Claims:
    count = len(mated) + len(others)
    person = (np.arange(count) % 5).astype(np.int32)
    claimed = person.copy()
    claimed[len(mated) :] = (person[len(mated) :] + 1) % 5
    return Claims(person, claimed, np.array(mated + others, np.float32))


def test_the_equal_error_rate_of_sets_made_by_hand() -> None:
    draw = Resampler(5, seed=1, draws=100)
    apart = equal_error(_claims([0.8, 0.9], [0.1, 0.2]), draw)
    crossed = equal_error(_claims([0.9, 0.8, 0.7, 0.2], [0.1, 0.15, 0.05, 0.75]), draw)
    upside_down = equal_error(_claims([0.1, 0.2], [0.8, 0.9]), draw)
    assert apart is not None and crossed is not None and upside_down is not None
    assert apart[0].value == 0.0
    assert crossed[0].value == 0.25  # one mate of four below, one other of four above
    assert upside_down[0].value == 1.0
    assert crossed[0].low <= 0.25 <= crossed[0].high


def test_fmr_and_fnmr_of_a_set_made_by_hand() -> None:
    assert exceed(_claims([0.9, 0.8, 0.7, 0.2], [0.1, 0.15, 0.05, 0.75]), 0.72) == (0.25, 0.5)


def test_a_few_values_are_spread_from_end_to_end() -> None:
    assert spread(np.array([3.0, 1.0, 2.0, 2.0, np.inf]), 5).tolist() == [1.0, 2.0, 3.0]
    assert spread(np.arange(1000.0), 4).tolist() == [0.0, 333.0, 666.0, 999.0]
