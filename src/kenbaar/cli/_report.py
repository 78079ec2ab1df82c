"""Commands about the transparency report: report transparency, report verify."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kenbaar.cli._app import Out, acting, day

if TYPE_CHECKING:
    from kenbaar.rights import Transparency


@click.group()
def report() -> None:
    """What was done in a time, counted from the ledger, for everybody to read."""


@report.command("transparency")
@click.option("--from", "first", required=True, callback=day, help="First day, UTC.")
@click.option("--to", "last", required=True, callback=day, help="Last day, included.")
@click.option("--out", "file", type=click.Path(path_type=Path), help="An HTML page; the signed figures go beside it.")
@acting
def report_transparency(out: Out, first: date, last: date, file: Path | None) -> None:
    """Accounts, questions, outcomes, refusals, withdrawals and requests, as counts; those under 10 are not told."""
    from kenbaar import acts

    with out.archive() as archive:
        made = acts.report_transparency(archive, out.actor(archive), acts.ReportRequest(first, last, file))
    _say(out, made.figures)
    if made.page:
        out.say(f"Wrote {made.page}, and the signed figures as {made.data}.")
    out.answer(made)


@report.command("verify")
@click.argument("file", type=click.Path(path_type=Path))
@acting
def report_verify(out: Out, file: Path) -> int:
    """Count the figures in FILE (the .json of a report) again from the ledger, and check its signature."""
    from kenbaar import acts

    with out.archive() as archive:
        verified = acts.verify_report(archive, out.actor(archive), acts.VerifyReportRequest(file))
    out.say("Every figure is what the ledger gives." if verified.ok else "This report is not true:")
    for problem in verified.problems:
        out.say(f"  {problem}")
    out.answer(verified)
    return 0 if verified.ok else 6


def _say(out: Out, said: Transparency) -> None:
    groups = {
        "questions, by basis": said.searches,
        "faces asked about": said.faces,
        "accounts in use, by role": said.accounts_living,
        "acts": said.acts,
    }
    for title, figures in groups.items():
        told = ", ".join(
            f"{name} {count if count is not None else 'not told'}" for name, count in figures.parts.items()
        )
        out.say(f"{title}: {told or 'none'}")
