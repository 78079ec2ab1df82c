"""The benchmark of asking: what a question takes beyond the model's own time."""

from __future__ import annotations

import pytest

from kenbaar.errors import UsageError
from kenbaar.measure import bench_search


def test_it_tells_how_long_questions_take_and_in_what_memory() -> None:
    result = bench_search(people=2_000, searches=40, dim=64)
    assert (result.n, result.dim, result.searches, result.compact) == (2_000, 64, 40, False)
    assert 0 < result.median_ms <= result.p95_ms
    assert 2_000 * 64 * 4 / 1e6 <= result.gallery_mb < 2_000 * 64 * 4 / 1e6 + 0.1


def test_a_question_costs_with_the_people_and_not_more() -> None:
    """A ratio within one run: ten times as many people, read once, take no more than ten times as long, and some."""
    few, many = (bench_search(people=n, searches=60, dim=128) for n in (20_000, 200_000))
    assert many.median_ms < 25 * few.median_ms


@pytest.mark.parametrize("given", [(0, 2, 8), (1, 0, 8), (1, 2, 1)])
def test_nothing_to_ask_is_refused(given: tuple[int, int, int]) -> None:
    with pytest.raises(UsageError):
        bench_search(*given)
