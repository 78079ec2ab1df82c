"""A compact gallery: whole numbers in memory, exact rows sealed; nobody who left can be opened."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from kenbaar.errors import BadTemplate, ConsentMissing, UsageError
from kenbaar.gallery import SEGMENT_ROWS, ZERO, CompactRows, ConsentedGallery
from kenbaar.keys import Safe


def unit(count: int, dim: int = 8, seed: int = 1) -> NDArray[np.float32]:
    rows = np.random.default_rng(seed).standard_normal((count, dim))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def compact(rows: NDArray[np.float32], step: int = 3) -> CompactRows:
    dim = rows.shape[1]
    return CompactRows.of((rows[i : i + step].copy() for i in range(0, len(rows), step)), dim, Safe(4 * dim))


def gallery(rows: NDArray[np.float32], row_subject: NDArray[np.int32] | None = None) -> ConsentedGallery:
    count = len(rows) if row_subject is None else int(row_subject.max()) + 1
    return ConsentedGallery.of(
        pack="sha256:aa",
        purposes=["find"],
        opened_at=datetime(2026, 1, 1, tzinfo=UTC),
        subjects=[f"s-{i}" for i in range(count)],
        rows=compact(rows),
        row_subject=row_subject,
        stricter={"s-1"} if count > 1 else None,
    )


@settings(deadline=None)
@given(st.integers(1, 40), st.integers(2, 64), st.integers(0, 99), st.data())
def test_rows_come_back_bit_for_bit(count: int, dim: int, seed: int, data: st.DataObject) -> None:
    rows = unit(count, dim, seed)
    wanted = np.array(data.draw(st.lists(st.integers(0, count - 1), min_size=1)), np.int32)
    assert np.array_equal(compact(rows).exact(wanted), rows[wanted])


@settings(deadline=None)
@given(st.integers(1, 40), st.integers(2, 64), st.integers(0, 99))
def test_no_row_is_further_from_its_whole_numbers_than_its_segment_says(count: int, dim: int, seed: int) -> None:
    rows = unit(count, dim, seed)
    rows[0] = np.eye(1, dim)
    first = 0
    for segment in compact(rows).segments:
        part = rows[first : first + len(segment.numbers)].astype(np.float64)
        off = np.linalg.norm(part - (segment.numbers.astype(np.float64) - ZERO) * segment.step, axis=1)
        assert off.max() <= segment.error + 1e-12
        first += len(part)
    assert first == count


def test_what_lies_in_memory_is_a_quarter_of_float32() -> None:
    rows = unit(2 * SEGMENT_ROWS, 32)
    small = CompactRows.of([rows.copy()], 32, Safe(128))
    assert len(small) == len(rows) and len(small.segments) == 2
    assert rows.nbytes / 4 <= small.memory_bytes < rows.nbytes / 4 * 1.001


def test_rows_taken_over_are_overwritten() -> None:
    rows = unit(5)
    CompactRows.of([rows], 8, Safe(32))
    assert not rows.any()


@pytest.mark.parametrize(
    "bad", [unit(3) * 2, np.full((3, 8), np.nan, np.float32), unit(3).astype(np.float64), unit(3, 9)]
)
def test_bad_rows_are_refused_and_the_safe_is_closed(bad: NDArray[np.float32]) -> None:
    safe = Safe(32)
    with pytest.raises(BadTemplate):
        CompactRows.of([unit(4), bad], 8, safe)
    with pytest.raises(ConsentMissing):
        safe.open([0])


def test_a_compact_gallery_is_used_like_any_other_and_has_no_float_matrix() -> None:
    rows = unit(4)
    several = gallery(rows, np.array([1, 0, 1, 2], np.int32))
    assert repr(several) == "<ConsentedGallery: 3 subjects, 4 rows of 8, for find>"
    assert np.array_equal(several.rows_of("s-1"), rows[[0, 2]]) and several.rows_of("s-9").shape == (0, 8)
    with pytest.raises(UsageError):
        _ = several.rows


def test_a_compact_gallery_of_nobody_is_fine() -> None:
    empty = ConsentedGallery.of(
        pack="a", purposes=["find"], opened_at=datetime.now(UTC), subjects=[], rows=CompactRows.of([], 8, Safe(32))
    )
    assert len(empty) == 0 and empty.dim == 8 and empty.without({"s-1"}).subjects == ()


@settings(deadline=None)
@given(
    st.lists(st.sets(st.integers(0, 19)), min_size=1, max_size=4), st.lists(st.integers(0, 9), min_size=10, max_size=10)
)
def test_people_leave_one_after_another_and_everybody_elses_rows_stay_exact(
    leavings: list[set[int]], more: list[int]
) -> None:
    owner = np.array([*range(20), *more], np.int32)
    rows = unit(30)
    now, gone = gallery(rows, owner), set[int]()
    for leaving in leavings:
        now = now.without({f"s-{i}" for i in leaving})
        gone |= leaving
        for i in range(20):
            expected = rows[owner == i] if i not in gone else np.empty((0, 8), np.float32)
            assert np.array_equal(now.rows_of(f"s-{i}"), expected)
    now.wipe()


def test_who_left_is_overwritten_in_memory_and_in_the_safe_at_once() -> None:
    safe = Safe(32)
    stored = CompactRows.of([unit(5)], 8, safe)
    smaller = stored.kept(np.array([True, False, True, True, True]))
    assert safe.open([1]) == [bytes(32)] and len(smaller) == 4
    assert all((s.numbers == ZERO).all() for s in stored.segments)
    assert not stored.exact(np.array([0, 1])).any()  # a search that still runs on it finds nobody
    assert smaller.exact(np.array([0])).any()
    with pytest.raises(ConsentMissing):
        stored.kept(np.ones(5, np.bool_))


def test_a_wiped_compact_gallery_refuses_every_use_and_its_key_is_gone() -> None:
    safe = Safe(32)
    stored = CompactRows.of([unit(3)], 8, safe)
    wiped = ConsentedGallery.of(
        pack="a", purposes=["find"], opened_at=datetime.now(UTC), subjects=["s-0", "s-1", "s-2"], rows=stored
    )
    wiped.wipe()
    wiped.wipe()
    assert (stored.segments[0].numbers == ZERO).all() and "wiped" in repr(wiped)
    uses: list[Callable[[], object]] = [
        lambda: wiped.without(()),
        lambda: wiped.rows_of("s-1"),
        lambda: pickle.dumps(wiped),
        lambda: safe.open([0]),
    ]
    for use in uses:
        with pytest.raises(ConsentMissing):
            use()


def test_neither_repr_nor_errors_show_a_number() -> None:
    stored = compact(unit(3))
    assert repr(stored) == "<CompactRows: 3 of 8>" and "array" not in repr(stored.segments)


def test_a_compact_gallery_cannot_be_pickled_into_a_file() -> None:
    with pytest.raises(UsageError):
        pickle.dumps(gallery(unit(3)))


def test_a_compact_gallery_travels_to_a_worker_and_who_leaves_there_is_gone_here() -> None:
    rows = unit(5)
    ours = gallery(rows)
    with ProcessPoolExecutor(1, get_context("spawn")) as workers:
        assert np.array_equal(workers.submit(ConsentedGallery.rows_of, ours, "s-2").result(60), rows[2:3])
        theirs = workers.submit(ConsentedGallery.without, ours, {"s-2"}).result(60)
    assert np.array_equal(theirs.rows_of("s-3"), rows[3:4])
    assert not ours.rows_of("s-2").any() and np.array_equal(ours.rows_of("s-3"), rows[3:4])


def test_opening_and_closing_many_leaves_no_open_file() -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(20):
        gallery(unit(3)).without({"s-0"}).wipe()
    assert len(list(Path("/proc/self/fd").iterdir())) == before
