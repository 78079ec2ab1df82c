"""Somebody is pointed out in a picture by hand; a second person looks, and says the same."""

from __future__ import annotations

import re

from starlette.responses import Response

from kenbaar import acts
from kenbaar.errors import KenbaarError, NotFound
from kenbaar.web._site import STAFF, Site, Visit
from kenbaar.web.pages.mine import SIZES


def add(site: Site) -> None:
    """Enters them."""

    @site.get("/staff/pictures/{item}/point", STAFF)
    def form(visit: Visit) -> Response:
        return _form(visit, None)

    @site.post("/staff/pictures/{item}/point", STAFF, heavy=True)
    def point(visit: Visit) -> Response:
        item, n = visit.path("item"), visit.field("face")
        try:
            if not re.fullmatch(r"[0-9]{1,6}", n):
                raise NotFound("There is no such face.", "Choose one of the numbers in the picture.")
            said = acts.claim(visit.archive, visit.actor, acts.ClaimRequest(visit.field("subject"), item, int(n)))
        except KenbaarError as err:
            return _form(visit, err)
        if said.how == "by hand":
            visit.say(
                visit.words("It rests on a word alone: it shows nobody until a colleague has looked and says the same.")
            )
        else:
            visit.say(visit.words("The face matches what they enrolled with."))
        return visit.go(f"/staff/pictures/{item}")

    @site.get("/staff/pointed", STAFF)
    def waiting(visit: Visit) -> Response:
        listed = acts.list_to_confirm(visit.archive, visit.actor, acts.ListToConfirmRequest())
        return visit.page("staff/pointed.html", waiting=listed.waiting)

    @site.get("/staff/pointed/{item}/{subject}", STAFF)
    def look(visit: Visit) -> Response:
        return _look(visit, None)

    @site.get("/staff/pointed/{item}/{subject}/{size}.jpg", STAFF, heavy=True)
    def jpeg(visit: Visit) -> Response:
        side = SIZES.get(visit.path("size"))
        if side is None:
            raise NotFound("There is no such picture.", "See the collection.")
        request = acts.LookToConfirmRequest(visit.path("subject"), visit.path("item"), side)
        return Response(acts.look_to_confirm(visit.archive, visit.actor, request).jpeg, media_type="image/jpeg")

    @site.post("/staff/pointed/{item}/{subject}", STAFF)
    def confirm(visit: Visit) -> Response:
        request = acts.ConfirmRequest(visit.path("subject"), visit.path("item"), seen=visit.field("number"))
        try:
            acts.confirm(visit.archive, visit.actor, request)
        except KenbaarError as err:
            return _look(visit, err)
        visit.say(visit.words("It is confirmed, with your account as the second one."))
        return visit.go("/staff/pointed")


def _form(visit: Visit, error: KenbaarError | None) -> Response:
    picture = acts.show_item(visit.archive, visit.actor, acts.ShowItemRequest(visit.path("item")))
    people = acts.subjects(visit.archive, visit.actor, acts.SubjectsRequest(state="enrolled")).subjects
    status = 200 if error is None else 400
    return visit.page("staff/point.html", status=status, picture=picture, people=people, error=error)


def _look(visit: Visit, error: KenbaarError | None) -> Response:
    request = acts.LookToConfirmRequest(visit.path("subject"), visit.path("item"))
    said = acts.look_to_confirm(visit.archive, visit.actor, request)
    picture = acts.show_item(visit.archive, visit.actor, acts.ShowItemRequest(said.item))
    own = said.said_by == visit.actor.account_name
    status = 200 if error is None else 400
    return visit.page("staff/confirm.html", status=status, said_by_hand=said, picture=picture, own=own, error=error)
