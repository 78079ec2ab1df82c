"""The figures as JSON and as CSV: the same, with all that each rate needs to be understood alone."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kenbaar
from kenbaar.measure._breakdown import Group, Part
from kenbaar.measure._figures import Evaluation, Point
from kenbaar.measure._rates import Rate, people_for_claim


def report_data(told: Evaluation, report: Path | None = None) -> dict[str, Any]:
    """What `evaluate --json` prints, and report.json holds. No name, no file, no score of anybody."""
    one = told.one_to_one
    threshold = told.in_force
    return {
        "people": told.people,
        "photos": told.photos,
        "failure_to_enrol": told.failure_to_enrol.value,
        "eer": one.eer.value,
        "operating_points": [_point_data(p) for p in told.points],
        "groups": {name: _group_data(g) for name, g in told.groups.items()},
        "report": str(report) if report else "report.html",
        "data": {"name": told.data, "digest": told.data_digest, "measured_people": told.measured_people, **told.counts},
        "pack": {"name": told.pack_name, "digest": told.pack},
        "measured_at": told.measured_at.isoformat(),
        "kenbaar": kenbaar.__version__,
        "seed": told.seed,
        "splits": told.splits,
        "n": told.n,
        "enrolment_photos": told.enrolment_photos,
        "in_force": {
            "accept": threshold.accept,
            "strong": threshold.strong,
            "margin": threshold.margin,
            "fpir": threshold.fpir,
            "n": threshold.n,
            "per_decade": threshold.per_decade,
            **_point_data(told.now),
        },
        "rates": {
            "failure_to_enrol": _rate_data(told.failure_to_enrol),
            "photos_refused": _rate_data(told.photos_refused),
            "failure_to_acquire": _rate_data(told.failure_to_acquire),
            "eer": _rate_data(one.eer) | {"threshold": one.eer_score},
        },
        "refusals": told.refusals,
        "one_to_one": [
            {"fmr_target": target, "threshold": score, "fmr": fmr, "fnmr": fnmr}
            for target, score, fmr, fnmr in one.rows
        ],
        "curves": [
            {
                "enrolment_photos": c.enrolment_photos,
                "n": c.n,
                "refused": _rate_data(c.refused),
                "without_threshold": {"rank1": _rate_data(c.no_threshold[0]), "rank3": _rate_data(c.no_threshold[1])},
                "points": [
                    {"threshold": p.accept, "fnir": _rate_data(p.fnir), "fpir": _rate_data(p.fpir)} for p in c.points
                ],
            }
            for c in told.curves
        ],
        "histogram": {
            "edges": told.histogram.edges, "mated": told.histogram.mated, "non_mated": told.histogram.non_mated,
        },
        "face_size": [_part_data(p) for p in told.sizes],
        "quality": {name: [_part_data(p) for p in parts] for name, parts in told.quality.items()},
        "group_differences": _differences(told),
        "look_alikes": None if told.look_alikes is None else {
            "pairs": told.look_alikes.pairs, "seen": told.look_alikes.seen,
            "named_as_the_other": _rate_data(told.look_alikes.taken),
        },
        "tail": {
            "per_decade": told.per_decade, "fpir_in_force_by_model": told.model_at_n,
            "model": "exponential: FPIR(N, T) = 1 - (1 - q exp(-(T - u) / beta))^(N / n)",
        },
        "claims": [claim_data(told, target) for target in targets(told)],
        "adopted": None if told.adopted is None or told.adopted_point is None else _point_data(told.adopted_point) | {
            "strong": told.adopted.strong, "margin": told.adopted.margin, "per_decade": told.adopted.per_decade,
        },
        "notes": list(told.notes),
    }  # fmt: skip


def _rate_data(rate: Rate | None) -> dict[str, Any]:
    if rate is None:
        return {"value": None, "low": None, "high": None, "searches": 0}
    return {
        "value": rate.value, "low": rate.low, "high": rate.high, "searches": rate.searches, "errors": rate.errors,
        "people": rate.people, "people_wrong": rate.wrong_people, "interval": rate.method,
    }  # fmt: skip


def _point_data(point: Point) -> dict[str, Any]:
    return {
        "n": point.n,
        "enrolment_photos": point.enrolment_photos,
        "fpir_target": point.target,
        "threshold": point.accept,
        "fnir": _rate_data(point.fnir),
        "fpir": _rate_data(point.fpir),
        "fnir_rank3": _rate_data(point.shown_fnir),
        "fpir_rank3": _rate_data(point.shown_fpir),
        "wrong_name": _rate_data(point.wrong_name),
        "extrapolated": point.extrapolated,
        "carried": point.carried,
        "people_missing": point.missing,
    }


def _part_data(part: Part) -> dict[str, Any]:
    return {
        "name": part.name, "photos": part.photos, "people": part.people, "fnir": _rate_data(part.fnir),
        "fpir": _rate_data(part.fpir),
    }  # fmt: skip


def _group_data(group: Group) -> dict[str, Any]:
    return {
        "people": group.people,
        "fnir": _rate_data(group.fnir) if group.fnir else None,
        "fpir": _rate_data(group.fpir) if group.fpir else None,
        "fnir_suppressed": group.why_fnir or None,
        "fpir_suppressed": group.why_fpir or None,
    }


def _differences(told: Evaluation) -> dict[str, Any] | None:
    found = told.group_differences
    if found is None:
        return None

    def plain(value: float | None) -> float | str | None:
        return "infinite" if value is not None and math.isinf(value) else value

    return {
        "max_over_min": {"fnir": plain(found.max_over_min_fnir), "fpir": plain(found.max_over_min_fpir)},
        "gini": {"fnir": found.gini_fnir, "fpir": found.gini_fpir},
        "gini_interval": {"fnir": found.gini_fnir_interval, "fpir": found.gini_fpir_interval},
        "garbe": found.garbe,
        "unlabelled": told.unlabelled,
    }


def targets(told: Evaluation) -> list[float]:
    return sorted({p.target for p in told.points if p.target is not None}, reverse=True)


def claim_data(told: Evaluation, target: float) -> dict[str, Any]:
    strangers = told.now.fpir.people if told.now.fpir else 0
    needed = people_for_claim(target)
    return {
        "fpir": target, "people_needed": needed, "people": strangers, "carried": strangers >= needed,
        "people_missing": max(0, needed - strangers),
    }  # fmt: skip


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
            _cell(measure), _cell(part), rate.value, rate.low, rate.high, rate.errors, rate.searches, rate.people,
            rate.wrong_people, rate.method, point.accept if point else "", point.n if point else "",
            point.enrolment_photos if point else "", point.target if point and point.target else "",
            point.extrapolated if point else "", point.carried if point and point.target else "",
            _cell(told.data), told.data_digest, told.pack, told.measured_at.isoformat(),
        ])  # fmt: skip
    return out.getvalue()


def _cell(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


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
