"""The web app, really served on a port of this machine, over a club's archive; and visitors with a browser or without.

with served(club) as site:
    officer = site.officer()                      # signed in
    page = officer.get("/staff/people")           # a Page: status, text, path
    officer.post("/staff/people", name="Fatima", purpose=["find"])     # with the form's own word
"""

from __future__ import annotations

import html
import re
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI

from kenbaar.archive import Archive, open_archive
from kenbaar.policy import RoleName, subject_actor
from kenbaar.settings import Settings, load_settings
from kenbaar.web import Place, make_app
from kenbaar.web._serve import first_officer, listen
from tests.actors import OFFICER
from tests.cheap import engine_of
from tests.e2e.club import Club

PASSPHRASE = "correct horse battery staple"
WAIT_S = 20.0


@dataclass
class Page:
    """What a visitor is shown."""

    status: int
    path: str
    text: str
    headers: httpx.Headers = field(repr=False)

    @property
    def words(self) -> str:
        """What can be read on it, without tags."""
        return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", self.text)).split())


class Visitor:
    """A browser without JavaScript: it keeps cookies, follows redirects, and sends forms with their own word."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.http = httpx.Client(base_url=origin, follow_redirects=True, timeout=60)
        self.csrf = ""

    def get(self, path: str, **query: Any) -> Page:
        return self._page(self.http.get(path, params=query or None))

    def post(self, path: str, files: Sequence[tuple[str, Path]] = (), **fields: Any) -> Page:
        """Sends a form. files: (field, file). A list of values is a field that comes more than once."""
        sent = {"_csrf": self.csrf or self._fetch_csrf()} | fields
        handed = [(name, (path_.name, path_.read_bytes())) for name, path_ in files]
        return self._page(self.http.post(path, data=sent, files=handed or None))

    def _fetch_csrf(self) -> str:
        self.get("/")
        return self.csrf

    def _page(self, response: httpx.Response) -> Page:
        found = re.search(r'name="_csrf" value="([^"]+)"', response.text)
        self.csrf = found[1] if found else self.csrf
        return Page(response.status_code, response.url.path, response.text, response.headers)


@dataclass
class Served:
    """The app as it runs, and its club."""

    club: Club
    origin: str
    app: FastAPI
    archive: Archive

    def visitor(self) -> Visitor:
        return Visitor(self.origin)

    def officer(self) -> Visitor:
        """Somebody signed in with an officer's account of their own."""
        token = first_officer(self.archive, OFFICER)
        if token is None:
            return self.staff("officer")
        visitor = self.visitor()
        visitor.get(f"/staff/accept/{token}")
        page = visitor.post("/staff/accept", passphrase=PASSPHRASE, again=PASSPHRASE)
        assert page.path == "/staff", page.words
        return visitor

    def staff(self, role: RoleName, name: str | None = None) -> Visitor:
        """Somebody signed in with a new account in that role."""
        visitor = self.visitor()
        page = visitor.post("/staff/sign-in", account=self.account(role, name), passphrase=PASSPHRASE)
        assert page.path == "/staff", page.words
        return visitor

    def account(self, role: RoleName, name: str | None = None) -> str:
        """A new account in that role, which is accepted with PASSPHRASE."""
        until = (self.archive.journal.now() + timedelta(days=30)).date()
        named = name or f"{role} {len(self.archive.staff.all())}"
        invited = self.archive.staff.invite(OFFICER, named, role, until)
        self.archive.staff.accept(invited.token, PASSPHRASE)
        return invited.account

    def person(self, name: str) -> Visitor:
        """Somebody enrolled, signed in with their code: the one that opens their key, or one made for them now."""
        visitor = self.visitor()
        code = self.club.codes.get(name) or self.archive.access.new_code(
            subject_actor(self.club.ids[name]), self.club.ids[name]
        )
        page = visitor.post("/sign-in", code=code)
        assert page.path == "/mine", page.words
        return visitor


def settings_of(club: Club) -> Settings:
    return load_settings(club.home, club.kenbaar.env)


@contextmanager
def served(club: Club) -> Iterator[Served]:
    """Runs the app over that club's archive on a free port, until the block ends."""
    listening = listen(Place(port=0))
    origin = f"http://localhost:{listening.getsockname()[1]}"
    with open_archive(settings_of(club), engine_of=engine_of) as archive:
        app = make_app(archive, origin=origin)
        server = uvicorn.Server(
            uvicorn.Config(app, log_level="critical", access_log=False, timeout_graceful_shutdown=2)
        )
        app.state.site.jobs.open()
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        until = time.monotonic() + WAIT_S
        while not server.started and time.monotonic() < until:
            time.sleep(0.01)
        assert server.started
        try:
            yield Served(club, origin, app, archive)
        finally:
            app.state.site.jobs.close()
            server.should_exit = True
            thread.join(WAIT_S)
            app.state.site.sessions.close()
