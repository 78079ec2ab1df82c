"""Error rates on people who agreed to be measured: everything, in order, and nothing kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Protocol

import numpy as np

from kenbaar.consent import LOOSER_DECADES
from kenbaar.errors import PackBroken, TooFewPeople, WrongModelPack
from kenbaar.matching import Threshold
from kenbaar.measure._breakdown import (
    Rates,
    by_face_size,
    by_group,
    by_quality,
    differences,
    look_alikes,
)  # fmt: skip
from kenbaar.measure._curves import StrangerLevels, equal_error, exceed, spread
from kenbaar.measure._decide import decide
from kenbaar.measure._figures import Curve, CurvePoint, Evaluation, Histogram, OneToOne, Point
from kenbaar.measure._noticed import find_doubles, find_shared, worst_examples
from kenbaar.measure._people import MeasuredPeople
from kenbaar.measure._photos import (
    counts,
    failure_to_acquire,
    failure_to_enrol,
    notes,
    photos_refused,
    refuse_too_few,
    unreadable,
)
from kenbaar.measure._rates import Resampler, people_for_claim
from kenbaar.measure._samples import Samples, measure_people
from kenbaar.measure._splits import Trials, run_trials, splits_for
from kenbaar.media import PhotoLimits
from kenbaar.modelpack import ModelPack

ENROLMENT_PHOTOS = (1, 3, 5)
USUAL_PHOTOS = 3  # what the breakdowns are told with, where people have so many
FPIR_TARGETS = (0.01, 0.003, 0.001, 0.0001)
SIZES = (100, 1_000, 10_000)
_CURVE_POINTS = 60
_BINS = 60
_LEAST_ACCEPT = 0.01

Say = Callable[[str, int, int, float], None]


class DigestReader(Protocol):
    """Reads the digest of the pack as it lies on the disk now."""

    def __call__(self) -> str:
        """The digest; raises what the pack's room raises."""


def evaluate(
    people: MeasuredPeople,
    pack: ModelPack,
    in_force: Threshold,
    limits: PhotoLimits,
    *,
    pack_name: str,
    detail_side: int,
    on_disk: DigestReader,
    say: Say,
    splits: int | None = None,
    seed: int = 1,
    adopt: float | None = None,
    data: str = "",
    consent: str = "",
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Evaluation:
    """Measures this pack on these people. Vectors live in memory while it runs and are overwritten at its end.

    in_force: the threshold the product would use, of this very pack. on_disk: the pack's digest read anew, at the end.
    splits: random divisions (None: enough for steady figures). adopt: an FPIR to work out a threshold for.
    Raises TooFewPeople, PackBroken (also where the pack changed meanwhile), WrongModelPack.
    """
    if in_force.pack != pack.digest:
        raise WrongModelPack(
            "The threshold belongs to another pack than the one that is measured.",
            "Measure with the pack the threshold was set for, or adopt one measured with this pack.",
        )
    same_person = in_force.accept - LOOSER_DECADES * in_force.per_decade
    samples = measure_people(
        people, pack, in_force, same_person, limits, detail_side=detail_side, say=lambda *p: say("photos", *p)
    )
    try:
        if on_disk() != pack.digest:
            raise PackBroken(
                "The pack was changed while it was being measured.",
                "Nothing was written. Find out who changed it, and measure again.",
            )
        return _Measuring(people, samples, in_force, same_person, splits, seed, say).told(
            data or people.folder.resolve().name, consent, pack_name, adopt, now()
        )
    finally:
        samples.wipe()


class _Measuring:
    """One run, from samples on."""

    def __init__(
        self,
        people: MeasuredPeople,
        samples: Samples,
        in_force: Threshold,
        same_person: float,
        splits: int | None,
        seed: int,
        say: Say,
    ) -> None:
        self.people, self.samples, self.in_force, self.seed = people, samples, in_force, seed
        refuse_too_few(samples)
        self.splits = splits or splits_for(samples)
        self.resampler = Resampler(samples.people, seed)
        self.trials: dict[int, Trials] = {}
        for k in ENROLMENT_PHOTOS:
            found = run_trials(
                samples, k, self.splits, seed, in_force, same_person, lambda *p, k=k: say(f"{k} to enrol", *p)
            )
            if found is not None and found.searches.mated.any() and not found.searches.mated.all():
                self.trials[k] = found
        if not self.trials:
            raise TooFewPeople(
                "Nobody could be enrolled and looked for: the photos of each do not seem to show one person.",
                "Check that each folder holds photos of one person alone.",
            )
        self.k = USUAL_PHOTOS if USUAL_PHOTOS in self.trials else max(self.trials)
        self.main = self.trials[self.k]
        self.doubles = find_doubles(people, samples)

    def told(self, data: str, consent: str, pack_name: str, adopt: float | None, at: datetime) -> Evaluation:
        """Every figure."""
        samples, main = self.samples, self.main
        levels = {k: StrangerLevels(t.searches, self.in_force, t.n) for k, t in self.trials.items()}
        now = self.point(self.k, self.in_force.for_gallery(main.n).accept, False, None)
        adopted, beyond = self.adopted(levels[self.k], adopt)
        told_at = self.in_force.for_gallery(main.n) if adopted is None else adopted
        rates = Rates(main.searches, decide(main.searches, told_at), self.resampler)
        missing = [k for k in ENROLMENT_PHOTOS if k not in self.trials]
        groups = by_group(rates, self.people.groups)
        return Evaluation(
            data=data,
            consent=consent,
            data_digest="sha256:" + sha256("\n".join(sorted(d for d in samples.digests if d)).encode()).hexdigest(),
            pack=samples.pack,
            pack_name=pack_name,
            measured_at=at,
            seed=self.seed,
            splits=main.splits,
            people=samples.people,
            measured_people=len(np.unique(samples.person[samples.used])),
            photos=self.people.count,
            counts=counts(self.people, samples),
            refusals=dict(samples.refusals.most_common()),
            failure_to_enrol=failure_to_enrol(samples),
            photos_refused=photos_refused(samples),
            failure_to_acquire=failure_to_acquire(samples),
            enrolment_photos=self.k,
            n=main.n,
            in_force=self.in_force,
            now=now,
            points=tuple(self.points(levels)),
            curves=tuple(self.curve(k, levels[k]) for k in self.trials),
            one_to_one=self.one_to_one(),
            histogram=self.histogram(),
            sizes=tuple(by_face_size(rates, samples)),
            quality=by_quality(rates, samples),
            groups=groups,
            unlabelled=samples.people - len(self.people.groups),
            group_differences=differences(rates, self.people.groups, groups) if groups else None,
            look_alikes=look_alikes(rates, self.people.pairs),
            per_decade=levels[self.k].per_decade,
            model_at_n=levels[self.k].at(now.accept, main.n),
            notes=tuple(notes(self.people, samples, len(self.doubles), missing)),
            adopted=adopted,
            adopted_point=None if adopted is None else self.point(self.k, adopted.accept, beyond, adopt),
            worst=tuple(worst_examples(self.people, samples, main.searches)),
            doubles=tuple(self.doubles),
            shared=tuple(find_shared(self.people, samples)),
            unreadable=tuple(unreadable(self.people, samples)),
        )

    def point(self, k: int, accept: float, extrapolated: bool, target: float | None) -> Point:
        """What this accept does in the galleries measured with k enrolment photos."""
        trials = self.trials[k]
        rates = Rates(trials.searches, decide(trials.searches, self._at(accept)), self.resampler)
        fpir = rates.fpir()
        claim = target if target is not None else self.in_force.fpir
        missing = max(0, people_for_claim(claim) - (fpir.people if fpir else 0))
        return Point(
            trials.n, k, target, accept, rates.fnir(), fpir, rates.fnir_shown(), rates.fpir_shown(),
            rates.wrong_name(), extrapolated, missing == 0, missing,
        )  # fmt: skip

    def _at(self, accept: float) -> Threshold:
        """The threshold in force moved to this accept."""
        return replace(self.in_force, accept=accept, strong=max(accept, self.in_force.strong))

    @property
    def _floor(self) -> float:
        return max(_LEAST_ACCEPT, self.in_force.margin * 1.01)

    def points(self, levels: dict[int, StrangerLevels]) -> list[Point]:
        """Thresholds for every target FPIR at the size measured, and by the model at others."""
        found = []
        for k, trials in self.trials.items():
            for n in (trials.n, *(size for size in SIZES if size != trials.n)):
                for target in FPIR_TARGETS:
                    if n == trials.n:
                        point = self.point(k, *levels[k].threshold(target, self._floor), target)
                    else:
                        accept = levels[k].threshold_for(target, n, self._floor)
                        point = self.point(k, accept, True, target)
                        modelled = levels[k].modelled_rate(accept, n, self.resampler)
                        point = replace(
                            point, n=n, fpir=modelled, extrapolated=True, carried=False,
                            shown_fnir=None, shown_fpir=None, wrong_name=None,
                        )  # fmt: skip
                    found.append(point)
        return found

    def curve(self, k: int, levels: StrangerLevels) -> Curve:
        """FNIR against FPIR as the threshold rises."""
        trials = self.trials[k]
        mates = trials.searches.mate[trials.searches.mated]
        shares = np.geomspace(0.5, 0.5 / max(1, levels.count), _CURVE_POINTS)
        by_share = [levels.threshold(float(share), self._floor)[0] for share in shares]
        steps = np.concatenate([np.array(by_share), spread(mates, 12)])
        top = max(float(levels.falling[0]) if len(levels.falling) else 0.0, float(np.quantile(mates, 0.5)))
        points = []
        for accept in spread(np.maximum(steps[steps <= top + 1e-5], self._floor), 2 * _CURVE_POINTS).tolist():
            rates = Rates(trials.searches, decide(trials.searches, self._at(accept)), self.resampler)
            fnir, fpir = rates.fnir(), rates.fpir()
            if fnir and fpir:
                points.append(CurvePoint(accept, fnir, fpir))
        none = Rates(
            trials.searches, decide(trials.searches, replace(self.in_force, accept=1e-9, margin=0.0)), self.resampler
        )
        refused = self.resampler.rate(trials.attempts, trials.refused)
        return Curve(k, trials.n, tuple(points), (none.fnir(), none.fnir_shown()), refused)

    def one_to_one(self) -> OneToOne:
        """Claims: EER, and FNMR at some FMRs."""
        claims = self.main.claims
        found = equal_error(claims, self.resampler)
        assert found is not None  # there are mated and other searches, so there are such pairs
        others = np.sort(claims.score[~claims.mated])[::-1]
        rows = []
        for target in (0.01, 0.001, 0.0001):
            allowed = int(target * len(others) + 1e-9)
            if allowed:
                score = (float(others[allowed]) + float(others[allowed - 1])) / 2
                rows.append((target, score, *exceed(claims, score)))
        return OneToOne(found[0], found[1], tuple(rows), int(claims.mated.sum()), len(others))

    def histogram(self) -> Histogram:
        """Scores of claims, in bins of equal width."""
        claims = self.main.claims
        edges = np.linspace(float(claims.score.min()), float(claims.score.max()) + 1e-6, _BINS + 1)
        mated = np.histogram(claims.score[claims.mated], edges)[0]
        others = np.histogram(claims.score[~claims.mated], edges)[0]
        return Histogram(tuple(edges.tolist()), tuple(mated.tolist()), tuple(others.tolist()))

    def adopted(self, levels: StrangerLevels, fpir: float | None) -> tuple[Threshold | None, bool]:
        """The threshold for this FPIR in the gallery measured, and whether it lies beyond what was seen.

        For larger galleries it rises as the tail of the measured scores asks, and at least as the one in force does.
        """
        if fpir is None:
            return None, False
        accept, beyond = levels.threshold(fpir, self._floor)
        band = self.in_force.strong - self.in_force.accept
        threshold = Threshold(
            pack=self.in_force.pack,
            accept=accept,
            strong=accept + band,
            margin=self.in_force.margin,
            fpir=fpir,
            n=self.main.n,
            per_decade=max(levels.per_decade, self.in_force.per_decade),
        )
        return threshold, beyond
