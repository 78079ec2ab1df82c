"""One face as a direction."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from kenbaar.errors import BadTemplate


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """One face as a direction in one model pack's space.

    vector: float32, shape (d,), L2 norm 1 within 1e-3. Never in repr, logs or errors.
    pack:   digest of the pack that made it. Scores across packs mean nothing; search refuses them.
    """

    vector: NDArray[np.float32] = field(repr=False)
    pack: str

    def __post_init__(self) -> None:
        v = self.vector
        # `not <=` catches NaN
        if v.dtype != np.float32 or v.ndim != 1 or not abs(float(np.linalg.norm(v)) - 1) <= 1e-3:
            raise BadTemplate(
                f"Got {v.dtype} of shape {v.shape}, not a unit float32 vector.",
                "Make it with ModelPack.make_template().",
            )
