"""Pages that everybody can use: WCAG 2.2 AA by axe, by keyboard alone, on a small phone, with large text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize

from tests.e2e.club import Club
from tests.web.site import PASSPHRASE, Served, served

pytestmark = pytest.mark.usefixtures("true_codes")  # the server of this module is older than each of its tests

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
PHONE, DESK = ViewportSize(width=390, height=844), ViewportSize(width=1280, height=900)

# Pages to look at, by who looks. Add a line with a page.
PUBLIC = [
    "/",
    "/about",
    "/sign-in",
    "/staff/sign-in",
    "/staff/accept",
    "/invitation",
    "/nowhere",
    "/cover-me",
    "/new-code",
]
PERSON = ["/mine", "/mine/looks", "/mine/choices", "/mine/data", "/mine/leave", "/prove"]
STAFF = ["/staff", "/staff/people", "/staff/collections", "/staff/collections/party", "/staff/folders", "/staff/jobs"]
STAFF += [
    "/staff/account",
    "/staff/collections/party/publish",
    "/staff/copies",
    "/staff/ledger",
    "/staff/reports",
    "/prove",
]
STAFF += ["/staff/requests", "/staff/ask", "/staff/cases", "/staff/review", "/staff/reports"]
STAFF += ["/staff/accounts", "/staff/accounts/invite", "/staff/pointed"]


@pytest.fixture(scope="module")
def axe() -> str:
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: npm install")
    return AXE.read_text("utf-8")


@pytest.fixture(scope="module")
def shown(made_party: Club, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One server for all of these: they look, and change nothing."""
    club = made_party.swept_copied_to(tmp_path_factory.mktemp("access"))
    club.enrol("Dov", "find", "ask", options=("--holder", "subject"))
    with served(club) as site:
        yield site


def signed_in(context: BrowserContext, site: Served, who: str) -> Page:
    """A page of a browser in which somebody is signed in: public, person or staff."""
    page = context.new_page()
    if who == "person":
        page.goto(f"{site.origin}/sign-in")
        page.fill("#code", site.club.codes["Dov"])
        page.click("main button")
        page.wait_for_url("**/mine")
    elif who == "staff":
        page.goto(f"{site.origin}/staff/sign-in")
        page.fill("#account", site.account("officer"))
        page.fill("#passphrase", PASSPHRASE)
        page.click("main button")
        page.wait_for_url("**/staff")
    return page


def violations(page: Page, axe: str) -> list[str]:
    page.evaluate(axe)
    run = "async rules => (await axe.run(document, {runOnly: rules})).violations"
    found: list[dict[str, Any]] = page.evaluate(run, RULES)
    return [f"{v['id']}: {v['help']}: {v['nodes'][0]['html']}" for v in found]


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("who", ["public", "person", "staff"])
def test_axe_finds_nothing_on_any_page(
    browser: Browser, axe: str, shown: Served, who: str, size: Any, scheme: Any
) -> None:
    context = browser.new_context(viewport=size, color_scheme=scheme)
    page = signed_in(context, shown, who)
    for path in {"public": PUBLIC, "person": PERSON, "staff": STAFF}[who]:
        page.goto(shown.origin + path)
        assert violations(page, axe) == [], path
    context.close()


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "nl"])
@pytest.mark.parametrize("who", ["public", "person", "staff"])
def test_nothing_is_wider_than_the_smallest_phone_nor_with_text_twice_as_large(
    browser: Browser, shown: Served, who: str, language: str
) -> None:
    context = browser.new_context(viewport=ViewportSize(width=320, height=640), locale=language)
    page = signed_in(context, shown, who)
    for path in {"public": PUBLIC, "person": PERSON, "staff": STAFF}[who]:
        for factor in (1, 2):
            page.set_viewport_size(ViewportSize(width=320 * factor, height=640))
            page.goto(shown.origin + path)
            page.evaluate("f => document.documentElement.style.setProperty('font-size', 100 * f + '%')", factor)
            wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wide <= 0, (path, factor)
    context.close()


@pytest.mark.slow
@pytest.mark.parametrize("who", ["public", "person", "staff"])
def test_everything_that_can_be_used_is_reached_by_the_tab_key_and_shows_it(
    browser: Browser, shown: Served, who: str
) -> None:
    context = browser.new_context(viewport=DESK)
    page = signed_in(context, shown, who)
    for path in {"public": PUBLIC, "person": PERSON, "staff": STAFF}[who]:
        page.goto(shown.origin + path)
        usable = page.evaluate(
            "[...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea')]"
            ".filter(e => e.getClientRects().length && !e.disabled && !e.closest('details:not([open])')).length"
        )
        reached: set[str] = set()
        parts = 4 * page.locator("input[type=date]").count()  # a day is three fields and a button in one
        for _ in range(usable + parts + 3):
            page.keyboard.press("Tab")
            mark = page.evaluate(
                """() => {
                    const e = document.activeElement;
                    if (!e || e === document.body) return null;
                    const s = getComputedStyle(e);
                    e.dataset.mark ||= String(Math.random());
                    return [e.dataset.mark, s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2];
                }"""
            )
            if mark is not None:
                assert mark[1], (path, page.evaluate("document.activeElement.outerHTML"))
                reached.add(mark[0])
        groups = page.evaluate(  # of radio buttons with one name the tab key stops at one
            "(() => { const r = [...document.querySelectorAll('input[type=radio]')];"
            " return r.length - new Set(r.map(e => e.name)).size; })()"
        )
        assert len(reached) >= usable - groups, path
    context.close()
