from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kenbaar.errors import BadTemplate, TemplateUnreadable
from kenbaar.keys import pack_vectors, unpack_many, unpack_vectors


def unit(k: int, d: int, seed: int = 0) -> np.ndarray:
    rows = np.random.default_rng(seed).standard_normal((k, d))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


@given(k=st.integers(1, 5), d=st.integers(2, 512), seed=st.integers(0, 2**32 - 1))
def test_vectors_come_back_to_the_last_bit(k: int, d: int, seed: int) -> None:
    vectors = unit(k, d, seed)
    packed = pack_vectors(vectors)
    back = unpack_vectors(packed)
    assert len(packed) == 4 + 4 * k * d
    assert back.dtype == np.float32 and back.tobytes() == vectors.tobytes() and back.shape == (k, d)
    assert back.flags.writeable and back.flags.c_contiguous  # so that it can be wiped


def test_vectors_that_lie_apart_in_memory_are_packed_in_order() -> None:
    vectors = unit(6, 8)
    assert np.array_equal(unpack_vectors(pack_vectors(vectors[::2])), vectors[::2])


def test_many_peoples_vectors_become_one_matrix_that_knows_whose_row_is_whose() -> None:
    people = [unit(k, 16, seed=k) for k in (3, 1, 5)]
    rows, owners = unpack_many([pack_vectors(vectors) for vectors in people])
    assert np.array_equal(rows, np.concatenate(people)) and owners.tolist() == [0, 0, 0, 1, 2, 2, 2, 2, 2]
    assert rows.dtype == np.float32 and owners.dtype == np.int32 and rows.flags.c_contiguous and rows.flags.writeable


def test_nobody_is_an_empty_matrix() -> None:
    rows, owners = unpack_many([])
    assert rows.shape == (0, 0) and owners.shape == (0,)


@pytest.mark.parametrize(
    "vectors",
    [
        unit(1, 8).astype(np.float64),
        unit(1, 8)[0],
        unit(1, 8)[:0],
        unit(1, 8) * 1.01,
        np.zeros((1, 8), np.float32),
        np.full((1, 8), np.nan, np.float32),
        np.full((1, 8), np.inf, np.float32),
        np.concatenate([unit(2, 8), np.zeros((1, 8), np.float32)]),
        np.ones((256, 1), np.float32),
    ],
)
def test_what_is_not_unit_vectors_is_not_packed(vectors: np.ndarray) -> None:
    with pytest.raises(BadTemplate):
        pack_vectors(vectors)


@pytest.mark.parametrize("length", [*range(0, 4 + 4 * 16), 4 + 4 * 16 + 1, 200])
def test_bytes_of_another_length_are_refused(length: int) -> None:
    packed = pack_vectors(unit(2, 8)) + bytes(200)
    with pytest.raises(TemplateUnreadable):
        unpack_vectors(packed[:length])


@pytest.mark.parametrize("head", [b"\x00", b"\x02", b"\x01\x00", b"\x01\x01", b"\x01\x02\x00", b"\x01\x02\x10"])
def test_another_format_or_shape_is_refused(head: bytes) -> None:
    packed = pack_vectors(unit(2, 8))
    with pytest.raises(TemplateUnreadable):
        unpack_vectors(head + packed[len(head) :])


def test_one_bad_vector_among_many_is_refused() -> None:
    bad = pack_vectors(unit(1, 8))[:4] + np.full(8, np.nan, "<f4").tobytes()
    with pytest.raises(TemplateUnreadable):
        unpack_many([pack_vectors(unit(1, 8)), bad])


def test_templates_of_two_lengths_do_not_make_one_matrix() -> None:
    with pytest.raises(TemplateUnreadable):
        unpack_many([pack_vectors(unit(1, 8)), pack_vectors(unit(1, 16))])
