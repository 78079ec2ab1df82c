"""A video among the pictures: shown as the moment its person is seen best, everybody else covered."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kenbaar import acts
from tests.actors import OFFICER
from tests.e2e.club import SIDE, Club
from tests.e2e.test_videos import film
from tests.web.site import Served, served


@pytest.fixture
def site(made_club: Club, tmp_path: Path) -> Iterator[Served]:
    """Ada and a stranger for a second and a half."""
    club = made_club.copied_to(tmp_path)
    film(club, "clip.mp4", (("Ada", "Stranger"), 1.5))
    club.collect()
    club.sweep()
    with served(club) as site:
        yield site
    club.kenbaar.expect_whole()


def item_of(site: Served) -> str:
    ((item, _),) = site.archive.collections.store.appearances_of(site.club.ids["Ada"])
    return item.id


def test_a_person_sees_their_moment_with_everybody_else_covered(site: Served) -> None:
    ada, item = site.person("Ada"), item_of(site)
    page = ada.get("/mine")
    assert f"/mine/pictures/{item}" in page.text
    large = ada.get(f"/mine/pictures/{item}")
    assert large.status == 200 and "A video." in large.words and "from 0:00 to 0:01" in large.words
    jpeg = ada.http.get(f"/mine/pictures/{item}/large.jpg").content
    pixels = np.asarray(Image.open(io.BytesIO(jpeg)).convert("RGB")).astype(int)
    ada_edge, other_edge = pixels[130:150, 41:56], pixels[110:150, 246:330]
    assert (ada_edge[..., 0] - ada_edge[..., 1]).max() > 60, "Ada's frame is there"
    assert np.abs(other_edge - 64).max() < 20 and SIDE == 96, "the stranger is covered"


def test_staff_see_it_with_everybody_covered(site: Served) -> None:
    officer, item = site.officer(), item_of(site)
    assert officer.get("/staff/collections/party").status == 200
    page = officer.get(f"/staff/pictures/{item}")
    assert page.status == 200
    jpeg = officer.http.get(f"/staff/pictures/{item}/large.jpg").content
    pixels = np.asarray(Image.open(io.BytesIO(jpeg)).convert("RGB")).astype(int)
    assert (pixels[..., 0] - pixels[..., 1]).max() < 60, "nobody's frame shows"


def test_the_copy_plays_in_parts_and_its_sound_is_a_choice(site: Served) -> None:
    site.club.publish()
    officer = site.officer()
    (copy,) = acts.list_copies(site.archive, OFFICER, acts.ListCopiesRequest()).copies
    assert "<video" in officer.get(f"/staff/copies/{copy.copy}").text and copy.masked == 1
    file = f"/staff/copies/{copy.copy}/file"
    part = officer.http.get(file, headers={"Range": "bytes=0-99"})
    assert part.status_code == 206 and len(part.content) == 100 and part.headers["content-type"] == "video/mp4"
    assert "hold back videos that have sound" in officer.get("/staff/collections/party/publish").words
    (site.club.out / "clip.mp4").write_bytes(b"another film")
    assert officer.http.get(file).status_code == 404
