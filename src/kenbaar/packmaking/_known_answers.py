"""What networks answer to a pattern made by arithmetic: whether they are those that were measured, on this machine."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kenbaar.errors import PackBroken
from kenbaar.modelpack._centerface import GRID_PX, OUTPUTS
from kenbaar.modelpack._manifest import EmbedderSpec
from kenbaar.modelpack._sessions import Network

_LOOK_PX = 64


def pattern(rows: int, columns: int) -> NDArray[np.float32]:
    """A picture made by arithmetic, (1, 3, rows, columns), 0..255: the same on every machine."""
    c, y, x = np.indices((3, rows, columns))
    return np.asarray(((x * 7 + y * 13 + c * 61 + (x * y) // 8) % 256)[None], np.float32)


def answers_to_pattern(detector: bytes, embedder: bytes, fed: EmbedderSpec) -> list[float]:
    """What the two networks say of the pattern: the first six numbers of a vector, and the mean of each map."""
    mean = np.array(fed.mean).reshape(3, 1, 1)
    chip = np.asarray((pattern(fed.height, fed.width) - mean) * fed.scale, np.float32)
    (vector,) = Network(embedder, "embedder", threads=1).run(chip, (1, fed.dim))
    grid = _LOOK_PX // GRID_PX
    shapes = {name: (1, count, grid, grid) for name, count in zip(OUTPUTS, (1, 2, 2, 10), strict=True)}
    maps = Network(detector, "detector", threads=1, outputs=OUTPUTS).run(pattern(_LOOK_PX, _LOOK_PX), shapes)
    return [*(float(v) for v in vector[0, :6]), *(float(values.mean()) for values in maps)]


def require_answers(
    found: Sequence[float], known: Sequence[float], what: str, *, of_each: float, and_: float, do: str
) -> None:
    """Nothing, where each number found lies within of_each times the known one and `and_` of it; else PackBroken."""
    if not np.allclose(found, known, rtol=of_each, atol=and_):
        raise PackBroken(f"{what} do not give the known answers on this machine.", do)
