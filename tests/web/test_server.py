"""The server as a process: where it listens, what it refuses, and what a kill in the middle of work leaves."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from kenbaar.errors import UsageError
from kenbaar.web import Place
from tests.e2e.club import Club
from tests.e2e.driver import COMMAND
from tests.web.site import PASSPHRASE, Visitor


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.7", "::", "pictures.example"])
def test_nobody_else_reaches_it_without_a_protected_connection(host: str) -> None:
    with pytest.raises(UsageError, match="nothing protects"):
        Place(host=host).check()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.0.0.9"])
def test_this_machine_reaches_it(host: str) -> None:
    Place(host=host).check()
    assert Place(host=host).origin == "http://localhost:8420"


def test_a_named_proxy_has_the_protection_and_its_name_is_the_address() -> None:
    place = Place(host="0.0.0.0", proxy="pictures.example")
    place.check()
    assert place.origin == "https://pictures.example"


def test_a_certificate_comes_with_its_key_and_both_are_files(tmp_path: Path) -> None:
    file = tmp_path / "cert.pem"
    file.write_text("x")
    with pytest.raises(UsageError, match="needs its key"):
        Place(host="0.0.0.0", certificate=file).check()
    with pytest.raises(UsageError, match="no file"):
        Place(host="0.0.0.0", certificate=file, key=tmp_path / "nowhere.pem").check()


@contextmanager
def serving(club: Club, port: int) -> Iterator[tuple[subprocess.Popen[str], str, str]]:
    """`kenbaar serve` as a process; its address, and the first officer's link where it printed one."""
    process = subprocess.Popen(
        [str(COMMAND), "serve", "--port", str(port)],
        env=club.kenbaar.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        said, address = "", f"http://localhost:{port}"
        assert process.stdout is not None
        for line in process.stdout:
            said += line
            if line.strip() == address:
                break
        assert line.strip() == address, said  # the address is the last line
        until = time.monotonic() + 30
        while time.monotonic() < until:
            try:
                assert httpx.get(f"{address}/healthz").text == "ok\n"
                break
            except httpx.ConnectError:
                time.sleep(0.05)
        link = re.search(r"/staff/accept/\S+", said)
        yield process, address, link[0] if link else ""
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(30)


def free_port() -> int:
    import socket

    with socket.socket() as probing:
        probing.bind(("127.0.0.1", 0))
        return int(probing.getsockname()[1])


def officer(address: str, link: str) -> Visitor:
    visitor = Visitor(address)
    visitor.get(link)
    page = visitor.post("/staff/accept", passphrase=PASSPHRASE, again=PASSPHRASE)
    assert page.path == "/staff", page.words
    return visitor


@pytest.mark.slow
@pytest.mark.usefixtures("true_codes")
def test_killed_in_the_middle_of_a_sweep_it_goes_on_when_it_starts_again(club: Club) -> None:
    for n in range(60):
        club.photo(f"{n:02d}.jpg", "Ada", "Stranger")
    club.collect()
    port = free_port()
    with serving(club, port) as (process, address, link):
        visitor = officer(address, link)
        page = visitor.post("/staff/collections/party/sweep")
        until = time.monotonic() + 60
        while not re.search(r"data-done>[1-9]", page.text) and time.monotonic() < until:
            time.sleep(0.02)
            page = visitor.get(page.path)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(30)
    with serving(club, port) as (_, address, link):
        assert link == ""  # an officer has an account
        accounts = club.kenbaar("staff", "list")["staff"]
        again = Visitor(address)
        signed = again.post("/staff/sign-in", account=accounts[0]["account"], passphrase=PASSPHRASE)
        assert signed.path == "/staff"
        until = time.monotonic() + 120
        page = again.get(page.path)
        while 'data-state="done"' not in page.text and time.monotonic() < until:
            time.sleep(0.1)
            page = again.get(page.path)
        assert 'data-state="done"' in page.text, page.words
    assert len(club.found("Ada")) == 60


@pytest.mark.slow
@pytest.mark.usefixtures("true_codes")
def test_asked_to_stop_it_ends_at_once_and_says_nothing_of_a_bug(club: Club) -> None:
    with serving(club, free_port()) as (process, address, link):
        officer(address, link)
        os.kill(process.pid, signal.SIGINT)
        assert process.wait(30) in (0, 130)
        assert process.stdout is not None and "bug" not in process.stdout.read()


@pytest.mark.slow
@pytest.mark.usefixtures("true_codes")
def test_a_port_that_is_taken_is_a_sentence(club: Club) -> None:
    port = free_port()
    with serving(club, port):
        answer = subprocess.run(
            [str(COMMAND), "serve", "--port", str(port)],
            env=club.kenbaar.env,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert answer.returncode == 4 and "cannot be used" in answer.stderr
