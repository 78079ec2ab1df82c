"""Somebody pointed out by hand in a browser: it shows nobody until a second account has looked and says the same."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from kenbaar import acts
from kenbaar.policy import RoleName
from tests.actors import OFFICER
from tests.e2e.club import Club
from tests.web.site import Page, Served, Visitor, served
from tests.web.test_mine import faces_seen


@pytest.fixture
def running(club: Club) -> Iterator[Served]:
    """Eva agreed to be shown without photos of her; she stands beside a stranger, in a collection in mode off."""
    club.photo("eva.jpg", "Eva", "Stranger")
    club.kenbaar("enrol", club.invite("Eva", "find", "show:web"), "--by-hand")
    club.collect("off")
    club.sweep()
    with served(club) as site:
        yield site


def item_of(site: Served) -> str:
    (item,) = acts.show_collection(site.archive, OFFICER, acts.ShowCollectionRequest("party")).items
    return item.item


def pointed(site: Served, by: Visitor, n: int = 0) -> str:
    """The path where a second person looks."""
    item, eva = item_of(site), site.club.ids["Eva"]
    page = by.post(f"/staff/pictures/{item}/point", face=str(n), subject=eva)
    assert page.path == f"/staff/pictures/{item}" and "a word alone" in page.words, page.words
    return f"/staff/pointed/{item}/{eva}"


def number_on(page: Page) -> str:
    found = re.search(r'name="number" value="(\d{6})"', page.text)
    assert found, page.words
    return found[1]


def is_shown(site: Served) -> bool:
    site.club.publish()
    return site.club.sees("eva.jpg", 0)


def test_who_points_somebody_out_cannot_confirm_it_and_a_colleague_can(running: Served) -> None:
    first, second = running.staff("editor"), running.staff("reviewer")
    path = pointed(running, first)
    assert not is_shown(running)
    own = first.get(path)
    assert "You said it yourself" in own.words and 'name="number"' not in own.text
    assert "Eva" in second.get("/staff/pointed").words
    number = number_on(second.get(path))
    assert first.post(path, number=number).status == 400  # nor past the form
    assert not is_shown(running)
    assert second.post(path, number=number).path == "/staff/pointed"
    assert "Nothing waits" in second.get("/staff/pointed").words
    assert is_shown(running)


@pytest.mark.parametrize("number", ["", "000000", "12345", "x"])
def test_who_did_not_look_confirms_nothing(running: Served, number: str) -> None:
    first, second = running.staff("editor"), running.staff("officer")
    path = pointed(running, first)
    if number_on(second.get(path)) == number:
        pytest.skip("that happens to be the number")
    assert second.post(path, number=number).status == 400
    assert not is_shown(running)


def test_whoever_looks_sees_that_face_alone(running: Served) -> None:
    path = pointed(running, running.staff("editor"))
    answer = running.staff("reviewer").http.get(f"{path}/large.jpg")
    assert faces_seen(answer.content, 2) == [True, False]


def test_nothing_is_shown_of_a_face_that_nobody_pointed_out(running: Served) -> None:
    reviewer, item = running.staff("reviewer"), item_of(running)
    for name in ("Eva", "Ada"):
        path = f"/staff/pointed/{item}/{running.club.ids[name]}"
        assert reviewer.get(path).status == 404
        assert reviewer.get(f"{path}/large.jpg").status == 404
    assert reviewer.get(f"/staff/pointed/nowhere/{running.club.ids['Eva']}").status == 404


def test_a_face_of_who_withdrew_meanwhile_is_shown_to_nobody(running: Served) -> None:
    path = pointed(running, running.staff("editor"))
    reviewer = running.staff("reviewer")
    number = number_on(reviewer.get(path))
    running.club.kenbaar("withdraw", running.club.ids["Eva"])
    assert reviewer.get(f"{path}/large.jpg").status in (403, 404)
    assert reviewer.post(path, number=number).status in (400, 403, 404)
    assert "Eva" not in reviewer.get("/staff/pointed").words


def test_a_face_is_compared_where_something_was_kept_of_theirs(running: Served) -> None:
    editor, item, ada = running.staff("editor"), item_of(running), running.club.ids["Ada"]
    page = editor.post(f"/staff/pictures/{item}/point", face="1", subject=ada)
    assert page.status == 400 and "does not match" in page.words
    assert acts.list_to_confirm(running.archive, OFFICER, acts.ListToConfirmRequest()).waiting == ()


@pytest.mark.parametrize("face", ["", "-1", "x", "9", "0 or 1", "²"])
def test_a_face_that_is_not_there_is_not_pointed_out(running: Served, face: str) -> None:
    editor, item, eva = running.staff("editor"), item_of(running), running.club.ids["Eva"]
    assert editor.post(f"/staff/pictures/{item}/point", face=face, subject=eva).status == 400
    assert acts.list_to_confirm(running.archive, OFFICER, acts.ListToConfirmRequest()).waiting == ()


@pytest.mark.parametrize(("role", "points", "confirms"), [("reviewer", False, True), ("auditor", False, False)])
def test_who_may_point_out_and_who_may_confirm_is_the_roles_to_say(
    running: Served, role: RoleName, points: bool, confirms: bool
) -> None:
    visitor, item, eva = running.staff(role), item_of(running), running.club.ids["Eva"]
    page = visitor.post(f"/staff/pictures/{item}/point", face="0", subject=eva)
    assert (page.status == 200) == points
    path = pointed(running, running.staff("editor"))
    assert (visitor.get(path).status == 200) == confirms
    assert (visitor.get(f"{path}/large.jpg").status == 200) == confirms
    assert (visitor.get("/staff/pointed").status == 200) == confirms
