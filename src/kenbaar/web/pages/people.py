"""People as the organisation sees them: invited, enrolled, gone; what is done on their behalf."""

from __future__ import annotations

import re
from datetime import date
from typing import cast, get_args

from starlette.responses import Response

from kenbaar import acts
from kenbaar.errors import KenbaarError, NotFound, UsageError
from kenbaar.policy import JURISDICTIONS, PURPOSES, subject_actor
from kenbaar.web._site import STAFF, Site, Visit

A_PAGE = 50  # people
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
        made = acts.make_code_link(visit.archive, visit.actor, acts.CodeLinkRequest(visit.path("subject")))
        return visit.page("staff/code.html", made=made, link=f"{site.origin}/c/{made.token}")

    @site.post("/staff/people", STAFF, fresh=True)
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
                    given_day(visit.field("until")),
                    visit.field("holder") or None,  # type: ignore[arg-type]
                    bool(visit.field("minor")) or guardian is not None,
                    guardian,
                ),
            )
        except KenbaarError as err:
            return _people(visit, err, None)
        return _people(visit, None, invited)

    @site.post("/staff/people/find", STAFF)
    def find(visit: Visit) -> Response:
        """Changes nothing; a form, because a name has no place in an address."""
        return _people(visit, None, None)

    @site.get("/staff/people/find", STAFF)
    def found(visit: Visit) -> Response:
        """For who comes back from showing who they are: what they had looked for is in no address."""
        return visit.go("/staff/people")

    @site.get("/staff/people/{subject}", STAFF)
    def person(visit: Visit) -> Response:
        return _person(visit, None, None)

    @site.post("/staff/people/{subject}/renew", STAFF, fresh=True)
    def renew(visit: Visit) -> Response:
        try:
            request = acts.RenewRequest(visit.path("subject"), given_day(visit.field("until")))
            invited = acts.renew(visit.archive, visit.actor, request)
        except KenbaarError as err:
            return _person(visit, err, None)
        return _person(visit, None, invited)

    @site.get("/staff/people/{subject}/withdraw", STAFF, fresh=True)
    def withdraw_form(visit: Visit) -> Response:
        return _withdraw_form(visit, None)

    @site.get("/staff/people/{subject}/withdraw/{purpose}", STAFF, fresh=True)
    def withdraw_one_form(visit: Visit) -> Response:
        return _withdraw_form(visit, visit.path("purpose"))

    @site.post("/staff/people/{subject}/withdraw", STAFF, fresh=True)
    def withdraw(visit: Visit) -> Response:
        request = acts.WithdrawRequest(visit.path("subject"), visit.field("purpose") or None)
        gone = acts.withdraw(visit.archive, visit.actor, request)
        visit.archive.on_screen.forget(gone.subject)
        if gone.left:
            site.sessions.end_all_of(subject_actor(gone.subject))
        receipt = gone.receipt.read_text("ascii").strip() if gone.receipt and gone.receipt.is_file() else ""
        return visit.page("staff/withdrawn.html", gone=gone, receipt=receipt, short=short_of)


def _withdraw_form(visit: Visit, purpose: str | None) -> Response:
    """The proof comes before the decision and not after it; so the purpose stands in the path, which /prove keeps."""
    row = _row(visit)
    acts.require_act("withdraw", visit.actor, acts.WithdrawRequest(row.subject, purpose))
    if purpose is not None and purpose not in row.purposes:
        raise NotFound("This person has not agreed to that.", "See what they agreed to.")
    return visit.page("staff/withdraw.html", person=row, purpose=purpose, short=short_of)


def short_of(purpose: str) -> str:
    """A consent as it is written ("show:web") in a few words, in the person's own voice."""
    name, _, channel = purpose.partition(":")
    row = PURPOSES[name]
    return row.channel_short.format(channel=channel) if channel and row.channel_short else row.short


def _people(visit: Visit, error: KenbaarError | None, invited: acts.InviteAnswer | None) -> Response:
    first = int(visit.field("from")) if re.fullmatch(r"[0-9]{1,9}", visit.field("from")) else 0
    wanted, state = visit.field("find"), visit.field("state")
    known = cast(acts.SubjectState, state) if state in get_args(acts.SubjectState) else None
    asked = acts.SubjectsRequest(wanted, known, first=first, limit=A_PAGE)
    listed = acts.subjects(visit.archive, visit.actor, asked)
    return visit.page(
        "staff/people.html",
        status=200 if error is None else 400,
        people=listed.subjects,
        total=listed.total,
        first=first,
        more=A_PAGE,
        chosen={"find": wanted, "state": known or ""},
        states=get_args(acts.SubjectState),
        error=error,
        invited=invited,
        link=_link(visit, invited),
        purposes=PURPOSES.values(),
        law=JURISDICTIONS[visit.archive.consents.jurisdiction],
        short=short_of,
    )


def _person(visit: Visit, error: KenbaarError | None, invited: acts.InviteAnswer | None) -> Response:
    status = 200 if error is None else 400
    link = _link(visit, invited)
    return visit.page("staff/person.html", status=status, person=_row(visit), error=error, link=link, short=short_of)


def _row(visit: Visit) -> acts.SubjectRow:
    subject = visit.path("subject")
    found = acts.subjects(visit.archive, visit.actor, acts.SubjectsRequest(subject=subject)).subjects
    if not found:
        raise NotFound("There is no such person.", "See the list of people.")
    return found[0]


def _link(visit: Visit, invited: acts.InviteAnswer | None) -> str | None:
    return f"{visit.site.origin}/i/{invited.token}" if invited else None


def given_day(given: str) -> date | None:
    """The day of a form's field; None where nothing was given. Raises UsageError."""
    try:
        return date.fromisoformat(given) if given else None
    except ValueError as err:
        raise UsageError("That is no date.", "Write it as 2027-06-30.") from err
