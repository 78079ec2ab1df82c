"""The web app served over a club's archive (tests/e2e): after every test the archive is checked."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

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


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium. Skips where there is none."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no chromium is installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()
