"""From a fresh server to somebody's own pictures, as a browser without JavaScript walks it."""

from __future__ import annotations

import re
import time

from kenbaar.policy import subject_actor
from tests.web.site import Page, Served, Visitor


def address(page: Page) -> str:
    found = re.search(r"https?://[^<\s]+/i/[\w-]+", page.text)
    assert found, page.words
    return found[0].partition("/i/")[2]


def test_the_first_officer_takes_an_account_and_invites_somebody_who_enrols(site: Served) -> None:
    officer = site.officer()
    made = officer.post("/staff/people", name="Dov", purpose=["find"], holder="subject")
    person = site.visitor()
    page = person.get(f"/i/{address(made)}")
    assert page.path == "/invitation"  # the token is in no address that stays
    assert "The Choir" in page.words
    assert not re.search(r"<input[^>]* checked", page.text)  # nothing is ticked for them
    page = person.post("/invitation", [("photo", site.club.portrait("Dov"))], agree="find")
    assert "Your code, shown this once" in page.words
    assert person.get("/mine").path == "/mine"


def test_whoever_signs_in_gets_a_cookie_that_nobody_knew_before(site: Served) -> None:
    site.club.enrol("Dov", "find", options=("--holder", "subject"))
    visitor = site.visitor()
    visitor.get("/sign-in")
    before = visitor.http.cookies["kenbaar"]
    visitor.post("/sign-in", code=site.club.codes["Dov"])
    assert visitor.http.cookies["kenbaar"] != before
    visitor.http.cookies.set("kenbaar", before, domain="localhost.local")
    assert site.visitor().get("/mine").path == "/sign-in"


def test_a_wrong_code_signs_nobody_in_and_is_in_the_ledger(site: Served) -> None:
    site.club.enrol("Dov", "find", options=("--holder", "subject"))
    site.club.enrol("Eva", "find", options=("--holder", "subject"))
    mixed = site.club.codes["Dov"][:12] + site.club.codes["Eva"][12:]
    page = site.visitor().post("/sign-in", code=mixed)
    assert page.status == 401
    assert site.visitor().post("/sign-in", code="nonsense").status == 401


def test_a_sweep_begun_in_the_browser_is_done_and_told(site: Served) -> None:
    officer = site.officer()
    page = officer.post("/staff/collections/party/sweep")
    until = time.monotonic() + 60
    while 'data-state="done"' not in page.text and time.monotonic() < until:
        time.sleep(0.1)
        page = officer.get(page.path)
    assert 'data-state="done"' in page.text, page.words


def test_whoever_guesses_codes_is_stopped_and_whoever_signs_in_is_not(site: Served) -> None:
    site.club.enrol("Dov", "find", options=("--holder", "subject"))
    visitor = site.visitor()
    for _ in range(25):
        assert visitor.post("/sign-in", code=site.club.codes["Dov"]).path == "/mine"
    statuses = [visitor.post("/sign-in", code="KB-GUESS").status for _ in range(22)]
    assert set(statuses) == {401}
    page = visitor.post("/sign-in", code=site.club.codes["Dov"])
    assert "too often" in page.words and page.path == "/sign-in"


def test_whose_key_the_organisation_holds_signs_in_too_with_the_code_they_were_shown(site: Served) -> None:
    made = site.officer().post("/staff/people", name="Dov", purpose=["find"], holder="organisation")
    person = site.visitor()
    person.get(f"/i/{address(made)}")
    page = person.post("/invitation", [("photo", site.club.portrait("Dov"))], agree="find")
    code = re.search(r"KB(-[0-9A-Z]{4}){9}", page.text)
    assert code is not None, page.words
    assert person.get("/mine").path == "/mine"
    assert site.visitor().post("/sign-in", code=code[0]).path == "/mine"


def code_link(site: Served, visitor: Visitor) -> str:
    page = visitor.post(f"/staff/people/{site.club.ids['Ada']}/code")
    assert re.search(r"KB(-[0-9A-Z]{4}){9}", page.text) is None, "nobody but Ada sees her code"
    found = re.search(r"/c/kl[-_0-9A-Za-z]+", page.text)
    assert found is not None
    return found[0]


def test_a_lost_code_is_replaced_by_the_person_with_a_link_that_the_organisation_makes(site: Served) -> None:
    link = code_link(site, site.officer())
    ada = site.visitor()
    assert "Nobody there sees your new code" in ada.get(link).words
    code = re.search(r"KB(-[0-9A-Z]{4}){9}", ada.post("/new-code").text)
    assert code is not None and ada.get("/mine").path == "/mine"
    assert site.visitor().post("/sign-in", code=code[0]).path == "/mine"
    assert "A new way to sign in was made for you." in ada.get("/mine/looks").words
    second = site.visitor()
    second.get(link)
    assert second.post("/new-code").status == 410, "it works once"


def test_opening_a_link_makes_nothing_before_the_person_says_so(site: Served) -> None:
    """Programs that look at links in mail open them, too."""
    code = site.archive.access.new_code(subject_actor(site.club.ids["Ada"]), site.club.ids["Ada"])
    site.visitor().get(code_link(site, site.officer()))
    assert site.visitor().post("/sign-in", code=code).path == "/mine"


def test_a_new_code_ends_what_the_one_before_had_signed_in(site: Served) -> None:
    ada = site.person("Ada")
    assert ada.get("/mine").path == "/mine"
    other = site.visitor()
    other.get(code_link(site, site.officer()))
    other.post("/new-code")
    assert ada.get("/mine").path == "/sign-in" and other.get("/mine").path == "/mine"


def test_a_session_ends_with_its_code_whichever_program_ended_that(site: Served) -> None:
    ada, them = site.person("Ada"), subject_actor(site.club.ids["Ada"])
    site.archive.access.new_code(them, site.club.ids["Ada"])
    assert ada.get("/mine").path == "/sign-in"


def test_who_shows_once_more_who_they_are_goes_on_where_they_were(site: Served) -> None:
    from kenbaar.web.pages.public import local_path

    assert local_path("/staff/people?from=50&find=A") == "/staff/people?from=50&find=A"
    for elsewhere in ("https://x.test/a", "//x.test/a", "/\\x.test", "x", "javascript:alert(1)"):
        assert local_path(elsewhere) == "/", elsewhere


def test_enrolments_one_after_another_from_one_network_are_not_stopped(site: Served) -> None:
    token = site.club.invite("Dov", "find", options=("--holder", "organisation"))
    person = site.visitor()
    for _ in range(59):  # of a class, each with a typing error
        person.get(f"/i/{token[:-1]}")
        assert person.post("/invitation", agree="find").status in (401, 403, 410)
    person.get(f"/i/{token}")
    assert "You are enrolled" in person.post("/invitation", [("photo", site.club.portrait("Dov"))], agree="find").words


def test_who_enrolled_is_handed_their_receipt(site: Served) -> None:
    from kenbaar.consent import verify_receipt

    token = site.club.invite("Dov", "find", options=("--holder", "organisation"))
    person = site.visitor()
    person.get(f"/i/{token}")
    page = person.post("/invitation", [("photo", site.club.portrait("Dov"))], agree="find")
    receipt = re.search(r"data-receipt>\s*([\w.-]+)", page.text)
    assert receipt is not None and verify_receipt(receipt[1]).kind == "consent"


def test_who_holds_their_own_key_renews_with_their_code_and_not_without_it(site: Served) -> None:
    site.club.enrol("Dov", "find", options=("--holder", "subject"))
    token = str(site.club.kenbaar("renew", site.club.ids["Dov"])["token"])
    person = site.visitor()
    person.get(f"/i/{token}")
    photo = [("photo", site.club.portrait("Dov"))]
    assert person.post("/invitation", photo, agree="find").status in (401, 422)
    page = person.post("/invitation", photo, agree="find", code=site.club.codes["Dov"])
    assert "You are enrolled" in page.words


def test_a_portrait_is_left_with_ask_alone(site: Served) -> None:
    token = site.club.invite("Dov", "find", "ask", options=("--holder", "organisation"))
    person = site.visitor()
    person.get(f"/i/{token}")
    files = [("photo", site.club.portrait("Dov")), ("portrait", site.club.portrait("Dov"))]
    refused = person.post("/invitation", files, agree="find")
    assert refused.status in (400, 403, 422) and site.archive.consents.portraits.subjects() == set()
    page = person.post("/invitation", files, agree=["find", "ask"])
    assert "You are enrolled" in page.words
    assert site.archive.consents.portraits.subjects() == {site.club.ids["Dov"]}
