"""My pictures in the browser: mine alone, everybody else covered, and what I say about them."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.cheap import quick_codes
from tests.e2e.club import SIDE, STEP, Club
from tests.web.site import Served, Visitor, served


@pytest.fixture(scope="module")
def made_dov(made_party: Club, tmp_path_factory: pytest.TempPathFactory) -> Club:
    """Made once, with a code that this process alone can open."""
    party = made_party.swept_copied_to(tmp_path_factory.mktemp("dov"))
    with quick_codes():
        party.enrol("Dov", "find", options=("--holder", "subject"))
        party.photo("dov.jpg", "Dov", "Ada", "Stranger")
        party.sweep("--code", party.codes["Dov"])
    return party


@pytest.fixture
def dov(made_dov: Club, tmp_path: Path) -> Iterator[Club]:
    """The party with Dov, who holds his own key, beside Ada and a stranger on dov.jpg."""
    club = made_dov.swept_copied_to(tmp_path)
    yield club
    club.kenbaar.expect_whole()


def items(page: str) -> list[str]:
    return re.findall(r'href="/mine/pictures/([\w-]+)"', page)


def faces_seen(jpeg: bytes, n: int) -> list[bool]:
    """Of n people in a row, whose magenta frame shows."""
    with Image.open(io.BytesIO(jpeg)) as picture:
        whole = picture.convert("RGB")
        scale = whole.width / (60 + STEP * n)
        shown = []
        for k in range(n):
            x_min, y_min = (40 + STEP * k) * scale, 96 * scale
            face = whole.crop((round(x_min), round(y_min), round(x_min + SIDE * scale), round(y_min + SIDE * scale)))
            red, green, _ = np.asarray(face.resize((12, 12)))[6, 0].astype(int)
            shown.append(bool(red - green > 60))
    return shown


def jpeg(visitor: Visitor, item: str, size: str) -> bytes:
    answer = visitor.http.get(f"/mine/pictures/{item}/{size}.jpg")
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["cache-control"] == "no-store"
    return answer.content


@pytest.mark.parametrize("size", ["small", "large"])
def test_on_my_pictures_i_am_seen_and_nobody_else_is(dov: Club, size: str) -> None:
    with served(dov) as site:
        visitor = site.person("Dov")
        (item,) = items(visitor.get("/mine").text)
        for _ in range(2):  # made, and out of memory
            assert faces_seen(jpeg(visitor, item, size), 3) == [True, False, False]
        assert "dov.jpg" in visitor.get(f"/mine/pictures/{item}").words


def test_pictures_of_others_are_not_there_for_me(dov: Club) -> None:
    with served(dov) as site:
        visitor = site.person("Dov")
        mine = items(visitor.get("/mine").text)
        for path, row in site.club.items().items():
            for address in (f"/mine/pictures/{row['item']}", f"/mine/pictures/{row['item']}/small.jpg"):
                assert (visitor.get(address).status == 200) == (row["item"] in mine), path
            if row["item"] not in mine:
                assert visitor.post(f"/mine/pictures/{row['item']}/not-me").status == 404
        assert visitor.get(f"/mine/pictures/{mine[0]}/huge.jpg").status == 404
        assert visitor.get("/mine/pictures/i-00000000").status == 404


def test_what_is_not_me_is_gone_and_stays_gone(dov: Club) -> None:
    with served(dov) as site:
        visitor = site.person("Dov")
        (item,) = items(visitor.get("/mine").text)
        jpeg(visitor, item, "small")
        visitor.post(f"/mine/pictures/{item}/not-me")
        assert items(visitor.get("/mine").text) == []
        assert visitor.get(f"/mine/pictures/{item}/small.jpg").status == 404


def test_a_face_that_is_not_mine_is_not_claimed(dov: Club) -> None:
    with served(dov) as site:
        visitor = site.person("Dov")
        (item,) = items(visitor.get("/mine").text)
        page = visitor.post(f"/mine/pictures/{item}/me", face="2")  # the stranger's
        assert page.status == 422 and "does not match" in page.words
        assert visitor.post(f"/mine/pictures/{item}/me", face="seven").status == 400
        assert faces_seen(jpeg(visitor, item, "small"), 3) == [True, False, False]


def test_without_the_key_the_page_asks_for_it_and_shows_nothing(dov: Club) -> None:
    with served(dov) as site:
        visitor = site.person("Dov")
        (item,) = items(visitor.get("/mine").text)
        for session in site.app.state.site.sessions._by_digest.values():
            session.forget_key()
        assert "Your key was put away" in visitor.get("/mine").words
        assert visitor.get(f"/mine/pictures/{item}/small.jpg").status == 401
        visitor.post("/prove", code=dov.codes["Dov"], next="/mine")
        assert items(visitor.get("/mine").text) == [item]


def test_looking_is_in_the_ledger_before_anything_is_shown(dov: Club) -> None:
    with served(dov) as site:
        visitor = site.person("Dov")
        assert "Somebody asked which pictures you are in." in visitor.get("/mine/looks").words


def test_whoever_left_by_another_program_sees_nothing_more(dov: Club) -> None:
    with served(dov) as site:
        visitor = site.person("Dov")
        (item,) = items(visitor.get("/mine").text)
        jpeg(visitor, item, "small")
        dov.kenbaar("withdraw", dov.ids["Dov"])
        assert visitor.get(f"/mine/pictures/{item}/small.jpg").status in (401, 403, 404)
        assert visitor.get("/mine").status in (401, 403)


def test_other_peoples_names_stand_on_no_page_of_mine(dov: Club) -> None:
    with served(dov) as site:
        visitor = site.person("Dov")
        (item,) = items(visitor.get("/mine").text)
        text = visitor.get("/mine").text + visitor.get(f"/mine/pictures/{item}").text
        assert "Ada" not in text and dov.ids["Ada"] not in text


def test_somebody_hides_themselves_in_one_picture_and_shows_themselves_again(site: Served) -> None:
    ada = site.person("Ada")
    item = next(i.id for i, _ in site.archive.collections.store.appearances_of(site.club.ids["Ada"]))
    path = f"/mine/pictures/{item}"
    assert "Do not show me here" in ada.get(path).words
    assert "not shown in any copy" in ada.post(f"{path}/hide").words
    page = ada.get(path)
    assert "Show me here again" in page.words
    assert "not shown in any copy" not in ada.post(f"{path}/hide", show="yes").words
    bob = site.person("Bob")
    other = next(
        i.id
        for i, _ in site.archive.collections.store.appearances_of(site.club.ids["Ada"])
        if all(a.subject != site.club.ids["Bob"] for a in site.archive.collections.store.appearances_in(i.id))
    )
    assert bob.post(f"/mine/pictures/{other}/hide").status == 404
