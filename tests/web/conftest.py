"""The web app served over a club's archive (tests/e2e): after every test the archive is checked."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserType, sync_playwright

from tests.e2e.club import Club
from tests.e2e.conftest import club, made_club, made_party, party
from tests.web.site import Served, served

__all__ = ["club", "made_club", "made_party", "party"]

FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
FLAGS += ["--disable-background-networking", "--disable-component-update"]


@pytest.fixture
def site(party: Club) -> Iterator[Served]:
    """The app over the swept club: both.jpg (Ada, Bob), ada.jpg, cas.jpg (Cas, a stranger), nobody.jpg.

    Nobody there holds their own key; `site.club.enrol("Dov", "find", options=("--holder", "subject"))` does.
    """
    with served(party) as running:
        yield running


@pytest.fixture(scope="module")
def chromium() -> Iterator[BrowserType]:
    """Debian's Chromium, to be launched. One in a thread at a time: a module's. Skips where there is none."""
    if shutil.which("chromium") is None:
        pytest.skip("no chromium is installed")
    with sync_playwright() as playwright:
        yield playwright.chromium


@pytest.fixture(scope="module")
def browser(chromium: BrowserType) -> Iterator[Browser]:
    """A browser of this module."""
    browser = chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
    yield browser
    browser.close()
