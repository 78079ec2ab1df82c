"""From scores to decisions: one person at most once per picture, and "I don't know" as an answer."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from kenbaar.errors import BadTemplate, UsageError, WrongModelPack
from kenbaar.faces import Template
from kenbaar.gallery import ConsentedGallery
from kenbaar.matching._look_alikes import Stricter, stricter_in
from kenbaar.matching._pairs import Pairs, near_pairs
from kenbaar.matching._threshold import Threshold

Outcome = Literal["match", "undecided", "unknown"]
Band = Literal["strong", "possible"]


@dataclass(frozen=True, slots=True)
class Decision:
    """What search says of one face. A subject and a band with "match" alone: undecided and unknown name nobody.

    No score: 50 to 192 scores are enough to rebuild a template (Frontiers in Imaging 2025, 1476377).
    """

    outcome: Outcome
    subject: str | None = None
    band: Band | None = None

    def __post_init__(self) -> None:
        if (self.outcome == "match") != (self.subject is not None) or (self.subject is None) != (self.band is None):
            raise UsageError("Only a match has a subject and a band.", "Leave both out, or give both.")


UNKNOWN, UNDECIDED = Decision("unknown"), Decision("undecided")


def match_faces(
    probes: Sequence[Template],
    gallery: ConsentedGallery,
    threshold: Threshold,
    *,
    barred: AbstractSet[tuple[int, str]] = frozenset(),
    pictures: Sequence[int] | None = None,
) -> list[Decision]:
    """Who each face is, of the people in the gallery. One Decision per probe, in the order of the probes.

    pictures: which picture each probe is from, any numbers; None: all of one. Several pictures in one call decide just
    as one call per picture would, and the matrix product is faster for it.
    barred: pairs (probe index, subject) that must never match: "this is not me". They are no runner-up either.

    1. A subject is allowed for a face where the score reaches accept for a gallery of this size; for somebody with a
       look-alike in it, the tightened accept. With none allowed the face is unknown.
    2. In each picture every subject goes to at most one face: the assignment with the largest sum of scores.
    3. A face is a match where the subject assigned to it is its best by more than `margin`, counting everybody who is
       not barred, allowed or not. A face that has allowed subjects and no match is undecided: two people look like it,
       or who it looks like is on another face of this picture. Nobody is named: a miss is better than a wrong name.

    A score exactly at a level reaches it. Raises WrongModelPack, BadTemplate, and ConsentMissing for a wiped gallery.
    """
    gallery.require_open()
    gallery.refuse_other_pack(threshold.pack)
    of_picture = [0] * len(probes) if pictures is None else list(pictures)
    if len(of_picture) != len(probes):
        raise UsageError("`pictures` does not fit the probes.", "Give one number per probe.")
    if any(not 0 <= i < len(probes) for i, _ in barred):
        raise UsageError("A barred pair is about a probe that is not there.", "Number the probes from 0.")
    if not probes or not len(gallery):
        for probe in probes:
            gallery.refuse_other_pack(probe.pack)
        return [UNKNOWN] * len(probes)
    stacked = stack(probes, gallery)
    fitting = threshold.for_gallery(len(gallery))
    levels = Levels(fitting, stricter_in(gallery, fitting))
    crowd = max(np.unique(of_picture, return_counts=True)[1])
    keep = _Keeper(gallery, levels, barred, int(crowd))
    pairs = near_pairs(stacked, gallery.stored, fitting.accept - fitting.margin, keep=keep)
    return _decide(pairs, gallery, levels, of_picture)


def stack(probes: Sequence[Template], gallery: ConsentedGallery) -> NDArray[np.float32]:
    """The probes as one float32 matrix (P, d), checked against the gallery's pack and dimension, and for NaN."""
    for probe in probes:
        gallery.refuse_other_pack(probe.pack)
        if probe.vector.shape != (gallery.dim,):
            raise WrongModelPack(
                f"A probe has {probe.vector.shape[0]} numbers, the gallery's rows have {gallery.dim}.",
                "Use one model pack for both.",
            )
    stacked = np.stack([probe.vector for probe in probes])
    norms = np.linalg.norm(stacked, axis=1)
    if not bool((np.abs(norms - 1) <= 1e-3).all()):  # arrays can be changed after Template checked them
        raise BadTemplate("A probe is not a unit vector.", "Make it with ModelPack.make_template().")
    return stacked


class Levels:
    """accept and strong per subject: look-alikes have the tightened ones."""

    def __init__(self, threshold: Threshold, stricter: NDArray[np.bool_] | Stricter) -> None:
        """stricter: bool (S,), or who says so by index; asked only where the answer decides something."""
        self.margin = threshold.margin
        self._usual, self._tight = threshold, threshold.tightened()
        self._stricter: Stricter = stricter.__getitem__ if isinstance(stricter, np.ndarray) else stricter

    def allow(self, subjects: NDArray[np.intp] | NDArray[np.int32], scores: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Whether each score reaches the accept level of its subject, by index."""
        return self._reach(self._usual.accept, self._tight.accept, subjects, scores)

    def band(self, subject: int, score: float) -> Band:
        """The band of a score that was accepted for this subject."""
        strong = self._reach(self._usual.strong, self._tight.strong, np.array([subject]), np.array([score]))
        return "strong" if strong[0] else "possible"

    def _reach(
        self, usual: float, tight: float, subjects: NDArray[np.intp] | NDArray[np.int32], scores: NDArray[np.float64]
    ) -> NDArray[np.bool_]:
        reached = scores >= usual
        depends = np.flatnonzero(reached & (scores < tight))
        if len(depends):
            reached[depends] = ~self._stricter(subjects[depends].astype(np.intp))
        return reached


class _Keeper:
    """Drops pairs that can never matter: barred ones, a subject's lesser rows, and the tail beyond any use.

    Of one probe in a picture of k, the best k allowed subjects are enough for an optimal assignment (one of them is
    free whatever the other k - 1 take), and the best two of all for the runner-up.
    """

    def __init__(
        self, gallery: ConsentedGallery, levels: Levels, barred: AbstractSet[tuple[int, str]], crowd: int
    ) -> None:
        self._gallery, self._levels, self._crowd = gallery, levels, crowd
        names = {subject for _, subject in barred}
        index = {s: i for i, s in enumerate(gallery.subjects) if s in names} if names else {}
        codes = [i * len(gallery) + index[s] for i, s in barred if s in index]
        self._barred = np.array(sorted(codes), np.int64)

    def __call__(self, pairs: Pairs) -> Pairs:
        if len(self._barred) and len(pairs):
            code = pairs.probe.astype(np.int64) * len(self._gallery) + self._gallery.row_subject[pairs.row]
            pairs = pairs.where(~np.isin(code, self._barred))
        if len(pairs) <= 1:
            return pairs
        subject = self._gallery.row_subject[pairs.row]
        order = np.lexsort((_rank(self._gallery, subject), -pairs.score, pairs.probe))  # ties by subject id
        probe, subject = pairs.probe[order], subject[order]
        first = np.zeros(len(order), np.bool_)
        first[np.unique(probe.astype(np.int64) * len(self._gallery) + subject, return_index=True)[1]] = True
        order, probe, subject = order[first], probe[first], subject[first]
        allowed = self._levels.allow(subject, pairs.score[order])
        enough = (_place(probe, np.ones_like(allowed)) < 2) | (allowed & (_place(probe, allowed) < self._crowd))
        kept = order[enough]
        return Pairs(pairs.probe[kept], pairs.row[kept], pairs.score[kept])


def _rank(gallery: ConsentedGallery, subject: NDArray[np.int32]) -> NDArray[np.intp]:
    """The place of each subject among those present, by id, so that ties do not depend on the gallery's order."""
    present, inverse = np.unique(subject, return_inverse=True)
    order = np.argsort(np.array([gallery.subjects[i] for i in present]))
    rank = np.empty(len(present), np.intp)
    rank[order] = np.arange(len(present))
    return rank[inverse]


def _place(probe: NDArray[np.int32], counted: NDArray[np.bool_]) -> NDArray[np.intp]:
    """How many counted pairs of the same probe come before each; probe is sorted."""
    before: NDArray[np.intp] = np.cumsum(counted) - counted
    start = np.searchsorted(probe, probe, side="left")
    place: NDArray[np.intp] = before - before[start]
    return place


def _decide(pairs: Pairs, gallery: ConsentedGallery, levels: Levels, of_picture: list[int]) -> list[Decision]:
    decisions = [UNKNOWN] * len(of_picture)
    scores = _by_probe(pairs, gallery)
    allowed: dict[int, dict[int, dict[int, float]]] = {}  # picture -> probe -> subject -> score, best first
    for probe, by_subject in scores.items():
        subjects = np.fromiter(by_subject, np.intp, len(by_subject))
        may = levels.allow(subjects, np.fromiter(by_subject.values(), np.float64, len(by_subject)))
        mine = {s: v for (s, v), allowed_ in zip(by_subject.items(), may, strict=True) if allowed_}
        if mine:
            allowed.setdefault(of_picture[probe], {})[probe] = mine
    for picture in allowed.values():
        assigned = assign(picture, gallery.subjects)
        for probe in picture:
            decisions[probe] = _verdict(scores[probe], assigned.get(probe), gallery, levels)
    return decisions


def _by_probe(pairs: Pairs, gallery: ConsentedGallery) -> dict[int, dict[int, float]]:
    """Probe -> subject -> best score, subjects from best to least, ties by id."""
    result: dict[int, dict[int, float]] = {}
    subject = gallery.row_subject[pairs.row]
    found = sorted(
        zip(pairs.probe.tolist(), pairs.score.tolist(), subject.tolist(), strict=True),
        key=lambda one: (one[0], -one[1], gallery.subjects[one[2]]),
    )
    for probe, score, whose in found:
        result.setdefault(probe, {}).setdefault(whose, score)
    return result


def _verdict(scores: dict[int, float], assigned: int | None, gallery: ConsentedGallery, levels: Levels) -> Decision:
    if assigned is None:
        return UNDECIDED
    score = scores[assigned]
    if any(other != assigned and v >= score - levels.margin for other, v in scores.items()):
        return UNDECIDED
    return Decision("match", gallery.subjects[assigned], levels.band(assigned, score))


def assign(allowed: dict[int, dict[int, float]], subjects: Sequence[str]) -> dict[int, int]:
    """Probe -> subject, each subject once, with the largest sum of scores. allowed: probe -> subject -> score > 0."""
    best = {probe: next(iter(mine)) for probe, mine in allowed.items()}
    if len(set(best.values())) == len(best):  # nobody wanted twice: each face's best is the optimum
        return best
    from scipy.optimize import linear_sum_assignment  # 0.2 s to import, and most pictures never need it

    assigned: dict[int, int] = {}
    for group in _connected(allowed):
        columns = sorted({s for probe in group for s in allowed[probe]}, key=lambda s: subjects[s])
        column_of = {s: i for i, s in enumerate(columns)}
        value = np.zeros((len(group), len(columns)))
        for i, probe in enumerate(group):
            for s, score in allowed[probe].items():
                value[i, column_of[s]] = score
        row, column = linear_sum_assignment(value, maximize=True)
        for i, j in zip(row.tolist(), column.tolist(), strict=True):
            if value[i, j] > 0:  # 0: not allowed, so this face goes without
                assigned[group[i]] = columns[j]
    return assigned


def _connected(allowed: dict[int, dict[int, float]]) -> list[list[int]]:
    """Probes grouped by shared subjects, so that a crowd of strangers to each other is many small problems."""
    wanting: dict[int, list[int]] = {}
    for probe, mine in allowed.items():
        for subject in mine:
            wanting.setdefault(subject, []).append(probe)
    groups, seen = [], set[int]()
    for start in sorted(allowed):
        if start in seen:
            continue
        seen.add(start)
        group, todo = [], [start]
        while todo:
            probe = todo.pop()
            group.append(probe)
            for subject in allowed[probe]:
                for other in wanting.pop(subject, ()):
                    if other not in seen:
                        seen.add(other)
                        todo.append(other)
        groups.append(sorted(group))
    return groups
