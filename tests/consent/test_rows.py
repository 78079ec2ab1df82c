"""Opened templates become the rows of a gallery, some at a time, and nothing of them stays elsewhere."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from kenbaar.consent import _rows
from kenbaar.consent._rows import stored_rows
from kenbaar.errors import TemplateUnreadable
from kenbaar.gallery import CompactRows, combine
from kenbaar.keys import pack_vectors

DIM = 8


def vectors(seed: int, count: int, dim: int = DIM) -> NDArray[np.float32]:
    rows = np.random.default_rng(seed).standard_normal((count, dim)) + 0.5
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


@given(counts=st.lists(st.integers(1, 3), max_size=12), room=st.integers(0, 4), at_once=st.integers(1, 5))
def test_each_opened_template_is_one_row_however_many_come_at_a_time(
    counts: list[int], room: int, at_once: int
) -> None:
    people = [vectors(seed, count) for seed, count in enumerate(counts)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_rows, "_AT_ONCE", at_once)
        rows = stored_rows(iter([pack_vectors(v) for v in people]), DIM, 100, len(people) + room)
    assert isinstance(rows, np.ndarray) and rows.shape == (len(people), DIM)
    assert rows.flags.c_contiguous and rows.flags.writeable and rows.dtype == np.float32
    for row, own in zip(rows, people, strict=True):
        assert np.allclose(row, own[0] if len(own) == 1 else combine(own), atol=1e-7)


@pytest.mark.parametrize("people", [9, 10, 11, 25])
def test_from_so_many_on_the_rows_are_compact(people: int) -> None:
    rows = stored_rows(iter([pack_vectors(vectors(seed, 1)) for seed in range(people)]), DIM, 10, people)
    assert isinstance(rows, CompactRows) == (people >= 10) and len(rows) == people
    if isinstance(rows, CompactRows):
        exact = rows.exact(np.arange(people, dtype=np.int32))
        assert np.array_equal(exact, np.concatenate([vectors(seed, 1) for seed in range(people)]))
        rows.wipe()


def test_templates_of_other_lengths_are_refused_wherever_they_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_rows, "_AT_ONCE", 2)
    packed = [pack_vectors(vectors(seed, 1)) for seed in range(3)] + [pack_vectors(vectors(9, 1, dim=16))]
    for order in (packed, packed[::-1], packed[2:]):
        with pytest.raises(TemplateUnreadable):
            stored_rows(iter(order), DIM, 100, 4)
