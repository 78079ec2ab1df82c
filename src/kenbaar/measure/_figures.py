"""The figures an evaluation tells, as values: what the report, the terminal and the archive are given."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

from kenbaar.matching import Threshold
from kenbaar.measure._breakdown import Differences, Group, LookAlikes, Part
from kenbaar.measure._rates import Rate


@dataclass(frozen=True, slots=True)
class Point:
    """One threshold and what it does. accept: in cosine, for n enrolled.

    target: the FPIR it is set for; None for the one in force. extrapolated: n was not measured, or accept lies beyond
    what was seen. carried: there are enough strangers for the claim (rule of 3); missing: how many more it takes.
    shown_*: rank 3, what a reviewer is shown; wrong_name: mated searches that name somebody else.
    """

    n: int
    enrolment_photos: int
    target: float | None
    accept: float
    fnir: Rate | None
    fpir: Rate | None
    shown_fnir: Rate | None
    shown_fpir: Rate | None
    wrong_name: Rate | None
    extrapolated: bool
    carried: bool
    missing: int


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """One point of a DET curve."""

    accept: float
    fnir: Rate
    fpir: Rate


@dataclass(frozen=True, slots=True)
class Curve:
    """The DET curve with so many enrolment photos, thresholds rising.

    no_threshold: FNIR at rank 1 and 3 without one. refused: enrolments whose photos did not seem to show one person.
    """

    enrolment_photos: int
    n: int
    points: tuple[CurvePoint, ...]
    no_threshold: tuple[Rate | None, Rate | None]
    refused: Rate | None


@dataclass(frozen=True, slots=True)
class OneToOne:
    """Claims: one face against one template. eer at the score eer_score; rows: (FMR aimed at, score, FMR, FNMR)."""

    eer: Rate
    eer_score: float
    rows: tuple[tuple[float, float, float, float], ...]
    mated: int
    non_mated: int


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts of claims' scores: edges (B + 1), mated and non_mated (B)."""

    edges: tuple[float, ...]
    mated: tuple[int, ...]
    non_mated: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Example:
    """A photo that went worst. kind: "named" (a stranger as somebody) or "missed". beside: a photo of whom it was taken
    for, or of themselves. rank: 0 is the worst of its kind. For the person measuring alone."""

    kind: Literal["named", "missed"]
    rank: int
    photo: Path
    beside: Path
    score: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Everything the report tells. No vector, no name, but in the last four fields, which stay with who measures.

    consent: who declares that everybody measured agreed, and what was declared.
    worst: photos that went worst. doubles: pairs of folders whose faces are as one person's. shared: pairs of folders
    that hold the same files, and how many. unreadable: files that are no photo.
    """

    data: str
    consent: str
    data_digest: str
    pack: str
    pack_name: str
    measured_at: datetime
    seed: int
    splits: int
    people: int
    measured_people: int
    photos: int
    counts: dict[str, int]
    refusals: dict[str, int]
    failure_to_enrol: Rate
    photos_refused: Rate | None
    failure_to_acquire: Rate | None
    enrolment_photos: int
    n: int
    in_force: Threshold
    now: Point
    points: tuple[Point, ...]
    curves: tuple[Curve, ...]
    one_to_one: OneToOne
    histogram: Histogram
    sizes: tuple[Part, ...]
    quality: dict[str, list[Part]]
    groups: dict[str, Group]
    unlabelled: int
    group_differences: Differences | None
    look_alikes: LookAlikes | None
    per_decade: float
    model_at_n: float
    notes: tuple[str, ...]
    adopted: Threshold | None
    adopted_point: Point | None
    worst: tuple[Example, ...] = field(repr=False)
    doubles: tuple[tuple[str, str], ...] = field(repr=False)
    shared: tuple[tuple[str, str, int], ...] = field(repr=False)
    unreadable: tuple[Path, ...] = field(repr=False)
