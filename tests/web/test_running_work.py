"""Long work of a server that is killed, and of one in whose middle somebody withdraws."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.club import Club
from tests.e2e.driver import COMMAND
from tests.web.site import PASSPHRASE, Visitor, served
from tests.web.test_organisation import state_of, when_over

pytestmark = pytest.mark.slow
PHOTOS = 150  # of a sweep, and
COPIES = 80  # of a publication: both take some seconds
HEARD_WITHIN_S = 1.0


@contextmanager
def serving(club: Club) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """`kenbaar serve` itself, in a process group of its own: the process, and what it said until it was there."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    said = club.folder / f"said-{port}"
    with said.open("wb") as out:
        server = subprocess.Popen(
            [COMMAND, "serve", "--port", str(port)],
            env=club.kenbaar.env | {"KENBAAR_WORKERS": "1"},
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        until = time.monotonic() + 60
        while f"Open http://localhost:{port}" not in said.read_text() and time.monotonic() < until:
            assert server.poll() is None, said.read_text()
            time.sleep(0.02)
        Visitor(f"http://localhost:{port}").http.get("/healthz").raise_for_status()
        yield server, said.read_text()
    finally:
        if server.poll() is None:
            server.terminate()
            server.wait(60)


def origin_of(said: str) -> str:
    found = re.search(r"Open (http://localhost:\d+)", said)
    assert found, said
    return found[1]


def first_officer(said: str) -> tuple[Visitor, str]:
    """Signed in with the account that the printed link makes; its name."""
    found = re.search(r"http://localhost:\d+(/staff/accept/\S+)", said)
    assert found, said
    visitor = Visitor(origin_of(said))
    visitor.get(found[1])
    page = visitor.post("/staff/accept", passphrase=PASSPHRASE, again=PASSPHRASE)
    account = re.search(r"Your account is (a-\w+)", page.words)
    assert account, page.words
    return visitor, account[1]


def wait_until_gone(group: int) -> None:
    """Waits for the last process of that group: a worker notices that nobody waits for it."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    raise AssertionError("a worker outlived the server")


def test_a_sweep_goes_on_where_it_was_after_the_server_was_killed_in_its_middle(club: Club) -> None:
    for n in range(PHOTOS):
        club.photo(f"{n:03}.jpg", "Ada", "Stranger")
    club.collect()
    with serving(club) as (server, said):
        officer, account = first_officer(said)
        page = officer.post("/staff/collections/party/sweep")
        job = club.home / "jobs" / f"{page.path.rpartition('/')[2]}.json"
        until = time.monotonic() + 60
        while not (done := told_done(officer, page.path)) and time.monotonic() < until:
            time.sleep(0.01)
        os.kill(server.pid, signal.SIGKILL)
        server.wait(30)
        wait_until_gone(server.pid)
    assert 0 < done < PHOTOS, "it was to be killed in the middle"
    assert json.loads(job.read_text())["state"] == "running"
    with serving(club) as (_, said):
        assert "/staff/accept/" not in said  # there is an officer already
        officer = Visitor(origin_of(said))
        officer.post("/staff/sign-in", account=account, passphrase=PASSPHRASE)
        over = when_over(officer, officer.get(page.path))
        assert state_of(over) == "done", over.words
    answer = json.loads(job.read_text())["answer"]
    assert answer["photos"] == PHOTOS and answer["appearances"] == PHOTOS
    assert 0 < answer["looked"] <= PHOTOS - done  # nothing that was written is done again
    assert len(club.found("Ada")) == PHOTOS


def test_a_publication_goes_on_after_the_server_was_killed_in_its_middle(party: Club) -> None:
    for n in range(COPIES):
        party.photo(f"more-{n:03}.jpg", "Ada", "Stranger")
    party.sweep()
    party.home.joinpath("settings.toml").write_text(f'web_roots = "{party.folder}"\n')
    party.out.mkdir()
    with serving(party) as (server, said):
        officer, account = first_officer(said)
        page = officer.post("/staff/collections/party/publish", channel="web", out=str(party.out))
        until = time.monotonic() + 60
        while not any(party.out.glob("more-*.jpg")) and time.monotonic() < until:
            time.sleep(0.01)
        os.kill(server.pid, signal.SIGKILL)
        server.wait(30)
        wait_until_gone(server.pid)
    there = {copy.name for copy in party.out.glob("more-*.jpg")}
    assert 0 < len(there) < COPIES, "it was to be killed in the middle"
    with serving(party) as (_, said):
        officer = Visitor(origin_of(said))
        officer.post("/staff/sign-in", account=account, passphrase=PASSPHRASE)
        over = when_over(officer, officer.get(page.path))
        assert state_of(over) == "done", over.words
        listed = officer.get("/staff/copies")
        assert "must come down" not in listed.words
    copies = sorted(party.out.glob("more-*.jpg"))
    assert len(copies) == COPIES
    assert all(party.sees(copy.name, 0) and not party.sees(copy.name, 1) for copy in copies)


def told_done(visitor: Visitor, path: str) -> int:
    """How far the page says the work is."""
    found = re.search(r"<span data-done>(\d+)</span>", visitor.get(path).text)
    return int(found[1]) if found else 0


def test_a_withdrawal_in_the_browser_is_heard_by_a_publication_that_runs(party: Club) -> None:
    for n in range(COPIES):
        party.photo(f"more-{n:03}.jpg", "Ada", "Stranger")
    party.sweep()
    party.home.joinpath("settings.toml").write_text(f'web_roots = "{party.folder}"\n')
    party.out.mkdir()
    with served(party) as site:
        officer = site.officer()
        page = officer.post("/staff/collections/party/publish", channel="web", out=str(party.out))
        until = time.monotonic() + 60
        while not any(party.out.glob("more-*.jpg")) and time.monotonic() < until:
            time.sleep(0.01)
        gone = officer.post(f"/staff/people/{party.ids['Ada']}/withdraw")
        withdrawn_at = time.time()
        assert "must come down" in gone.words, gone.words
        running = officer.get(page.path)
        assert state_of(running) == "running", "it was to withdraw in the middle"
        over = when_over(officer, running)
        assert state_of(over) == "done", over.words
        answer = site.app.state.site.jobs.get(page.path.rpartition("/")[2]).answer
    copies = sorted(party.out.glob("more-*.jpg"))
    held = {row["path"] for row in answer["held"]}  # those in hand at that moment: made for a consent that is over
    assert {copy.name for copy in copies} | held >= {f"more-{n:03}.jpg" for n in range(COPIES)}
    assert not {copy.name for copy in copies} & held
    late = [copy for copy in copies if put_in_place(copy) > withdrawn_at + HEARD_WITHIN_S]
    assert late, "none was made after the withdrawal was to be heard"
    visible = {copy.name for copy in copies if party.sees(copy.name, 0)}
    assert not visible & {copy.name for copy in late}
    assert visible <= set(re.findall(r"more-\d+\.jpg", gone.text))  # who withdrew was shown each of them


def put_in_place(file: Path) -> float:
    """When it came under its name: seconds since 1970."""
    return file.stat().st_ctime
