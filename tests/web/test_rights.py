"""What a person may ask about themselves, in the browser: who looked, their choices, everything held, to leave."""

from __future__ import annotations

import io
import re
import zipfile

import pytest

from tests.web.site import Served, Visitor

SELF = ("--holder", "subject")


@pytest.fixture
def dov(site: Served) -> Visitor:
    """Somebody who holds their own key, agreed to be found, and was offered show:web as well."""
    site.club.kenbaar("enrol", site.club.invite("Dov", "find", "show:web", options=SELF), site.club.portrait("Dov"),
                      "--agree", "find")  # fmt: skip
    return site.visitor()


def signed_in(site: Served, name: str = "Dov") -> Visitor:
    if name not in site.club.codes:
        site.club.enrol(name, "find", "show:web", options=SELF)
    return site.person(name)


def test_who_looked_tells_every_act_about_them_and_none_about_others(site: Served) -> None:
    dov = signed_in(site)
    page = dov.get("/mine/looks")
    assert "You enrolled." in page.words and "You were invited." in page.words
    assert "Somebody asked which pictures you are in." in page.words  # they themselves, just now
    assert site.club.ids["Ada"] not in page.text


def test_each_look_has_a_proof_and_a_look_at_somebody_else_has_none_for_them(site: Served) -> None:
    from kenbaar.ledger import verify_proof

    dov = signed_in(site)
    entries = [int(n) for n in re.findall(r'href="/mine/looks/(\d+)"', dov.get("/mine/looks").text)]
    assert entries == sorted(entries, reverse=True)
    page = dov.get(f"/mine/looks/{entries[0]}")
    assert page.status == 200 and "c2sp.org/tlog-proof" in page.text
    assert verify_proof is not None
    others = set(range(site.archive.ledger.size)) - set(entries)
    assert {dov.get(f"/mine/looks/{n}").status for n in sorted(others)[:6]} == {404}
    assert dov.get("/mine/looks/-1").status == 404


def test_a_purpose_is_turned_off_at_once_and_on_again(site: Served) -> None:
    dov, subject = signed_in(site), site.club.ids["Dov"]
    page = dov.post("/mine/choices/off", purpose="show:web")
    assert "The key for this is destroyed" in page.words
    assert subject not in site.archive.consents.may_show("web")
    assert dov.post("/mine/choices/on", purpose="show:web").path == "/mine/choices"
    assert subject in site.archive.consents.may_show("web")
    assert site.club.kenbaar("find", subject, "--code", site.club.codes["Dov"])["appearances"] == []


@pytest.mark.parametrize("purpose", ["ask", "show:print", "show", "nonsense", ""])
def test_nobody_agrees_to_what_was_never_offered(site: Served, purpose: str) -> None:
    dov, subject = signed_in(site), site.club.ids["Dov"]
    before = [str(g.purpose) for g in site.archive.consents.living_grants(subject)]
    assert dov.post("/mine/choices/on", purpose=purpose).status in (400, 403)
    assert [str(g.purpose) for g in site.archive.consents.living_grants(subject)] == before


def test_agreeing_more_needs_the_key_of_whoever_holds_it(site: Served) -> None:
    dov = signed_in(site)
    dov.post("/mine/choices/off", purpose="show:web")
    for session in site.app.state.site.sessions._by_digest.values():
        session.forget_key()  # fifteen minutes later
    assert dov.post("/mine/choices/on", purpose="show:web").status == 401


def test_everything_held_is_downloaded_by_who_has_just_shown_who_they_are(site: Served) -> None:
    dov = signed_in(site)
    answer = dov.http.post("/mine/data", data={"_csrf": dov.csrf})
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as export:
        assert {"index.html", "data.json"} <= set(export.namelist())
    for session in site.app.state.site.sessions._by_digest.values():
        session.proved_at = -10_000.0
    assert dov.post("/mine/data").path == "/prove"


def test_leaving_takes_one_page_and_ends_every_session_of_theirs(site: Served) -> None:
    dov = signed_in(site)
    elsewhere = site.person("Dov")
    page = dov.post("/mine/leave")
    assert "You have left" in page.words and "Your receipt" in page.words
    assert re.search(r"data-receipt>\s*[\w-]+\.[\w-]+\.[\w-]+", page.text)
    assert dov.get("/mine").path == "/sign-in" and elsewhere.get("/mine").path == "/sign-in"
    assert site.visitor().post("/sign-in", code=site.club.codes["Dov"]).status in (401, 403)


def test_an_officer_is_not_told_who_looked_at_somebody(site: Served) -> None:
    from kenbaar import acts
    from kenbaar.errors import RoleRefused
    from tests.actors import OFFICER

    with pytest.raises(RoleRefused):
        acts.looks(site.archive, OFFICER, acts.LooksRequest(site.club.ids["Ada"]))


def test_what_is_about_others_is_not_even_opened_to_tell_who_looked(site: Served) -> None:
    subject = site.club.ids["Ada"]
    told = [act for act in site.archive.journal.acts_for(subject) if act.payload is not None]
    assert {act.payload.get("subject") for act in told if act.payload} <= {None, subject}
    everything = [act for act in site.archive.journal.acts() if (act.payload or {}).get("subject") == subject]
    assert [act.index for act in told if (act.payload or {}).get("subject") == subject] == [a.index for a in everything]
