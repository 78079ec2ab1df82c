"""The report: one HTML page that loads nothing and runs nothing, and the same figures as JSON and CSV beside it."""

from __future__ import annotations

import base64
import csv
import functools
import hashlib
import io
import json
import math
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import kenbaar
from kenbaar.errors import KenbaarError, SettingsError, Unusable
from kenbaar.measure import _words as words
from kenbaar.measure._evaluate import Evaluation, Example, Point
from kenbaar.measure._rates import Rate, people_for_claim
from kenbaar.measure._svg import det_chart, score_chart, whisker
from kenbaar.media import PhotoLimits, encode_name, encode_photo, open_photo, write_file

if TYPE_CHECKING:
    import jinja2

    from kenbaar.measure._samples import MeasuredPack

PAGE, DATA, TABLE = "report.html", "report.json", "report.csv"
_CROP_PX = 200


def report_folder(folder: Path | None, at: datetime) -> Path:
    """The folder the report goes to, made: the one asked for, or a new one here named after the time.

    Made before anything is measured, so that an hour's work is not lost to a folder that cannot be written.
    """
    target = folder
    stem, number = f"evaluation-{at.astimezone():%Y-%m-%d-%H%M%S}", 2
    try:
        while target is None:
            try:
                (target := Path(stem)).mkdir()
            except FileExistsError:
                target, stem, number = None, f"{stem.removesuffix(f'-{number - 1}')}-{number}", number + 1
        target.mkdir(parents=True, exist_ok=True)
        (target / ".kenbaar-write-test").touch()
        (target / ".kenbaar-write-test").unlink()
    except OSError as err:
        raise Unusable(
            f"The report cannot be written there ({err.strerror}).", "Give a folder you may write to with --out."
        ) from err
    return target


def write_report(told: Evaluation, folder: Path, examples: tuple[Picture, ...] = ()) -> Path:
    """Writes report.html, report.json and report.csv, each whole or not at all; returns the page.

    examples: pictures for the person measuring alone; with them the page may be read by its owner only.
    """
    data = report_data(told)
    write_file((json.dumps(data, indent=1, ensure_ascii=False) + "\n").encode(), folder / DATA)
    write_file(_table(told).encode(), folder / TABLE)
    page = folder / PAGE
    write_file(_page(told, examples), page)
    if examples:
        page.chmod(0o600)
    return page


# -- data --------------------------------------------------------------------------------------------------------------


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
        "report": str(report) if report else PAGE,
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
        "claims": [_claim_data(told, target) for target in _targets(told)],
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


def _part_data(part: Any) -> dict[str, Any]:
    return {
        "name": part.name, "photos": part.photos, "people": part.people, "fnir": _rate_data(part.fnir),
        "fpir": _rate_data(part.fpir),
    }  # fmt: skip


def _group_data(group: Any) -> dict[str, Any]:
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


def _targets(told: Evaluation) -> list[float]:
    return sorted({p.target for p in told.points if p.target is not None}, reverse=True)


def _claim_data(told: Evaluation, target: float) -> dict[str, Any]:
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


def _table(told: Evaluation) -> str:
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


# -- pictures, for the person measuring alone --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Picture:
    """One of the worst examples as the report shows it: two faces cut out, as data: URIs, and where the files lie."""

    kind: str
    left: str
    right: str
    left_name: str
    right_name: str
    score: float


def picture_examples(
    examples: tuple[Example, ...], folder: Path, pack: MeasuredPack, limits: PhotoLimits
) -> tuple[Picture, ...]:
    """The worst examples with their faces cut out; one whose photo is gone meanwhile is left out."""
    found = []
    for example in examples:
        try:
            left, right = (_crop(path, pack, limits) for path in (example.photo, example.beside))
        except KenbaarError:
            continue
        names = [encode_name(str(p.relative_to(folder))) for p in (example.photo, example.beside)]
        found.append(Picture(example.kind, left, right, names[0], names[1], example.score))
    return tuple(found)


def _crop(path: Path, pack: MeasuredPack, limits: PhotoLimits) -> str:
    import cv2
    import numpy as np

    photo = open_photo(path, limits)
    (face,) = pack.find_faces(photo)[:1] or (None,)
    if face is None:
        raise Unusable("The face is not found at full size.", "Look at the photo itself.")
    box = face.box.padded(round(0.25 * max(face.box.width, face.box.height))).clipped(photo.width, photo.height)
    cut = photo.pixels[box.y_min : box.y_max, box.x_min : box.x_max]
    scale = _CROP_PX / max(cut.shape[:2])
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    small = cv2.resize(
        cut, (max(1, round(cut.shape[1] * scale)), max(1, round(cut.shape[0] * scale))), interpolation=how
    )
    return (
        "data:image/jpeg;base64,"
        + base64.b64encode(encode_photo(np.asarray(small, np.uint8), "JPEG", quality=85)).decode()
    )


# -- the page ----------------------------------------------------------------------------------------------------------


def _page(told: Evaluation, examples: tuple[Picture, ...]) -> bytes:
    from markupsafe import Markup

    environment = _environment()
    assert environment.loader is not None
    style = environment.loader.get_source(environment, "report.css")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    now = told.now
    where = (now.fpir.value, now.fnir.value) if now.fpir and now.fnir else None
    marks = [(told.one_to_one.eer_score, "EER"), (now.accept, "accept")]
    with suppress(SettingsError):  # a threshold so low that a claim's would lie below its margin
        marks.insert(1, (told.in_force.for_claim().accept, "claim"))
    html = environment.get_template(PAGE).render(
        told=told,
        at=told.adopted_point or now,
        claims=[_claim_data(told, target) for target in _targets(told)],
        examples=examples,
        det=Markup(det_chart(told.curves, told.enrolment_photos, where)),  # noqa: S704  # numbers drawn by us
        scores=Markup(score_chart(told.histogram, marks)),  # noqa: S704
        version=kenbaar.__version__,
        style=Markup(style),  # noqa: S704  # our own file, no input in it
        policy=f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'",
    )
    return html.encode("utf-8", "replace")


@functools.cache
def _environment() -> jinja2.Environment:
    import jinja2
    from markupsafe import Markup

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("kenbaar.measure"), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters |= {
        "percent": _unbroken(words.percent),
        "told": _unbroken(words.told),
        "span": _unbroken(words.span),
        "whisker": lambda rate, most, cls: Markup(whisker(rate, most, cls)),  # noqa: S704  # numbers drawn by us
        "thin": _thin,
        "aim": _unbroken(words.aim),
        "number": lambda value: f"{value:,}",
    }
    return environment


def _unbroken(tell: Callable[[Any], str]) -> Callable[[Any], str]:
    """The same words, with no line break between a figure and its percent sign."""
    return lambda value: tell(value).replace(" %", "\u00a0%")


def _thin(points: tuple[Any, ...], most: int = 12) -> list[Any]:
    """At most so many points of a curve, from end to end."""
    if len(points) <= most:
        return list(points)
    return [points[round(i * (len(points) - 1) / (most - 1))] for i in range(most)]
