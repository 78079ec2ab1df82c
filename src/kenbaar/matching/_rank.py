"""Who may be on these faces: a few candidates each, for people to decide between."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import numpy as np

from kenbaar.errors import UsageError
from kenbaar.faces import Template
from kenbaar.gallery import ConsentedGallery
from kenbaar.matching._decide import Band, Levels, stack
from kenbaar.matching._look_alikes import stricter_in
from kenbaar.matching._pairs import near_pairs
from kenbaar.matching._threshold import Threshold

MOST_CANDIDATES = 3
"""Every candidate shown discloses somebody to the searcher: as few as will do (GDPR article 5(1)(c))."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A subject who may be on the face. rank: 1 is the most alike."""

    subject: str
    rank: int
    band: Band


def rank_candidates(
    probes: Sequence[Template],
    gallery: ConsentedGallery,
    threshold: Threshold,
    *,
    at_most: int = MOST_CANDIDATES,
    barred: AbstractSet[tuple[int, str]] = frozenset(),
    pictures: Sequence[int] | None = None,
) -> list[tuple[Candidate, ...]]:
    """For each face at most `at_most` (1 to 3) of those who reach their threshold, the most alike first; often none.

    For people who decide what a machine must not (GDPR article 22). Everybody shown is to be logged by the caller.
    pictures: which picture each probe is from; None: all of one. In one picture a person is a candidate for one face
    alone, the most alike. barred: (probe index, subject) that said "this is not me" there.
    Raises WrongModelPack, BadTemplate, and ConsentMissing for a gallery that was wiped or awaits its act.
    """
    if not 1 <= at_most <= MOST_CANDIDATES:
        raise UsageError(f"{at_most} candidates were asked for.", f"Ask for 1 to {MOST_CANDIDATES}.")
    gallery.require_open()
    gallery.refuse_other_pack(threshold.pack)
    of_picture = [0] * len(probes) if pictures is None else list(pictures)
    if len(of_picture) != len(probes):
        raise UsageError("`pictures` does not fit the probes.", "Give one number per probe.")
    if not probes or not len(gallery):
        for probe in probes:
            gallery.refuse_other_pack(probe.pack)
        return [()] * len(probes)
    fitting = threshold.for_gallery(len(gallery))
    levels = Levels(fitting, stricter_in(gallery, fitting))
    pairs = near_pairs(stack(probes, gallery), gallery.stored, fitting.accept)
    subjects = gallery.row_subject[pairs.row]
    reached = levels.allow(subjects, pairs.score)
    best: dict[tuple[int, int], tuple[float, int]] = {}  # picture, subject -> score, face: the face most like them
    for probe, subject, score in zip(
        pairs.probe[reached].tolist(), subjects[reached].tolist(), pairs.score[reached].tolist(), strict=True
    ):
        if (probe, gallery.subjects[subject]) not in barred:
            place = (of_picture[probe], subject)
            best[place] = max(best.get(place, (-np.inf, 0)), (score, -probe))
    of_probe: dict[int, list[tuple[float, int]]] = {}
    for (_, subject), (score, negative) in best.items():
        of_probe.setdefault(-negative, []).append((score, subject))
    return [_ranked(of_probe.get(n, []), gallery, levels, at_most) for n in range(len(probes))]


def candidates(probe: Template, gallery: ConsentedGallery, threshold: Threshold, limit: int = 3) -> list[Candidate]:
    """Who may be on this one face; as rank_candidates()."""
    return list(rank_candidates([probe], gallery, threshold, at_most=limit)[0])


def _ranked(
    scored: list[tuple[float, int]], gallery: ConsentedGallery, levels: Levels, at_most: int
) -> tuple[Candidate, ...]:
    first = sorted(scored, key=lambda one: (-one[0], gallery.subjects[one[1]]))[:at_most]
    return tuple(
        Candidate(gallery.subjects[s], rank, levels.band(s, score)) for rank, (score, s) in enumerate(first, 1)
    )
