"""Who may open which page is one table: a page without a row here fails, and each refuses whoever is somebody else."""

from __future__ import annotations

import socket

import pytest

from kenbaar.web._site import Who
from tests.web.site import Served, Visitor

ANYBODY, PERSON, STAFF = Who.ANYBODY, Who.PERSON, Who.STAFF
FRESH = True

# (method, path) -> (who may open it, whether they must just have shown who they are). Add a line with a page.
TABLE: dict[tuple[str, str], tuple[Who, bool]] = {
    ("GET", "/"): (ANYBODY, False),
    ("POST", "/language"): (ANYBODY, False),
    ("GET", "/about"): (ANYBODY, False),
    ("GET", "/staff/accept/{token}"): (ANYBODY, False),
    ("GET", "/staff/accept"): (ANYBODY, False),
    ("POST", "/staff/accept"): (ANYBODY, False),
    ("GET", "/staff/sign-in"): (ANYBODY, False),
    ("POST", "/staff/sign-in"): (ANYBODY, False),
    ("GET", "/sign-in"): (ANYBODY, False),
    ("POST", "/sign-in"): (ANYBODY, False),
    ("POST", "/sign-out"): (ANYBODY, False),
    ("GET", "/c/{token}"): (ANYBODY, False),
    ("GET", "/new-code"): (ANYBODY, False),
    ("POST", "/new-code"): (ANYBODY, False),
    ("GET", "/prove"): (ANYBODY, False),
    ("POST", "/prove"): (ANYBODY, False),
    ("POST", "/passkeys/new"): (ANYBODY, False),
    ("POST", "/passkeys"): (ANYBODY, False),
    ("POST", "/passkeys/ask"): (ANYBODY, False),
    ("POST", "/passkeys/answer"): (ANYBODY, False),
    ("POST", "/mine/passkeys/remove"): (PERSON, FRESH),
    ("GET", "/staff/account"): (STAFF, False),
    ("POST", "/staff/account/passkeys/remove"): (STAFF, FRESH),
    ("GET", "/i/{token}"): (ANYBODY, False),
    ("GET", "/invitation"): (ANYBODY, False),
    ("POST", "/invitation"): (ANYBODY, False),
    ("POST", "/invitation/token"): (ANYBODY, False),
    ("GET", "/mine"): (PERSON, False),
    ("GET", "/mine/pictures/{item}"): (PERSON, False),
    ("GET", "/mine/pictures/{item}/{size}.jpg"): (PERSON, False),
    ("POST", "/mine/pictures/{item}/me"): (PERSON, False),
    ("POST", "/mine/pictures/{item}/not-me"): (PERSON, False),
    ("POST", "/mine/pictures/{item}/hide"): (PERSON, False),
    ("GET", "/mine/looks"): (PERSON, False),
    ("GET", "/mine/looks/{entry}"): (PERSON, False),
    ("GET", "/mine/choices"): (PERSON, False),
    ("POST", "/mine/choices/off"): (PERSON, False),
    ("POST", "/mine/choices/on"): (PERSON, False),
    ("GET", "/mine/data"): (PERSON, False),
    ("POST", "/mine/data"): (PERSON, FRESH),
    ("GET", "/mine/leave"): (PERSON, False),
    ("POST", "/mine/leave"): (PERSON, False),
    ("GET", "/left"): (ANYBODY, False),
    ("GET", "/cover-me"): (ANYBODY, False),
    ("POST", "/cover-me"): (ANYBODY, False),
    ("POST", "/cover-me/picture"): (ANYBODY, False),
    ("GET", "/cover-me/picture.jpg"): (ANYBODY, False),
    ("POST", "/cover-me/other"): (ANYBODY, False),
    ("POST", "/mine/requests"): (PERSON, False),
    ("GET", "/staff/requests"): (STAFF, False),
    ("GET", "/staff/requests/{request}"): (STAFF, False),
    ("POST", "/staff/requests/{request}/extend"): (STAFF, False),
    ("POST", "/staff/requests/{request}/answer"): (STAFF, False),
    ("POST", "/staff/requests/{request}/cover"): (STAFF, FRESH),
    ("GET", "/staff"): (STAFF, False),
    ("GET", "/staff/people"): (STAFF, False),
    ("POST", "/staff/people"): (STAFF, FRESH),
    ("POST", "/staff/people/{subject}/code"): (STAFF, FRESH),
    ("GET", "/staff/people/find"): (STAFF, False),
    ("POST", "/staff/people/find"): (STAFF, False),
    ("GET", "/staff/people/{subject}"): (STAFF, False),
    ("POST", "/staff/people/{subject}/renew"): (STAFF, FRESH),
    ("GET", "/staff/people/{subject}/withdraw"): (STAFF, FRESH),
    ("GET", "/staff/people/{subject}/withdraw/{purpose}"): (STAFF, FRESH),
    ("POST", "/staff/people/{subject}/withdraw"): (STAFF, FRESH),
    ("GET", "/staff/accounts"): (STAFF, False),
    ("GET", "/staff/accounts/invite"): (STAFF, FRESH),
    ("POST", "/staff/accounts/invite"): (STAFF, FRESH),
    ("GET", "/staff/accounts/{account}/end"): (STAFF, FRESH),
    ("POST", "/staff/accounts/{account}/end"): (STAFF, FRESH),
    ("GET", "/staff/collections/{name}"): (STAFF, False),
    ("GET", "/staff/collections"): (STAFF, False),
    ("POST", "/staff/collections"): (STAFF, False),
    ("GET", "/staff/folders"): (STAFF, False),
    ("POST", "/staff/collections/{name}"): (STAFF, False),
    ("GET", "/staff/pictures/{item}"): (STAFF, False),
    ("GET", "/staff/pictures/{item}/{size}.jpg"): (STAFF, False),
    ("GET", "/staff/pictures/{item}/point"): (STAFF, False),
    ("POST", "/staff/pictures/{item}/point"): (STAFF, False),
    ("GET", "/staff/pointed"): (STAFF, False),
    ("GET", "/staff/pointed/{item}/{subject}"): (STAFF, False),
    ("GET", "/staff/pointed/{item}/{subject}/{size}.jpg"): (STAFF, False),
    ("POST", "/staff/pointed/{item}/{subject}"): (STAFF, False),
    ("GET", "/staff/jobs"): (STAFF, False),
    ("POST", "/staff/jobs/{job}/again"): (STAFF, False),
    ("GET", "/staff/collections/{name}/publish"): (STAFF, False),
    ("POST", "/staff/collections/{name}/publish/plan"): (STAFF, False),
    ("POST", "/staff/collections/{name}/publish"): (STAFF, FRESH),
    ("GET", "/staff/copies"): (STAFF, False),
    ("GET", "/staff/copies/{copy}"): (STAFF, False),
    ("GET", "/staff/copies/{copy}/file"): (STAFF, False),
    ("GET", "/staff/ledger"): (STAFF, False),
    ("GET", "/staff/reports"): (STAFF, False),
    ("GET", "/staff/reports/{file}"): (STAFF, False),
    ("POST", "/staff/ledger/verify"): (STAFF, False),
    ("GET", "/staff/ledger/checkpoint"): (STAFF, False),
    ("POST", "/staff/collections/{name}/sweep"): (STAFF, False),
    ("GET", "/staff/ask"): (STAFF, False),
    ("POST", "/staff/ask"): (STAFF, False),
    ("GET", "/staff/cases"): (STAFF, False),
    ("GET", "/staff/cases/{case}"): (STAFF, False),
    ("POST", "/staff/cases/{case}/close"): (STAFF, False),
    ("GET", "/staff/review"): (STAFF, False),
    ("GET", "/staff/review/{case}/{face}"): (STAFF, False),
    ("POST", "/staff/review/{case}/{face}"): (STAFF, False),
    ("GET", "/staff/seen/{key}"): (STAFF, False),
    ("GET", "/staff/jobs/{job}"): (STAFF, False),
    ("POST", "/staff/jobs/{job}/stop"): (STAFF, False),
    ("GET", "/staff/jobs/{job}/events"): (STAFF, False),
}


def test_every_page_is_in_the_table_and_as_it_says(site: Served) -> None:
    assert {(r.method, r.path): (r.who, r.fresh) for r in site.app.state.site.rows} == TABLE


def test_the_server_answers_nothing_that_is_not_in_the_table(site: Served) -> None:
    others = {getattr(r, "path", "") for r in site.app.routes} - {path for _, path in TABLE}
    assert others == {"/healthz", "/static/{digest}/{name}", "/api/v1"}  # tests/web/test_api.py


def filled(path: str) -> str:
    return path.replace("{", "").replace("}", "")


@pytest.mark.parametrize(("method", "path"), [row for row, (who, _) in TABLE.items() if who is not ANYBODY])
def test_who_is_not_signed_in_is_sent_to_sign_in(site: Served, method: str, path: str) -> None:
    visitor = site.visitor()
    page = visitor.get(filled(path)) if method == "GET" else visitor.post(filled(path))
    assert page.path in ("/sign-in", "/staff/sign-in")


@pytest.mark.parametrize("who", [PERSON, STAFF])
def test_a_page_for_somebody_else_is_refused(site: Served, who: Who) -> None:
    site.club.enrol("Dov", "find", options=("--holder", "subject"))
    visitor: Visitor = site.officer() if who is PERSON else site.person("Dov")
    for (method, path), (allowed, _) in TABLE.items():
        if allowed is who:
            page = visitor.get(filled(path)) if method == "GET" else visitor.post(filled(path))
            assert page.status == 403, (method, path)
            assert "not for you" in page.words


def test_a_form_without_its_own_word_does_nothing(site: Served) -> None:
    officer = site.officer()
    before = len(site.archive.consents.store.subjects())
    officer.csrf = "another word"
    assert officer.http.post("/staff/people", data={"name": "Eve", "purpose": "find"}).status_code == 403
    assert officer.post("/staff/people", name="Eve", purpose="find").status == 403
    assert len(site.archive.consents.store.subjects()) == before


def test_a_form_that_another_site_sent_does_nothing(site: Served) -> None:
    officer = site.officer()
    officer.get("/staff/people")
    before = len(site.archive.consents.store.subjects())
    for name, value in (("Origin", "https://elsewhere.example"), ("Sec-Fetch-Site", "cross-site")):
        sent = {"_csrf": officer.csrf, "name": "Eve", "purpose": "find"}
        assert officer.http.post("/staff/people", data=sent, headers={name: value}).status_code == 403
    assert len(site.archive.consents.store.subjects()) == before


def test_an_account_that_was_ended_is_signed_in_no_longer(site: Served) -> None:
    officer, editor = site.officer(), site.staff("editor")
    (account,) = [a for a in site.archive.staff.all() if a.role == "editor"]
    site.club.kenbaar("staff", "end", account.id)  # another program, beside the server
    assert editor.get("/staff").path == "/staff/sign-in"
    assert officer.get("/staff").path == "/staff"


@pytest.mark.parametrize("host", ["elsewhere.example", "elsewhere.example:80", ""])
def test_a_request_for_another_name_is_refused(site: Served, host: str) -> None:
    assert site.visitor().http.get("/", headers={"Host": host}).status_code in (400, 421)


def test_every_answer_has_the_headers_that_protect_it(site: Served) -> None:
    visitor = site.visitor()
    for path in ("/", "/nowhere", "/healthz", "/mine", "/static/x/kenbaar.css"):
        headers = visitor.http.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"], path
        assert "unsafe-inline" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["cache-control"] in ("no-store", "no-cache")


@pytest.mark.parametrize("header", ["Content-Length: 99999999999", "Content-Length: many"])
def test_a_body_that_is_too_long_is_refused_before_it_is_read(site: Served, header: str) -> None:
    host = site.origin.removeprefix("http://")
    with socket.create_connection(("127.0.0.1", int(host.partition(":")[2])), timeout=20) as connection:
        connection.sendall(f"POST /sign-in HTTP/1.1\r\nHost: {host}\r\n{header}\r\n\r\n".encode())
        assert connection.recv(100).split()[1] in (b"400", b"413")
