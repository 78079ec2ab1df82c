"""The API: by token and scope alone, described as it is, one shape of errors, pages, repeats, jobs."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest

from kenbaar import acts
from kenbaar.acts import ACTS
from kenbaar.errors import UsageError
from kenbaar.policy import TOKEN_SCOPES, Actor, RoleName
from kenbaar.web.api import NOT_HERE, ROWS, described
from kenbaar.web.api import _answers as answers
from kenbaar.web.api._pages import cursor, page_of, read_cursor
from kenbaar.web.api._problems import SCHEMA, Problem
from kenbaar.web.api._repeats import KEPT_S, MOST, Repeats
from tests.e2e.club import draw_people
from tests.web.site import Served


class Api:
    """A program with a token."""

    def __init__(self, site: Served, role: RoleName = "editor", scopes: tuple[str, ...] | None = None) -> None:
        self.site, self.account = site, site.account(role)
        may = scopes or tuple(s for s in TOKEN_SCOPES if s in {str(p) for p in _may(role)})
        until = (site.archive.journal.now() + timedelta(days=20)).date()
        made = site.archive.tokens.make(Actor("staff", self.account, role), may, until)
        self.token, self.id = made.token, made.row.id
        headers = {"Authorization": f"Bearer {made.token}"}
        self.http = httpx.Client(base_url=f"{site.origin}/api/v1", headers=headers, timeout=60)

    def get(self, path: str, **query: Any) -> Any:
        answer = self.http.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()


def _may(role: RoleName) -> frozenset[Any]:
    from kenbaar.policy import ROLES

    return ROLES[role].may


@pytest.fixture
def api(site: Served) -> Iterator[Api]:
    program = Api(site)
    yield program
    program.http.close()


def problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    """What an error says; it has the one shape."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    said: dict[str, Any] = answer.json()
    jsonschema.validate(said, SCHEMA)
    assert said["status"] == status
    return said


# -- the rows ----------------------------------------------------------------------------------------------------------


def test_every_act_is_reached_over_http_or_it_is_said_why_not() -> None:
    """An act is new? Give it a row in web/api/_rows.py, or a line in NOT_HERE."""
    here = {row.act for row in ROWS}
    assert not here & NOT_HERE.keys()
    assert here | NOT_HERE.keys() == set(ACTS)


def test_no_row_asks_for_less_than_its_act() -> None:
    for row in ROWS:
        assert row.scope in TOKEN_SCOPES
        if row.act != "case close":  # needs no more than reading, of whoever asked: and yet it ends something
            assert row.scope == str(row.does.needs), row


def test_no_program_gives_a_path_of_this_machine_or_another_persons_code() -> None:
    for row in ROWS:
        said = acts.request_schema(row.does.request, row.leave_out)["properties"]
        assert "codes" not in said
        texts = json.dumps({k: v for k, v in said.items() if not (row.photos and k == "photos")})
        assert "A path." not in texts, row


def test_the_description_is_openapi_and_says_what_there_is(api: Api) -> None:
    said = httpx.get(f"{api.site.origin}/api/v1/openapi.json").json()
    assert said == json.loads(json.dumps(described())) and said["openapi"] == "3.1.0"
    told = {(m.upper(), path) for path, each in said["paths"].items() for m in each}
    assert told >= {(row.method, row.path) for row in ROWS}
    names = [operation["operationId"] for each in said["paths"].values() for operation in each.values()]
    assert len(set(names)) == len(names)


# -- who may -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer x", "Basic eDp5", "Bearer kt_" + "x" * 32, "Bearer ké"])
def test_without_a_token_nothing_is_answered(site: Served, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header.encode()}
    for row in ROWS:
        answer = httpx.request(row.method, f"{site.origin}/api/v1{row.path}", headers=headers)  # type: ignore[arg-type]
        assert answer.status_code in (401, 429)
        assert answer.headers["content-type"] == "application/problem+json"
        if answer.status_code == 401:
            assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_cookie_of_somebody_signed_in_opens_nothing_here(site: Served) -> None:
    officer = site.officer()
    assert officer.http.get("/api/v1/people").status_code == 401


def test_each_address_needs_its_scope(site: Served) -> None:
    for scope in TOKEN_SCOPES:
        api = Api(site, scopes=(scope,))
        for row in ROWS:
            if row.scope != scope:
                answer = api.http.request(row.method, row.path)
                assert "scope" in problem(answer, 403)["detail"]
                assert f'scope="{row.scope}"' in answer.headers["www-authenticate"]


def test_a_token_that_was_ended_and_one_whose_account_was_open_nothing_from_the_next_request_on(site: Served) -> None:
    for words in ("token-end", "end"):
        api = Api(site)
        api.get("/people")
        site.club.kenbaar("staff", words, api.id if words == "token-end" else api.account)
        problem(api.http.get("/people"), 401)


def test_who_guesses_tokens_is_stopped_and_who_has_one_is_not(site: Served, api: Api) -> None:
    seen = [
        httpx.get(f"{site.origin}/api/v1/people", headers={"Authorization": f"Bearer kt_{n}"}).status_code
        for n in range(25)
    ]
    assert seen[0] == 401 and seen[-1] == 429
    fresh = Api(site)
    answer = fresh.http.get("/people")
    assert answer.status_code == 429  # of the same network, for now
    assert int(answer.headers["retry-after"]) > 0


def test_who_asks_too_often_is_told_when_to_come_back(site: Served, api: Api) -> None:
    for _ in range(answers.REQUESTS):
        site.app.state.site.rates.take("api", api.id, answers.REQUESTS, answers.PER_S)
    answer = api.http.get("/people")
    problem(answer, 429)
    assert 0 < int(answer.headers["retry-after"]) <= answers.PER_S


# -- what is answered --------------------------------------------------------------------------------------------------


def test_what_is_answered_is_what_the_command_line_says_and_as_it_is_described(api: Api) -> None:
    club, said = api.site.club, described()["paths"]
    everybody = api.get("/people")
    assert everybody["subjects"] == club.kenbaar("subjects")["subjects"]
    for path, query in (
        ("/people", {}),
        ("/collections", {}),
        ("/collections/{name}", {}),
        ("/cases", {}),
        ("/ledger", {"subject": club.ids["Ada"]}),
        ("/ledger/checkpoint", {}),
        ("/reports/transparency", {"first": "2026-01-01", "last": "2026-12-31"}),
        ("/staff", {}),
        ("/tokens", {}),
        ("/jobs", {}),
    ):
        schema = said[path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        jsonschema.validate(api.get(path.replace("{name}", "party"), **query), schema)


def test_somebody_is_invited_and_the_roster_set(api: Api) -> None:
    made = api.http.post("/people", json={"name": "Zoe", "purposes": ["find"], "until": "2027-06-30"})
    assert made.status_code == 201
    assert made.json()["token"] and made.json()["until"] == "2027-06-30"
    assert made.json()["subject"] in [row["subject"] for row in api.get("/people", limit=200)["subjects"]]
    changed = api.http.put("/collections/party", json={"mode": "off"})
    assert changed.json()["mode"] == "off"
    act = [act for act in api.site.archive.journal.acts() if act.event == "collection"][-1]
    assert (act.payload or {})["by"] == api.account


def test_a_sweep_is_a_job(api: Api) -> None:
    begun = api.http.post("/collections/party/sweeps")
    assert begun.status_code == 202
    where = begun.headers["location"].removeprefix("/api/v1")
    schema = described()["paths"]["/jobs/{job}"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    until = time.monotonic() + 60
    while (job := api.get(where))["state"] not in ("done", "failed") and time.monotonic() < until:
        jsonschema.validate(job, schema)
        time.sleep(0.1)
    assert job["state"] == "done" and job["answer"]["photos"] == 4, job
    assert api.get("/jobs")["jobs"][0] == job
    assert api.http.post(f"{where}/stop").json()["state"] == "done"
    problem(api.http.get("/jobs/nothing"), 404)
    problem(api.http.post("/collections/nowhere/sweeps"), 404)
    assert len(api.get("/jobs")["jobs"]) == 1
    assert api.site.club.ids["Ada"] not in json.dumps(job)


def test_a_question_is_asked_and_closed_and_names_nobody(api: Api, tmp_path: Path) -> None:
    api.site.club.enrol("Dov", "ask")
    draw_people(tmp_path / "who.jpg", "Dov", "Stranger")
    sent = {"reason": "a yearbook", "basis": "archive"}
    photos = [("photos", ("Dov at home.jpg", (tmp_path / "who.jpg").read_bytes()))]
    asked = api.http.post("/cases", data=sent, files=photos)
    assert asked.status_code == 201, asked.text
    assert [[c["candidate"] for c in face["candidates"]] for face in asked.json()["faces"]] == [["A"], []]
    case = asked.json()["case"]
    shown = api.http.get(f"/cases/{case}")
    for text in (asked.text, shown.text):
        assert "Dov" not in text and api.site.club.ids["Dov"] not in text
    for refused in (
        api.http.post("/cases", data=sent | {"codes": "x"}, files=photos),
        api.http.post("/cases", data=sent | {"basis": "because"}, files=photos),
        api.http.post("/cases", data=sent, files=[("photo", photos[0][1])]),
    ):
        problem(refused, 400)
    problem(api.http.post("/cases", data=sent, files=[("photos", ("x.jpg", b"no photo"))]), 422)
    problem(api.http.post("/cases", json=sent), 415)
    problem(api.http.post("/cases", data=sent), 415)
    assert api.http.delete(f"/cases/{case}").json() == {"case": case}
    problem(api.http.get(f"/cases/{case}"), 404)


def test_reviewing_is_for_people_and_not_for_programs(site: Served) -> None:
    reviewer = Api(site, "reviewer")
    for path in ("/cases/c-00000000/reviews", "/cases/c-00000000/review", "/review"):
        problem(reviewer.http.post(path, json={"n": 0, "candidate": "A"}), 404)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"[]", 400),
        (b'{"name": "Zoe"', 400),
        (b'{"name": "Zoe"}', 400),
        (b'{"name": "Zoe", "purposes": "find"}', 400),
        (b'{"name": "Zoe", "purposes": [1]}', 400),
        (b'{"name": "Zoe", "name": "Eve", "purposes": ["find"]}', 400),
        (b'{"name": "Zoe", "purposes": ["find"], "more": 1}', 400),
        (b'{"name": "Zoe", "purposes": ["find"], "minor": "yes"}', 400),
        (b'{"name": "Zoe", "purposes": ["find"], "until": "30-06-2027"}', 400),
        (b'{"name": "\\ud800", "purposes": ["find"]}', 400),
        (b'{"name": "Zoe", "purposes": ["nothing"]}', 400),
        (b"[" * 100_000, 400),
    ],
)
def test_what_is_not_as_described_is_refused_and_does_nothing(api: Api, body: bytes, status: int) -> None:
    before = len(api.site.archive.consents.store.subjects())
    problem(api.http.post("/people", content=body, headers={"Content-Type": "application/json"}), status)
    assert len(api.site.archive.consents.store.subjects()) == before


def test_errors_have_one_shape_whatever_they_are(api: Api) -> None:
    problem(api.http.get("/nowhere"), 404)
    assert problem(api.http.delete("/people"), 405)["do"]
    assert "GET" in api.http.delete("/people").headers["allow"]
    problem(api.http.get("/collections/nowhere"), 404)
    problem(api.http.post("/people", content=b"{}", headers={"Content-Type": "text/plain"}), 415)
    problem(api.http.get("/people", params={"limit": "0"}), 400)
    problem(api.http.get("/people?limit=1&limit=2"), 400)
    problem(api.http.get("/people", params={"more": "x"}), 400)
    problem(api.http.get("/ledger/checkpoint", params={"limit": "5"}), 400)
    problem(api.http.get("/collections/party", params={"sheet": "/tmp/x"}), 400)
    problem(api.http.put("/collections/party", json={"name": "other"}), 400)
    problem(api.http.put("/collections/party?mode=off"), 400)
    problem(api.http.get("/people", headers={"Host": "elsewhere.example"}), 421)


def test_an_answer_is_kept_by_no_browser_and_has_the_headers_that_protect_it(api: Api) -> None:
    headers = api.http.get("/people").headers
    assert headers["cache-control"] == "no-store" and headers["x-content-type-options"] == "nosniff"
    assert "set-cookie" not in headers


# -- pages -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path, rows", [("/people", "subjects"), ("/ledger", "acts"), ("/collections/party", "items")])
def test_turning_pages_gives_every_row_once(api: Api, path: str, rows: str) -> None:
    whole, seen, turned = api.get(path, limit=200)[rows], [], None
    for _ in range(100):
        page = api.get(path, limit=2, **({"cursor": turned} if turned else {}))
        assert len(page[rows]) <= 2
        seen += page[rows]
        turned = page["next"]
        if turned is None:
            break
    assert [json.dumps(row) for row in seen] == [json.dumps(row) for row in whole] and len(whole) > 2


def test_a_page_goes_on_where_a_row_is_gone() -> None:
    rows = [{"id": str(n)} for n in range(6)]
    first, turned = page_of(rows, "id", None, 2)
    assert [row["id"] for row in first] == ["0", "1"] and turned is not None
    del rows[1]
    second, _ = page_of(rows, "id", turned, 2)
    assert [row["id"] for row in second] == ["2", "3"]


@pytest.mark.parametrize("given", ["", "x", "=", "é", "bnVsbA", "WzEsMl0", "x" * 9_000, cursor("a", -1)])
def test_what_is_no_cursor_is_refused(given: str) -> None:
    with pytest.raises(UsageError):
        read_cursor(given)


# -- repeats -----------------------------------------------------------------------------------------------------------


def test_what_is_sent_again_is_done_once(api: Api) -> None:
    key, sent = {"Idempotency-Key": "a-1"}, {"name": "Zoe", "purposes": ["find"]}
    first = api.http.post("/people", json=sent, headers=key)
    again = api.http.post("/people", json=sent, headers=key)
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert again.headers["idempotent-replayed"] == "true" and "idempotent-replayed" not in first.headers
    assert [row["name"] for row in api.get("/people", limit=200)["subjects"]].count("Zoe") == 1
    problem(api.http.post("/people", json=sent | {"name": "Eve"}, headers=key), 422)
    for wrong in ("x" * 300, "", "a b"):
        problem(api.http.post("/people", json=sent, headers={"Idempotency-Key": wrong}), 400)
    other = Api(api.site)
    assert other.http.post("/people", json=sent, headers=key).json()["subject"] != first.json()["subject"]


def test_what_was_refused_may_be_tried_again_with_the_same_key(api: Api) -> None:
    key = {"Idempotency-Key": "b-1"}
    problem(api.http.put("/collections/later", json={"mode": "off"}, headers=key), 404)
    api.site.club.kenbaar("collection", "add", "later", api.site.club.photos, "--mode", "off")
    assert api.http.put("/collections/later", json={"mode": "off"}, headers=key).status_code == 200


def test_answers_are_kept_for_a_day_sealed_and_so_many_at_most() -> None:
    now = [0.0]
    repeats = Repeats(lambda: now[0])
    assert repeats.begin("token", "key", b"asked") is None
    with pytest.raises(Problem) as still:
        repeats.begin("token", "key", b"asked")
    assert still.value.status == 409
    repeats.end("token", "key", b"an answer that names Zoe")
    assert repeats.begin("token", "key", b"asked") == b"an answer that names Zoe"
    assert all(kept.sealed and b"Zoe" not in kept.sealed for kept in repeats._kept.values())
    now[0] = KEPT_S + 1
    assert repeats.begin("token", "key", b"asked") is None
    for n in range(MOST + 50):
        repeats.begin("token", str(n), b"asked")
        repeats.end("token", str(n), b"answer")
    assert len(repeats._kept) <= MOST + 1
    repeats.drop("token", "key")
    assert repeats.begin("token", "key", b"other") is None
