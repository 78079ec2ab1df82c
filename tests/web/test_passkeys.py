"""Passkeys in a real browser with a virtual authenticator: they sign in, they open the key of who holds their own, and
nothing that opens it leaves the device."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, CDPSession, Page, Request, expect

from tests.web.site import PASSPHRASE, Served

pytestmark = pytest.mark.slow


class Device:
    """One page of a browser with an authenticator of its own."""

    def __init__(self, context: BrowserContext, *, prf: bool = True) -> None:
        self.page: Page = context.new_page()
        self.page.set_default_timeout(15_000)
        self.cdp: CDPSession = context.new_cdp_session(self.page)
        self.cdp.send("WebAuthn.enable")
        options: Any = dict(
            protocol="ctap2", ctap2Version="ctap2_1", transport="internal", hasResidentKey=True, hasPrf=prf,
            hasUserVerification=True, isUserVerified=True, automaticPresenceSimulation=True,
        )  # fmt: skip
        made = self.cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        self.id = made["authenticatorId"]
        self.sent: list[str] = []
        self.page.on("request", self._note)

    def _note(self, request: Request) -> None:
        if request.method == "POST":
            self.sent.append(request.post_data or "")

    def unverified(self) -> None:
        self.cdp.send("WebAuthn.setUserVerified", {"authenticatorId": self.id, "isUserVerified": False})

    def lose(self) -> None:
        self.cdp.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": self.id})


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(locale="en-GB")
    yield context
    context.close()


def enrol(site: Served, page: Page, holder: str) -> str:
    """Dov enrols in this browser; returns the code he was shown."""
    token = site.club.invite("Dov", "find", options=("--holder", holder))
    page.goto(f"{site.origin}/i/{token}")
    page.check("input[name=agree][value=find]")
    page.set_input_files("input[name=photo]", site.club.portrait("Dov"))
    page.click("main form:last-of-type button:not([type=button])")
    return page.inner_text(".code.big").strip()


def add_passkey(page: Page) -> str:
    page.click('[data-passkey="new"]')
    words = page.locator("[data-passkey-words]").first
    expect(words).to_be_visible()
    return words.inner_text()


def test_somebody_who_holds_their_key_opens_it_with_a_passkey_and_the_server_never_hears_of_it(
    site: Served, context: BrowserContext
) -> None:
    device = Device(context)
    code = enrol(site, device.page, "subject")
    device.sent.clear()
    assert "is kept" in add_passkey(device.page)
    for body in device.sent:
        assert code not in body and code.replace("-", "") not in body
        posted = json.loads(body)
        assert not posted.get("credential", {}).get("clientExtensionResults")
    (kept,) = site.archive.access.store.of(site.club.ids["Dov"])
    assert kept.wrapped is not None and code.encode() not in kept.wrapped
    context.clear_cookies()
    device.page.goto(f"{site.origin}/sign-in")
    device.page.click('[data-passkey="sign-in"]')
    device.page.wait_for_url("**/mine")
    assert "My pictures" in device.page.inner_text("h1")


def test_whose_key_the_organisation_holds_signs_in_with_a_passkey(site: Served, context: BrowserContext) -> None:
    device = Device(context, prf=False)
    enrol(site, device.page, "organisation")
    assert "is kept" in add_passkey(device.page)
    context.clear_cookies()
    device.page.goto(f"{site.origin}/sign-in")
    device.page.click('[data-passkey="sign-in"]')
    device.page.wait_for_url("**/mine")


def test_a_device_without_prf_says_so_and_keeps_nothing(site: Served, context: BrowserContext) -> None:
    device = Device(context, prf=False)
    enrol(site, device.page, "subject")
    assert "Your code remains the way" in add_passkey(device.page)
    assert site.archive.access.store.of(site.club.ids["Dov"]) == []


def staff_with_passkey(site: Served, device: Device) -> str:
    account = site.account("officer")
    page = device.page
    page.goto(f"{site.origin}/staff/sign-in")
    page.fill("#account", account)
    page.fill("#passphrase", PASSPHRASE)
    page.click("main button:not([type=button])")
    page.goto(f"{site.origin}/staff/account")
    assert "is kept" in add_passkey(page)
    return account


def test_staff_sign_in_and_show_once_more_who_they_are_with_a_passkey(site: Served, context: BrowserContext) -> None:
    device = Device(context)
    staff_with_passkey(site, device)
    context.clear_cookies()
    device.page.goto(f"{site.origin}/staff/sign-in")
    device.page.click('[data-passkey="sign-in"]')
    device.page.wait_for_url("**/staff")
    for session in site.app.state.site.sessions._by_digest.values():
        session.proved_at = -10_000.0
    device.page.goto(f"{site.origin}/prove?next=/staff/people")
    device.page.click('[data-passkey="sign-in"]')
    device.page.wait_for_url("**/staff/people")


def test_a_lost_or_unverified_device_signs_nobody_in_and_the_page_says_so(
    site: Served, context: BrowserContext
) -> None:
    device = Device(context)
    staff_with_passkey(site, device)
    context.clear_cookies()
    device.unverified()
    device.page.goto(f"{site.origin}/staff/sign-in")
    device.page.click('[data-passkey="sign-in"]')
    expect(device.page.locator("[data-passkey-words]")).to_contain_text("did not confirm")
    device.lose()
    assert device.page.url.endswith("/staff/sign-in")


def test_an_answer_is_good_once_and_for_the_challenge_it_was_made_for(site: Served, context: BrowserContext) -> None:
    device = Device(context)
    staff_with_passkey(site, device)
    context.clear_cookies()
    device.page.goto(f"{site.origin}/staff/sign-in")
    device.sent.clear()
    device.page.click('[data-passkey="sign-in"]')
    device.page.wait_for_url("**/staff")
    answer = next(json.loads(body) for body in device.sent if "credential" in body)
    thief = site.visitor()
    thief.get("/staff/sign-in")
    headers = {"X-CSRF": thief.csrf}
    for asked in (False, True):  # without a challenge of their own, and with another one
        if asked:
            assert thief.http.post("/passkeys/ask", json={}, headers=headers).status_code == 200
        assert thief.http.post("/passkeys/answer", json=answer, headers=headers).status_code == 401
    assert thief.get("/staff").path == "/staff/sign-in"


def test_the_same_answer_a_second_time_in_the_same_browser_is_refused_and_in_the_ledger(
    site: Served, context: BrowserContext
) -> None:
    device = Device(context, prf=False)
    enrol(site, device.page, "organisation")
    add_passkey(device.page)
    context.clear_cookies()
    device.page.goto(f"{site.origin}/sign-in")
    device.sent.clear()
    device.page.click('[data-passkey="sign-in"]')
    device.page.wait_for_url("**/mine")
    answer = next(body for body in device.sent if "credential" in body)
    again = """async (body) => {
        const csrf = document.querySelector('input[name="_csrf"]').value;
        const headers = { 'Content-Type': 'application/json', 'X-CSRF': csrf };
        const told = await fetch('/passkeys/ask', { method: 'POST', headers, body: '{}' }).then((r) => r.json());
        return (await fetch('/passkeys/answer', { method: 'POST', headers, body })).status;
    }"""
    assert device.page.evaluate(again, answer) == 401
    looks = site.archive.looks.at(site.club.ids["Dov"])
    assert any(look.event == "refused" for look in looks), [look.event for look in looks]


@pytest.mark.parametrize("body", [{}, {"credential": {}}, {"credential": {"rawId": "AAAA"}}, [], {"credential": None}])
def test_what_is_no_answer_signs_nobody_in(site: Served, body: Any) -> None:
    visitor = site.visitor()
    visitor.get("/sign-in")
    headers = {"X-CSRF": visitor.csrf}
    visitor.http.post("/passkeys/ask", json={}, headers=headers)
    assert visitor.http.post("/passkeys/answer", json=body, headers=headers).status_code in (400, 401)
    assert visitor.http.post("/passkeys", json=body, headers=headers).status_code in (400, 403)
    assert visitor.http.post("/passkeys/new", json=body, headers=headers).status_code == 403


def test_a_passkey_that_was_taken_away_or_whose_account_ended_signs_nobody_in(
    site: Served, context: BrowserContext
) -> None:
    device = Device(context)
    account = staff_with_passkey(site, device)
    site.club.kenbaar("staff", "end", account)
    context.clear_cookies()
    device.page.goto(f"{site.origin}/staff/sign-in")
    device.page.click('[data-passkey="sign-in"]')
    expect(device.page.locator("[data-passkey-words]")).to_contain_text("signs nobody in")
