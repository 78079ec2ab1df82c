"""Who in an opened gallery has a look-alike there, as far as it was worked out; kept nowhere else, shown to nobody."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(slots=True, eq=False)
class LookAlikes:
    """What kenbaar.matching found out so far about a gallery of `people`, at one level. In memory alone.

    known:  bool (S,), of whom it is known whether they have a look-alike. marked: bool (S,), they have one.
    """

    people: int
    level: float | None = None
    known: NDArray[np.bool_] = field(init=False, repr=False)
    marked: NDArray[np.bool_] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.known, self.marked = np.zeros(self.people, np.bool_), np.zeros(self.people, np.bool_)

    def at(self, level: float) -> LookAlikes:
        """What is known at that level: what was found out at another one is forgotten."""
        if level != self.level:
            self.level, self.known, self.marked = level, np.zeros_like(self.known), np.zeros_like(self.marked)
        return self
