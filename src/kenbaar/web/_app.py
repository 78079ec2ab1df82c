"""The application: pages, static files and the API put together over one opened archive."""

from __future__ import annotations

import logging
from urllib.parse import urlsplit

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartParser
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

import kenbaar
from kenbaar.archive import Archive
from kenbaar.web._security import Guard
from kenbaar.web._site import MOST_BYTES, Site, not_found
from kenbaar.web._static import static_file
from kenbaar.web.api import add_api, api_error
from kenbaar.web.pages import PAGES

log = logging.getLogger(__name__)

MultiPartParser.spool_max_size = MOST_BYTES  # photos that people hand in are held in memory, and on no disk


def make_app(archive: Archive, *, origin: str, hosts: frozenset[str] = frozenset()) -> FastAPI:
    """The ASGI application over this archive, which stays open for as long as it is used.

    origin: as browsers see it, for example "http://localhost:8420". hosts: further names it is called by.
    """
    secure = origin.startswith("https:")
    site = Site(archive, origin=origin, secure=secure)
    app = FastAPI(title="Kenbaar", version=kenbaar.__version__, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.site = site
    for add in PAGES:
        add(site)
    site.mount(app)
    add_api(app, site)
    app.add_route("/healthz", _healthz, methods=["GET"])
    app.add_route("/static/{digest}/{name}", static_file, methods=["GET"])
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _bug)
    name = urlsplit(origin).hostname or "localhost"
    app.add_middleware(Guard, most_bytes=MOST_BYTES, secure=secure, hosts=hosts | {name})
    return app


async def _healthz(request: Request) -> Response:
    """Whether the server answers."""
    return PlainTextResponse("ok\n")


async def _http_error(request: Request, err: Exception) -> Response:
    assert isinstance(err, HTTPException)
    if request.url.path.startswith("/api/"):
        return await api_error(request, err)  # an address that does not even reach the API
    visit = request.app.state.site.visit(request)
    if err.status_code in (404, 405):
        response: Response = await run_in_threadpool(not_found, visit)
        return response
    words = visit.words
    error = {"what": words("That could not be read."), "do": words("Go back and try once more. Nothing was done.")}
    return await run_in_threadpool(lambda: visit.page("error.html", status=err.status_code, error=error))


async def _bug(request: Request, err: Exception) -> Response:
    log.error("a bug: %s", type(err).__name__)
    visit = request.app.state.site.visit(request)
    words = visit.words
    error = {
        "what": words("This is a bug in Kenbaar; nobody was exposed by it."),
        "do": words("Tell the organisation what you did just before."),
    }
    return await run_in_threadpool(lambda: visit.page("error.html", status=500, error=error))
