"""What a person may ask about themselves: who looked, their choices, everything held about them, to leave."""

from __future__ import annotations

import re

from starlette.responses import Response

from kenbaar import acts
from kenbaar.errors import NotFound
from kenbaar.web._site import ANYBODY, PERSON, Site, Visit
from kenbaar.web._uploads import private_folder, text_of

LOOKS_A_PAGE = 100


def add(site: Site) -> None:
    """Enters them."""

    @site.get("/mine/looks", PERSON)
    def looks(visit: Visit) -> Response:
        told = acts.looks(visit.archive, visit.actor, acts.LooksRequest(visit.subject)).looks
        first = visit.number("from")
        return visit.page(
            "mine/looks.html", looks=told[first : first + LOOKS_A_PAGE], first=first, total=len(told), more=LOOKS_A_PAGE
        )

    @site.get("/mine/looks/{entry}", PERSON)
    def proof(visit: Visit) -> Response:
        entry = visit.path("entry")
        if not re.fullmatch(r"\d{1,12}", entry):
            raise NotFound("There is no such act about this person.", "See who looked.")
        told = acts.look_proof(visit.archive, visit.actor, acts.LookProofRequest(visit.subject, int(entry)))
        return visit.file(told.proof.encode(), f"act-{told.entry}.tlog-proof", "text/plain; charset=utf-8")

    @site.get("/mine/choices", PERSON)
    def choices(visit: Visit) -> Response:
        request = acts.ChoicesRequest(visit.subject, visit.words.language)
        told = acts.choices(visit.archive, visit.actor, request)
        passkeys = acts.list_passkeys(visit.archive, visit.actor, acts.PasskeysRequest(visit.subject)).passkeys
        return visit.page("mine/choices.html", told=told, passkeys=passkeys, last=sum(c.on for c in told.choices) == 1)

    @site.post("/mine/choices/off", PERSON)
    def off(visit: Visit) -> Response:
        request = acts.WithdrawRequest(visit.subject, visit.field("purpose"))
        return _after_withdrawal(visit, acts.withdraw(visit.archive, visit.actor, request))

    @site.post("/mine/choices/on", PERSON)
    def on(visit: Visit) -> Response:
        request = acts.AgreeRequest(visit.subject, visit.field("purpose"), visit.codes, visit.words.language)
        agreed = acts.agree(visit.archive, visit.actor, request)
        visit.say(visit.words("You agree to this until %(day)s.", day=visit.words.day(agreed.until)))
        return visit.go("/mine/choices")

    @site.get("/mine/data", PERSON)
    def data(visit: Visit) -> Response:
        told = acts.own_requests(visit.archive, visit.actor, acts.OwnRequestsRequest(visit.subject)).requests
        return visit.page("mine/data.html", requests=told)

    @site.post("/mine/data", PERSON, fresh=True, heavy=True)
    def export(visit: Visit) -> Response:
        with private_folder() as folder:
            out = folder / "export.zip"
            acts.export(visit.archive, visit.actor, acts.ExportRequest(visit.subject, out, visit.codes))
            return visit.file(out.read_bytes(), f"kenbaar-{visit.subject}.zip", "application/zip")

    @site.get("/mine/leave", PERSON)
    def leave_form(visit: Visit) -> Response:
        return visit.page("mine/leave.html")

    @site.post("/mine/leave", PERSON)
    def leave(visit: Visit) -> Response:
        return _after_withdrawal(visit, acts.withdraw(visit.archive, visit.actor, acts.WithdrawRequest(visit.subject)))

    @site.get("/left", ANYBODY)
    def left(visit: Visit) -> Response:
        return visit.page("left.html", copies=[], purposes=[], left=True, receipt="")


def _after_withdrawal(visit: Visit, gone: acts.WithdrawAnswer) -> Response:
    """What was destroyed, which copies still show them, and the receipt, which only this page has to hand over."""
    receipt = text_of(gone.receipt)
    visit.archive.on_screen.forget(gone.subject)
    if gone.left:
        visit.site.sessions.end_all_of(visit.actor)
        visit.begin_session()
    return visit.page("left.html", copies=gone.copies, purposes=gone.purposes, left=gone.left, receipt=receipt)
