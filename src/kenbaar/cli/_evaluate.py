"""`kenbaar evaluate`: error rates on folders of people who agreed to be measured, and the threshold that follows."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kenbaar.cli._app import Out, common, operator

if TYPE_CHECKING:
    from kenbaar.measure import Adopted, Evaluation, Point


def _number(_ctx: click.Context, _param: click.Parameter, value: float | None) -> float | None:
    """Refuses nan at once: it lies in no range, and click's FloatRange lets it through."""
    if value is not None and not math.isfinite(value):
        raise click.BadParameter(f"{value} is not a number between 0 and 1.")
    return value


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--consent",
    default="",
    metavar="TEXT",
    help="Who declares that everybody in DIR agreed to be measured, and how; needed, and part of the report.",
)
@click.option(
    "--name-duplicates", is_flag=True, help="Name folders that may be one person, and what went worst: your volunteers."
)
@click.option(
    "--out", "target", type=click.Path(path_type=Path), help="Folder for the report (default: a new one here)."
)
@click.option(
    "--splits", type=click.IntRange(1, 100_000), help="Random divisions of the people (default: by how many)."
)
@click.option("--seed", default=1, show_default=True, type=click.IntRange(0), help="Of the random divisions.")
@click.option("--name", "data", default="", help="What the report calls the data set (default: the folder's name).")
@click.option("--pack", "pack_name", help="A pack's name or folder (default: the one in the settings).")
@click.option("--examples", is_flag=True, help="Show the worst examples as pictures in the report: for you alone.")
@click.option(
    "--adopt",
    "fpir",
    metavar="FPIR",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    callback=_number,
    help="Make the threshold for this FPIR (0.001 is 0.1 %) the archive's own.",
)
@common
def evaluate(
    out: Out,
    folder: Path,
    consent: str,
    name_duplicates: bool,
    target: Path | None,
    splits: int | None,
    seed: int,
    data: str,
    pack_name: str | None,
    examples: bool,
    fpir: float | None,
) -> None:
    """How often is it wrong? Measured on DIR: one folder for each person who agreed to be measured.

    groups.csv (person,group) and pairs.csv (person,person) may lie beside the folders. Nothing of the people is kept.
    """
    from kenbaar import acts

    request = acts.EvaluateRequest(folder, consent, target, splits, seed, data, pack_name, examples, fpir)
    with out.progress() as progress:
        measured = acts.evaluate(out.settings(), operator(), request, progress)
    assert measured.told is not None
    _tell(out, measured.told, measured.people_folder, name_duplicates=name_duplicates)
    if measured.adopted is not None:
        _tell_adopted(out, measured.adopted, measured.looser)
    out.say(f"Report: {measured.page}")
    out.answer(measured)


def _tell_adopted(out: Out, adopted: Adopted, looser: str | None) -> None:
    t = adopted.threshold
    out.say(f"Adopted: names from {t.accept:.4f} on, for FPIR {t.fpir:.4g} with {t.n} enrolled; more people, stricter.")
    if looser:
        out.note(looser)
    if not adopted.carried:
        out.note(
            f"The {adopted.people} people measured cannot carry that claim. It was adopted because it is "
            "stricter than the pack's default; say nothing of its FPIR to others."
        )


def _tell(out: Out, told: Evaluation, folder: Path, *, name_duplicates: bool) -> None:
    """The report's figures in the terminal. File and folder names are said here only, to the person measuring."""
    from kenbaar.measure import aim, plural, rate_words
    from kenbaar.media import encode_name

    at = told.adopted_point or told.now
    out.say(
        f"{told.people} people, {told.photos} photos ({told.counts['used']} used). "
        f"Pack {told.pack_name} {told.pack[:19]}..., {told.splits} splits, seed {told.seed}."
    )
    out.say(
        f"N = {told.n}, {plural(told.enrolment_photos, 'enrolment photo')}, threshold {at.accept:.4f} "
        f"({'measured for --adopt' if told.adopted else 'in force'}); 95 % intervals:"
    )
    for what, rate, one, many in (
        ("FNIR, rank 1", at.fnir, "search", "searches"),
        ("FNIR, rank 3", at.shown_fnir, "search", "searches"),
        ("FPIR, rank 1", at.fpir, "search", "searches"),
        ("FPIR, rank 3", at.shown_fpir, "search", "searches"),
        ("somebody else's name", at.wrong_name, "search", "searches"),
        ("failure to acquire", told.failure_to_acquire, "photo", "photos"),
        ("failure to enrol", told.failure_to_enrol, "", ""),
        ("photos refused", told.photos_refused, "photo", "photos"),
        ("1:1 equal error rate", told.one_to_one.eer, "comparison", "comparisons"),
    ):
        things = [plural(rate.searches, one, many)] if rate and one else []
        count = ", ".join([*things, plural(rate.people, "person", "people")]) if rate else ""
        out.say(f"  {what:22} {rate_words(rate):36} {count}")
    out.say()
    out.say("  photos      N   FPIR aimed at   threshold   FPIR                        FNIR")
    for point in told.points:
        out.say(_row(point, told))
    if any(p.extrapolated for p in told.points):
        out.say(
            "  * extrapolated: not measured with so many enrolled, or beyond the last score seen; above 1 names nobody."
        )
    out.say("  † the errors come from fewer than five people: the interval is likely too narrow.")
    out.say()
    for part in told.sizes:
        out.say(f"  {part.name:32} FNIR {rate_words(part.fnir):30} FPIR {rate_words(part.fpir)}")
    for name, group in told.groups.items():
        fnir = rate_words(group.fnir) if group.fnir else f"not shown ({group.why_fnir})"
        fpir = rate_words(group.fpir) if group.fpir else f"not shown ({group.why_fpir})"
        out.say(f"  {name:32} FNIR {fnir:30} FPIR {fpir}")
    if told.look_alikes:
        out.say(f"  look-alikes named as the other   {rate_words(told.look_alikes.taken)}")
    for point in told.points:
        if point.n == told.n and point.enrolment_photos == told.enrolment_photos and point.target and not point.carried:
            out.say(
                f"Do not claim an FPIR of {aim(point.target)}: that takes "
                f"{plural(point.missing, 'more person', 'more people')}."
            )
    for sentence in told.notes:
        out.note(sentence)
    if not name_duplicates and (told.shared or told.doubles):
        out.note("Two folders of this set may be one person (--name-duplicates says which, of your own volunteers).")
    _name(
        out,
        [
            f"One person under two names? {left} and {right} ({plural(n, 'file lies', 'files lie')} in both)"
            for left, right, n in told.shared
            if name_duplicates
        ],
    )
    _name(out, [f"One person under two names? {left} and {right}" for left, right in told.doubles if name_duplicates])
    _name(out, [f"Could not be read: {encode_name(str(path.relative_to(folder)))}" for path in told.unreadable])
    if not name_duplicates:
        return
    if told.worst:
        out.note("Went worst (for you alone; --examples shows the faces):")
    for example in told.worst:
        if example.rank < 3:
            name, beside = (encode_name(str(p.relative_to(folder))) for p in (example.photo, example.beside))
            out.note(
                f"  {'near another name' if example.kind == 'named' else 'far from their own'}: {name}, beside {beside}"
            )


def _name(out: Out, lines: list[str], most: int = 20) -> None:
    """The first lines, and how many there are beside them."""
    for line in lines[:most]:
        out.note(line)
    if len(lines) > most:
        out.note(f"  and {len(lines) - most:,} more like this")


def _row(point: Point, told: Evaluation) -> str:
    from kenbaar.measure import aim, rate_words

    mark = "*" if point.extrapolated else " "
    return (
        f"  {point.enrolment_photos:>6} {point.n:>6,}   {aim(point.target):>13}   {point.accept:>8.4f}{mark}   "
        f"{rate_words(point.fpir):27} {rate_words(point.fnir)}"
    )
