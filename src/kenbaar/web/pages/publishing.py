"""Publications: what would go out, what is out, what must come down."""

from __future__ import annotations

from starlette.responses import FileResponse, Response

from kenbaar import acts
from kenbaar.errors import KenbaarError
from kenbaar.policy import Event
from kenbaar.publish import Sound
from kenbaar.web._folders import allowed
from kenbaar.web._site import STAFF, Site, Visit

A_PAGE = 60  # copies


def add(site: Site) -> None:
    """Enters them."""

    @site.get("/staff/collections/{name}/publish", STAFF)
    def form(visit: Visit) -> Response:
        return _form(visit, None, None)

    @site.post("/staff/collections/{name}/publish/plan", STAFF)
    def plan(visit: Visit) -> Response:
        try:
            allowed(visit.archive.settings, visit.field("out"))
            request = acts.PlanPublicationRequest(visit.path("name"), visit.field("channel"))
            planned = acts.plan_publication(visit.archive, visit.actor, request)
        except KenbaarError as err:
            return _form(visit, err, None)
        return _form(visit, None, planned)

    @site.post("/staff/collections/{name}/publish", STAFF, fresh=True)
    def publish(visit: Visit) -> Response:
        try:
            out = allowed(visit.archive.settings, visit.field("out"))
        except KenbaarError as err:
            return _form(visit, err, None)
        name = visit.path("name")
        request = acts.PublishRequest(
            name,
            out,
            visit.field("channel"),
            mask_doubtful=bool(visit.field("mask_doubtful")),
            number_names=bool(visit.field("number_names")),
            sound=_sound(visit),
        )
        job = site.jobs.begin(str(Event.PUBLISH), request, visit.actor, name)
        return visit.go(f"/staff/jobs/{job.id}")

    @site.get("/staff/copies", STAFF)
    def copies(visit: Visit) -> Response:
        listed = acts.list_copies(visit.archive, visit.actor, acts.ListCopiesRequest()).copies
        ordered = sorted(listed, key=lambda copy: (not copy.to_come_down, copy.collection, copy.channel))
        first = visit.number("from")
        return visit.page(
            "staff/copies.html",
            copies=ordered[first : first + A_PAGE],
            total=len(ordered),
            down=sum(copy.to_come_down for copy in ordered),
            first=first,
            more=A_PAGE,
        )

    @site.get("/staff/copies/{copy}", STAFF)
    def copy(visit: Visit) -> Response:
        shown = acts.show_copy(visit.archive, visit.actor, acts.ShowCopyRequest(visit.path("copy")))
        picture = acts.show_item(visit.archive, visit.actor, acts.ShowItemRequest(shown.item))
        return visit.page("staff/copy.html", copy=shown, picture=picture)

    @site.get("/staff/copies/{copy}/file", STAFF)
    def file(visit: Visit) -> Response:
        shown = acts.show_copy(visit.archive, visit.actor, acts.ShowCopyRequest(visit.path("copy")))
        if shown.path is not None:
            return FileResponse(shown.path, media_type=shown.kind)  # in the parts that a player asks for
        return Response(shown.data, media_type=shown.kind)


def _sound(visit: Visit) -> Sound:
    given = visit.field("sound", "mute")
    return given if given in ("keep", "refuse") else "mute"  # type: ignore[return-value]


def _form(visit: Visit, error: KenbaarError | None, planned: acts.PlanPublicationAnswer | None) -> Response:
    return visit.page(
        "staff/publish.html",
        status=200 if error is None else 400,
        name=visit.path("name"),
        channel=visit.field("channel"),
        out=visit.field("out") or visit.query("folder"),
        number_names=bool(visit.field("number_names")),
        sound=_sound(visit),
        mask_doubtful=bool(visit.field("mask_doubtful")),
        error=error,
        planned=planned,
    )
