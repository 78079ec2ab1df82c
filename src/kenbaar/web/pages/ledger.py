"""The ledger as the organisation reads it: filtered, verified in front of whoever looks, its head to take along."""

from __future__ import annotations

from starlette.responses import Response

from kenbaar import acts
from kenbaar.errors import KenbaarError
from kenbaar.web._site import STAFF, Site, Visit

A_PAGE = 100


def add(site: Site) -> None:
    """Enters them."""

    @site.get("/staff/ledger", STAFF)
    def ledger(visit: Visit) -> Response:
        return _ledger(visit, None, None)

    @site.post("/staff/ledger/verify", STAFF, heavy=True)
    def verify(visit: Visit) -> Response:
        try:
            found = acts.verify_ledger(visit.archive.settings, visit.actor, acts.VerifyLedgerRequest())
        except KenbaarError as err:
            return _ledger(visit, None, err)
        return _ledger(visit, found, None)

    @site.get("/staff/ledger/checkpoint", STAFF)
    def checkpoint(visit: Visit) -> Response:
        head = acts.take_checkpoint(visit.archive, visit.actor, acts.CheckpointRequest())
        return visit.file(head.checkpoint.encode(), f"checkpoint-{head.entries}.txt", "text/plain; charset=utf-8")


def _ledger(visit: Visit, verified: acts.VerifyLedgerAnswer | None, error: KenbaarError | None) -> Response:
    subject, event, day = visit.query("subject").strip(), visit.query("event"), visit.query("day")
    request = acts.ShowLedgerRequest(subject or None)
    told = acts.show_ledger(visit.archive, visit.actor, request).acts[::-1]
    kinds = sorted({act.event for act in told})
    chosen = [
        act for act in told if (not event or act.event == event) and (not day or act.at.date().isoformat() == day)
    ]
    first = visit.number("from")
    return visit.page(
        "staff/ledger.html",
        acts=chosen[first : first + A_PAGE],
        total=len(chosen),
        kinds=kinds,
        chosen={"subject": subject, "event": event, "day": day},
        first=first,
        more=A_PAGE,
        verified=verified,
        error=error,
    )
