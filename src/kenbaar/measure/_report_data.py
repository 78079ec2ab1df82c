"""The figures as data, for JSON and as CSV: the same, with all that each rate needs to be understood alone."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Literal

import kenbaar
from kenbaar.measure._breakdown import Group, Part
from kenbaar.measure._figures import Curve, Evaluation, Point
from kenbaar.measure._rates import Rate, people_for_claim
from kenbaar.measure._report_rows import (
    AdoptedRow,
    AnyRate,
    BothGinis,
    BothIntervals,
    BothRatios,
    ClaimRow,
    CurvePointRow,
    CurveRow,
    DataRow,
    DifferencesRow,
    GroupRow,
    HistogramRow,
    InForceRow,
    LookAlikesRow,
    NoRate,
    OneToOneRow,
    PackRow,
    PartRow,
    PointRow,
    RankRates,
    RateAtThreshold,
    RateRow,
    RatesRow,
    Report,
    TailRow,
)
from kenbaar.text import json_text, printable_cell


def report_data(told: Evaluation, report: Path | None = None) -> Report:
    """What `evaluate --json` prints, and report.json holds. No name, no file, no score of anybody."""
    one = told.one_to_one
    return Report(
        people=told.people,
        photos=told.photos,
        failure_to_enrol=told.failure_to_enrol.value,
        eer=one.eer.value,
        operating_points=tuple(PointRow(*_point(p)) for p in told.points),
        groups={name: _group(g) for name, g in told.groups.items()},
        report=str(report) if report else "report.html",
        data=DataRow(told.data, told.data_digest, told.measured_people, **told.counts, consent=told.consent),
        pack=PackRow(told.pack_name, told.pack),
        measured_at=told.measured_at,
        kenbaar=kenbaar.__version__,
        seed=told.seed,
        splits=told.splits,
        n=told.n,
        enrolment_photos=told.enrolment_photos,
        in_force=_in_force(told),
        rates=RatesRow(
            _rate(told.failure_to_enrol),
            _rate(told.photos_refused),
            _rate(told.failure_to_acquire),
            RateAtThreshold(*_values(one.eer), one.eer_score),
        ),
        refusals=told.refusals,
        one_to_one=tuple(OneToOneRow(*row) for row in one.rows),
        curves=tuple(_curve(c) for c in told.curves),
        histogram=HistogramRow(told.histogram.edges, told.histogram.mated, told.histogram.non_mated),
        face_size=tuple(_part(p) for p in told.sizes),
        quality={name: tuple(_part(p) for p in parts) for name, parts in told.quality.items()},
        group_differences=_differences(told),
        look_alikes=None
        if told.look_alikes is None
        else LookAlikesRow(told.look_alikes.pairs, told.look_alikes.seen, _rate(told.look_alikes.taken)),
        tail=TailRow(told.per_decade, told.model_at_n),
        claims=tuple(claim_data(told, target) for target in targets(told)),
        adopted=_adopted(told),
        notes=told.notes,
    )


def report_json(report: Report) -> str:
    """report.json: the same as `evaluate --json` prints."""
    return json_text(asdict(report), indent=1, default=datetime.isoformat) + "\n"


def _values(rate: Rate) -> tuple[float, float, float, int, int, int, int, str]:
    """The fields of a RateRow."""
    return (
        rate.value, rate.low, rate.high, rate.searches, rate.errors, rate.people, rate.wrong_people, rate.method,
    )  # fmt: skip


def _rate(rate: Rate | None) -> AnyRate:
    return NoRate() if rate is None else RateRow(*_values(rate))


def _point(
    point: Point,
) -> tuple[int, int, float | None, float, AnyRate, AnyRate, AnyRate, AnyRate, AnyRate, bool, bool, int]:
    """The fields of a PointRow."""
    return (
        point.n, point.enrolment_photos, point.target, point.accept, _rate(point.fnir), _rate(point.fpir),
        _rate(point.shown_fnir), _rate(point.shown_fpir), _rate(point.wrong_name), point.extrapolated, point.carried,
        point.missing,
    )  # fmt: skip


def _in_force(told: Evaluation) -> InForceRow:
    threshold, at = told.in_force, told.now
    return InForceRow(
        accept=threshold.accept,
        strong=threshold.strong,
        margin=threshold.margin,
        fpir=_rate(at.fpir),
        n=at.n,
        per_decade=threshold.per_decade,
        enrolment_photos=at.enrolment_photos,
        fpir_target=at.target,
        threshold=at.accept,
        fnir=_rate(at.fnir),
        fnir_rank3=_rate(at.shown_fnir),
        fpir_rank3=_rate(at.shown_fpir),
        wrong_name=_rate(at.wrong_name),
        extrapolated=at.extrapolated,
        carried=at.carried,
        people_missing=at.missing,
    )


def _adopted(told: Evaluation) -> AdoptedRow | None:
    threshold, point = told.adopted, told.adopted_point
    if threshold is None or point is None:
        return None
    return AdoptedRow(*_point(point), threshold.strong, threshold.margin, threshold.per_decade)


def _curve(curve: Curve) -> CurveRow:
    return CurveRow(
        curve.enrolment_photos,
        curve.n,
        _rate(curve.refused),
        RankRates(_rate(curve.no_threshold[0]), _rate(curve.no_threshold[1])),
        tuple(CurvePointRow(p.accept, _rate(p.fnir), _rate(p.fpir)) for p in curve.points),
    )


def _part(part: Part) -> PartRow:
    return PartRow(part.name, part.photos, part.people, _rate(part.fnir), _rate(part.fpir))


def _group(group: Group) -> GroupRow:
    return GroupRow(
        group.people,
        RateRow(*_values(group.fnir)) if group.fnir else None,
        RateRow(*_values(group.fpir)) if group.fpir else None,
        group.why_fnir or None,
        group.why_fpir or None,
    )


def _differences(told: Evaluation) -> DifferencesRow | None:
    found = told.group_differences
    if found is None:
        return None

    def plain(value: float | None) -> float | Literal["infinite"] | None:
        return "infinite" if value is not None and math.isinf(value) else value

    return DifferencesRow(
        BothRatios(plain(found.max_over_min_fnir), plain(found.max_over_min_fpir)),
        BothGinis(found.gini_fnir, found.gini_fpir),
        BothIntervals(found.gini_fnir_interval, found.gini_fpir_interval),
        found.garbe,
        told.unlabelled,
    )


def targets(told: Evaluation) -> list[float]:
    """The FPIRs aimed at, the loosest first."""
    return sorted({p.target for p in told.points if p.target is not None}, reverse=True)


def claim_data(told: Evaluation, target: float) -> ClaimRow:
    """Whether the people who were measured can carry this FPIR."""
    strangers = told.now.fpir.people if told.now.fpir else 0
    needed = people_for_claim(target)
    return ClaimRow(target, needed, strangers, strangers >= needed, max(0, needed - strangers))


_COLUMNS = (
    "measure", "part", "value", "low", "high", "errors", "searches", "people", "people_wrong", "interval", "threshold",
    "n", "enrolment_photos", "fpir_target", "extrapolated", "claim_carried", "data", "data_digest", "pack",
    "measured_at",
)  # fmt: skip


def report_table(told: Evaluation) -> str:
    """Every rate, a line each, with all that it needs to be understood alone."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(_COLUMNS)
    for measure, part, rate, point in _lines(told):
        if rate is None:
            continue
        table.writerow([
            printable_cell(measure), printable_cell(part), rate.value, rate.low, rate.high,
            rate.errors, rate.searches, rate.people, rate.wrong_people, rate.method,
            point.accept if point else "", point.n if point else "", point.enrolment_photos if point else "",
            point.target if point and point.target else "", point.extrapolated if point else "",
            point.carried if point and point.target else "", printable_cell(told.data), told.data_digest,
            printable_cell(told.pack), told.measured_at.isoformat(),
        ])  # fmt: skip
    return out.getvalue()


def _lines(told: Evaluation) -> Iterator[tuple[str, str, Rate | None, Point | None]]:
    yield "failure to enrol", "people", told.failure_to_enrol, None
    yield "failure to enrol", "photos refused", told.photos_refused, None
    yield "failure to acquire", "photos", told.failure_to_acquire, None
    yield "EER", "1:1", told.one_to_one.eer, None
    points = [told.now, *told.points, *([told.adopted_point] if told.adopted_point else [])]
    for point in points:
        part = "in force" if point is told.now else "adopted" if point is told.adopted_point else ""
        yield "FNIR rank 1", part, point.fnir, point
        yield "FPIR rank 1", part, point.fpir, point
        yield "FNIR rank 3", part, point.shown_fnir, point
        yield "FPIR rank 3", part, point.shown_fpir, point
        yield "wrong name", part, point.wrong_name, point
    at = told.adopted_point or told.now
    for part_of in told.sizes:
        yield "FNIR by face size", part_of.name, part_of.fnir, at
        yield "FPIR by face size", part_of.name, part_of.fpir, at
    for name, parts in told.quality.items():
        for part_of in parts:
            yield "FNIR by quality", f"{name}: {part_of.name}", part_of.fnir, at
            yield "FPIR by quality", f"{name}: {part_of.name}", part_of.fpir, at
    for name, group in told.groups.items():
        yield "FNIR by group", name, group.fnir, at
        yield "FPIR by group", name, group.fpir, at
    if told.look_alikes:
        yield "look-alikes named as each other", "", told.look_alikes.taken, at
    for curve in told.curves:
        part = f"{curve.enrolment_photos} enrolment photos"
        yield "FNIR without threshold", part, curve.no_threshold[0], None
        for p in curve.points:
            at_p = Point(
                curve.n, curve.enrolment_photos, None, p.accept, p.fnir, p.fpir, None, None, None, False, False, 0
            )
            yield "DET FNIR", part, p.fnir, at_p
            yield "DET FPIR", part, p.fpir, at_p
