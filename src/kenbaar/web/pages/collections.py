"""Collections as the organisation sees them: where its pictures are, who is in them, sweeps, long work."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast, get_args

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from kenbaar import acts
from kenbaar.collections import Mode
from kenbaar.errors import KenbaarError, NotFound
from kenbaar.policy import JURISDICTIONS, Event
from kenbaar.text import json_text
from kenbaar.web._folders import allowed, folders_in, roots
from kenbaar.web._jobs import Job
from kenbaar.web._site import STAFF, Site, Visit
from kenbaar.web.pages.mine import SIZES

A_PAGE = 60  # pictures


def add(site: Site) -> None:
    """Enters them."""

    @site.get("/staff/collections", STAFF)
    def collections(visit: Visit) -> Response:
        return _collections(visit, None)

    @site.post("/staff/collections", STAFF)
    def add_collection(visit: Visit) -> Response:
        try:
            source = allowed(visit.archive.settings, visit.field("source"))
            acts.add_collection(visit.archive, visit.actor, _said(visit, visit.field("name"), source))
        except KenbaarError as err:
            return _collections(visit, err)
        return visit.go(f"/staff/collections/{quoted(visit.field('name'))}")

    @site.get("/staff/folders", STAFF)
    def folders(visit: Visit) -> Response:
        """The folder picker: one folder and those in it."""
        at, settings = visit.query("at"), visit.archive.settings
        place = allowed(settings, at) if at else None
        within = folders_in(place) if place else list(roots(settings))
        back = visit.query("for", "/staff/collections")
        return visit.page("staff/folders.html", place=place, within=within, back=local(back), roots=roots(settings))

    @site.get("/staff/collections/{name}", STAFF)
    def collection(visit: Visit) -> Response:
        return _collection(visit, None)

    @site.post("/staff/collections/{name}", STAFF)
    def set_mode(visit: Visit) -> Response:
        try:
            said = _said(visit, visit.path("name"), Path())
            acts.set_collection(
                visit.archive,
                visit.actor,
                acts.SetCollectionRequest(
                    said.name, said.mode, said.reason, said.roster, said.officer, said.follow_links
                ),
            )
        except KenbaarError as err:
            return _collection(visit, err)
        visit.say(visit.words("It is changed."))
        return visit.go(f"/staff/collections/{quoted(visit.path('name'))}")

    @site.post("/staff/collections/{name}/sweep", STAFF)
    def sweep(visit: Visit) -> Response:
        name = visit.path("name")
        job = site.jobs.begin(str(Event.SWEEP), acts.SweepRequest(name), visit.actor, name)
        return visit.go(f"/staff/jobs/{job.id}")

    @site.get("/staff/pictures/{item}", STAFF)
    def picture(visit: Visit) -> Response:
        shown = acts.show_item(visit.archive, visit.actor, acts.ShowItemRequest(visit.path("item")))
        copies = acts.list_copies(visit.archive, visit.actor, acts.ListCopiesRequest(shown.collection)).copies
        return visit.page(
            "staff/picture.html", picture=shown, copies=[copy for copy in copies if copy.item == shown.item]
        )

    @site.get("/staff/pictures/{item}/{size}.jpg", STAFF, heavy=True)
    def jpeg(visit: Visit) -> Response:
        side = SIZES.get(visit.path("size"))
        if side is None:
            raise NotFound("There is no such picture.", "See the collection.")
        shown = acts.show_item(visit.archive, visit.actor, acts.ShowItemRequest(visit.path("item"), side))
        return Response(shown.jpeg, media_type="image/jpeg")

    @site.get("/staff/jobs", STAFF)
    def jobs(visit: Visit) -> Response:
        return visit.page("staff/jobs.html", jobs=site.jobs.all())

    @site.get("/staff/jobs/{job}", STAFF)
    def job(visit: Visit) -> Response:
        return visit.page("staff/job.html", job=_job(visit))

    @site.post("/staff/jobs/{job}/stop", STAFF)
    def stop(visit: Visit) -> Response:
        found = _job(visit)
        acts.require_act(found.kind, visit.actor, found.request)
        found.stop.set()
        return visit.go(f"/staff/jobs/{found.id}")

    @site.post("/staff/jobs/{job}/again", STAFF)
    def again(visit: Visit) -> Response:
        found = _job(visit)
        begun = site.jobs.begin(found.kind, found.request, visit.actor, found.about)
        return visit.go(f"/staff/jobs/{begun.id}")

    @site.get("/staff/jobs/{job}/events", STAFF)
    def events(visit: Visit) -> Response:
        return StreamingResponse(_events(site, _job(visit)), media_type="text/event-stream")


def quoted(name: str) -> str:
    """A name as a part of an address."""
    from urllib.parse import quote

    return quote(name, safe="")


def local(path: str) -> str:
    """A page of the organisation's to go back to."""
    return path if path.startswith("/staff/") and "//" not in path and "\\" not in path else "/staff/collections"


def _said(visit: Visit, name: str, source: Path) -> acts.AddCollectionRequest:
    """What the form says of who is in a collection."""
    return acts.AddCollectionRequest(
        name=name,
        source=source,
        mode=cast(Mode, visit.field("mode", "off")),
        reason=visit.field("reason") or None,
        roster=visit.fields("roster"),
        officer=visit.field("officer") or None,
        follow_links=bool(visit.field("follow_links")),
    )


def _collections(visit: Visit, error: KenbaarError | None) -> Response:
    listed = acts.list_collections(visit.archive, visit.actor, acts.ListCollectionsRequest())
    return visit.page(
        "staff/collections.html",
        status=200 if error is None else 400,
        collections=listed.collections,
        error=error,
        source=visit.field("source") or visit.query("folder"),
        **_choices(visit),
    )


def _choices(visit: Visit) -> dict[str, object]:
    """Which modes are allowed here, and who can be on a roster."""
    people = acts.roster_people(visit.archive, visit.actor, acts.RosterPeopleRequest()).people
    law = JURISDICTIONS[visit.archive.consents.jurisdiction]
    modes = [mode for mode in get_args(Mode) if mode not in law.refused_modes]
    return {"modes": modes, "people": people}


def _collection(visit: Visit, error: KenbaarError | None) -> Response:
    name, after = visit.path("name"), visit.query("after")
    shown = acts.show_collection(
        visit.archive, visit.actor, acts.ShowCollectionRequest(name, after=after, limit=A_PAGE)
    )
    listed = acts.list_collections(visit.archive, visit.actor, acts.ListCollectionsRequest()).collections
    return visit.page(
        "staff/collection.html",
        status=200 if error is None else 400,
        collection=shown,
        row=next(row for row in listed if row.collection == name),
        first=not after,
        error=error,
        busy=[job for job in visit.site.jobs.all() if job.about == name and not job.is_over],
        **_choices(visit),
    )


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
