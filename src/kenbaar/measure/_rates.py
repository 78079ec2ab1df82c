"""A rate and what makes it mean something: how many searches, how many people, and how far it can be off."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

EXACT, BOOTSTRAP, MODEL = "Clopper-Pearson", "bootstrap over people", "tail model"
CONFIDENCE = 0.95
FEW_PEOPLE = 5  # people whose searches went wrong: below this a bootstrap hardly varies
_DRAWS, _BLOCKS = 1000, 256


@dataclass(frozen=True, slots=True)
class Rate:
    """A share of searches (or photos, or people), with its 95 % interval.

    errors of searches; people: how many different ones those searches are of, wrong_people: of how many of them
    any went wrong. method: how the interval was made. With errors of a handful of people a bootstrap is
    too narrow.
    """

    value: float
    low: float
    high: float
    errors: int
    searches: int
    people: int
    wrong_people: int
    method: str

    @property
    def shaky(self) -> bool:
        """Whether the errors come from so few people that the interval is likely too narrow."""
        return self.method != EXACT and self.wrong_people < FEW_PEOPLE


def clopper_pearson(errors: int, trials: int) -> tuple[float, float]:
    """The exact two-sided 95 % interval of a share (Clopper and Pearson, Biometrika 1934); (0, 1) without trials."""
    from scipy.stats import beta

    if not trials:
        return 0.0, 1.0
    tail = (1 - CONFIDENCE) / 2
    low = float(beta.ppf(tail, errors, trials - errors + 1)) if errors else 0.0
    high = float(beta.ppf(1 - tail, errors + 1, trials - errors)) if errors < trials else 1.0
    return low, high


def single_rate(errors: int, trials: int, people: int, wrong_people: int) -> Rate | None:
    """A rate of things that each happened once; None without any."""
    if not trials:
        return None
    low, high = clopper_pearson(errors, trials)
    return Rate(errors / trials, low, high, errors, trials, people, wrong_people, EXACT)


def people_for_claim(target: float) -> int:
    """How many independent strangers must all go unnamed before "at most this share" may be said (the rule of 3).

    With 0 errors in n trials the one-sided 95 % upper bound is 3 / n (Hanley and Lippman-Hand, JAMA 1983).
    """
    return math.ceil(3 / target - 1e-9)


class Resampler:
    """Draws people again, with replacement, many times: how much would rates vary with other people?

    Pooling over splits uses the same people again and again, so searches are no unit of chance; people are. More than
    256 are drawn in 256 random blocks of equal size, which gives the same intervals for less.
    """

    def __init__(self, people: int, seed: int, draws: int = _DRAWS) -> None:
        rng = np.random.default_rng([seed, 2])
        self.people, self.blocks = people, min(people, _BLOCKS)
        self.block = (rng.permutation(people) % self.blocks).astype(np.int64)
        self.weights = rng.multinomial(self.blocks, np.full(self.blocks, 1 / self.blocks), size=draws).astype(
            np.float64
        )

    def summed(self, person: NDArray[np.int32], amount: NDArray[np.generic] | None = None) -> NDArray[np.float64]:
        """float64 (B,): how often, or how much, each block of people occurs."""
        found: NDArray[np.float64] = np.bincount(
            self.block[person], weights=None if amount is None else amount.astype(np.float64), minlength=self.blocks
        ).astype(np.float64)
        return found

    def paired(
        self, left: NDArray[np.int32], right: NDArray[np.int32], amount: NDArray[np.generic] | None = None
    ) -> NDArray[np.float64]:
        """float64 (B, B): the same for pairs of people: who was searched with, and whose name came up."""
        cell = self.block[left] * self.blocks + self.block[right]
        counted: NDArray[np.float64] = np.bincount(
            cell, weights=None if amount is None else amount.astype(np.float64), minlength=self.blocks**2
        ).astype(np.float64)
        return counted.reshape(self.blocks, self.blocks)

    def drawn(self, by_block: NDArray[np.float64]) -> NDArray[np.float64]:
        """float64 (draws,): the sum in each draw."""
        result: NDArray[np.float64] = self.weights @ by_block
        return result

    def drawn_pairs(self, by_pair: NDArray[np.float64]) -> NDArray[np.float64]:
        """float64 (draws,): the sum in each draw, where both people of a pair have to be drawn (Owen, Ann. Appl. Stat.
        2007, the pigeonhole bootstrap). Two different ones are drawn together a little less often than their shares
        say; the factor undoes that."""
        busy = np.flatnonzero(by_pair.any(axis=0))  # a rare error touches few people
        factor = self.blocks / (self.blocks - 1) if self.blocks > 1 else 1.0
        result: NDArray[np.float64] = ((self.weights @ by_pair[:, busy]) * self.weights[:, busy]).sum(axis=1) * factor
        return result

    def rate(
        self, person: NDArray[np.int32], wrong: NDArray[np.bool_], named: NDArray[np.int32] | None = None
    ) -> Rate | None:
        """The share of searches that went wrong; None without any.

        person: whose face each was. named: whose name came up, where that is what went wrong: then both are drawn.
        With no error at all there is nothing to draw, and the interval is the exact one for so many people.
        """
        searches, errors = len(person), int(wrong.sum())
        if not searches:
            return None
        people = int((np.bincount(person) > 0).sum())
        wrong_people = int((np.bincount(person[wrong]) > 0).sum()) if errors else 0
        value = errors / searches
        if errors in (0, searches):
            low, high = clopper_pearson(people if errors else 0, people)
            return Rate(value, low, high, errors, searches, people, wrong_people, EXACT)
        if named is None:
            above = self.drawn(self.summed(person[wrong]))
        else:
            above = self.drawn_pairs(self.paired(person[wrong], named[wrong]))
        low, high = interval(above, self.drawn(self.summed(person)), value)
        return Rate(value, low, high, errors, searches, people, wrong_people, BOOTSTRAP)


def interval(above: NDArray[np.float64], below: NDArray[np.float64], value: float) -> tuple[float, float]:
    """The middle 95 % of drawn shares; it always holds the measured value."""
    shares = np.clip(above[below > 0] / below[below > 0], 0.0, 1.0)
    if not len(shares):
        return 0.0, 1.0
    low, high = np.quantile(shares, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return min(float(low), value), max(float(high), value)


def gini(rates: Sequence[float]) -> float:
    """How unequal groups' rates are, 0 (all the same) to 1 (one group has all): Howard et al. 2022 (arXiv 2203.05051).

    n / (n - 1) * sum over i, j of |x_i - x_j| / (2 n^2 mean). 0 where all are 0.
    """
    x = np.asarray(rates, np.float64)
    n, mean = len(x), float(x.mean()) if len(x) else 0.0
    if n < 2 or mean == 0:
        return 0.0
    return float(n / (n - 1) * np.abs(x[:, None] - x[None, :]).sum() / (2 * n * n * mean))


def max_over_min(rates: Sequence[float]) -> float:
    """The largest rate over the smallest; infinite where the smallest alone is 0, 1 where all are."""
    largest, smallest = max(rates), min(rates)
    if smallest > 0:
        return largest / smallest
    return 1.0 if largest == 0 else math.inf
