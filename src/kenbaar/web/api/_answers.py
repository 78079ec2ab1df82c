"""How a request of a program becomes an act, and the act's answer a response."""

from __future__ import annotations

import functools
import hashlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from anyio import to_thread
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kenbaar import acts
from kenbaar.errors import IntegrityBroken, KenbaarError, NotFound, SignInRefused, UsageError
from kenbaar.policy import Actor
from kenbaar.staff import StaffToken
from kenbaar.text import BadJson, json_text, read_json
from kenbaar.web._jobs import Job
from kenbaar.web._rates import network_of
from kenbaar.web._site import MOST_FIELDS, MOST_FILES, Site
from kenbaar.web._uploads import as_files
from kenbaar.web.api._openapi import BASE, JobAnswer, described
from kenbaar.web.api._pages import cursor, limit_of, page_of, read_cursor
from kenbaar.web.api._problems import Problem, bug, of_error
from kenbaar.web.api._repeats import Repeats
from kenbaar.web.api._rows import COLLECT, READ, ROWS, ApiRow

log = logging.getLogger(__name__)

REQUESTS, PER_S = 600, 60.0  # of one token
MISSES, MISSES_PER_S = 20, 600.0  # of one network

Answer = tuple[int, Any, dict[str, str]]  # status, what its JSON is, headers
Does = Callable[["_Call"], Answer]
Endpoint = Callable[[Request], Awaitable[Response]]


class _Call:
    """One request: who asks, by which token, and what was sent."""

    def __init__(self, site: Site, request: Request, token: StaffToken, actor: Actor) -> None:
        self.site, self.request, self.token, self.actor = site, request, token, actor
        self.given: dict[str, Any] = {}
        self.photos: list[bytes] = []


def add_api(app: FastAPI, site: Site) -> None:
    """Makes the API reachable below BASE, beside the pages."""
    repeats = Repeats()
    whole = json_text(described())

    async def description(request: Request) -> Response:
        return Response(whole, media_type="application/json", headers={"Cache-Control": "no-cache"})

    routes = [Route("/openapi.json", description, methods=["GET"])]
    for row in ROWS:
        routes.append(_route(site, repeats, row.method, row.path, row.scope, functools.partial(_act, row), row))
    routes += [
        _route(site, repeats, "GET", "/jobs", READ, _list_jobs, None),
        _route(site, repeats, "GET", "/jobs/{job}", READ, _show_job, None),
        _route(site, repeats, "POST", "/jobs/{job}/stop", COLLECT, _stop_job, None),
    ]
    api = Starlette(routes=_merged(routes), exception_handlers={HTTPException: api_error, Exception: _bug})
    app.mount(BASE, api)


def _merged(routes: list[Route]) -> list[Route]:
    """One route for each address, whatever its methods: another method is answered with those there are."""
    by_path: dict[str, dict[str, Any]] = {}
    for route in routes:
        for method in (route.methods or set()) - {"HEAD"}:
            by_path.setdefault(route.path, {})[method] = route.endpoint
    return [Route(path, _by_method(ends), methods=sorted(ends)) for path, ends in by_path.items()]


def _by_method(ends: Mapping[str, Endpoint]) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        return await ends["GET" if request.method == "HEAD" else request.method](request)

    return endpoint


def _route(site: Site, repeats: Repeats, method: str, path: str, scope: str, does: Does, row: ApiRow | None) -> Route:
    async def endpoint(request: Request) -> Response:
        try:
            return await _answered(site, repeats, request, scope, does, row)
        except Problem as problem:
            return problem.response()
        except KenbaarError as err:
            if isinstance(err, IntegrityBroken):
                log.error("refused: %s", type(err).__name__)
            return of_error(err).response()

    return Route(path, endpoint, methods=[method])


async def _answered(
    site: Site, repeats: Repeats, request: Request, scope: str, does: Does, row: ApiRow | None
) -> Response:
    bearer = _bearer(request)
    token, actor = await to_thread.run_sync(_signed_in, site, request, bearer)
    if scope not in token.scopes:
        raise Problem(
            403,
            "Out of scope",
            f"This token does not have the scope {scope}.",
            "Make one that has: `kenbaar staff token --scope`.",
            {"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{scope}"'},
        )
    site.rates.take("api", token.id, REQUESTS, PER_S)
    call = _Call(site, request, token, actor)
    body = await request.body()
    key = request.headers.get("idempotency-key") if request.method != "GET" else None
    if key is None:
        await _read(call, body, row)
        return _response(*await _done(site, does, call, row))
    asked = hashlib.sha256(f"{request.method} {request.url.path}\n".encode() + body).digest()
    if (before := repeats.begin(bearer, key, asked)) is not None:
        status, said, headers = read_json(before)
        return _response(status, said, headers | {"Idempotent-Replayed": "true"})
    try:
        await _read(call, body, row)
        answer = await _done(site, does, call, row)
    except BaseException:
        repeats.drop(bearer, key)  # refused, so nothing was done: asked again, it is tried again
        raise
    repeats.end(bearer, key, json_text(list(answer)).encode())
    return _response(*answer)


async def _done(site: Site, does: Does, call: _Call, row: ApiRow | None) -> Answer:
    limiter = site.heavy if row is not None and row.photos else site.light
    return await to_thread.run_sync(does, call, limiter=limiter)


def _bearer(request: Request) -> str:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer" or not token.strip():
        raise Problem(
            401,
            "Token missing",
            "No token was brought.",
            "Send the header `Authorization: Bearer TOKEN`; `kenbaar staff token` makes one.",
            {"WWW-Authenticate": "Bearer"},
        )
    return token.strip()


def _signed_in(site: Site, request: Request, bearer: str) -> tuple[StaffToken, Actor]:
    network = network_of(request.client.host if request.client else None)
    with site.rates.misses("api token", network, MISSES, MISSES_PER_S):
        try:
            return site.archive.tokens.open(bearer)
        except UnicodeError as err:
            raise SignInRefused("That token opens nothing.", "Make a new one: `kenbaar staff token`.") from err


async def _read(call: _Call, body: bytes, row: ApiRow | None) -> None:
    """What was sent: the words of the address, and the members of the body."""
    request, in_path = call.request, dict(call.request.path_params)
    query = request.query_params.multi_items()
    if len({name for name, _ in query}) != len(query):
        raise UsageError("Something stands twice in the address.", "Give it once.")
    if request.method == "GET":
        call.given = dict(query) | in_path
        return
    if query:
        raise UsageError("Nothing is taken in the address here.", "Give it in the body.")
    sent = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    members: dict[str, Any] = {}
    if row is not None and row.photos:
        _require_kind(sent, "multipart/form-data")
        members = await _form(call)
    elif body:
        _require_kind(sent, "application/json")
        members = _object(body)
    if twice := in_path.keys() & members.keys():
        raise UsageError(f"{min(twice)} stands in the address.", "Leave it out of the body.")
    call.given = members | in_path


def _require_kind(sent: str, wanted: str) -> None:
    if sent != wanted:
        raise Problem(415, "Other kind of content", "That kind of content is not taken here.", f"Send {wanted}.")


def _object(body: bytes) -> dict[str, Any]:
    try:
        said = read_json(body)
    except BadJson as err:
        raise UsageError(f"The body {err}.", "Send one JSON object.") from err
    if not isinstance(said, dict):
        raise UsageError("The body is no JSON object.", "Send one JSON object.")
    return said


async def _form(call: _Call) -> dict[str, Any]:
    try:
        form = await call.request.form(max_files=MOST_FILES, max_fields=MOST_FIELDS, max_part_size=1_000_000)
    except (HTTPException, MultiPartException, KeyError, ValueError) as err:
        raise UsageError("The body is no form.", "Send multipart/form-data, with a boundary.") from err
    members: dict[str, Any] = {}
    async with form_of(form):
        for name, value in form.multi_items():
            if name == "photos" and not isinstance(value, str):
                call.photos.append(await value.read())
            elif not isinstance(value, str) or name == "photos":
                raise UsageError("A file stands where none is taken, or a word where a file is.", "Files are `photos`.")
            elif name in members:
                raise UsageError("Something stands twice in the form.", "Give it once.")
            else:
                members[name] = value
    return members


class form_of:
    """Closes what a form holds, however it ends."""

    def __init__(self, form: Any) -> None:
        self._form = form

    async def __aenter__(self) -> None:
        return None

    async def __aexit__(self, *_: object) -> None:
        await self._form.close()


def _act(row: ApiRow, call: _Call) -> Answer:
    """Runs the act of that row."""
    given = dict(call.given)
    turned = given.pop("cursor", None), given.pop("limit", None)
    if row.rows is None and turned != (None, None):
        raise UsageError("There are no pages to turn here.", "Leave cursor and limit out.")
    if left_out := row.leave_out & given.keys():
        raise UsageError(f"{min(left_out)} is not taken here.", "Leave it out.")
    limit = limit_of(turned[1])
    words = row.method == "GET" or row.photos
    if row.photos:
        with as_files(call.photos) as paths:
            request = acts.request_of(row.does.request, given | {"photos": []}, words=True)
            return _answer_of(row, call, _with(request, photos=paths), turned[0], limit)
    request = acts.request_of(row.does.request, given, words=words)
    if row.paged:
        request = _with(request, limit=limit, after=read_cursor(turned[0])[0] if turned[0] is not None else "")
    return _answer_of(row, call, request, turned[0], limit)


def _with(request: Any, **values: Any) -> Any:
    import dataclasses

    return dataclasses.replace(request, **values)


def _answer_of(row: ApiRow, call: _Call, request: Any, given: str | None, limit: int) -> Answer:
    if row.job:
        call.site.archive.collections.get(request.name)  # NotFound now, and not in a job that fails
        begun = call.site.jobs.begin(row.act, request, call.actor, getattr(request, "name", ""))
        return row.status, acts.as_json(_job(begun)), {"Location": f"{BASE}/jobs/{begun.id}"}
    said = acts.as_json(row.does.run(call.site.archive, call.actor, request))
    if row.rows is not None:
        name, key = row.rows
        if row.paged:
            after = said.pop("after", None)
            said["next"] = None if after is None else cursor(after, 0)
        else:
            said[name], said["next"] = page_of(said[name], key, given, limit)
    return row.status, said, {}


def _list_jobs(call: _Call) -> Answer:
    given = dict(call.given)
    turned, limit = given.pop("cursor", None), limit_of(given.pop("limit", None))
    _nothing_else(given)
    rows = [acts.as_json(_job(job)) for job in call.site.jobs.all()]
    here, following = page_of(rows, "job", turned, limit)
    return 200, {"jobs": here, "next": following}, {}


def _show_job(call: _Call) -> Answer:
    found = _found(call)
    _nothing_else(call.given)
    return 200, acts.as_json(_job(found)), {}


def _stop_job(call: _Call) -> Answer:
    found = _found(call)
    _nothing_else(call.given)
    acts.require_act(found.kind, call.actor, found.request)
    if found.kind not in {row.act for row in ROWS if row.job}:
        raise NotFound("There is no such work to be stopped here.", "Stop it in the pages.")
    found.stop.set()
    return 200, acts.as_json(_job(found)), {}


def _found(call: _Call) -> Job:
    found = call.site.jobs.get(str(call.given.pop("job")))
    if found is None:
        raise NotFound("There is no such work.", f"See {BASE}/jobs.")
    return found


def _nothing_else(given: Mapping[str, Any]) -> None:
    if given:
        raise UsageError("Something was given that is not taken here.", "Leave it out.")


def _job(job: Job) -> JobAnswer:
    return JobAnswer(
        job=job.id,
        act=job.kind,
        about=job.about,
        state=job.state,
        step=job.step,
        done=job.done,
        total=job.total,
        begun=job.begun_at,
        ended=job.ended_at,
        why=job.why,
        answer=job.answer,
    )


def _response(status: int, said: Any, headers: Mapping[str, str]) -> Response:
    following = said.get("next") if isinstance(said, dict) else None
    link = {"Link": f'<?cursor={following}>; rel="next"'} if following else {}
    return Response(json_text(said), status, media_type="application/json", headers=dict(headers) | link)


async def api_error(request: Request, err: Exception) -> Response:
    """There is no such address here, or it takes another method."""
    assert isinstance(err, HTTPException)
    rows = {
        404: ("No such address", "There is no such address.", f"See {BASE}/openapi.json."),
        405: ("Other method", "This address does not take that method.", "Use one of those it names."),
    }
    title, detail, do = rows.get(err.status_code, ("Not read", "That could not be read.", "Check what was sent."))
    return Problem(err.status_code, title, detail, do, err.headers).response()


async def _bug(request: Request, err: Exception) -> Response:
    log.error("a bug: %s", type(err).__name__)
    return bug().response()
