"""The report: one HTML page that loads nothing and runs nothing, and the same figures as JSON and CSV beside it."""

from __future__ import annotations

import base64
import functools
import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import kenbaar
from kenbaar.errors import KenbaarError, SettingsError, Unusable
from kenbaar.measure import _words as words
from kenbaar.measure._figures import Evaluation, Example
from kenbaar.measure._report_data import claim_data, report_data, report_json, report_table, targets
from kenbaar.measure._svg import det_chart, score_chart, whisker
from kenbaar.media import PhotoLimits, encode_name, encode_photo, open_photo, write_file
from kenbaar.text import shown

if TYPE_CHECKING:
    import jinja2

    from kenbaar.modelpack import ModelPack

PAGE, DATA, TABLE = "report.html", "report.json", "report.csv"
_CROP_PX = 200


@contextmanager
def report_folder(folder: Path | None, at: datetime) -> Iterator[Path]:
    """The folder the report goes to, made: the one asked for, or a new one here named after the time.

    Made before anything is measured, so that an hour's work is not lost to a folder that cannot be written; taken away
    again if the work fails and nothing is in it. Raises Unusable where it cannot be written or holds a report already.
    """
    target = folder
    ours = folder is None or not folder.exists()
    stem, number = f"evaluation-{at.astimezone():%Y-%m-%d-%H%M%S}", 2
    try:
        while target is None:
            try:
                (target := Path(stem)).mkdir()
            except FileExistsError:
                target, stem, number = None, f"{stem.removesuffix(f'-{number - 1}')}-{number}", number + 1
        target.mkdir(parents=True, exist_ok=True)
        if any((target / name).exists() for name in (PAGE, DATA, TABLE)):
            raise Unusable(
                "That folder holds a report already, and a report is never written over.",
                "Give another folder with --out, or leave --out out for a new one.",
            )
        (target / ".kenbaar-write-test").touch()
        (target / ".kenbaar-write-test").unlink()
    except OSError as err:
        raise Unusable(
            f"The report cannot be written there ({err.strerror}).", "Give a folder you may write to with --out."
        ) from err
    try:
        yield target
    except BaseException:
        if ours:
            with suppress(OSError):  # something lies in it
                target.rmdir()
        raise


def write_report(told: Evaluation, folder: Path, examples: tuple[Picture, ...] = ()) -> Path:
    """Writes report.html, report.json and report.csv, each whole or not at all; returns the page.

    examples: pictures for the person measuring alone; with them the page may be read by its owner only.
    """
    write_file(report_json(report_data(told)).encode(), folder / DATA)
    write_file(report_table(told).encode(), folder / TABLE)
    page = folder / PAGE
    write_file(_page(told, examples), page)
    if examples:
        page.chmod(0o600)
    return page


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
    examples: tuple[Example, ...], folder: Path, pack: ModelPack, limits: PhotoLimits
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


def _crop(path: Path, pack: ModelPack, limits: PhotoLimits) -> str:
    import cv2
    import numpy as np

    photo = open_photo(path, limits)
    (face,) = pack.detect_faces(photo)[:1] or (None,)
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
        claims=[claim_data(told, target) for target in targets(told)],
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
        trim_blocks=True, lstrip_blocks=True, finalize=shown,
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
