"""What people ask for by law: by somebody who never enrolled, by a person about themselves, and as staff answer it."""

from __future__ import annotations

from typing import cast

from starlette.responses import Response

from kenbaar import acts
from kenbaar.errors import KenbaarError, NotFound, UsageError
from kenbaar.media import encode_photo, open_photo_bytes, shrunk
from kenbaar.subject_requests import RequestKind
from kenbaar.web._rates import network_of
from kenbaar.web._site import ANYBODY, PERSON, STAFF, WEB, Site, Visit

MOST, PER_S = 10, 3600.0  # of one network
POINT_PX = 280  # the width of the picture that is pointed at: it is shown at that width on every screen


def add(site: Site) -> None:
    """Enters them."""

    @site.get("/cover-me", ANYBODY)
    def form(visit: Visit) -> Response:
        return _form(visit, None)

    @site.post("/cover-me/picture", ANYBODY)
    def hand_in(visit: Visit) -> Response:
        try:
            with site.rates.misses("cover me", _network(visit), MOST, PER_S):
                given = visit.files("picture")[:1]
                if not given:
                    raise UsageError("No picture came along.", "Choose the picture as you found it.")
                matched = acts.match_copy(visit.archive, WEB, acts.MatchCopyRequest(given[0]))
        except KenbaarError as err:
            return _form(visit, err)
        visit.any_session().pointed_copy = matched.copy
        return visit.go("/cover-me")

    @site.get("/cover-me/picture.jpg", ANYBODY, heavy=True)
    def picture(visit: Visit) -> Response:
        """The published copy that was handed in, and no other: as it is out, smaller."""
        small = _small(visit)
        if small is None:
            raise NotFound("There is no picture here.", "Hand in the picture first.")
        return Response(small[0], media_type="image/jpeg")

    @site.post("/cover-me/other", ANYBODY)
    def other(visit: Visit) -> Response:
        visit.any_session().pointed_copy = None
        return visit.go("/cover-me")

    @site.post("/cover-me", ANYBODY)
    def ask(visit: Visit) -> Response:
        contact, words = visit.field("contact"), visit.field("words")
        copy = visit.session.pointed_copy if visit.session else None
        try:
            site.rates.take("cover me", _network(visit), MOST, PER_S)
            if copy is not None:
                request = acts.AskToBeCoveredRequest(copy, *_point(visit), contact, words)
                made = acts.ask_to_be_covered(visit.archive, WEB, request)
            elif not words:
                raise UsageError("Nothing was said.", "Say which picture it is, and where you saw it.")
            else:
                made = acts.add_request(visit.archive, WEB, acts.AddRequestRequest("objection", None, contact, words))
        except KenbaarError as err:
            return _form(visit, err)
        visit.any_session().pointed_copy = None
        return visit.page("cover_me_done.html", made=made)

    @site.post("/mine/requests", PERSON)
    def ask_mine(visit: Visit) -> Response:
        kind = cast(RequestKind, visit.field("kind"))
        request = acts.AddRequestRequest(kind, visit.subject, "", visit.field("words"))
        made = acts.add_request(visit.archive, visit.actor, request)
        visit.say(visit.words("Received. You get an answer by %(day)s.", day=visit.words.day(made.due)))
        return visit.go("/mine/data")

    @site.get("/staff/requests", STAFF)
    def requests(visit: Visit) -> Response:
        everything = visit.query("all") == "yes"
        told = acts.list_requests(visit.archive, visit.actor, acts.ListRequestsRequest(everything)).requests
        return visit.page("staff/requests.html", requests=told, everything=everything)

    @site.get("/staff/requests/{request}", STAFF)
    def request(visit: Visit) -> Response:
        return _request(visit, None)

    @site.post("/staff/requests/{request}/extend", STAFF)
    def extend(visit: Visit) -> Response:
        asked = acts.ExtendRequestRequest(visit.path("request"), visit.field("reason"))
        return _done(visit, lambda: acts.extend_request(visit.archive, visit.actor, asked))

    @site.post("/staff/requests/{request}/answer", STAFF)
    def answer(visit: Visit) -> Response:
        refused = visit.field("refused") == "yes"
        asked = acts.AnswerRequestRequest(visit.path("request"), visit.field("answer"), refused)
        return _done(visit, lambda: acts.answer_request(visit.archive, visit.actor, asked))

    @site.post("/staff/requests/{request}/cover", STAFF, fresh=True)
    def cover(visit: Visit) -> Response:
        try:
            done = acts.cover(visit.archive, visit.actor, acts.CoverRequest(visit.path("request")))
        except KenbaarError as err:
            return _request(visit, err)
        visit.say(
            visit.words.count(
                "Covered from now on. %(n)s copy is out and must be made again.",
                "Covered from now on. %(n)s copies are out and must be made again.",
                len(done.copies),
            )
        )
        return visit.go(f"/staff/requests/{done.request}")


def _form(visit: Visit, error: KenbaarError | None) -> Response:
    small = _small(visit)
    status = 200 if error is None else 422
    return visit.page("cover_me.html", status=status, error=error, size=small[1] if small else None)


def _small(visit: Visit) -> tuple[bytes, tuple[int, int]] | None:
    """The copy that was handed in as a JPEG of POINT_PX, and its size; None where there is none."""
    copy = visit.session.pointed_copy if visit.session else None
    if copy is None:
        return None
    try:
        shown = acts.show_copy(visit.archive, WEB, acts.ShowCopyRequest(copy))
    except KenbaarError:
        return None
    photo = open_photo_bytes(shown.data)
    pixels = shrunk(photo.pixels, round(POINT_PX * max(1.0, photo.height / photo.width)))
    return encode_photo(pixels, "JPEG", quality=85), (pixels.shape[1], pixels.shape[0])


def _point(visit: Visit) -> tuple[float, float]:
    """Where somebody pointed, as shares: a click on the small picture, or what they say in hundredths."""
    small = _small(visit)
    if small is None:
        raise UsageError("The picture is not there any more.", "Hand it in again.")
    width, height = small[1]
    across, down = visit.field("at.x"), visit.field("at.y")
    if across.isdecimal() and down.isdecimal() and (across, down) != ("0", "0"):
        return int(across) / width, int(down) / height
    return _share(visit.field("across")), _share(visit.field("down"))


def _share(given: str) -> float:
    if not given.isdecimal() or not 0 <= int(given) <= 99:
        raise UsageError("You did not point at anybody.", "Tap your face in the picture, or say where it is.")
    return int(given) / 100


def _request(visit: Visit, error: KenbaarError | None) -> Response:
    told = acts.show_request(visit.archive, visit.actor, acts.ShowRequestRequest(visit.path("request")))
    item = visit.archive.collections.store.item(told.item) if told.item else None
    size = (item.width, item.height) if item is not None else None
    status = 200 if error is None else 422
    return visit.page("staff/request.html", status=status, error=error, request=told, size=size)


def _done(visit: Visit, does: object) -> Response:
    try:
        does()  # type: ignore[operator]
    except KenbaarError as err:
        return _request(visit, err)
    return visit.go(f"/staff/requests/{visit.path('request')}")


def _network(visit: Visit) -> str:
    return network_of(visit.request.client.host if visit.request.client else None)
