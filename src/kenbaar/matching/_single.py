"""One face at a time: a claim, an enrolment, a question."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kenbaar.errors import BadTemplate, ConsentMissing
from kenbaar.faces import Template
from kenbaar.gallery import ConsentedGallery
from kenbaar.matching._decide import UNKNOWN, Decision, Levels, stack
from kenbaar.matching._pairs import exact_scores, near_pairs
from kenbaar.matching._threshold import Threshold


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
