"""A template's vectors as bytes, and back: exact, and checked on the way in and on the way out."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kenbaar.errors import BadTemplate, TemplateUnreadable

_HEAD = struct.Struct("<BBH")  # format, vectors k, dimension d; then k * d float32, little-endian
_FORMAT = 1
_NORM_TOLERANCE = 1e-3  # as kenbaar.faces.Template


def pack_vectors(vectors: NDArray[np.float32]) -> bytes:
    """k unit vectors of one person, float32 (k, d), as 4 + 4kd bytes. 1 <= k <= 255, 1 <= d <= 65535. BadTemplate."""
    if (
        vectors.dtype != np.float32
        or vectors.ndim != 2
        or not (1 <= vectors.shape[0] <= 255 and 1 <= vectors.shape[1] <= 65535)
    ):
        raise BadTemplate(
            f"Got {vectors.dtype} of shape {vectors.shape}, not float32 (k, d).",
            "Make them with ModelPack.make_templates().",
        )
    if not _are_unit(vectors):
        raise BadTemplate("A template's vectors are not of length 1.", "Make them with ModelPack.make_templates().")
    return _HEAD.pack(_FORMAT, *vectors.shape) + vectors.astype("<f4", copy=False).tobytes()


def unpack_vectors(packed: bytes) -> NDArray[np.float32]:
    """The vectors, float32 (k, d), a fresh writable array. TemplateUnreadable where pack_vectors did not make this."""
    rows, _ = unpack_many([packed])
    return rows


def unpack_many(packed: Sequence[bytes]) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Many people's vectors as one matrix: rows float32 (R, d), and for each row the index in `packed` it came from.

    One pass and one check for all: this is how a gallery opens. All must have the same d; no one gives (0, 0).
    TemplateUnreadable where any of them is not what pack_vectors made.
    """
    if not packed:
        return np.zeros((0, 0), np.float32), np.zeros(0, np.int32)
    dim = _head(packed[0])[1]
    counts = np.empty(len(packed), np.int32)
    for i, one in enumerate(packed):
        counts[i], d = _head(one)
        if d != dim:
            raise TemplateUnreadable(f"Templates of {dim} and {d} numbers cannot lie in one gallery.", _DO)
    body = bytearray().join([memoryview(one)[_HEAD.size :] for one in packed])
    rows = np.frombuffer(body, "<f4").astype(np.float32, copy=False).reshape(-1, dim)
    if not _are_unit(rows):
        raise TemplateUnreadable("A template's vectors are not of length 1.", _DO)
    return rows, np.repeat(np.arange(len(packed), dtype=np.int32), counts)


_DO = "Put the archive back from one backup, or let the people concerned enrol again."


def _head(packed: bytes) -> tuple[int, int]:
    if len(packed) >= _HEAD.size:
        form, k, d = _HEAD.unpack_from(packed)
        if form == _FORMAT and k and d and len(packed) == _HEAD.size + 4 * k * d:
            return k, d
    raise TemplateUnreadable(f"{len(packed)} bytes are not a template.", _DO)


def _are_unit(rows: NDArray[np.float32]) -> bool:
    norms = np.sqrt(np.einsum("ij,ij->i", rows, rows, dtype=np.float64))
    return bool(np.all(np.abs(norms - 1) <= _NORM_TOLERANCE))  # NaN and infinity are never <=
