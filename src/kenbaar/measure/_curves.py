"""Thresholds for a target, and what lies beyond what was seen: the tail of strangers' scores."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from kenbaar.matching import Threshold
from kenbaar.measure._decide import naming_levels
from kenbaar.measure._rates import BOOTSTRAP, MODEL, Rate, Resampler, interval
from kenbaar.measure._splits import Claims, Searches

TAIL_SHARE = 0.01
"""The share of strangers' searches the tail is fitted to: on Yale (docs/evaluate.md) the model then agrees with what
was measured a decade further out, and names five times too many two decades out; from 5 % on, thirty times."""

LEAST_TAIL = 30  # levels: with fewer a slope is chance; the share then grows, to half of all at most
_STEP = 1e-6  # cosine: above a level by less than any two photos differ
_EER_STEPS = 64


class StrangerLevels:
    """The levels at which strangers' searches name somebody, and a model of their tail.

    FPIR(T) is the share of levels at or above T, as measured with n enrolled. Where that runs out, and for other
    gallery sizes: beyond u, the level that TAIL_SHARE of searches reach, shares fall as q * exp(-(T - u) / beta), beta
    the mean excess over u (an exponential tail: a generalised Pareto tail of shape 0; cosines end at 1, so true
    shapes are below 0 and the model names too many rather than too few). Another gallery size N:
    1 - (1 - FPIR)^(N / n), which is 1 - (1 - FMR)^N with the FMR taken from the searches themselves.
    """

    def __init__(self, searches: Searches, threshold: Threshold, n: int) -> None:
        """searches: any; those of strangers are taken. threshold: for margin and per_decade."""
        strangers = searches.where(~searches.mated)
        self.n, self.person, self.best = n, strangers.person, strangers.best
        self.levels = naming_levels(strangers, threshold)
        self.count = len(self.levels)
        self.falling = np.sort(self.levels[np.isfinite(self.levels)])[::-1]
        wanted = min(max(round(TAIL_SHARE * self.count), LEAST_TAIL), self.count // 2, len(self.falling) - 1)
        self.tail = max(0, wanted)
        self.u = float(self.falling[self.tail]) if len(self.falling) else 0.0
        self.q = float((self.falling > self.u).sum()) / self.count if self.count else 0.0
        excess = self.falling[self.falling > self.u] - self.u
        self.beta = float(excess.mean()) if len(excess) else 0.0

    @property
    def per_decade(self) -> float:
        """How much higher a threshold names a tenth as many, by the model: what Threshold.per_decade is."""
        return self.beta * math.log(10)

    def threshold(self, share: float, floor: float) -> tuple[float, bool]:
        """The lowest accept with at most this share of strangers named, in the gallery measured; and whether it lies
        beyond what was seen, so that it comes from the model. Never below `floor`."""
        allowed = math.floor(share * self.count + 1e-9)
        if allowed >= 1:
            return max(self._above(allowed), floor), False
        return max(self._modelled(share, floor), self._above(0), floor), True

    def threshold_for(self, fpir: float, n: int, floor: float) -> float:
        """The accept at which the model expects this FPIR with n people enrolled. Above 1 it names nobody at all."""
        share = 1.0 - (1.0 - fpir) ** (self.n / n)
        return max(self.threshold(share, floor)[0] if share >= self.q else self._modelled(share, floor), floor)

    def _modelled(self, share: float, floor: float) -> float:
        return self.u + self.beta * math.log(self.q / share) if self.q > 0 else floor

    def _above(self, allowed: int) -> float:
        """Just above the level that one search too many reaches: half way to the next, or a step."""
        if allowed >= len(self.falling):
            return -1.0
        level = float(self.falling[allowed])
        higher = self.falling[self.falling > level]
        return (level + float(higher[-1])) / 2 if len(higher) else level + _STEP

    def share(self, accept: float) -> float:
        """The share of strangers' searches named at this accept, in the gallery measured; by the model beyond u."""
        if not self.count:
            return 0.0
        if accept > self.u and self.beta > 0:
            return self.q * math.exp(-(accept - self.u) / self.beta)
        return float((self.falling >= accept).sum()) / self.count

    def at(self, accept: float, n: int) -> float:
        """The modelled FPIR with n people enrolled."""
        return float(1.0 - (1.0 - min(1.0, self.share(accept))) ** (n / self.n))

    def modelled_rate(self, accept: float, n: int, resampler: Resampler) -> Rate | None:
        """FPIR(n, accept) by the model, its interval by fitting it again to people drawn again."""
        if not self.count:
            return None
        value = self.at(accept, n)
        searched = resampler.drawn(resampler.summed(self.person))
        reached = self.levels > self.u if accept > self.u else self.levels >= accept
        left, right = self.person[reached], self.best[reached]
        counted = resampler.drawn_pairs(resampler.paired(left, right))
        if accept > self.u and self.beta > 0:
            excess = resampler.drawn_pairs(resampler.paired(left, right, self.levels[reached] - self.u))
            with np.errstate(divide="ignore", invalid="ignore"):
                counted = np.where(excess > 0, counted * np.exp(-(accept - self.u) * counted / excess), 0.0)
        shares = np.clip(counted / np.maximum(searched, 1e-12), 0, 1)
        low, high = interval(1 - (1 - shares) ** (n / self.n), np.ones_like(shares), value)
        people = len(np.unique(self.person))
        wrong = len(np.unique(left))
        return Rate(value, low, high, round(value * self.count), self.count, people, wrong, MODEL)


def exceed(claims: Claims, accept: float) -> tuple[float, float]:
    """(FMR, FNMR) at this level: strangers' comparisons that reach it, mates' that do not."""
    mated, reached = claims.mated, claims.score >= accept
    return float(reached[~mated].mean()), float((~reached[mated]).mean())


def equal_error(claims: Claims, resampler: Resampler) -> tuple[Rate, float] | None:
    """Where as many mates are refused as others accepted: the rate with its interval, and the score. None: no pairs."""
    mated = claims.mated
    mates, others = np.sort(claims.score[mated]), np.sort(claims.score[~mated])
    if not len(mates) or not len(others):
        return None
    levels = np.unique(np.concatenate([mates, others]))
    missed = np.searchsorted(mates, levels, "left") / len(mates)
    taken = 1 - np.searchsorted(others, levels, "left") / len(others)
    nearest = int(
        np.abs(missed - taken).argmin()
    )  # both are steps and need not meet: the middle where they are closest
    level, value = float(levels[nearest]), float(missed[nearest] + taken[nearest]) / 2
    low, high = _equal_error_interval(claims, resampler, level, value)
    wrong = np.where(mated, claims.score < level, claims.score >= level)
    return Rate(
        value, low, high, int(wrong.sum()), len(claims.score), len(np.unique(claims.person)),
        len(np.unique(claims.person[wrong])), BOOTSTRAP,
    ), level  # fmt: skip


def _equal_error_interval(claims: Claims, resampler: Resampler, level: float, value: float) -> tuple[float, float]:
    mated = claims.mated
    near = np.abs(np.concatenate([claims.score[mated] - level, level - claims.score[~mated]]))
    reach = max(float(np.quantile(near, 0.5)), 1e-4)
    steps = np.linspace(level - reach, level + reach, _EER_STEPS)
    mates, others = claims.score[mated], claims.score[~mated]
    who, left, right = claims.person[mated], claims.person[~mated], claims.claimed[~mated]
    all_mates = np.maximum(resampler.drawn(resampler.summed(who)), 1e-12)
    all_others = np.maximum(resampler.drawn_pairs(resampler.paired(left, right)), 1e-12)
    gap = np.empty((_EER_STEPS, len(all_mates)))
    mean = np.empty_like(gap)
    for i, step in enumerate(steps):
        missed = resampler.drawn(resampler.summed(who[mates < step])) / all_mates
        taken = resampler.drawn_pairs(resampler.paired(left[others >= step], right[others >= step])) / all_others
        gap[i], mean[i] = np.abs(missed - taken), (missed + taken) / 2
    drawn = mean[gap.argmin(axis=0), np.arange(gap.shape[1])]
    return interval(drawn, np.ones_like(drawn), value)


def spread(values: NDArray[np.floating], most: int) -> NDArray[np.float64]:
    """At most so many of these values, spread evenly by rank, rising, each once."""
    unique = np.unique(values[np.isfinite(values)]).astype(np.float64)
    if len(unique) <= most:
        return unique
    spaced: NDArray[np.float64] = unique[np.linspace(0, len(unique) - 1, most).round().astype(int)]
    return spaced
