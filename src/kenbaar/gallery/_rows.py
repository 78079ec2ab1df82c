"""What may be a row, and how a person's vectors become theirs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kenbaar.errors import BadTemplate

NORM_TOLERANCE = 1e-3
"""How far from 1 a row's L2 norm may lie: the same as faces.Template, so whatever is a template can be a row."""

_CHECK_ROWS = 8192
"""Rows normed at a time, so that checking a gallery needs no second copy of it (16 MB at d = 512)."""


def combine(vectors: NDArray[np.float32] | Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """One row for one person: the mean direction of their vectors, float32 (d,), norm 1.

    vectors: (k, d), k >= 1, unit vectors. Raises BadTemplate where they cancel out (they are not of one person).
    """
    if len(vectors) == 0:
        raise BadTemplate("There are no vectors to combine.", "Enrol with at least one photo.")
    mean = np.asarray(vectors, np.float64).mean(axis=0)  # float64: a handful of vectors, so it costs nothing
    norm = float(np.linalg.norm(mean))
    if mean.ndim != 1 or not norm > NORM_TOLERANCE:  # `not >` catches NaN
        raise BadTemplate("These vectors have no common direction.", "Enrol with photos of one person.")
    row: NDArray[np.float32] = (mean / norm).astype(np.float32)
    return row


def refuse_bad_rows(rows: NDArray[np.float32]) -> None:
    """Raise BadTemplate for anything that is not writable contiguous float32 (R, d) of norm 1."""
    if rows.ndim != 2 or rows.dtype != np.float32 or not rows.flags.c_contiguous or not rows.flags.writeable:
        raise BadTemplate(
            f"Got {rows.dtype} of shape {rows.shape}, not writable contiguous float32 rows.",
            "Stack the templates into one float32 array; it must be writable, so that it can be wiped.",
        )
    for start in range(0, len(rows), _CHECK_ROWS):
        part = rows[start : start + _CHECK_ROWS]
        norms = np.sqrt(np.einsum("ij,ij->i", part, part))
        if not bool((np.abs(norms - 1) <= NORM_TOLERANCE).all()):  # `not <=` catches NaN
            raise BadTemplate("A row of the gallery is not a unit vector.", "Make it with gallery.combine().")
