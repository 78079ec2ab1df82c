"""Random splits: some people enrol, the others are strangers, and everybody's other photos are searched with.

Each photo was embedded once, so a split is a few matrix products. Templates are made by consent.read_portraits and
gallery.combine, look-alikes are marked by search.find_lookalikes, and every score that can decide something is computed
by search.exact_scores: `decide` then gives what search.search would (a test holds both against each other).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import cast

import numpy as np
from numpy.typing import NDArray

from kenbaar.consent import read_portraits
from kenbaar.errors import EnrolmentRefused
from kenbaar.faces import Box, Face, Landmarks, Template
from kenbaar.gallery import ConsentedGallery, combine
from kenbaar.matching import Threshold, exact_scores, find_lookalikes
from kenbaar.measure._samples import Samples
from kenbaar.media import Photo
from kenbaar.modelpack import ModelPack

KEPT = 5
"""Best others kept of each search: one decides with its runner-up, three are shown to a reviewer, and two to spare for
those among them who have a look-alike and are held to more."""

SEARCHES = 400_000
"""Searches aimed at with each number of enrolment photos, over all splits: some 60 MB, and more add nothing."""

MOST_SPLITS, LEAST_SPLITS = 200, 10
CLAIMS = 1_000_000
"""1:1 comparisons kept with each number of enrolment photos; where there are more, a random part of every split's."""

_BLOCK_CELLS = 1 << 22  # scores at a time: 16 MB
_NO_PIXELS = np.zeros((1, 1, 3), np.uint8)
_NO_FACE = Face(Box(0, 0, 1, 1), Landmarks(np.zeros((5, 2), np.float32)), 1.0)


@dataclass(frozen=True, slots=True, eq=False)
class Searches:
    """Pooled over splits, one entry a search; S of them.

    photo, person: int32 (S,), what was searched with and who is on it. mate: float64 (S,), the score with their own
    template; NaN where they are not enrolled. mate_strict: bool (S,), they have a look-alike. others: float64
    (S, KEPT), the best scores with anybody else, falling, -inf where there were fewer. others_strict: bool, the same
    shape. best: int32 (S,), the person of the first of them, -1 for none.
    """

    photo: NDArray[np.int32]
    person: NDArray[np.int32]
    mate: NDArray[np.float64]
    mate_strict: NDArray[np.bool_]
    others: NDArray[np.float64]
    others_strict: NDArray[np.bool_]
    best: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.photo)

    @property
    def mated(self) -> NDArray[np.bool_]:
        """bool (S,): the person is enrolled."""
        known: NDArray[np.bool_] = ~np.isnan(self.mate)
        return known

    def where(self, keep: NDArray[np.bool_]) -> Searches:
        """Those searches only."""
        return Searches(*(getattr(self, name)[keep] for name in _FIELDS))

    @classmethod
    def joined(cls, parts: list[Searches]) -> Searches:
        """All of them, in order."""
        return cls(*(np.concatenate([getattr(p, name) for p in parts]) for name in _FIELDS))


_FIELDS = ("photo", "person", "mate", "mate_strict", "others", "others_strict", "best")


@dataclass(frozen=True, slots=True, eq=False)
class Claims:
    """1:1 comparisons, C of them: person (int32), claimed (int32, whose template), score (float32)."""

    person: NDArray[np.int32]
    claimed: NDArray[np.int32]
    score: NDArray[np.float32]

    @property
    def mated(self) -> NDArray[np.bool_]:
        """bool (C,): it is them."""
        same: NDArray[np.bool_] = np.equal(self.person, self.claimed)
        return same

    @classmethod
    def joined(cls, parts: list[Claims]) -> Claims:
        """All of them, in order."""
        return cls(*(np.concatenate([getattr(p, n) for p in parts]) for n in ("person", "claimed", "score")))


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """One division of the people. gallery: of the enrolled; enrolled: int32 (N,), the person of each of its subjects.

    probes: int32 (Q,), the photos to search with: all of strangers and all that the enrolled did not enrol with.
    refused: int32, people whose photos did not seem to show one person: they are in neither part.
    """

    gallery: ConsentedGallery
    enrolled: NDArray[np.int32]
    probes: NDArray[np.int32]
    refused: NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class Trials:
    """All splits with so many enrolment photos. n: subjects in each gallery.

    attempts: int32, the person of each enrolment; refused: bool, the same length.
    """

    enrolment_photos: int
    n: int
    splits: int
    attempts: NDArray[np.int32] = field(repr=False)
    refused: NDArray[np.bool_] = field(repr=False)
    searches: Searches = field(repr=False)
    claims: Claims = field(repr=False)


def gallery_size(samples: Samples, enrolment_photos: int) -> int:
    """How many people can be enrolled at a time: half of all, of those with a photo to spare; 0: cannot be measured."""
    used = np.bincount(samples.person[samples.used], minlength=samples.people)
    fit = len(_can_enrol(samples, enrolment_photos))
    somebody = int((used > 0).sum())
    return max(0, min(fit, -(-somebody // 2), somebody - 1))


def _can_enrol(samples: Samples, enrolment_photos: int) -> NDArray[np.int32]:
    """The people with enough photos to enrol with, and one more to search with."""
    good = np.bincount(samples.person[samples.can_enrol], minlength=samples.people)
    used = np.bincount(samples.person[samples.used], minlength=samples.people)
    return np.flatnonzero((good >= enrolment_photos) & (used > enrolment_photos)).astype(np.int32)


def splits_for(samples: Samples) -> int:
    """How many splits are enough: more only pool the same people once more."""
    return int(np.clip(SEARCHES // max(1, samples.count("used")), LEAST_SPLITS, MOST_SPLITS))


def draw_split(
    samples: Samples, enrolment_photos: int, n: int, threshold: Threshold, same_person: float, rng: np.random.Generator
) -> Split:
    """One random division. With the same random state, fewer enrolment photos are the first of more."""
    order = rng.permutation(samples.people).astype(np.int32)
    shuffled = rng.permutation(len(samples.person))
    shuffled = shuffled[np.argsort(samples.person[shuffled], kind="stable")]
    first = np.searchsorted(samples.person[shuffled], np.arange(samples.people + 1))
    fit = set(_can_enrol(samples, enrolment_photos).tolist())
    rows: list[NDArray[np.float32]] = []
    enrolled: list[int] = []
    spent: list[NDArray[np.intp]] = []
    out: list[int] = []
    for person in order.tolist():
        if len(enrolled) == n:
            break
        if person not in fit:
            continue
        own = shuffled[first[person] : first[person + 1]]
        chosen = own[samples.can_enrol[own]][:enrolment_photos]
        row = _template(samples, chosen, same_person)
        if row is None:
            out.append(person)
            continue
        rows.append(row)
        enrolled.append(person)
        spent.append(chosen)
    matrix = np.stack(rows) if rows else np.zeros((0, samples.probe.shape[1]), np.float32)
    ids = [f"s-{person:08d}" for person in enrolled]
    plain = _gallery(samples.pack, ids, matrix)
    alike = {ids[i] for i in _near_somebody(matrix, threshold) if len(find_lookalikes(matrix[i], plain, threshold)) > 1}
    gallery = _gallery(samples.pack, ids, matrix, alike)
    probing = samples.used
    if spent:
        probing[np.concatenate(spent)] = False
    probing[np.isin(samples.person, out)] = False
    probes = np.flatnonzero(probing).astype(np.int32)
    return Split(gallery, np.array(enrolled, np.int32), probes, np.array(out, np.int32))


def _gallery(pack: str, ids: list[str], rows: NDArray[np.float32], alike: set[str] | None = None) -> ConsentedGallery:
    return ConsentedGallery.of(
        pack=pack, purposes=["measure"], opened_at=datetime.now(UTC), subjects=ids, rows=rows, stricter=alike
    )


def _near_somebody(rows: NDArray[np.float32], threshold: Threshold) -> list[int]:
    """Rows that may have a look-alike. find_lookalikes then says, one by one, each time through the whole gallery."""
    fitting = threshold.for_gallery(max(1, len(rows)))
    level = np.float32(fitting.accept - fitting.margin - 1e-4)  # 1e-4: more than float32 can be off
    near: list[int] = []
    height = max(1, _BLOCK_CELLS // max(1, len(rows)))
    for start in range(0, len(rows), height):
        scores = rows[start : start + height] @ rows.T
        lines = np.arange(len(scores))
        scores[lines, start + lines] = -1
        near += (start + np.flatnonzero(scores.max(axis=1) >= level)).tolist()
    return near


def _template(samples: Samples, chosen: NDArray[np.intp], same_person: float) -> NDArray[np.float32] | None:
    """The row these photos make, by the product's own enrolment; None where it refuses them."""
    known = {samples.digests[i]: samples.portrait[i] for i in chosen.tolist()}
    photos = [Photo(_NO_PIXELS, 1, 1, 1, digest, "PNG") for digest in known]
    try:
        return combine(
            read_portraits(photos, cast(ModelPack, _Remembered(samples.pack, known)), same_person=same_person)
        )
    except EnrolmentRefused:
        return None


class _Remembered:
    """Of a model pack, what an enrolment asks of it: answers for photos that were embedded before."""

    def __init__(self, digest: str, vectors: dict[str, NDArray[np.float32]]) -> None:
        self.digest, self._vectors = digest, vectors

    def detect_faces(self, photo: Photo) -> list[Face]:
        """One."""
        return [_NO_FACE]

    def make_template(self, photo: Photo, face: Face) -> Template:
        """The vector made of it before."""
        return Template(self._vectors[photo.digest], self.digest)

    def quality_problems(self, photo: Photo, face: Face) -> list[str]:
        """It passed before."""
        return []


def search_split(samples: Samples, split: Split, most_claims: int, rng: np.random.Generator) -> tuple[Searches, Claims]:
    """All searches of one split, and at most so many of its comparisons one by one (all with the mate)."""
    rows, probes = split.gallery.rows, split.probes
    position = np.full(samples.people, -1, np.int64)
    position[split.enrolled] = np.arange(len(split.enrolled))
    mate_at = position[samples.person[probes]]
    share = min(1.0, most_claims / max(1, len(probes) * len(rows)))
    height = max(1, _BLOCK_CELLS // max(1, len(rows)))
    parts: list[Searches] = []
    claims: list[Claims] = []
    for start in range(0, len(probes), height):
        some = slice(start, start + height)
        parts.append(_search_block(samples, split, probes[some], mate_at[some]))
        claims.append(_claims_block(samples, split, probes[some], mate_at[some], share, rng))
    return Searches.joined(parts), Claims.joined(claims)


def _search_block(samples: Samples, split: Split, probes: NDArray[np.int32], mate_at: NDArray[np.int64]) -> Searches:
    vectors, rows = samples.probe[probes], split.gallery.rows
    count, lines = len(probes), np.arange(len(probes))
    scores = vectors @ rows.T
    has = mate_at >= 0
    scores[lines[has], mate_at[has]] = -np.inf
    kept = min(KEPT, len(rows))
    top = np.argpartition(scores, len(rows) - kept, axis=1)[:, len(rows) - kept :]
    exact = exact_scores(np.repeat(vectors, kept, axis=0), rows[top.ravel()]).reshape(count, kept)
    exact[np.isneginf(scores[lines[:, None], top])] = -np.inf  # the mate, where hardly anybody else is enrolled
    order = np.argsort(-exact, axis=1, kind="stable")
    top, exact = np.take_along_axis(top, order, axis=1), np.take_along_axis(exact, order, axis=1)
    others = np.full((count, KEPT), -np.inf)
    others[:, :kept] = exact
    strict = np.zeros((count, KEPT), np.bool_)
    strict[:, :kept] = split.gallery.stricter[top]
    mate = np.full(count, np.nan)
    mate[has] = exact_scores(vectors[has], rows[mate_at[has]])
    mate_strict = np.zeros(count, np.bool_)
    mate_strict[has] = split.gallery.stricter[mate_at[has]]
    best = np.where(np.isneginf(others[:, 0]), -1, split.enrolled[top[:, 0]]).astype(np.int32)
    return Searches(probes, samples.person[probes], mate, mate_strict, others, strict, best)


def _claims_block(
    samples: Samples,
    split: Split,
    probes: NDArray[np.int32],
    mate_at: NDArray[np.int64],
    share: float,
    rng: np.random.Generator,
) -> Claims:
    rows = split.gallery.rows
    has = np.flatnonzero(mate_at >= 0)
    if share >= 1:
        line, column = (part.ravel() for part in np.indices((len(probes), len(rows))))
    else:
        picked = rng.integers(len(rows), size=(len(probes), max(1, round(share * len(rows)))))
        line = np.concatenate([has, np.repeat(np.arange(len(probes)), picked.shape[1])])
        column = np.concatenate([mate_at[has], picked.ravel()])
        once = np.ones(len(line), np.bool_)
        once[len(has) :] = mate_at[line[len(has) :]] != column[len(has) :]
        line, column = line[once], column[once]
    score = np.empty(len(line), np.float32)
    for start in range(0, len(line), 1 << 17):
        part = slice(start, start + (1 << 17))
        score[part] = np.einsum("ij,ij->i", samples.probe[probes[line[part]]], rows[column[part]])
    return Claims(samples.person[probes[line]], split.enrolled[column], score)


def run_trials(
    samples: Samples,
    enrolment_photos: int,
    splits: int,
    seed: int,
    threshold: Threshold,
    same_person: float,
    say: Callable[[int, int, float], None],
) -> Trials | None:
    """All splits with so many enrolment photos; None where nobody has enough photos for it."""
    n = gallery_size(samples, enrolment_photos)
    if n < 1:
        return None
    begin = time.monotonic()
    searches: list[Searches] = []
    claims: list[Claims] = []
    sizes: list[int] = []
    attempts: list[NDArray[np.int32]] = []
    refused: list[NDArray[np.bool_]] = []
    for i in range(splits):
        split = draw_split(
            samples, enrolment_photos, n, threshold, same_person, np.random.default_rng([seed, i])
        )  # the same state for 1, 3 and 5 photos: the same people, so that the three differ in nothing else
        attempts += [split.enrolled, split.refused]
        refused += [np.zeros(len(split.enrolled), np.bool_), np.ones(len(split.refused), np.bool_)]
        if len(split.enrolled):
            sizes.append(len(split.enrolled))
            found, compared = search_split(samples, split, CLAIMS // splits, np.random.default_rng([seed, i, 1]))
            searches.append(found)
            claims.append(compared)
        split.gallery.wipe()
        say(i + 1, splits, time.monotonic() - begin)
    if not searches:
        return None
    return Trials(
        enrolment_photos, round(float(np.mean(sizes))), len(sizes), np.concatenate(attempts), np.concatenate(refused),
        Searches.joined(searches), Claims.joined(claims),
    )  # fmt: skip
