"""Pages for everybody: the start page, the language."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.responses import Response

from kenbaar import acts
from kenbaar.web._site import ANYBODY, WEB, Site, Visit
from kenbaar.web._words import LANGUAGES


def add(site: Site) -> None:
    """Enters them."""

    @site.get("/", ANYBODY)
    def start(visit: Visit) -> Response:
        kind = visit.session.kind if visit.session else "nobody"
        if kind == "person":
            return visit.go("/mine")
        return visit.go("/staff") if kind == "staff" else visit.page("start.html")

    @site.get("/about", ANYBODY)
    def about(visit: Visit) -> Response:
        return visit.page("about.html", told=acts.about(visit.archive, WEB, acts.AboutRequest()))

    @site.post("/language", ANYBODY)
    def language(visit: Visit) -> Response:
        chosen = visit.field("language")
        if chosen in LANGUAGES:
            visit.any_session().language = chosen
        return visit.go(local_path(visit.field("back", "/")))


def local_path(given: str) -> str:
    """A path of ours to go back to; anything else is the start page."""
    parts = urlsplit(given)
    ours = not parts.scheme and not parts.netloc and parts.path.startswith("/") and not parts.path.startswith("//")
    if not ours or "\\" in given:
        return "/"
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
