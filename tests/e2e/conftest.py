"""End to end: all of Kenbaar through its commands. After every test the archive is checked, its ledger verified."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.club import Club, new_club


@pytest.fixture(scope="session")
def made_club(tiny_pack_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Club:
    """Made once: Ada agreed to find and show:web, Bob to find, Cas to show:web. Nobody holds their own key."""
    club = new_club(tmp_path_factory.mktemp("club"), tiny_pack_folder)
    club.enrol("Ada", "find", "show:web")
    club.enrol("Bob", "find")
    club.enrol("Cas", "show:web")
    return club


@pytest.fixture
def club(made_club: Club, tmp_path: Path) -> Iterator[Club]:
    """A club of three with no pictures yet, in a place of its own."""
    club = made_club.copied_to(tmp_path)
    yield club
    club.kenbaar.expect_whole()


@pytest.fixture(scope="session")
def made_party(made_club: Club, tmp_path_factory: pytest.TempPathFactory) -> Club:
    """Made once: the club with a swept collection of both.jpg, ada.jpg, cas.jpg and nobody.jpg."""
    club = made_club.copied_to(tmp_path_factory.mktemp("party"))
    club.photo("both.jpg", "Ada", "Bob")
    club.photo("ada.jpg", "Ada")
    club.photo("cas.jpg", "Cas", "Stranger")
    club.photo("nobody.jpg")
    club.collect()
    club.sweep()
    return club


@pytest.fixture
def party(made_party: Club, tmp_path: Path) -> Iterator[Club]:
    """The club after a sweep: both.jpg (Ada, Bob), ada.jpg, cas.jpg (Cas, a stranger), nobody.jpg."""
    club = made_party.swept_copied_to(tmp_path)
    yield club
    club.kenbaar.expect_whole()


@pytest.fixture
def empty_club(tiny_pack_folder: Path, tmp_path: Path) -> Iterator[Club]:
    """An archive in a jurisdiction where everything is allowed, with nobody in it."""
    club = new_club(tmp_path, tiny_pack_folder)
    yield club
    club.kenbaar.expect_whole()
