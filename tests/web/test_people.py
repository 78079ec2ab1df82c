"""People and accounts, as the organisation works with them in a browser."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from kenbaar import acts
from kenbaar.policy import RoleName
from kenbaar.web._sessions import FRESH_S
from tests.actors import OFFICER
from tests.web.site import PASSPHRASE, Page, Served, Visitor

INVITE: dict[str, Any] = {"name": "Jo Baker", "role": "editor"}


def link(page: Page, kind: str) -> str:
    """The one-time address on a page, as a path."""
    found = re.search(rf"https?://[^/<\s]+(/{kind}/[\w-]+)", page.text)
    assert found, page.words
    return found[1]


def in_days(site: Served, days: int) -> str:
    return (site.archive.journal.now() + timedelta(days=days)).date().isoformat()


def let_the_proof_grow_old(site: Served) -> None:
    clock = site.app.state.site.sessions._clock
    site.app.state.site.sessions._clock = lambda: clock() + FRESH_S + 1


def test_an_invitation_says_who_holds_the_key_where_until_when_and_to_what(site: Served) -> None:
    officer, until = site.officer(), in_days(site, 40)
    made = officer.post(
        "/staff/people", name="Dov", purpose=["find", "show"], channel="web", holder="subject", until=until
    )
    offered = site.visitor()
    offered.get(link(made, "i"))
    page = offered.get("/invitation")
    assert 'value="find"' in page.text and 'value="show:web"' in page.text
    offered.post("/invitation", [("photo", site.club.portrait("Dov"))], agree=["find", "show:web"])
    (dov,) = acts.subjects(site.archive, OFFICER, acts.SubjectsRequest(find="dov")).subjects
    assert (dov.holder, dov.purposes, str(dov.until)) == ("subject", ("find", "show:web"), until)


def test_a_minor_is_not_invited_without_a_guardian(site: Served) -> None:
    officer, before = site.officer(), len(site.archive.consents.store.subjects())
    page = officer.post("/staff/people", name="Kid", purpose=["find"], minor="yes")
    assert page.status == 400 and "guardian" in page.words
    assert 'value="Kid"' in page.text  # what was typed is still there
    assert len(site.archive.consents.store.subjects()) == before
    assert officer.post("/staff/people", name="Kid", purpose=["find"], minor="yes", guardian="Pat").status == 200


def test_people_are_found_by_a_part_of_their_name_without_it_standing_in_an_address(site: Served) -> None:
    officer = site.officer()
    page = officer.post("/staff/people/find", find="aD")
    assert "Ada" in page.words and "Bob" not in page.words
    assert page.path == "/staff/people/find" and 'method="get"' not in page.text
    assert "Nobody of that name" in officer.post("/staff/people/find", find="%").words
    site.club.invite("Zoe", "find")
    only = officer.post("/staff/people/find", state="invited")
    assert "Zoe" in only.words and "Ada" not in only.words


def test_a_long_list_comes_in_pages_and_each_stands_on_one_of_them(site: Served) -> None:
    for n in range(60):
        acts.invite(site.archive, OFFICER, acts.InviteRequest(f"Number {n:02}", ("find",)))
    officer = site.officer()
    first = officer.post("/staff/people/find", find="number")
    second = officer.post("/staff/people/find", (), find="number", **{"from": "50"})
    rows = [set(re.findall(r"Number \d\d", page.text)) for page in (first, second)]
    assert [len(r) for r in rows] == [50, 10] and not rows[0] & rows[1]
    for odd in ("-1", "x", "9" * 30, "²"):
        assert officer.post("/staff/people/find", (), **{"from": odd}).status == 200


def test_whoever_is_asked_again_answers_anew_and_nothing_changes_until_then(site: Served) -> None:
    officer, ada = site.officer(), site.club.ids["Ada"]
    before = acts.subjects(site.archive, OFFICER, acts.SubjectsRequest(subject=ada))
    page = officer.post(f"/staff/people/{ada}/renew", until=in_days(site, 30))
    assert page.status == 200 and "They may renew" in page.words
    assert acts.subjects(site.archive, OFFICER, acts.SubjectsRequest(subject=ada)) == before
    visitor = site.visitor()
    assert visitor.get(link(page, "i")).path == "/invitation"
    assert officer.post(f"/staff/people/{ada}/renew", until="tomorrow").status == 400


def test_taking_back_for_somebody_is_proved_first_and_hands_over_the_receipt(site: Served) -> None:
    officer, ada = site.officer(), site.club.ids["Ada"]
    let_the_proof_grow_old(site)
    asked = officer.get(f"/staff/people/{ada}/withdraw")
    assert asked.path == "/prove"
    assert officer.post(f"/staff/people/{ada}/withdraw").path == "/prove"  # nor past the form
    assert acts.subjects(site.archive, OFFICER, acts.SubjectsRequest(subject=ada)).subjects[0].state == "enrolled"
    page = officer.post("/prove", passphrase=PASSPHRASE, next=f"/staff/people/{ada}/withdraw")
    assert page.path == f"/staff/people/{ada}/withdraw" and "Destroy the keys" in page.words
    done = officer.post(page.path)
    assert "Nothing is kept about this person any more" in done.words and "data-receipt" in done.text
    assert acts.subjects(site.archive, OFFICER, acts.SubjectsRequest(subject=ada)).subjects[0].state == "left"


def test_a_proof_in_between_does_not_turn_one_purpose_into_everything(site: Served) -> None:
    site.club.enrol("Dov", "find", "show:web")
    officer, dov = site.officer(), site.club.ids["Dov"]
    let_the_proof_grow_old(site)
    asked = officer.get(f"/staff/people/{dov}/withdraw/show%3Aweb")
    back = re.search(r'name="next" value="([^"]+)"', asked.text)
    assert back, asked.words
    form = officer.post("/prove", passphrase=PASSPHRASE, next=back[1])
    purpose = re.search(r'name="purpose" value="([^"]+)"', form.text)
    assert purpose, form.words
    done = officer.post(f"/staff/people/{dov}/withdraw", purpose=purpose[1])
    assert "Their other choices stay" in done.words
    (row,) = acts.subjects(site.archive, OFFICER, acts.SubjectsRequest(subject=dov)).subjects
    assert row.purposes == ("find",)
    assert officer.get(f"/staff/people/{dov}/withdraw/show%3Aweb").status == 404
    assert officer.get("/staff/people/nobody/withdraw").status == 404


def test_who_left_at_the_organisations_hand_is_signed_in_no_longer(site: Served) -> None:
    site.club.enrol("Dov", "find", options=("--holder", "subject"))
    person, officer = site.person("Dov"), site.officer()
    officer.post(f"/staff/people/{site.club.ids['Dov']}/withdraw")
    assert person.get("/mine").path == "/sign-in"


def test_an_account_is_made_for_a_role_and_a_day_and_taken_once(site: Served) -> None:
    officer = site.officer()
    made = officer.post("/staff/accounts/invite", **INVITE, until=in_days(site, 100))
    path = link(made, "staff/accept")
    assert path.rpartition("/")[2] not in officer.get("/staff/accounts").text  # shown once
    jo = site.visitor()
    jo.get(path)
    assert jo.post("/staff/accept", passphrase=PASSPHRASE, again=PASSPHRASE).path == "/staff"
    page = officer.get("/staff/accounts")
    assert "Jo Baker" in page.words and "active" in page.words
    other = site.visitor()
    other.get(path)
    assert other.post("/staff/accept", passphrase=PASSPHRASE, again=PASSPHRASE).status != 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"until": ""},
        {"until": "soon"},
        {"until": "2020-01-01"},
        {"until": "2999-01-01"},
        {"role": "owner"},
        {"name": ""},
        {"name": "\x07"},
        {"subject": "s-nobody"},
    ],
)
def test_an_account_that_may_not_be_is_not_made(site: Served, wrong: dict[str, Any]) -> None:
    officer, before = site.officer(), len(site.archive.staff.all())
    page = officer.post("/staff/accounts/invite", **(INVITE | {"until": in_days(site, 100)} | wrong))
    assert page.status in (400, 404) and "Make an account" in page.words
    assert len(site.archive.staff.all()) == before


def test_a_trial_ends_within_two_weeks_and_says_so(site: Served) -> None:
    officer = site.officer()
    officer.post("/staff/accounts/invite", **INVITE, until=in_days(site, 300), trial="yes")
    (account,) = [a for a in site.archive.staff.all() if a.name == "Jo Baker"]
    assert account.trial and account.until <= site.archive.journal.now() + timedelta(days=14)
    assert "trial" in officer.get("/staff/accounts").words


def test_an_account_ends_after_a_look_at_what_that_means(site: Served) -> None:
    officer = site.officer()
    editor = site.staff("editor", "Jo Baker")
    (account,) = [a.id for a in site.archive.staff.all() if a.name == "Jo Baker"]
    assert "Jo Baker" in officer.get(f"/staff/accounts/{account}/end").words
    assert editor.get("/staff").path == "/staff"  # looking ends nothing
    officer.post(f"/staff/accounts/{account}/end")
    assert editor.get("/staff").path == "/staff/sign-in"
    assert "Jo Baker" not in officer.get("/staff/accounts").words
    assert "Jo Baker" in officer.get("/staff/accounts", ended="yes").words
    (own,) = [a.id for a in site.archive.staff.all() if a.is_living(site.archive.journal.now())]
    assert "only officer" in officer.get(f"/staff/accounts/{own}/end").words


@pytest.mark.parametrize("role", ["editor", "reviewer", "auditor"])
def test_nobody_but_an_officer_makes_or_ends_accounts(site: Served, role: RoleName) -> None:
    visitor = site.staff(role)
    (account,) = [a.id for a in site.archive.staff.all()]
    assert visitor.get("/staff/accounts/invite").status == 403
    assert visitor.post("/staff/accounts/invite", **INVITE, until=in_days(site, 100)).status in (400, 403)
    assert visitor.get(f"/staff/accounts/{account}/end").status == 403
    assert visitor.post(f"/staff/accounts/{account}/end").status == 403
    assert [a.id for a in site.archive.staff.all() if a.is_living(site.archive.journal.now())] == [account]


@pytest.mark.parametrize("role", ["reviewer", "auditor"])
def test_who_may_not_speak_for_people_takes_nothing_back_and_asks_nobody(site: Served, role: RoleName) -> None:
    visitor: Visitor = site.staff(role)
    ada = site.club.ids["Ada"]
    assert visitor.get(f"/staff/people/{ada}/withdraw").status == 403
    assert visitor.post(f"/staff/people/{ada}/withdraw").status == 403
    page = visitor.post(f"/staff/people/{ada}/renew")
    assert page.status in (400, 403) and "/i/" not in page.text
    assert acts.subjects(site.archive, OFFICER, acts.SubjectsRequest(subject=ada)).subjects[0].state == "enrolled"
