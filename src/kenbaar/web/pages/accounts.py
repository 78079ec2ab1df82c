"""The accounts of the organisation's own people: made in a role until a day, accepted by a link, ended."""

from __future__ import annotations

from datetime import timedelta

from starlette.responses import Response

from kenbaar import acts
from kenbaar.errors import KenbaarError, UsageError
from kenbaar.policy import ROLES
from kenbaar.web._site import STAFF, Site, Visit
from kenbaar.web.pages.people import given_day


def add(site: Site) -> None:
    """Enters them."""

    @site.get("/staff/accounts", STAFF)
    def accounts(visit: Visit) -> Response:
        listed = acts.list_staff(visit.archive, visit.actor, acts.ListStaffRequest()).staff
        ended = bool(visit.query("ended"))
        return visit.page(
            "staff/accounts.html",
            accounts=[a for a in listed if ended or a.state != "ended"],
            ended=sum(a.state == "ended" for a in listed),
            all_shown=ended,
            names={a.account: a.name for a in listed},
        )

    @site.get("/staff/accounts/invite", STAFF, fresh=True)
    def invite_form(visit: Visit) -> Response:
        acts.require_act("staff invite", visit.actor, acts.ListStaffRequest())
        return _form(visit, None)

    @site.post("/staff/accounts/invite", STAFF, fresh=True)
    def invite(visit: Visit) -> Response:
        try:
            until = given_day(visit.field("until"))
            if until is None:
                raise UsageError("An account ends on some day.", "Choose a day within a year.")
            trial, subject = bool(visit.field("trial")), visit.field("subject") or None
            request = acts.InviteStaffRequest(visit.field("name"), visit.field("role"), until, trial, subject)
            invited = acts.invite_staff(visit.archive, visit.actor, request)
        except KenbaarError as err:
            return _form(visit, err)
        link = f"{site.origin}/staff/accept/{invited.token}"
        return visit.page("staff/account_made.html", invited=invited, link=link)

    @site.get("/staff/accounts/{account}/end", STAFF, fresh=True)
    def end_form(visit: Visit) -> Response:
        account = visit.path("account")
        acts.require_act("staff end", visit.actor, acts.EndStaffRequest(account))
        listed = acts.list_staff(visit.archive, visit.actor, acts.ListStaffRequest()).staff
        row = next((a for a in listed if a.account == account and a.state != "ended"), None)
        if row is None:
            return visit.go("/staff/accounts")
        officers = [a for a in listed if a.role == "officer" and a.state == "active"]
        return visit.page("staff/account_end.html", row=row, last=officers == [row], own=account == visit.actor.name)

    @site.post("/staff/accounts/{account}/end", STAFF, fresh=True)
    def end(visit: Visit) -> Response:
        ended = acts.end_staff(visit.archive, visit.actor, acts.EndStaffRequest(visit.path("account")))
        visit.say(visit.words("The account %(account)s is over.", account=ended.account))
        return visit.go("/staff/accounts")


def _form(visit: Visit, error: KenbaarError | None) -> Response:
    """The form of a new account, with what was filled in; who enrolled can be named, so that nobody reviews
    a question to which they may be the answer."""
    today = visit.archive.journal.now().date()
    people = acts.subjects(visit.archive, visit.actor, acts.SubjectsRequest(state="enrolled")).subjects
    return visit.page(
        "staff/account_invite.html",
        status=200 if error is None else 400,
        error=error,
        roles=ROLES.values(),
        people=people,
        until=visit.field("until") or (today + timedelta(days=180)).isoformat(),
        soonest=today.isoformat(),
        latest=(today + timedelta(days=364)).isoformat(),
    )
