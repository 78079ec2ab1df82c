"""The person's own pictures: all of them, one of them large, and what they say about it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from datetime import datetime

from starlette.responses import Response

from kenbaar import acts
from kenbaar.errors import KenbaarError, NotFound, UsageError
from kenbaar.web._site import PERSON, Site, Visit

SIZES = {"small": 480, "large": 1600}  # px, of the longest side
_A_PAGE = 500


def add(site: Site) -> None:
    """Enters them."""

    @site.get("/mine", PERSON)
    def pictures(visit: Visit) -> Response:
        if _needs_key(visit):
            return visit.page("mine/key.html")
        found = acts.find(visit.archive, visit.actor, acts.FindRequest(visit.subject, visit.codes)).appearances
        newest = sorted(found, key=lambda a: (a.when is not None, a.when or datetime.min, a.path.name), reverse=True)
        first = visit.number("from")
        shown = newest[first : first + _A_PAGE]
        return visit.page(
            "mine/pictures.html", groups=list(_by_month(shown)), total=len(found), first=first, more=_A_PAGE
        )

    @site.get("/mine/pictures/{item}", PERSON)
    def picture(visit: Visit) -> Response:
        return _picture(visit, None)

    @site.get("/mine/pictures/{item}/{size}.jpg", PERSON, heavy=True)
    def jpeg(visit: Visit) -> Response:
        side = SIZES.get(visit.path("size"))
        if side is None:
            raise NotFound("There is no such picture of you.", "See your pictures.")
        request = acts.OwnPictureRequest(visit.subject, visit.path("item"), visit.codes, side)
        told = acts.own_picture(visit.archive, visit.actor, request)
        return Response(told.jpeg, media_type="image/jpeg")

    @site.post("/mine/pictures/{item}/me", PERSON, heavy=True)
    def me(visit: Visit) -> Response:
        n = visit.field("face")
        if not n.isdecimal():
            raise UsageError("No face was chosen.", "Choose its number.")
        try:
            acts.claim(
                visit.archive,
                visit.actor,
                acts.ClaimRequest(visit.subject, visit.path("item"), int(n), visit.codes),
            )
        except KenbaarError as err:
            return _picture(visit, err)
        visit.say(visit.words("Noted: this is you."))
        return visit.go(f"/mine/pictures/{visit.path('item')}")

    @site.post("/mine/pictures/{item}/hide", PERSON)
    def hide(visit: Visit) -> Response:
        """At once where it hides; that somebody is shown again needs no more than it took to agree."""
        hidden = visit.field("show") != "yes"
        said = acts.hide(
            visit.archive, visit.actor, acts.HideRequest(visit.subject, visit.path("item"), hidden, visit.codes)
        )
        if not hidden:
            visit.say(visit.words("Noted: you may be visible in this picture where you agreed to it."))
        elif said.copies:
            visit.say(
                visit.words.count(
                    "You are covered in every new copy. %(n)s copy that is out still shows you, and must come down.",
                    "You are covered in every new copy. %(n)s copies that are out still show you, and must come down.",
                    len(said.copies),
                )
            )
        else:
            visit.say(visit.words("Noted: you are covered in every copy of this picture."))
        return visit.go(f"/mine/pictures/{visit.path('item')}")

    @site.post("/mine/pictures/{item}/not-me", PERSON)
    def not_me(visit: Visit) -> Response:
        request = acts.RejectRequest(visit.subject, visit.path("item"), visit.codes)
        acts.reject(visit.archive, visit.actor, request)
        visit.say(visit.words("Noted: that face is never matched with you again."))
        return visit.go("/mine")


def _picture(visit: Visit, error: KenbaarError | None) -> Response:
    if _needs_key(visit):
        return visit.page("mine/key.html")
    request = acts.OwnPictureRequest(visit.subject, visit.path("item"), visit.codes)
    told = acts.own_picture(visit.archive, visit.actor, request)
    return visit.page("mine/picture.html", status=200 if error is None else 422, picture=told, error=error)


def _needs_key(visit: Visit) -> bool:
    """Whether they hold their key themselves and it was forgotten since they signed in."""
    return not visit.codes and visit.archive.consents.subject(visit.subject).holder == "subject"


def _by_month(
    shown: Sequence[acts.AppearanceRow],
) -> Iterator[tuple[datetime | None, list[acts.AppearanceRow]]]:
    """Groups of one month, in the order given. The first of the month; None: no date is known."""

    def month(a: acts.AppearanceRow) -> datetime | None:
        return a.when.replace(day=1, hour=0, minute=0, second=0, microsecond=0) if a.when else None

    for first, group in itertools.groupby(shown, key=month):
        yield first, list(group)
