"""One face at a time: a claim, an enrolment, a question."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kenbaar.errors import BadTemplate, ConsentMissing, UsageError
from kenbaar.faces import Template
from kenbaar.gallery import ConsentedGallery
from kenbaar.matching._decide import UNKNOWN, Band, Decision, Levels, stack
from kenbaar.matching._look_alikes import stricter_in
from kenbaar.matching._pairs import exact_scores, near_pairs
from kenbaar.matching._threshold import Threshold

MOST_CANDIDATES = 3
"""Every candidate shown discloses somebody to the searcher: as few as will do (GDPR article 5(1)(c))."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A subject who may be on the face. rank: 1 is the most alike."""

    subject: str
    rank: int
    band: Band


def compare_one(probe: Template, gallery: ConsentedGallery, subject: str, threshold: Threshold) -> Decision:
    """Is this face this person, who says so? A match or unknown; nobody else's template is looked at.

    A claim is one comparison, so it is held against threshold.for_claim(), tightened as for somebody with a look-alike:
    where nobody else's template is looked at, nobody knows whether they have one. A gallery that was told who has
    one (`stricter`) is believed.
    Raises ConsentMissing where the subject is not in the gallery.
    """
    gallery.require_open()
    gallery.refuse_other_pack(threshold.pack)
    rows = gallery.rows_of(subject)
    if not len(rows):
        raise ConsentMissing(f"{subject} is not in this gallery.", "Only somebody with a grant in force can claim.")
    stacked = stack([probe], gallery)
    score = float(exact_scores(np.broadcast_to(stacked, rows.shape), rows).max())
    index = gallery.subjects.index(subject)
    unknown = np.ones(len(gallery), np.bool_)
    levels = Levels(threshold.for_claim(), gallery.stricter if gallery.told else unknown)
    if not levels.allow(np.array([index]), np.array([score]))[0]:
        return UNKNOWN
    return Decision("match", subject, levels.band(index, score))


def find_lookalikes(vector: NDArray[np.float32], gallery: ConsentedGallery, threshold: Threshold) -> list[str]:
    """The people measured who are so like one of them that both need a stricter threshold. Ids, sorted; often none.

    For measuring, on people who agreed to it: an archive's look-alikes have no names (stricter_in).
    vector: that person's row or rows, float32 (d,) or (k, d), of the gallery's pack. Like enough: from accept for
    this gallery, less the margin, on: from where the one can be a runner-up to the other.
    """
    gallery.require_open()
    gallery.refuse_other_pack(threshold.pack)
    rows = np.atleast_2d(vector)
    if not len(gallery):
        return []
    if rows.dtype != np.float32 or rows.shape[1:] != (gallery.dim,):
        raise BadTemplate(
            f"Got {rows.dtype} of shape {rows.shape}, not float32 rows of {gallery.dim}.", "Use gallery.combine()."
        )
    if not bool((np.abs(np.linalg.norm(rows, axis=1) - 1) <= 1e-3).all()):
        raise BadTemplate("A row is not a unit vector.", "Use gallery.combine().")
    fitting = threshold.for_gallery(len(gallery))
    pairs = near_pairs(np.ascontiguousarray(rows), gallery.stored, fitting.accept - fitting.margin)
    return sorted({gallery.subjects[i] for i in gallery.row_subject[pairs.row].tolist()})


def candidates(probe: Template, gallery: ConsentedGallery, threshold: Threshold, limit: int = 3) -> list[Candidate]:
    """Who may be on this face, the most alike first: at most `limit` (1 to 3) of those who reach their threshold.

    For a person who reviews an undecided face. Everybody shown here is to be logged by the caller.
    """
    if not 1 <= limit <= MOST_CANDIDATES:
        raise UsageError(f"{limit} candidates were asked for.", f"Ask for 1 to {MOST_CANDIDATES}.")
    gallery.require_open()
    gallery.refuse_other_pack(threshold.pack)
    if not len(gallery):
        gallery.refuse_other_pack(probe.pack)
        return []
    fitting = threshold.for_gallery(len(gallery))
    levels = Levels(fitting, stricter_in(gallery, fitting))
    pairs = near_pairs(stack([probe], gallery), gallery.stored, fitting.accept)
    best: dict[int, float] = {}
    for subject, score in zip(gallery.row_subject[pairs.row].tolist(), pairs.score.tolist(), strict=True):
        best[subject] = max(score, best.get(subject, -1.0))
    reached = [s for s in best if levels.allow(np.array([s]), np.array([best[s]]))[0]]
    ranked = sorted(reached, key=lambda s: (-best[s], gallery.subjects[s]))[:limit]
    return [Candidate(gallery.subjects[s], rank, levels.band(s, best[s])) for rank, s in enumerate(ranked, 1)]
