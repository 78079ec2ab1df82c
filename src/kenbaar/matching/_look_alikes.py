"""Who in an opened gallery looks much like somebody else in it: worked out when a decision depends on it."""

from __future__ import annotations

from collections.abc import Callable, Collection

import numpy as np
from numpy.typing import NDArray

from kenbaar.gallery import ConsentedGallery
from kenbaar.matching._pairs import near_pairs
from kenbaar.matching._threshold import Threshold

Stricter = Callable[[NDArray[np.intp]], NDArray[np.bool_]]

_AT_ONCE = 64  # people compared with the whole gallery in one product


def stricter_in(gallery: ConsentedGallery, fitting: Threshold) -> Stricter:
    """Subjects by index -> bool, whether they have a look-alike in this gallery.

    fitting: the threshold for this gallery. Like enough: from accept, less the margin, on: from where the one can be a
    runner-up to the other. Each person is compared with the others once, and the answer lives as long as the gallery:
    one row by all rows, 5 ms in a gallery of 100,000 (docs/decisions/0029-look-alikes-are-kept-nowhere.md).
    """
    if gallery.told:
        return gallery.stricter.__getitem__
    level = fitting.accept - fitting.margin
    found = gallery.look_alikes.at(level)

    def stricter(subjects: NDArray[np.intp]) -> NDArray[np.bool_]:
        new = np.unique(subjects[~found.known[subjects]])
        for start in range(0, len(new), _AT_ONCE):
            some = new[start : start + _AT_ONCE]
            of_some = np.flatnonzero(np.isin(gallery.row_subject, some)).astype(np.int32)
            rows = gallery.exact_rows(of_some)
            pairs = near_pairs(rows, gallery.stored, level)
            rows[...] = 0
            one, other = gallery.row_subject[of_some[pairs.probe]], gallery.row_subject[pairs.row]
            apart = one != other
            found.marked[one[apart]] = True
            found.known[some] = True
        marked: NDArray[np.bool_] = found.marked[subjects]
        return marked

    return stricter


def any_look_alike(subjects: Collection[str], gallery: ConsentedGallery, threshold: Threshold) -> bool:
    """Whether any of these people, who are in the gallery, has a look-alike in it."""
    index = np.array(sorted(gallery.subjects.index(s) for s in subjects), np.intp)
    return bool(stricter_in(gallery, threshold.for_gallery(len(gallery)))(index).any())
