"""The person's own pages: their pictures, who looked, their choices, their data, leaving."""

from __future__ import annotations

from starlette.responses import Response

from kenbaar import acts
from kenbaar.web._site import PERSON, Site, Visit


def add(site: Site) -> None:
    """Enters them."""

    @site.get("/mine", PERSON)
    def pictures(visit: Visit) -> Response:
        found = acts.find(visit.archive, visit.actor, acts.FindRequest(visit.subject, visit.codes))
        return visit.page("mine/pictures.html", found=found)
