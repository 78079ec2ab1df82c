"""docs/how-to/add-a-page.md: a page entered as it says is served, to whom it says, with its session and its words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import jinja2
import pytest
from fastapi import FastAPI
from starlette.responses import Response
from starlette.testclient import TestClient

from kenbaar import acts
from kenbaar.web._site import STAFF, Site, Visit
from tests.actors import OFFICER
from tests.rights.party import Party, a_party


@pytest.fixture
def party(tmp_path: Path, tiny_pack_folder: Path) -> Iterator[Party]:
    with a_party(tmp_path, tiny_pack_folder) as party:
        party.photo("a.jpg", 3)
        party.photo("b.jpg", 4)
        party.add()
        party.sweep()
        yield party


def test_a_page_is_added_as_the_docs_say(party: Party) -> None:
    site = Site(party.archive, origin="http://localhost", secure=False)

    @site.get("/staff/count/{name}", STAFF)
    def count(visit: Visit) -> Response:
        listed = acts.list_collections(visit.archive, visit.actor, acts.ListCollectionsRequest()).collections
        told = next(row for row in listed if row.collection == visit.path("name"))
        return visit.page("count.html", told=told)

    heading = "<h1>{{ n_('%(n)s picture', '%(n)s pictures', told.items) }}</h1>"
    words = "{% extends 'base.html' %}{% block main %}" + heading + "{% endblock %}"
    site.templates.loader = jinja2.ChoiceLoader([jinja2.DictLoader({"count.html": words}), site.templates.loader])  # type: ignore[list-item]
    app = FastAPI()
    site.mount(app)
    client = TestClient(app, base_url="http://localhost", follow_redirects=False)
    assert client.get("/staff/count/party").headers["location"] == "/staff/sign-in"
    account = party.archive.staff.invite(OFFICER, "Eddy", "editor", party.archive.journal.now().date())
    party.archive.staff.accept(account.token, "four words together")
    value, session = site.sessions.begin()
    session.kind, session.actor = "staff", party.archive.staff.sign_in(OFFICER, account.account, "four words together")
    client.cookies.set("kenbaar", value)
    assert "pictures</h1>" in client.get("/staff/count/party").text
    assert "foto" in client.get("/staff/count/party", headers={"Accept-Language": "nl"}).text
