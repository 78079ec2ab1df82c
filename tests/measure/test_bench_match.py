"""The match benchmark: both forms of a gallery, in one run, with the same decisions."""

from __future__ import annotations

import pytest

from kenbaar.errors import UsageError
from kenbaar.measure import bench_compact_match, bench_match


def test_both_forms_decide_the_same_and_the_compact_one_takes_a_quarter() -> None:
    both = bench_compact_match(people=20_000, probes=20, dim=64)
    assert both.identical
    assert 0.24 < (both.compact.gallery_mb - 0.1) / (both.floats.gallery_mb - 0.1) < 0.26  # 0.1: whose each row is
    assert both.compact.sealed_mb == 20_000 * (64 * 4 + 16) / 1e6 and both.floats.sealed_mb == 0
    assert (both.compact.n, both.compact.dim, both.compact.probes) == (20_000, 64, 20)
    assert min(both.compact.read_ratio, both.compact.gemm_share, both.floats.gemm_share) > 0


@pytest.mark.parametrize("given", [(0, 1, 8), (1, 0, 8), (1, 1, 1)])
def test_nothing_to_match_is_refused(given: tuple[int, int, int]) -> None:
    for bench in (bench_match, bench_compact_match):
        with pytest.raises(UsageError):
            bench(*given)
