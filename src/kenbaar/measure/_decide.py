"""What search would answer to each of many searches at a level: the rules of kenbaar.matching, on scores kept."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kenbaar.matching import LOOKALIKE_DECADES, Threshold
from kenbaar.measure._splits import Searches

SHOWN = 3
"""The most candidates search.candidates shows a reviewer: the R of rank-3 rates."""


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """bool (S,) each. named_right, named_wrong: rank 1, what a sweep does: it names one person or nobody. shown_right,
    shown_any: rank 3, what a reviewer is shown: the mate among the (up to three) candidates; anybody at all."""

    named_right: NDArray[np.bool_]
    named_wrong: NDArray[np.bool_]
    shown_right: NDArray[np.bool_]
    shown_any: NDArray[np.bool_]


def decide(searches: Searches, threshold: Threshold) -> Answers:
    """The answers at exactly threshold.accept: pass it already tightened for the gallery (Threshold.for_gallery).

    Every photo shows one face, so a face is named where its best subject reaches their level and nobody comes within
    the margin; the level of a subject with a look-alike is the tightened one.
    """
    usual, tight, margin = threshold.accept, threshold.tightened(LOOKALIKE_DECADES).accept, threshold.margin
    mate, others = np.where(searches.mated, searches.mate, -np.inf), searches.others
    mate_in = mate >= np.where(searches.mate_strict, tight, usual)
    others_in = others >= np.where(searches.others_strict, tight, usual)
    best, second = others[:, 0], others[:, 1]
    named_right = mate_in & (best < mate - margin)
    named_wrong = others_in[:, 0] & (np.maximum(mate, second) < best - margin)
    above = (others_in & (others > mate[:, None])).sum(axis=1)
    return Answers(named_right, named_wrong, mate_in & (above < SHOWN), mate_in | others_in.any(axis=1))


def naming_levels(searches: Searches, threshold: Threshold) -> NDArray[np.float64]:
    """float64 (S,): the lowest accept at which each search of a stranger would name nobody any more; -inf: never named.

    Of the threshold only margin and per_decade count.
    """
    shift = LOOKALIKE_DECADES * threshold.per_decade
    best, second = searches.others[:, 0], searches.others[:, 1]
    clear = second < best - threshold.margin
    return np.where(clear, best - np.where(searches.others_strict[:, 0], shift, 0.0), -np.inf)
