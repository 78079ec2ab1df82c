"""Collections as the organisation sees them: where its pictures are, who is in them, sweeps, copies, long work."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from kenbaar import acts
from kenbaar.errors import NotFound
from kenbaar.policy import Event
from kenbaar.text import json_text
from kenbaar.web._jobs import Job
from kenbaar.web._site import STAFF, Site, Visit


def add(site: Site) -> None:
    """Enters them."""

    @site.get("/staff/collections/{name}", STAFF)
    def collection(visit: Visit) -> Response:
        shown = acts.show_collection(visit.archive, visit.actor, acts.ShowCollectionRequest(visit.path("name")))
        return visit.page("staff/collection.html", collection=shown)

    @site.post("/staff/collections/{name}/sweep", STAFF)
    def sweep(visit: Visit) -> Response:
        name = visit.path("name")
        return visit.go(
            f"/staff/jobs/{site.jobs.begin(str(Event.SWEEP), acts.SweepRequest(name), visit.actor, name).id}"
        )

    @site.get("/staff/jobs/{job}", STAFF)
    def job(visit: Visit) -> Response:
        return visit.page("staff/job.html", job=_job(visit))

    @site.post("/staff/jobs/{job}/stop", STAFF)
    def stop(visit: Visit) -> Response:
        found = _job(visit)
        acts.require_act(found.kind, visit.actor, found.request)
        found.stop.set()
        return visit.go(f"/staff/jobs/{found.id}")

    @site.get("/staff/jobs/{job}/events", STAFF)
    def events(visit: Visit) -> Response:
        return StreamingResponse(_events(site, _job(visit)), media_type="text/event-stream")


def _job(visit: Visit) -> Job:
    found = visit.site.jobs.get(visit.path("job"))
    if found is None:
        raise NotFound("There is no such work.", "See the start page for what is being done.")
    return found


async def _events(site: Site, job: Job) -> AsyncIterator[bytes]:
    """Where it is, as server-sent events, each time that changes, and every ten seconds: so that nobody hangs up."""
    seen: tuple[object, ...] = ()
    while not site.jobs.closing:
        now = await run_in_threadpool(site.jobs.wait, job, seen, 10.0)
        told = {"state": job.state, "step": job.step, "done": job.done, "total": job.total}
        yield f"data: {json_text(told)}\n\n".encode() if now != seen else b": still here\n\n"
        if job.is_over:
            return
        seen = now
        await asyncio.sleep(0.2)
