"""People as the organisation sees them: invited, enrolled, gone; the accounts of its own people."""

from __future__ import annotations

from datetime import date

from starlette.responses import Response

from kenbaar import acts
from kenbaar.errors import KenbaarError, UsageError
from kenbaar.policy import PURPOSES
from kenbaar.web._site import STAFF, Site, Visit

_WITH_CHANNEL = frozenset(name for name, row in PURPOSES.items() if row.channel_sentence)


def add(site: Site) -> None:
    """Enters them."""

    @site.get("/staff", STAFF)
    def home(visit: Visit) -> Response:
        collections = acts.list_collections(visit.archive, visit.actor, acts.ListCollectionsRequest())
        return visit.page("staff/home.html", collections=collections.collections, jobs=site.jobs.all()[:5])

    @site.get("/staff/people", STAFF)
    def people(visit: Visit) -> Response:
        return _people(visit, None, None)

    @site.post("/staff/people/{subject}/code", STAFF, fresh=True)
    def code(visit: Visit) -> Response:
        made = acts.new_code(visit.archive, visit.actor, acts.NewCodeRequest(visit.path("subject")))
        return visit.page("staff/code.html", made=made)

    @site.post("/staff/people", STAFF)
    def invite(visit: Visit) -> Response:
        try:
            guardian, channel = visit.field("guardian") or None, visit.field("channel")
            purposes = tuple(f"{p}:{channel}" if channel and p in _WITH_CHANNEL else p for p in visit.fields("purpose"))
            invited = acts.invite(
                visit.archive,
                visit.actor,
                acts.InviteRequest(
                    visit.field("name"),
                    purposes,
                    _day(visit.field("until")),
                    visit.field("holder") or None,  # type: ignore[arg-type]
                    guardian is not None,
                    guardian,
                ),
            )
        except KenbaarError as err:
            return _people(visit, err, None)
        return _people(visit, None, invited)


def _people(visit: Visit, error: KenbaarError | None, invited: acts.InviteAnswer | None) -> Response:
    listed = acts.subjects(visit.archive, visit.actor, acts.SubjectsRequest())
    link = f"{visit.site.origin}/i/{invited.token}" if invited else None
    status = 200 if error is None else 400
    return visit.page(
        "staff/people.html",
        status=status,
        people=listed.subjects,
        error=error,
        invited=invited,
        link=link,
        purposes=PURPOSES.values(),
    )


def _day(given: str) -> date | None:
    try:
        return date.fromisoformat(given) if given else None
    except ValueError as err:
        raise UsageError("That is no date.", "Write it as 2027-06-30.") from err
