"""A compact gallery decides what a float32 one does, for every input; who is looked at exactly is a superset."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from kenbaar.errors import ConsentMissing, SealBroken
from kenbaar.faces import Template
from kenbaar.gallery import ZERO, CompactRows, ConsentedGallery
from kenbaar.keys import Safe
from kenbaar.matching import Threshold, candidates, compare_one, exact_scores, find_lookalikes, match_faces
from kenbaar.matching._pairs import near_pairs
from kenbaar.matching._whole import PRODUCT, product

PACK = "sha256:aa"


def unit(vectors: NDArray[np.float64]) -> NDArray[np.float32]:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def compact(rows: NDArray[np.float32], step: int = 4) -> CompactRows:
    dim = rows.shape[1]
    return CompactRows.of((rows[i : i + step].copy() for i in range(0, len(rows), step)), dim, Safe(4 * dim))


def gallery(
    rows: NDArray[np.float32] | CompactRows, owner: NDArray[np.int32], stricter: NDArray[np.bool_]
) -> ConsentedGallery:
    return ConsentedGallery.of(
        pack=PACK,
        purposes=["find"],
        opened_at=datetime(2026, 1, 1, tzinfo=UTC),
        subjects=[f"s-{i:03}" for i in reversed(range(len(stricter)))],
        rows=rows,
        row_subject=owner,
        stricter=stricter,
    )


@st.composite
def crowds(draw: st.DrawFn) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Rows and probes that are near each other, some of them the same, in spaces of 2 to 130 numbers.

    Some spaces lie in a cone, as dlib's does; some rows lie along an axis, where whole numbers are coarsest.
    """
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    dim = draw(st.sampled_from([2, 3, 8, 32, 128, 130]))
    count, faces = draw(st.integers(5, 40)), draw(st.integers(1, 12))
    centre = rng.standard_normal(dim) * draw(st.sampled_from([0.0, 1.0, 3.0]))
    rows = rng.standard_normal((count, dim)) + centre
    near = rng.integers(0, count, count)
    rows = np.where(rng.random((count, 1)) < 0.3, rows[near] + draw(st.sampled_from([0, 1e-7, 0.05])), rows)
    rows[0, :] = np.eye(1, dim) if draw(st.booleans()) else rows[0]
    probes = rows[rng.integers(0, count, faces)] + rng.standard_normal((faces, dim)) * draw(
        st.sampled_from([0.0, 1e-6, 0.1, 0.5])
    )
    return unit(rows), unit(probes)


@pytest.mark.slow
@settings(deadline=None, max_examples=300)
@given(crowds(), st.data())
def test_a_compact_gallery_decides_what_a_float_one_does(
    crowd: tuple[NDArray[np.float32], NDArray[np.float32]], data: st.DataObject
) -> None:
    rows, probes = crowd
    people = data.draw(st.integers(3, 5))
    owner = np.array([*range(people), *(i % people for i in range(people, len(rows)))], np.int32)
    if data.draw(st.booleans()):  # everybody has one row
        people, owner = len(rows), np.arange(len(rows), dtype=np.int32)
    stricter = np.array(data.draw(st.lists(st.booleans(), min_size=people, max_size=people)))
    scores = np.abs(rows.astype(np.float64) @ probes.astype(np.float64).T).ravel()
    some = data.draw(st.integers(0, len(scores) - 1))
    exact = float(exact_scores(rows[some // len(probes)][None], probes[some % len(probes)][None])[0])
    margin = data.draw(st.sampled_from([0.0, 0.006, 0.05]))
    nudge = data.draw(st.sampled_from([0.0, 0.0, 1e-16, -1e-16, 0.01]))
    accept = float(np.clip(exact + nudge + data.draw(st.sampled_from([0.0, margin])), 0.06, 1.1))  # a score at a level
    at = Threshold(PACK, accept, accept + 0.01, margin, 0.001, 100, data.draw(st.sampled_from([0.0, 0.0065])))
    faces = [Template(probe, PACK) for probe in probes]
    barred = data.draw(
        st.sets(st.tuples(st.integers(0, len(faces) - 1), st.sampled_from([f"s-{i:03}" for i in range(people)])))
    )
    pictures = data.draw(st.lists(st.integers(0, 2), min_size=len(faces), max_size=len(faces)))

    floats, small = gallery(rows.copy(), owner, stricter), gallery(compact(rows), owner, stricter)
    assert match_faces(faces, small, at, barred=barred, pictures=pictures) == match_faces(
        faces, floats, at, barred=barred, pictures=pictures
    )
    assert candidates(faces[0], small, at) == candidates(faces[0], floats, at)
    assert find_lookalikes(probes[0], small, at) == find_lookalikes(probes[0], floats, at)
    claim = Threshold(PACK, accept, accept + 0.01, margin, 0.001, 1, 0)
    assert compare_one(faces[0], small, "s-001", claim) == compare_one(faces[0], floats, "s-001", claim)
    assert match_faces(faces, small.without({"s-001"}), at) == match_faces(faces, floats.without({"s-001"}), at)


@settings(deadline=None)
@given(crowds(), st.floats(-1, 1.05))
def test_the_pairs_of_any_level_are_the_same_to_the_last_bit(
    crowd: tuple[NDArray[np.float32], NDArray[np.float32]], level: float
) -> None:
    rows, probes = crowd

    def found(stored: NDArray[np.float32] | CompactRows) -> list[tuple[int, int, float]]:
        pairs = near_pairs(probes, stored, level)
        return sorted(zip(pairs.probe.tolist(), pairs.row.tolist(), pairs.score.tolist(), strict=True))

    assert found(compact(rows)) == found(rows)


def test_more_probes_and_rows_than_a_block_holds_give_the_same_pairs() -> None:
    rng = np.random.default_rng(3)
    rows, probes = unit(rng.standard_normal((20_000, 16))), unit(rng.standard_normal((700, 16)))
    small = CompactRows.of([rows.copy()], 16, Safe(64))
    ours, theirs = near_pairs(probes, small, 0.85), near_pairs(probes, rows, 0.85)
    assert len(ours) == len(theirs) > 100
    assert set(zip(ours.probe.tolist(), ours.row.tolist(), strict=True)) == set(
        zip(theirs.probe.tolist(), theirs.row.tolist(), strict=True)
    )


def test_few_rows_are_opened_where_few_are_near() -> None:
    opened: list[int] = []

    class Watched(Safe):
        def open(self, numbers: Sequence[int]) -> list[bytes]:
            opened.extend(numbers)
            return super().open(numbers)

    rng = np.random.default_rng(4)
    rows = unit(rng.standard_normal((5000, 128)))
    small = CompactRows.of([rows.copy()], 128, Watched(512))
    near_pairs(rows[[7, 4000]], small, 0.9)
    assert sorted(opened) == [7, 4000]


def test_the_product_is_one_integer_product_and_exact_at_its_extremes() -> None:
    graph = onnx.load_from_string(PRODUCT)
    onnx.checker.check_model(graph, full_check=True)
    assert [node.op_type for node in graph.graph.node] == ["MatMulInteger"]
    numbers = np.tile(np.array([ZERO - 127, ZERO + 127, ZERO], np.uint8)[:, None], (1, 512))
    probes = np.tile(np.array([63, -63, 63, -63], np.int8), (512, 1))
    probes[::2, 2:] *= -1
    expected = (numbers.astype(np.int64) - ZERO) @ probes.astype(np.int64)
    for threads in (1, 2):
        assert np.array_equal(product(threads)(numbers, probes), expected)


def test_a_wiped_compact_gallery_is_not_searched() -> None:
    wiped = gallery(compact(unit(np.eye(4))), np.arange(4, dtype=np.int32), np.zeros(4, np.bool_))
    wiped.wipe()
    with pytest.raises(ConsentMissing):
        match_faces([Template(np.eye(4, dtype=np.float32)[0], PACK)], wiped, Threshold(PACK, 0.5, 0.6, 0.1, 0.1, 1, 0))


def test_a_sealed_row_that_was_changed_is_an_error_and_never_nobody() -> None:
    import os

    safe = Safe(16)
    rows = np.eye(4, dtype=np.float32)
    small = gallery(CompactRows.of([rows.copy()], 4, safe), np.arange(4, dtype=np.int32), np.zeros(4, np.bool_))
    os.pwrite(safe._fd, b"\xff", 3)
    with pytest.raises(SealBroken):
        match_faces([Template(rows[0], PACK)], small, Threshold(PACK, 0.5, 0.6, 0.1, 0.1, 1, 0))
