"""The operating point: from which score a face is somebody."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from kenbaar.errors import SettingsError

LOOKALIKE_DECADES = 1.0
"""A subject with a look-alike in the archive is searched as though the gallery were ten times as large. Relatives score
far above strangers (siblings and twins: immich issues 27995, 14137), so one decade is a floor, not a cure: the
cure is the runner-up rule."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """The levels, in cosine score (-1..1, higher is more alike), at which one pack names people.

    pack:       digest of the pack it was measured for; no other pack's scores may be held against it.
    accept:     from here on a face may be named, in a gallery of up to n subjects.
    strong:     from here on the band is "strong"; never below accept.
    margin:     a second subject within this much of the first makes the face undecided.
    fpir:       share of non-mated searches (strangers) that return anyone, at accept and n. The target it was set for.
    n:          gallery size, subjects, at which fpir holds.
    per_decade: how much accept and strong rise for each tenfold of n, so that fpir stays where it is. FPIR grows about
                as n times FMR (it is 1 - (1 - FMR)^n), and log FMR falls about straight with the score where it
                matters.
    """

    pack: str
    accept: float
    strong: float
    margin: float
    fpir: float
    n: int
    per_decade: float

    def __post_init__(self) -> None:
        numbers = (self.accept, self.strong, self.margin, self.fpir, self.per_decade)
        sound = (
            all(math.isfinite(x) for x in numbers)
            and 0 < self.accept <= self.strong  # at or below 0 unrelated faces match: that is no threshold
            and 0 <= self.margin < self.accept
            and 0 < self.fpir < 1  # 0 cannot be measured (rule of 3), 1 names everybody
            and self.n >= 1
            and self.per_decade >= 0
        )
        if not sound:
            raise SettingsError(
                "An operating point needs 0 < accept <= strong, 0 <= margin < accept, 0 < fpir < 1, n >= 1 "
                "and per_decade >= 0, all finite.",
                "Correct the pack's manifest, or measure again with `kenbaar evaluate`.",
            )

    def for_gallery(self, n: int) -> Threshold:
        """The threshold for n subjects: tighter for more than were measured, never looser for fewer."""
        if n <= self.n:
            return self
        return replace(self._moved(math.log10(n / self.n)), n=n)

    def for_claim(self) -> Threshold:
        """The threshold for one face against one person's own template: the same share of false answers, at n = 1.

        Somebody says "this is me" and one comparison is made where a search makes n, so accept may be lower by
        per_decade * log10(n). Raises SettingsError where that reaches below the margin: too far from what was measured.
        """
        return replace(self._moved(-math.log10(self.n)), n=1)

    def tightened(self, decades: float = LOOKALIKE_DECADES) -> Threshold:
        """As though the gallery were 10^decades times as large."""
        return self._moved(decades)

    def _moved(self, decades: float) -> Threshold:
        shift = decades * self.per_decade
        return replace(self, accept=self.accept + shift, strong=self.strong + shift)
