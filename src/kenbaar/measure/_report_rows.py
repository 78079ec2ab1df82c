"""What the report is as data: each field is a key of `evaluate --json` and of report.json, in this order.

A rate that could not be measured keeps its place: value, low and high are null, of 0 searches.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal


@dataclass(frozen=True, slots=True)
class RateRow:
    """A share with its 95 % interval. errors of searches; people_wrong: of how many people any search went wrong."""

    value: float
    low: float
    high: float
    searches: int
    errors: int
    people: int
    people_wrong: int
    interval: str


@dataclass(frozen=True, slots=True)
class NoRate:
    """Nobody and nothing to measure it on."""

    value: None = None
    low: None = None
    high: None = None
    searches: Literal[0] = 0


AnyRate = RateRow | NoRate


@dataclass(frozen=True, slots=True)
class RateAtThreshold(RateRow):
    """A rate, and the cosine score it was measured at."""

    threshold: float


@dataclass(frozen=True, slots=True)
class PointRow:
    """One threshold (cosine) with n enrolled, and what it does. carried: the people suffice to claim fpir_target."""

    n: int
    enrolment_photos: int
    fpir_target: float | None
    threshold: float
    fnir: AnyRate
    fpir: AnyRate
    fnir_rank3: AnyRate
    fpir_rank3: AnyRate
    wrong_name: AnyRate
    extrapolated: bool
    carried: bool
    people_missing: int


@dataclass(frozen=True, slots=True)
class AdoptedRow(PointRow):
    """The threshold that became the archive's own."""

    strong: float
    margin: float
    per_decade: float


@dataclass(frozen=True, slots=True)
class InForceRow:
    """The threshold in force before measuring (accept, strong, margin, per_decade), and what it does with n enrolled.

    threshold: accept, tightened for n.
    """

    accept: float
    strong: float
    margin: float
    fpir: AnyRate
    n: int
    per_decade: float
    enrolment_photos: int
    fpir_target: float | None
    threshold: float
    fnir: AnyRate
    fnir_rank3: AnyRate
    fpir_rank3: AnyRate
    wrong_name: AnyRate
    extrapolated: bool
    carried: bool
    people_missing: int


@dataclass(frozen=True, slots=True)
class GroupRow:
    """One group's rates; null where they are not shown, and *_suppressed says why."""

    people: int
    fnir: RateRow | None
    fpir: RateRow | None
    fnir_suppressed: str | None
    fpir_suppressed: str | None


@dataclass(frozen=True, slots=True)
class DataRow:
    """The data set, and what became of its photos. consent: who declared that these people agreed, and what."""

    name: str
    digest: str
    measured_people: int
    used: int
    no_face: int
    several_faces: int
    unreadable: int
    twice_in_a_folder: int
    in_two_folders: int
    beside_the_folders: int
    folders_closed: int
    consent: str


@dataclass(frozen=True, slots=True)
class PackRow:
    """The model pack that was measured."""

    name: str
    digest: str


@dataclass(frozen=True, slots=True)
class RatesRow:
    """Rates that belong to no threshold; eer: 1:1, at the threshold where both errors are the same."""

    failure_to_enrol: AnyRate
    photos_refused: AnyRate
    failure_to_acquire: AnyRate
    eer: RateAtThreshold


@dataclass(frozen=True, slots=True)
class OneToOneRow:
    """Claims at one threshold, set for an FMR."""

    fmr_target: float
    threshold: float
    fmr: float
    fnmr: float


@dataclass(frozen=True, slots=True)
class RankRates:
    """FNIR without any threshold, at rank 1 and 3."""

    rank1: AnyRate
    rank3: AnyRate


@dataclass(frozen=True, slots=True)
class CurvePointRow:
    """One point of a DET curve."""

    threshold: float
    fnir: AnyRate
    fpir: AnyRate


@dataclass(frozen=True, slots=True)
class CurveRow:
    """The DET curve with so many enrolment photos, thresholds rising. refused: enrolments that were."""

    enrolment_photos: int
    n: int
    refused: AnyRate
    without_threshold: RankRates
    points: tuple[CurvePointRow, ...]


@dataclass(frozen=True, slots=True)
class HistogramRow:
    """Counts of claims' scores between edges: one edge more than counts."""

    edges: tuple[float, ...]
    mated: tuple[int, ...]
    non_mated: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PartRow:
    """One part of the searches, such as faces of 24 to 32 px."""

    name: str
    photos: int
    people: int
    fnir: AnyRate
    fpir: AnyRate


@dataclass(frozen=True, slots=True)
class BothRatios:
    """The largest rate of a group over the smallest; "infinite" where the smallest is 0."""

    fnir: float | Literal["infinite"] | None
    fpir: float | Literal["infinite"] | None


@dataclass(frozen=True, slots=True)
class BothGinis:
    """Gini coefficients over the groups."""

    fnir: float | None
    fpir: float | None


@dataclass(frozen=True, slots=True)
class BothIntervals:
    """95 % intervals, low and high."""

    fnir: tuple[float, float] | None
    fpir: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class DifferencesRow:
    """How far apart the groups are that are shown. unlabelled: people without a group."""

    max_over_min: BothRatios
    gini: BothGinis
    gini_interval: BothIntervals
    garbe: float | None
    unlabelled: int


@dataclass(frozen=True, slots=True)
class LookAlikesRow:
    """The pairs of people named as look-alikes, and how often one was named as the other."""

    pairs: int
    seen: int
    named_as_the_other: AnyRate


@dataclass(frozen=True, slots=True)
class TailRow:
    """The model that figures beyond what was measured come from."""

    per_decade: float
    fpir_in_force_by_model: float
    model: str = "exponential: FPIR(N, T) = 1 - (1 - q exp(-(T - u) / beta))^(N / n)"


@dataclass(frozen=True, slots=True)
class ClaimRow:
    """Whether so many people can carry "at most this FPIR"."""

    fpir: float
    people_needed: int
    people: int
    carried: bool
    people_missing: int


@dataclass(frozen=True, slots=True)
class Report:
    """The report's figures (docs/evaluate.md)."""

    people: int
    photos: int
    failure_to_enrol: float
    eer: float
    operating_points: tuple[PointRow, ...]
    groups: Mapping[str, GroupRow]
    report: str
    data: DataRow
    pack: PackRow
    measured_at: datetime
    kenbaar: str
    seed: int
    splits: int
    n: int
    enrolment_photos: int
    in_force: InForceRow
    rates: RatesRow
    refusals: Mapping[str, int]
    one_to_one: tuple[OneToOneRow, ...]
    curves: tuple[CurveRow, ...]
    histogram: HistogramRow
    face_size: tuple[PartRow, ...]
    quality: Mapping[str, tuple[PartRow, ...]]
    group_differences: DifferencesRow | None
    look_alikes: LookAlikesRow | None
    tail: TailRow
    claims: tuple[ClaimRow, ...]
    adopted: AdoptedRow | None
    notes: tuple[str, ...]
