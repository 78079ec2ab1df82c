"""What every page goes through: the table of pages and who may open them, the session, the form, the answer.

A page is a function `page(visit) -> Response`, run in a thread, entered with who may open it: see `web/pages/`.
"""

from __future__ import annotations

import functools
import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode, urlsplit

import jinja2
from anyio import CapacityLimiter, to_thread
from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from kenbaar.archive import Archive
from kenbaar.errors import (
    Busy,
    CaseRefused,
    IntegrityBroken,
    KenbaarError,
    NotFound,
    Refused,
    SignInRefused,
    TokenRefused,
    Unusable,
    UsageError,
    WrongCode,
)
from kenbaar.policy import Actor
from kenbaar.text import json_text, read_json, shown
from kenbaar.web._jobs import Jobs
from kenbaar.web._lent import Lent
from kenbaar.web._passkeys import Passkeys
from kenbaar.web._rates import Rates
from kenbaar.web._sessions import Session, Sessions
from kenbaar.web._static import static_url
from kenbaar.web._words import LANGUAGES, Words, clock, preferred, words_of

log = logging.getLogger(__name__)

MOST_BYTES = 60_000_000  # of a form: five photos of today's phones
MOST_FILES, MOST_FIELDS = 50, 2_000
_LIGHT = 40  # threads of pages that only read records
WEB = Actor("system", "web")  # an act for somebody who is not signed in: the token they bring says who they are

Page = Callable[["Visit"], Response]


class Who(StrEnum):
    """Who may open a page; what they may do there, the act says."""

    ANYBODY = "anybody"
    PERSON = "person"  # somebody enrolled, signed in
    STAFF = "staff"  # an account of the organisation, signed in


ANYBODY, PERSON, STAFF = Who.ANYBODY, Who.PERSON, Who.STAFF


@dataclass(frozen=True, slots=True)
class PageRow:
    """One page. fresh: whoever opens it has shown who they are a moment ago (ASVS 7.5.3). heavy: it looks at
    photos, and waits its turn, so that light pages don't wait for it."""

    method: str
    path: str
    who: Who
    fresh: bool
    heavy: bool
    page: Page = field(repr=False)


class Refusal(Exception):
    """No failure: another answer than the page. To sign in first, for example."""

    def __init__(self, response: Response) -> None:
        self.response = response


@dataclass(slots=True)
class Visit:
    """One request, by whoever is signed in: what pages work with."""

    site: Site
    request: Request
    cookie: str | None
    session: Session | None
    words: Words
    form: FormData | None = None
    body: bytes = b""
    set_cookie: str | None = None

    @property
    def archive(self) -> Archive:
        """The archive that this server keeps open."""
        return self.site.archive

    @property
    def actor(self) -> Actor:
        """Who acts: the account or person signed in; the web itself where nobody is."""
        return self.session.actor if self.session and self.session.actor else WEB

    @property
    def subject(self) -> str:
        """The person signed in: their id. For pages of persons alone."""
        assert self.session is not None and self.session.kind == "person" and self.session.actor is not None
        return self.session.actor.name

    @property
    def codes(self) -> tuple[Any, ...]:
        """The key that the person brought along, as acts take it; empty where there is none, or none is needed."""
        return (self.session.key,) if self.session and self.session.key else ()

    def path(self, name: str) -> str:
        """A part of the address."""
        return str(self.request.path_params[name])

    def query(self, name: str, default: str = "") -> str:
        """A word of the address's query."""
        return self.request.query_params.get(name, default)

    def number(self, name: str) -> int:
        """A whole number of the query, not negative; 0 where there is none."""
        given = self.query(name, "0")
        return int(given) if len(given) < 10 and given.isdecimal() else 0

    def field(self, name: str, default: str = "") -> str:
        """A field of the form, without spaces around."""
        value = self.form.get(name, default) if self.form is not None else default
        return value.strip() if isinstance(value, str) else default

    def fields(self, name: str) -> tuple[str, ...]:
        """All fields of that name."""
        return tuple(v for v in (self.form.getlist(name) if self.form is not None else ()) if isinstance(v, str))

    def json(self) -> Any:
        """What a script of ours posted. Raises UsageError where it is no JSON."""
        try:
            return read_json(self.body)
        except ValueError as err:
            raise UsageError("That could not be read.", "Load the page again.") from err

    def tell(self, told: Mapping[str, Any], status: int = 200) -> Response:
        """An answer to a script of ours."""
        return Response(json_text(told), status_code=status, media_type="application/json")

    def files(self, name: str) -> list[bytes]:
        """The files handed in under that name, empty ones left out."""
        given = self.form.getlist(name) if self.form is not None else ()
        return [data for f in given if isinstance(f, UploadFile) and (data := f.file.read())]

    def begin_session(self) -> Session:
        """A new session in place of the one there was: whoever signs in gets a cookie nobody knew before."""
        self.set_cookie, self.session = self.site.sessions.begin(self.session, self.cookie)
        self.cookie = self.set_cookie
        return self.session

    def any_session(self) -> Session:
        """The session of this browser, begun now where there is none yet."""
        return self.session or self.begin_session()

    def sign_out(self) -> None:
        """Nobody is signed in any more, and what the session held is forgotten."""
        self.site.sessions.end(self.cookie)
        self.begin_session()

    def say(self, sentence: str) -> None:
        """A sentence that the next page shows."""
        self.any_session().flash.append(sentence)

    def page(self, template: str, *, status: int = 200, **context: Any) -> Response:
        """A page in this visitor's language."""
        session = self.session
        flash = list(session.flash) if session else []
        if session:
            session.flash.clear()
        html = self.site.templates.get_template(template).render(
            visit=self,
            session=session,
            _=self.words,
            n_=self.words.count,
            said=self.words.sentence,
            day=self.words.day,
            moment=self.words.moment,
            clock=clock,
            month=self.words.month,
            csrf=lambda: self.any_session().csrf,
            static=static_url,
            languages=LANGUAGES,
            organisation=self.archive.consents.organisation,
            flash=flash,
            **context,
        )
        return HTMLResponse(html, status_code=status)

    def file(self, data: bytes, name: str, kind: str = "application/octet-stream") -> Response:
        """A file to keep. name: plain letters, digits, dots and dashes."""
        return Response(data, media_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})

    def go(self, path: str) -> Response:
        """To another page of ours."""
        return RedirectResponse(path, status_code=HTTPStatus.SEE_OTHER)

    def error_page(self, err: KenbaarError) -> Response:
        """What went wrong, and what to do."""
        return self.page("error.html", status=status_of(err), error=err)


class Site:
    """All pages of one archive, and what they share."""

    def __init__(self, archive: Archive, *, origin: str, secure: bool) -> None:
        """origin: as browsers see it, "https://pictures.example". secure: over TLS, so that cookies say so."""
        self.archive, self.origin, self.secure = archive, origin, secure
        self.sessions, self.rates = Sessions(), Rates()
        self.light, self.heavy = CapacityLimiter(_LIGHT), CapacityLimiter(max(2, len(os.sched_getaffinity(0))))
        self.jobs, self.passkeys = Jobs(archive), Passkeys(origin)
        self.lent = Lent()
        self.rows: list[PageRow] = []
        self.cookie = "__Host-kenbaar" if secure else "kenbaar"
        self.templates = jinja2.Environment(
            loader=jinja2.PackageLoader("kenbaar.web"),
            autoescape=True,
            finalize=shown,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def get(self, path: str, who: Who, *, fresh: bool = False, heavy: bool = False) -> Callable[[Page], Page]:
        """Enters a page that is looked at."""
        return self._enter("GET", path, who, fresh, heavy)

    def post(self, path: str, who: Who, *, fresh: bool = False, heavy: bool = False) -> Callable[[Page], Page]:
        """Enters what a form does. It must carry its session's own word."""
        return self._enter("POST", path, who, fresh, heavy)

    def _enter(self, method: str, path: str, who: Who, fresh: bool, heavy: bool) -> Callable[[Page], Page]:
        def enter(page: Page) -> Page:
            self.rows.append(PageRow(method, path, who, fresh, heavy, page))
            return page

        return enter

    def has(self, path: str) -> bool:
        """Whether there is a page at that path."""
        return any(row.path == path for row in self.rows)

    def mount(self, app: FastAPI) -> None:
        """Makes the pages reachable."""
        for row in self.rows:
            app.add_api_route(
                row.path,
                functools.partial(_answer, self, row),
                methods=[row.method],
                include_in_schema=False,
                response_model=None,
                name=f"{row.method} {row.path}",
            )

    def visit(self, request: Request) -> Visit:
        """Who comes in, by their cookie."""
        cookie = request.cookies.get(self.cookie)
        session = self.sessions.open(cookie)
        language = (session.language if session else None) or preferred(request.headers.get("accept-language", ""))
        return Visit(self, request, cookie, session, words_of(language))


async def _answer(site: Site, row: PageRow, request: Request) -> Response:
    visit = site.visit(request)
    try:
        _require(site, row, visit)
        if row.method == "POST":
            if request.headers.get("content-type", "").startswith("application/json"):
                visit.body = await request.body()
            form = await request.form(max_files=MOST_FILES, max_fields=MOST_FIELDS, max_part_size=1_000_000)
            visit.form = form
            _require_csrf(site, visit)
        response = await to_thread.run_sync(row.page, visit, limiter=site.heavy if row.heavy else site.light)
    except Refusal as refusal:
        response = refusal.response
    except KenbaarError as err:
        if isinstance(err, IntegrityBroken):
            log.error("refused: %s", type(err).__name__)
        response = await run_in_threadpool(visit.error_page, err)
    finally:
        if visit.form is not None:
            await visit.form.close()
    if visit.set_cookie is not None:
        response.set_cookie(site.cookie, visit.set_cookie, httponly=True, samesite="lax", secure=site.secure, path="/")
    return response


def _require(site: Site, row: PageRow, visit: Visit) -> None:
    """Whoever may not open this page is sent to sign in, or shown that there is no such page for them."""
    kind = visit.session.kind if visit.session else "nobody"
    if row.who is not Who.ANYBODY and kind != row.who.value:
        if kind != "nobody":
            raise Refusal(visit.page("error.html", status=403, error=_not_yours(visit.words)))
        path = "/staff/sign-in" if row.who is Who.STAFF else "/sign-in"
        raise Refusal(visit.go(path))
    if row.who is not Who.ANYBODY and not _way_in_is_good(site, visit):
        visit.sign_out()
        raise Refusal(visit.go("/staff/sign-in" if row.who is Who.STAFF else "/sign-in"))
    if row.who is Who.STAFF:
        _require_living_account(site, visit)
    if row.fresh and (visit.session is None or not site.sessions.is_fresh(visit.session)):
        back = str(visit.request.url) if row.method == "GET" else (visit.request.headers.get("referer") or "/")
        parts = urlsplit(back)
        back = f"{parts.path}?{parts.query}" if parts.query else parts.path
        raise Refusal(visit.go(f"/prove?{urlencode({'next': back})}"))


def _way_in_is_good(site: Site, visit: Visit) -> bool:
    """Whether the code or passkey that signed in still does."""
    way_in = visit.session.way_in if visit.session is not None else None
    return way_in is None or site.archive.access.is_living(way_in, visit.actor.name)


def _require_living_account(site: Site, visit: Visit) -> None:
    """An account that was ended, or is past its date, is signed in no longer."""
    account = site.archive.staff.colleague(visit.actor.name)
    if account is None or not account.is_living(site.archive.journal.now()) or account.role != visit.actor.role:
        visit.sign_out()
        raise Refusal(visit.go("/staff/sign-in"))


def _require_csrf(site: Site, visit: Visit) -> None:
    """A form comes from a page of ours: it carries the session's word, and the browser says so too where it can."""
    fetched = visit.request.headers.get("sec-fetch-site", "same-origin")
    origin = visit.request.headers.get("origin", site.origin)
    given = visit.field("_csrf") or visit.request.headers.get("x-csrf", "")
    if (
        visit.session is None
        or not visit.session.has_csrf(given)
        or fetched not in ("same-origin", "none")
        or origin != site.origin
    ):
        raise Refusal(visit.page("error.html", status=403, error=_stale(visit.words)))


def _not_yours(words: Words) -> Mapping[str, str]:
    return {"what": words("This page is not for you."), "do": words("Sign in with the account it is for.")}


def _stale(words: Words) -> Mapping[str, str]:
    return {
        "what": words("This form is too old, or was not sent from here."),
        "do": words("Go back, load the page again, and send it once more. Nothing was done."),
    }


def status_of(err: KenbaarError) -> int:
    """The HTTP status of a refusal (RFC 9110)."""
    rows: tuple[tuple[type[KenbaarError] | tuple[type[KenbaarError], ...], int], ...] = (
        ((SignInRefused, WrongCode), 401),
        ((NotFound, CaseRefused), 404),
        (TokenRefused, 410),
        (Busy, 409),
        (Refused, 403),
        (UsageError, 400),
        (IntegrityBroken, 503),
        (Unusable, 422),
    )
    return next((status for kinds, status in rows if isinstance(err, kinds)), 500)


def not_found(visit: Visit) -> Response:
    """There is no such page, or not for whoever asks: which of both is not told."""
    words = visit.words
    error = {"what": words("There is no such page."), "do": words("Check the address, or begin at the start page.")}
    return visit.page("error.html", status=404, error=error)


__all__ = [
    "ANYBODY",
    "PERSON",
    "STAFF",
    "HTTPException",
    "Page",
    "PageRow",
    "Refusal",
    "Site",
    "Visit",
    "Who",
    "not_found",
    "status_of",
]
