"""A photo whose faces were compared before, now that somebody more agreed: is any of its faces near that somebody?

Where none is, everything decided of the photo stays as it is, and half of the work is saved. The conditions under which
that is so, and what was measured: docs/decisions/0019-one-more-enrolment.md.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kenbaar.gallery import ConsentedGallery
from kenbaar.matching import Threshold, any_look_alike
from kenbaar.media import FileBelow, PhotoLimits
from kenbaar.modelpack import FaceEmbedder
from kenbaar.sweep._analyse import KnownFaces, PhotoAnalysis, open_known

MOST_NEW = 20  # people: with more, most photos have a face near one of them, and the rough templates are made in vain
_STEP = 1.25  # thresholds are those of the next larger of n, 1.25 n, 1.56 n ... people: at most 0.0007 stricter


def steady_threshold(threshold: Threshold, people: int) -> Threshold:
    """The threshold for a gallery of so many people, which stays the same while a few more agree. Never looser.

    Otherwise each enrolment would move it, and everything decided before would have to be decided again.
    """
    n = float(threshold.n)
    while n < people:
        n *= _STEP
    return threshold.for_gallery(int(n))


def reanalyse_photo(
    path: Path | FileBelow,
    limits: PhotoLimits,
    pack: FaceEmbedder,
    gallery: ConsentedGallery,
    threshold: Threshold,
    known: KnownFaces,
    new: Collection[str],
    *,
    detail_side: int | None = None,
) -> PhotoAnalysis | None:
    """The analysis of a photo that has nobody new in it: compared with `new` alone. None: it needs a full one.

    new: the subjects of the gallery that these faces were not compared with; all others were, at this very threshold.
    None where a face comes near anybody new (as a match or as somebody's runner-up), where the file changed, and where
    somebody new has a look-alike, for whom others' levels rise, and where the pack's rough templates tell nothing.
    """
    near = threshold.accept - threshold.margin - pack.rough_within
    if near <= -1 or len(new) > MOST_NEW or any_look_alike(new, gallery, threshold):
        return None
    opened = open_known(path, limits, known, detail_side)
    if opened is None:
        return None
    photo, faces = opened
    rows = np.concatenate([gallery.rows_of(s) for s in sorted(new)])
    probes = pack.make_rough_templates(photo, faces)
    best = max(float((rows @ probe.vector).max()) for probe in probes)
    _forget(rows, *(probe.vector for probe in probes))
    if best >= near:
        return None
    return PhotoAnalysis(
        photo.digest, photo.width, photo.height, photo.taken_at, known.faces, (), 0, 0, known.landmarks, frozenset(new)
    )


def _forget(*vectors: NDArray[np.float32]) -> None:
    for vector in vectors:
        vector[...] = 0
