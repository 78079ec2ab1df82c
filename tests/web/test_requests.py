"""What people ask for by law, in a browser: somebody who never enrolled points at themselves, and staff answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kenbaar.policy import RoleName
from tests.actors import OFFICER
from tests.e2e.club import SIDE, Club
from tests.web.site import Served, served


@pytest.fixture
def site(made_party: Club, tmp_path: Path) -> Iterator[Served]:
    """The party, published: both.jpg shows Ada, cas.jpg shows Cas beside a covered stranger."""
    club = made_party.swept_copied_to(tmp_path)
    club.publish()
    with served(club) as site:
        yield site
    club.kenbaar.expect_whole()


def pointed(site: Served, path: str, across: float, down: float) -> str:
    """The number of the request of somebody who points there."""
    visitor = site.visitor()
    visitor.get("/cover-me")
    page = visitor.post("/cover-me/picture", [("picture", site.club.out / path)])
    assert "Tap your face" in page.words
    width = int(page.text.split('class="point"')[1].split('width="')[1].split('"')[0])
    height = int(page.text.split('class="point"')[1].split('height="')[1].split('"')[0])
    assert visitor.http.get("/cover-me/picture.jpg").content[:2] == b"\xff\xd8"
    point: Any = {"at.x": str(int(across * width)), "at.y": str(int(down * height))}
    done = visitor.post("/cover-me", **point)
    assert "Received" in done.words
    (made,) = [r for r in site.archive.subject_requests.store.all() if r.id in done.words]
    return made.id


def test_somebody_who_never_enrolled_points_at_themselves_and_is_covered(site: Served) -> None:
    width = 60 + 180 * 2
    number = pointed(site, "both.jpg", (40 + SIDE / 2) / width, (96 + SIDE / 2) / 320)  # at the face that is Ada's
    officer = site.officer()
    assert number in officer.get("/staff/requests").words
    page = officer.get(f"/staff/requests/{number}")
    assert "They pointed here" in page.words and "days left" in page.words
    assert "must be made again" in officer.post(f"/staff/requests/{number}/cover").words
    assert site.club.sees("both.jpg", 0), "what is out stays until it is published again"
    with_down = officer.get("/staff/copies").words
    assert "down" in with_down.lower() or "again" in with_down.lower()
    site.club.publish()
    assert not site.club.sees("both.jpg", 0) and site.club.sees("ada.jpg", 0)
    officer.post(f"/staff/requests/{number}/answer", answer="You are covered now.")
    assert officer.get("/staff/requests").words.count(number) == 0


def test_a_place_that_is_covered_stays_so_when_its_row_is_taken_out(site: Served) -> None:
    import sqlalchemy as sa

    number = pointed(site, "ada.jpg", (40 + SIDE / 2) / 320, (96 + SIDE / 2) / 320)
    site.officer().post(f"/staff/requests/{number}/cover")
    with site.archive._databases[0].write() as c:
        c.execute(sa.text("DELETE FROM covers"))
    site.club.publish()
    assert not site.club.sees("ada.jpg", 0)


def test_a_picture_that_was_not_published_shows_nothing(site: Served) -> None:
    visitor = site.visitor()
    visitor.get("/cover-me")
    page = visitor.post("/cover-me/picture", [("picture", site.club.photos / "both.jpg")])
    assert (
        page.status == 422 and "was not published" in page.words
    ) or "not a picture that was published" in page.words
    assert visitor.http.get("/cover-me/picture.jpg").status_code == 404


def test_one_visitors_picture_is_not_anothers(site: Served) -> None:
    first, second = site.visitor(), site.visitor()
    first.get("/cover-me")
    first.post("/cover-me/picture", [("picture", site.club.out / "both.jpg")])
    second.get("/cover-me")
    assert second.http.get("/cover-me/picture.jpg").status_code == 404


def test_without_the_picture_words_are_enough_and_nothing_is_not(site: Served) -> None:
    visitor = site.visitor()
    visitor.get("/cover-me")
    assert visitor.post("/cover-me").status == 422
    done = visitor.post("/cover-me", words="The group picture of May, third from the left.", contact="post box 5")
    assert "Received" in done.words
    (made,) = site.archive.subject_requests.store.all()
    assert (made.kind, made.subject, made.contact) == ("objection", None, "post box 5")


def test_a_flood_from_one_network_is_slowed(site: Served) -> None:
    visitor = site.visitor()
    visitor.get("/cover-me")
    answers = [visitor.post("/cover-me", words=f"number {n}").status for n in range(15)]
    assert answers.count(200) == 10 and set(answers) <= {200, 422, 429, 403}


def test_a_person_asks_and_sees_the_answer(site: Served) -> None:
    ada = site.person("Ada")
    assert "You get an answer by" in ada.post("/mine/requests", kind="correction", words="My name is spelt Adah.").words
    (made,) = site.archive.subject_requests.store.all()
    officer = site.officer()
    assert "My name is spelt Adah." in officer.get(f"/staff/requests/{made.id}").words
    officer.post(f"/staff/requests/{made.id}/extend", reason="The register is at the printer's.")
    assert "at the printer's" in ada.get("/mine/data").words
    officer.post(f"/staff/requests/{made.id}/answer", answer="It is Adah now.")
    assert "It is Adah now." in ada.get("/mine/data").words
    assert "It is Adah now." not in site.person("Bob").get("/mine/data").words


@pytest.mark.parametrize("role", ["reviewer", "auditor"])
def test_who_may_not_speak_for_people_reads_and_answers_no_request(site: Served, role: RoleName) -> None:
    made = site.archive.subject_requests.receive(OFFICER, "access", words="private words")
    staff = site.staff(role)
    for page in (staff.get("/staff/requests"), staff.get(f"/staff/requests/{made.id}")):
        assert page.status == 403 and "private words" not in page.words
    assert staff.post(f"/staff/requests/{made.id}/answer", answer="x").status == 403
