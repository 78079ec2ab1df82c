"""The gallery holds who agreed, once, and lets go of them."""

from __future__ import annotations

import pickle
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import kenbaar
from kenbaar.errors import BadTemplate, ConsentMissing, UsageError, WrongModelPack
from kenbaar.faces import Template
from kenbaar.gallery import ConsentedGallery, combine
from kenbaar.matching import Threshold, match_faces

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def unit(count: int, dim: int = 8, seed: int = 1) -> NDArray[np.float32]:
    rows = np.random.default_rng(seed).standard_normal((count, dim))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def gallery(count: int = 5, **changes: Any) -> ConsentedGallery:
    given: dict[str, Any] = {
        "pack": "sha256:aa",
        "purposes": ["find"],
        "opened_at": NOW,
        "subjects": [f"s-{i}" for i in range(count)],
        "rows": unit(count),
    }
    return ConsentedGallery.of(**{**given, **changes})


def test_a_gallery_takes_the_rows_over_without_copying_them() -> None:
    rows = unit(5)
    assert gallery(rows=rows).rows is rows


def test_a_gallery_of_nobody_is_fine() -> None:
    empty = gallery(0, rows=np.empty((0, 8), np.float32))
    assert len(empty) == 0 and empty.without({"s-1"}).subjects == ()


def test_repr_shows_counts_and_purposes_and_neither_ids_nor_numbers() -> None:
    assert (
        repr(gallery(5, purposes=["show", "find"])) == "<ConsentedGallery: 5 subjects, 5 rows of 8, for find and show>"
    )


def test_a_subject_may_have_several_rows() -> None:
    several = gallery(2, rows=unit(3), row_subject=np.array([1, 0, 1], np.int32))
    assert len(several) == 2 and len(several.rows) == 3
    assert np.array_equal(several.rows_of("s-1"), unit(3)[[0, 2]])
    assert several.rows_of("s-9").shape == (0, 8)


def test_lookalikes_may_be_given_as_ids_or_as_a_mask() -> None:
    assert gallery(3, stricter={"s-1"}).stricter.tolist() == [False, True, False]
    assert gallery(3, stricter=np.array([True, False, False])).stricter.tolist() == [True, False, False]


@pytest.mark.parametrize(
    "rows",
    [
        unit(5).astype(np.float64),
        unit(5) * 2,
        np.full((5, 8), np.nan, np.float32),
        np.zeros((5, 8), np.float32),
        np.asfortranarray(unit(5)),
        unit(10)[::2],
        np.frombuffer(unit(5).tobytes(), np.float32).reshape(5, 8),  # read-only: could never be wiped
        unit(5).ravel(),
    ],
    ids=["float64", "not unit", "nan", "zeros", "fortran", "strided", "read-only", "flat"],
)
def test_rows_that_are_not_writable_contiguous_unit_float32_are_refused(rows: NDArray[Any]) -> None:
    with pytest.raises(BadTemplate):
        gallery(5, rows=rows, row_subject=np.arange(5, dtype=np.int32) if rows.ndim == 2 else np.zeros(40, np.int32))


@pytest.mark.parametrize(
    "changes",
    [
        {"subjects": ["s-0", "s-0", "s-2", "s-3", "s-4"]},
        {"subjects": ["s-0", "s-1"]},
        {"row_subject": np.array([0, 1, 2, 3, 5], np.int32)},
        {"row_subject": np.array([0, 1, 2, 3, -1], np.int32)},
        {"row_subject": np.array([0, 1, 2, 3, 3], np.int32)},
        {"row_subject": np.arange(5)},
        {"stricter": np.array([True])},
        {"opened_at": datetime(2026, 11, 21)},
    ],
)
def test_rows_and_subjects_that_do_not_fit_each_other_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        gallery(5, **changes)


def test_without_leaves_those_people_out_and_wipes_the_old_rows() -> None:
    rows = unit(5)
    old = gallery(5, rows=rows, stricter={"s-3"})
    new = old.without({"s-1", "s-9"})
    assert new.subjects == ("s-0", "s-2", "s-3", "s-4")
    assert np.array_equal(new.rows, unit(5)[[0, 2, 3, 4]])
    assert new.row_subject.tolist() == [0, 1, 2, 3] and new.stricter.tolist() == [False, False, True, False]
    assert not rows.any() and old.wiped and not new.wiped


@given(st.data())
def test_without_keeps_every_other_subjects_rows(data: st.DataObject) -> None:
    owner = data.draw(st.lists(st.integers(0, 4), min_size=5, max_size=20).map(lambda x: [*range(5), *x]))
    gone = data.draw(st.sets(st.sampled_from([f"s-{i}" for i in range(7)])))
    rows = unit(len(owner))
    before = gallery(5, rows=rows.copy(), row_subject=np.array(owner, np.int32))
    after = before.without(gone)
    for i in range(5):
        kept = rows[np.array(owner) == i] if f"s-{i}" not in gone else np.empty((0, 8), np.float32)
        assert np.array_equal(after.rows_of(f"s-{i}"), kept)


def test_a_wiped_gallery_is_zeros_and_refuses_every_use() -> None:
    rows = unit(5)
    wiped = gallery(rows=rows)
    wiped.wipe()
    wiped.wipe()
    assert not rows.any() and "wiped" in repr(wiped)
    for use in (lambda: wiped.without(()), lambda: wiped.rows_of("s-1"), lambda: pickle.dumps(wiped)):
        with pytest.raises(ConsentMissing):
            use()


def test_a_gallery_that_awaits_its_act_is_compared_with_nothing_until_the_ledger_holds_it() -> None:
    opened = gallery(awaits_act=True)
    for use in (lambda: opened.without(()), lambda: opened.rows_of("s-1"), lambda: pickle.dumps(opened)):
        with pytest.raises(ConsentMissing, match="Record it"):
            use()
    with pytest.raises(ConsentMissing, match="Record it"):
        match_faces([Template(unit(1)[0], "sha256:aa")], opened, Threshold("sha256:aa", 0.5, 0.6, 0.0, 0.001, 100, 0))
    with pytest.raises(UsageError):
        opened.recorded(-1)
    opened.recorded(0)
    assert len(opened.rows_of("s-1")) == 1 and not pickle.loads(pickle.dumps(opened)).awaits_act


def test_another_packs_templates_are_refused() -> None:
    with pytest.raises(WrongModelPack):
        gallery().refuse_other_pack("sha256:bb")


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_a_gallery_travels_to_a_worker_with_its_rows_and_nothing_more(protocol: int) -> None:
    buffer = unit(1000)
    part = gallery(5, rows=buffer[10:15], stricter={"s-2"})
    data = pickle.dumps(part, protocol)
    assert len(data) < 5 * 8 * 4 + 1500
    arrived = pickle.loads(data)
    assert np.array_equal(arrived.rows, buffer[10:15]) and arrived.subjects == part.subjects
    assert arrived.opened_at == NOW and arrived.stricter.tolist() == part.stricter.tolist()
    arrived.wipe()
    assert buffer[10:15].any()


def test_a_gallery_that_arrives_read_only_can_still_be_wiped() -> None:
    buffers: list[pickle.PickleBuffer] = []
    data = pickle.dumps(gallery(), 5, buffer_callback=buffers.append)
    arrived = pickle.loads(data, buffers=[bytes(b) for b in buffers])
    arrived.wipe()
    assert not arrived.rows.any()


def test_one_row_for_one_person_is_their_mean_direction() -> None:
    row = combine(np.array([[1, 0], [0, 1]], np.float32))
    assert row.dtype == np.float32 and np.allclose(row, [0.5**0.5, 0.5**0.5])


@given(st.integers(1, 5), st.integers(0, 1000))
def test_a_combined_row_is_a_unit_vector_in_any_order_of_photos(count: int, seed: int) -> None:
    vectors = unit(count, 16, seed) + np.float32(0.3)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    row = combine(vectors)
    assert abs(float(np.linalg.norm(row)) - 1) < 1e-6
    assert np.allclose(row, combine(list(vectors[::-1])), atol=1e-6)
    gallery(1, rows=row[None])


@pytest.mark.parametrize("vectors", [[], [[1, 0], [-1, 0]], [[np.nan, 1]], [1.0, 0.0]])
def test_vectors_without_a_common_direction_make_no_row(vectors: list[Any]) -> None:
    with pytest.raises(BadTemplate):
        combine(np.array(vectors, np.float32))


def test_only_consent_and_measure_make_galleries() -> None:
    source = Path(kenbaar.__file__).parent
    makers = {
        file.relative_to(source).parts[0]
        for file in source.rglob("*.py")
        if re.search(r"ConsentedGallery(\.of)?\(", file.read_text(encoding="utf-8"))
    }
    assert makers <= {"gallery", "consent", "measure"}
