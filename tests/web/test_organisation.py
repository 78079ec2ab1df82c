"""Collections, sweeps, publications and the ledger, as the organisation works with them in a browser."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kenbaar.policy import RoleName
from tests.e2e.club import Club
from tests.web.site import Page, Served, Visitor, served


@pytest.fixture
def allowed(party: Club) -> Club:
    """The web app may look into the club's folder, and into no other."""
    party.home.joinpath("settings.toml").write_text(f'web_roots = "{party.folder}"\n')
    return party


@pytest.fixture
def running(allowed: Club) -> Iterator[Served]:
    with served(allowed) as site:
        yield site


def when_over(visitor: Visitor, page: Page) -> Page:
    """The page of long work once it is over."""
    until = time.monotonic() + 90
    while re.search(r'data-state="(waiting|running)"', page.text) and time.monotonic() < until:
        time.sleep(0.05)
        page = visitor.get(page.path)
    return page


def state_of(page: Page) -> str:
    found = re.search(r'data-state="(\w+)"', page.text)
    assert found, page.words
    return found[1]


def test_a_collection_is_added_swept_and_shown_with_everybody_covered(running: Served) -> None:
    club, editor = running.club, running.staff("editor")
    (club.folder / "summer").mkdir()
    club.photos.rename(club.folder / "old")
    club.photo("a.jpg", "Ada", "Stranger")
    page = editor.post("/staff/collections", name="more", source=str(club.photos), mode="transient", reason="a test")
    assert page.path == "/staff/collections/more", page.words
    done = when_over(editor, editor.post("/staff/collections/more/sweep"))
    assert state_of(done) == "done"
    page = editor.get("/staff/collections/more")
    assert "1 agreed" in page.words and "1 covered" in page.words
    (item,) = set(re.findall(r'href="/staff/pictures/([\w-]+)"', page.text))
    answer = editor.http.get(f"/staff/pictures/{item}/large.jpg")
    from tests.web.test_mine import faces_seen

    assert faces_seen(answer.content, 2) == [False, False]
    assert club.ids["Ada"] not in editor.get(f"/staff/pictures/{item}").text


@pytest.mark.parametrize("source", ["/etc", "/", "..", "relative", "", "/nowhere/at/all"])
def test_a_folder_outside_those_that_are_allowed_is_neither_added_nor_looked_into(running: Served, source: str) -> None:
    officer = running.officer()
    before = [c.name for c in running.archive.collections.store.all()]
    assert officer.post("/staff/collections", name="more", source=source, mode="off").status == 400
    assert [c.name for c in running.archive.collections.store.all()] == before
    if source:
        assert officer.get("/staff/folders", at=source).status == 400


def test_a_link_leads_to_no_folder_that_is_not_allowed(running: Served) -> None:
    (running.club.folder / "away").symlink_to("/etc")
    officer = running.officer()
    assert officer.get("/staff/folders", at=str(running.club.folder / "away")).status == 400


def test_publishing_is_tried_dry_first_and_then_done_and_what_is_out_is_listed(running: Served) -> None:
    club, officer = running.club, running.officer()
    out = club.folder / "out"
    out.mkdir()
    page = officer.post("/staff/collections/party/publish/plan", channel="web", out=str(out))
    assert "4 pictures are copied" in page.words and "3 faces stay visible" in page.words, page.words
    assert list(out.iterdir()) == []  # nothing was written
    done = when_over(officer, officer.post("/staff/collections/party/publish", channel="web", out=str(out)))
    assert state_of(done) == "done", done.words
    assert club.sees("both.jpg", 0) and not club.sees("both.jpg", 1)
    listed = officer.get("/staff/copies")
    copies = set(re.findall(r'href="/staff/copies/(c-\w+)"', listed.text))
    assert len(copies) == 4 and "must come down" not in listed.words
    club.kenbaar("withdraw", club.ids["Ada"])
    assert "must come down" in officer.get("/staff/copies").words
    for copy in copies:
        assert officer.get(f"/staff/copies/{copy}").status == 200
        assert officer.http.get(f"/staff/copies/{copy}/file").headers["content-type"] == "image/jpeg"


def test_a_copy_that_was_exchanged_is_not_shown(running: Served) -> None:
    officer, out = running.officer(), running.club.folder / "out"
    out.mkdir()
    when_over(officer, officer.post("/staff/collections/party/publish", channel="web", out=str(out)))
    copies = set(re.findall(r'href="/staff/copies/(c-\w+)"', officer.get("/staff/copies").text))
    for file in out.glob("*.jpg"):
        file.write_bytes(Path(running.club.photos / file.name).read_bytes())  # the originals, with everybody visible
    assert {officer.get(f"/staff/copies/{copy}/file").status for copy in copies} == {404}


@pytest.mark.parametrize(
    ("role", "may"), [("officer", True), ("editor", True), ("reviewer", False), ("auditor", False)]
)
def test_who_may_sweep_and_publish_is_the_acts_to_say(running: Served, role: RoleName, may: bool) -> None:
    visitor = running.staff(role)
    out = running.club.folder / "out"
    out.mkdir()
    assert (visitor.post("/staff/collections/party/sweep").status == 200) == may
    assert (visitor.post("/staff/collections/party/publish", channel="web", out=str(out)).status == 200) == may
    assert len(running.app.state.site.jobs.all()) == (2 if may else 0)


def test_long_work_is_stopped_and_begun_again(running: Served) -> None:
    officer = running.officer()
    page = officer.post("/staff/collections/party/sweep")
    officer.post(f"{page.path}/stop")
    over = when_over(officer, officer.get(page.path))
    assert state_of(over) in ("stopped", "done")
    again = when_over(officer, officer.post(f"{page.path}/again"))
    assert state_of(again) == "done"


def test_what_a_server_left_undone_the_next_one_does(allowed: Club) -> None:
    with served(allowed) as site:
        officer = site.officer()
        site.app.state.site.jobs.close()  # nothing is taken up any more
        page = officer.post("/staff/collections/party/sweep")
        assert state_of(page) == "waiting"
    with served(allowed) as site:
        officer = site.staff("officer")
        assert state_of(when_over(officer, officer.get(page.path))) == "done"


def test_an_account_that_was_ended_meanwhile_has_nothing_more_done_for_it(allowed: Club) -> None:
    with served(allowed) as site:
        officer = site.staff("officer")
        site.app.state.site.jobs.close()
        page = officer.post("/staff/collections/party/sweep")
        (account,) = [a.id for a in site.archive.staff.all()]
    allowed.kenbaar("staff", "end", account)
    with served(allowed) as site:
        other = site.staff("officer", "somebody else")
        assert state_of(when_over(other, other.get(page.path))) == "failed"


def test_the_ledger_is_read_filtered_and_verified_in_front_of_whoever_looks(running: Served) -> None:
    auditor = running.staff("auditor")
    page = auditor.get("/staff/ledger")
    assert "enrol" in page.words and "sweep" in page.words
    only = auditor.get("/staff/ledger", event="sweep")
    assert "sweep" in only.words and "publish" not in only.text.partition("<tbody>")[2]
    assert "none altered" in auditor.post("/staff/ledger/verify").words
    head = auditor.get("/staff/ledger/checkpoint")
    assert head.text.startswith("kenbaar/") and "attachment" in head.headers["content-disposition"]


def test_an_altered_ledger_is_told_of(running: Served) -> None:
    officer = running.officer()
    file = next(f for f in (running.club.home / "ledger").iterdir() if f.stat().st_size > 200)
    data = bytearray(file.read_bytes())
    data[100] ^= 1
    file.write_bytes(bytes(data))
    page = officer.post("/staff/ledger/verify")
    assert "none altered" not in page.words
    data[100] ^= 1
    file.write_bytes(bytes(data))


def test_the_transparency_report_is_read_and_taken_along_signed(running: Served, tmp_path: Path) -> None:
    auditor = running.staff("auditor")
    page = auditor.get("/staff/reports")
    assert page.status == 200 and "sweeps" in page.words
    signed = auditor.http.get("/staff/reports/report.json")
    file = tmp_path / "report.json"
    file.write_bytes(signed.content)
    assert running.club.kenbaar("report", "verify", file)["ok"]
    assert b"Transparency report" in auditor.http.get("/staff/reports/report.html").content


@pytest.mark.parametrize(("first", "last"), [("2027-01-02", "2027-01-01"), ("never", ""), ("", "0001-01-01")])
def test_days_that_are_none_are_a_sentence(running: Served, first: str, last: str) -> None:
    assert running.officer().get("/staff/reports", first=first, last=last).status == 400
    assert running.officer().get("/staff/reports/report.html", first=first, last=last).status == 400
    assert running.officer().get("/staff/reports/other.txt").status == 404
