"""Commands about asking: search, case."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from kenbaar.cli._app import Out, acting
from kenbaar.cli._secrets import code_options

if TYPE_CHECKING:
    from kenbaar.acts import CandidateRow, OutcomeRow


@click.command()
@click.argument("photos", nargs=-1, required=True, metavar="PHOTO...", type=click.Path(path_type=Path))
@click.option("--reason", required=True, help="What the answer is for. Whoever is shown as a candidate reads it.")
@click.option(
    "--basis",
    required=True,
    help="On what it may be asked: consent, request, archive, research, journalism, vital-interests; outside Europe "
    "own-work too. Criminal investigation is none.",
)
@click.option("--collection", metavar="NAME", help="With a name, tell only pictures of this collection.")
@acting
@code_options
def search(
    out: Out, photos: tuple[Path, ...], reason: str, basis: str, collection: str | None, codes: tuple[str, ...]
) -> None:
    """Who is this? Ask with 1 to 50 photos, of the people who agreed to be asked about.

    Each face gets at most three candidates, as letters. Two other accounts decide (kenbaar case review); only then a
    name is told. "Nobody" is the ordinary answer, and says nothing about anybody.
    """
    from kenbaar import acts

    with out.archive() as archive:
        asked = acts.search(archive, out.actor(archive), acts.SearchRequest(photos, reason, basis, collection, codes))
    out.say(f"Case {asked.case}: {_faces(len(asked.faces))}.")
    for face in asked.faces:
        out.say(f"  face {face.n} in {face.photo!r}: {_candidates(face.candidates)}")
    if any(face.candidates for face in asked.faces):
        out.say(f"Two colleagues decide: kenbaar case show {asked.case} --sheet FILE, then kenbaar case review.")
    out.answer(asked)


@click.group()
def case() -> None:
    """What was asked with photos: look at it, review it, close it."""


@case.command("list")
@acting
def case_list(out: Out) -> None:
    """The open cases that you asked, or may review."""
    from kenbaar import acts

    with out.archive() as archive:
        listed = acts.list_cases(archive, out.actor(archive), acts.ListCasesRequest())
    for row in listed.cases:
        yours = "asked by you" if row.mine else f"{_faces(row.waiting)} waiting for your answer"
        out.say(f"{row.case}  {row.opened:%Y-%m-%d}, open until {row.until:%Y-%m-%d}  {yours}  {row.reason}")
    if not listed.cases:
        out.say("There is no open case for you. See `kenbaar search --help`.")
    out.answer(listed)


@case.command("show")
@click.argument("case_id", metavar="CASE")
@click.option(
    "--sheet",
    type=click.Path(path_type=Path),
    help="Write an HTML page with each face beside its candidates, for those who review; who is shown reads it.",
)
@acting
def case_show(out: Out, case_id: str, sheet: Path | None) -> None:
    """CASE, its faces and candidates; once two people agree, who it is and the pictures that are known of them."""
    from kenbaar import acts

    with out.archive() as archive:
        shown = acts.show_case(archive, out.actor(archive), acts.ShowCaseRequest(case_id, sheet))
    out.say(f"Case {shown.case}, open until {shown.until:%Y-%m-%d}: {shown.reason} ({shown.basis})")
    for face in shown.faces:
        said = {None: f"{face.reviews} of 2 answered", "nobody": "decided: nobody", "named": "decided"}[face.decided]
        out.say(f"  face {face.n} in {face.photo!r}: {_candidates(face.candidates)}; {said}")
    for outcome in shown.outcomes or ():
        _say_outcome(out, outcome)
    if sheet:
        out.say(f"To compare: {sheet}. Delete it when you have answered.")
    out.answer(shown)


@case.command("review")
@click.argument("case_id", metavar="CASE")
@click.option("--face", "n", type=int, required=True, help="The number of the face.")
@click.option("--is", "candidate", metavar="LETTER", help="It is this candidate.")
@click.option("--nobody", is_flag=True, help="It is none of them, or you are not sure.")
@acting
def case_review(out: Out, case_id: str, n: int, candidate: str | None, nobody: bool) -> None:
    """Say who a face of CASE is. Somebody else says it too; neither of you learns what the other said before."""
    from kenbaar import acts

    if (candidate is not None) == nobody:
        raise click.UsageError("Say --is LETTER, or --nobody.")
    with out.archive() as archive:
        reviewed = acts.review_case(archive, out.actor(archive), acts.ReviewRequest(case_id, n, candidate))
    left = "One more account has to answer." if reviewed.reviews < 2 else f"Decided: kenbaar case show {case_id}"
    out.say(f"Your answer for face {reviewed.face} is kept. {left}")
    out.answer(reviewed)


@case.command("close")
@click.argument("case_id", metavar="CASE")
@acting
def case_close(out: Out, case_id: str) -> None:
    """End CASE: its photos and answers are destroyed. After 30 days that happens by itself."""
    from kenbaar import acts

    with out.archive() as archive:
        closed = acts.close_case(archive, out.actor(archive), acts.CloseCaseRequest(case_id))
    out.say(f"Case {closed.case} is closed; its key is destroyed.")
    out.answer(closed)


def _faces(count: int) -> str:
    return f"{count} face{'' if count == 1 else 's'}"


def _candidates(candidates: tuple[CandidateRow, ...]) -> str:
    return ", ".join(f"{c.candidate} ({c.band})" for c in candidates) or "nobody we may answer about"


def _say_outcome(out: Out, outcome: OutcomeRow) -> None:
    pictures = len(outcome.appearances)
    out.say(f"Face {outcome.face} is {outcome.name} ({outcome.subject}), in {pictures} known picture(s):")
    for row in outcome.appearances:
        when = f"  {row.when:%Y-%m-%d %H:%M}" if row.when else ""
        out.say(f"  {row.collection}  {row.path}{when}")
        if row.caption or row.credit:
            out.say(f"    {row.caption or ''}{f' (credit: {row.credit})' if row.credit else ''}")
