"""Reports: what was done in some days, counted from the ledger, to read here and to hand to everybody."""

from __future__ import annotations

from datetime import date, timedelta

from starlette.responses import Response

from kenbaar import acts
from kenbaar.errors import KenbaarError, NotFound, UsageError
from kenbaar.rights import KIND_WORDS
from kenbaar.web._site import STAFF, Site, Visit
from kenbaar.web._uploads import private_folder

_DAYS = 90
_FILES = {"report.html": "text/html; charset=utf-8", "report.json": "application/json"}


def add(site: Site) -> None:
    """Enters them."""

    @site.get("/staff/reports", STAFF)
    def reports(visit: Visit) -> Response:
        today = visit.archive.journal.now().date()
        try:
            first, last = _days(visit, today)
            told = acts.report_transparency(visit.archive, visit.actor, acts.ReportRequest(first, last))
        except KenbaarError as err:
            return visit.page("staff/reports.html", status=400, error=err, told=None, first="", last="", named={})
        bases = {name: row.words for name, row in visit.archive.searches.bases().items()}
        return visit.page(
            "staff/reports.html", error=None, told=told.figures, first=first, last=last, named=KIND_WORDS | bases
        )

    @site.get("/staff/reports/{file}", STAFF, heavy=True)
    def file(visit: Visit) -> Response:
        """The report as a page of its own, or its signed figures: `kenbaar report verify` counts them again."""
        kind = _FILES.get(visit.path("file"))
        if kind is None:
            raise NotFound("There is no such report.", "See the reports.")
        first, last = _days(visit, visit.archive.journal.now().date())
        with private_folder() as folder:
            page = folder / "report.html"
            acts.report_transparency(visit.archive, visit.actor, acts.ReportRequest(first, last, page))
            return visit.file((folder / visit.path("file")).read_bytes(), f"{first}-{last}-{visit.path('file')}", kind)


def _days(visit: Visit, today: date) -> tuple[date, date]:
    """The days asked for; the last three months where none are. Raises UsageError."""
    try:
        last = date.fromisoformat(visit.query("last") or today.isoformat())
        first = date.fromisoformat(visit.query("first") or (last - timedelta(days=_DAYS)).isoformat())
    except (ValueError, OverflowError) as err:
        raise UsageError("That is no date.", "Write it as 2027-06-30.") from err
    return first, last
