"""The demo: its folder, its pictures, the story it tells, and the page it ends with."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import ConsoleMessage

from kenbaar.demo import Stage, clear_stage
from kenbaar.demo._pictures import compose_pictures, hidden_facts
from kenbaar.demo._stage import MARKER
from kenbaar.demo._views import look_at
from kenbaar.errors import ArchiveBroken, Unusable, UsageError
from kenbaar.media import Rights, write_photo

# -- the folder --------------------------------------------------------------------------------------------------------


def test_a_new_folder_is_made(tmp_path: Path) -> None:
    folder = clear_stage(tmp_path / "a" / "demo")
    assert (folder / "photos").is_dir()
    assert (folder / MARKER).is_file()


def test_a_folder_with_other_things_in_it_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "mine.jpg").write_bytes(b"mine")
    with pytest.raises(UsageError):
        clear_stage(tmp_path)
    assert (tmp_path / "photos" / "mine.jpg").read_bytes() == b"mine"
    assert not (tmp_path / MARKER).exists()


def test_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "demo").write_text("a file")
    with pytest.raises(UsageError):
        clear_stage(tmp_path / "demo")


def test_an_earlier_demo_is_cleared_and_what_it_did_not_make_stays(tmp_path: Path) -> None:
    folder = clear_stage(tmp_path / "demo")
    (folder / "home").mkdir()
    (folder / "home" / "archive.db").write_bytes(b"old")
    (folder / "demo.html").write_text("old")
    (folder / "my-notes.txt").write_text("mine")
    clear_stage(folder)
    assert not (folder / "home").exists()
    assert not (folder / "demo.html").exists()
    assert (folder / "my-notes.txt").read_text() == "mine"


# -- the stage ---------------------------------------------------------------------------------------------------------


def stage(tmp_path: Path, code: int, answer: Mapping[str, Any]) -> Stage:
    return Stage(tmp_path, lambda words: (code, answer), lambda kind, text: None)


def test_a_refusal_that_does_not_come_stops_the_demo(tmp_path: Path) -> None:
    set_up = stage(tmp_path, 0, {})
    set_up.step("one")
    with pytest.raises(ArchiveBroken):
        set_up.refused("find", "s-1", exit_code=3)


def test_another_refusal_than_the_one_that_was_promised_stops_it_too(tmp_path: Path) -> None:
    set_up = stage(tmp_path, 4, {"error": {"what": "Something else.", "do": "Look."}})
    set_up.step("one")
    with pytest.raises(ArchiveBroken):
        set_up.refused("find", "s-1", exit_code=3)


def test_a_command_that_fails_stops_the_demo_with_its_own_sentence(tmp_path: Path) -> None:
    set_up = stage(tmp_path, 4, {"error": {"what": "The disk is full.", "do": "Make room."}})
    set_up.step("one")
    with pytest.raises(Unusable, match=r"The disk is full\. Make room\."):
        set_up.run("sweep", "album")


def test_ids_are_shown_by_what_they_are_and_tokens_and_codes_lie_in_files_of_their_own(tmp_path: Path) -> None:
    told: list[str] = []
    ran: list[Sequence[str]] = []

    def call(words: Sequence[str]) -> tuple[int, Mapping[str, Any]]:
        ran.append(words)
        return 0, {}

    set_up = Stage(tmp_path, call, lambda kind, text: told.append(text))
    set_up.step("one")
    set_up.name("s-123", "A")
    token = set_up.keep("token-of-a.txt", "tok-123")
    assert token.read_text() == "tok-123\n" and token.stat().st_mode & 0o077 == 0
    set_up.run("enrol", "--token-file", token, tmp_path / "portraits" / "a-1.jpg")
    set_up.run("find", "s-123")
    assert told[-2:] == ["kenbaar enrol --token-file token-of-a.txt portraits/a-1.jpg", "kenbaar find A"]
    assert ran[0][:3] == ["enrol", "--token-file", str(token)] and ran[1][:2] == ["find", "s-123"]


# -- what a file shows -------------------------------------------------------------------------------------------------


def test_whether_a_face_is_covered_is_read_from_the_pixels(tmp_path: Path) -> None:
    pixels = np.random.default_rng(1).integers(0, 255, (200, 300, 3), dtype=np.uint8)
    pixels[20:120, 20:100] = 64
    write_photo(pixels, tmp_path / "copy.jpg", "JPEG", Rights(None, None))
    view = look_at(tmp_path / "copy.jpg", [([30, 30, 90, 110], "A"), ([150, 30, 210, 110], None)])
    assert view.masked == ("A",)
    assert view.visible == ("?",)


def test_a_copy_that_is_not_there_shows_nothing(tmp_path: Path) -> None:
    assert look_at(tmp_path / "none.jpg", [([0, 0, 9, 9], "A")]).uri is None


# -- with the real pack and photographs --------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_pictures_carry_what_must_not_go_out(demo_photos: Path, tmp_path: Path) -> None:
    made = compose_pictures(demo_photos, tmp_path)
    facts = {picture.file: hidden_facts(tmp_path / picture.file) for picture in made}
    for fact in ("place", "camera", "time", "thumbnail"):
        assert any(fact in told for told in facts.values()), fact
    assert sorted(facts) == sorted(p.name for p in tmp_path.iterdir())


@pytest.fixture(scope="module")
def played(
    tmp_path_factory: pytest.TempPathFactory, default_pack_folder: Path, demo_photos: Path
) -> Iterator[dict[str, Any]]:
    """The demo, played once by the command itself."""
    folder = tmp_path_factory.mktemp("demo") / "kenbaar-demo"
    run = subprocess.run(
        [sys.executable, "-m", "kenbaar", "demo", str(folder), "--json"], capture_output=True, text=True, timeout=600
    )
    assert run.returncode == 0, run.stderr
    yield {**json.loads(run.stdout), "words": run.stderr}
    shutil.rmtree(folder)


@pytest.mark.slow
def test_the_story_ends_well(played: dict[str, Any]) -> None:
    numbers = {n["means"]: n["value"] for n in played["numbers"]}
    assert numbers["faces brought back by yesterday's databases"] == "0"
    assert numbers["faces visible on the web: A, nobody else"] == "4 of 14"
    assert numbers["files that tell of place, camera or time: originals → copies"] == "6 → 0"
    assert next(value for means, value in numbers.items() if means.startswith("traces of strangers")) == "0"
    assert "stand-ins" in played["words"]


@pytest.mark.slow
def test_the_archive_it_leaves_can_be_used_and_is_clean(played: dict[str, Any]) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "kenbaar", "check", "--home", played["home"], "--json"],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout)["findings"] == []


class Tags(HTMLParser):
    """Every tag of a page with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


@pytest.mark.slow
def test_the_page_is_one_file_that_runs_and_loads_nothing(played: dict[str, Any]) -> None:
    text = Path(played["page"]).read_text("utf-8")
    tags = Tags(text).found
    assert not {"script", "iframe", "form", "link", "object"} & {tag for tag, _ in tags}
    sources = [a["src"] or "" for tag, a in tags if tag == "img"]
    assert len(sources) == 3 * played["pictures"] + 2
    assert all(s.startswith("data:image/jpeg;base64,") for s in sources)
    assert all((a["href"] or "").startswith("#") for tag, a in tags if tag == "a")
    policy = next(
        a["content"] or "" for tag, a in tags if tag == "meta" and a.get("http-equiv") == "Content-Security-Policy"
    )
    assert "default-src 'none'" in policy and "unsafe" not in policy


@pytest.mark.slow
def test_the_page_says_who_the_people_are_and_what_is_not_shown(played: dict[str, Any]) -> None:
    text = " ".join(re.sub(r"<[^>]+>", " ", Path(played["page"]).read_text("utf-8")).split())
    for sentence in ("These are stand-ins", "agreed to nothing", "What this does not show", "Covered", "Visible"):
        assert sentence in text


@pytest.mark.slow
def test_every_picture_on_the_page_says_what_it_shows_to_who_cannot_see_it(played: dict[str, Any]) -> None:
    alts = [a.get("alt") or "" for tag, a in Tags(Path(played["page"]).read_text("utf-8")).found if tag == "img"]
    assert all(re.search(r"visible|covered|nobody", alt) for alt in alts)


def _note(complaints: list[str], message: ConsoleMessage) -> None:
    complaints.append(message.text)


@pytest.mark.slow
def test_browsers_draw_it_without_complaint_at_every_width(played: dict[str, Any]) -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("chromium is not installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=chromium, args=["--headless=new", "--no-sandbox", "--disable-gpu"]
        )
        for width in (360, 1280):
            page = browser.new_context(viewport={"width": width, "height": 800}).new_page()
            complaints: list[str] = []
            page.on("console", partial(_note, complaints))
            page.goto(f"file://{played['page']}")
            assert complaints == []
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert page.evaluate("[...document.images].every(i => i.complete && i.naturalWidth > 0)")
            assert page.evaluate("getComputedStyle(document.querySelector('.notice')).borderLeftStyle") == "solid"
        browser.close()
