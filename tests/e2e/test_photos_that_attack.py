"""Photos that end whoever reads them: one photo is held, and the process that holds the keys does the others."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from kenbaar.consent import RECOGNISING, Sessions
from kenbaar.media import _opening as opening
from kenbaar.media import _outside as outside
from kenbaar.media import end_reading, open_photo
from tests import deadly
from tests.e2e.club import Club
from tests.e2e.driver import COMMAND
from tests.memory import holds

FAULTS = {"segfault": deadly.SEGFAULT, "swell": deadly.SWELL, "spin": deadly.SPIN, "lie": deadly.LIE}
ROOT = Path(__file__).parents[2]


@pytest.fixture(params=FAULTS)
def attacked(club: Club, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Club]:
    """A swept collection of three photos of Ada; from now on the second one ends whoever reads it."""
    for name in ("1.jpg", "2.jpg", "3.jpg"):
        club.photo(name, "Ada", "Stranger")
    with (club.photos / "2.jpg").open("ab") as file:
        file.write(FAULTS[request.param])  # behind the picture's end, where nobody minds
    club.collect()
    club.sweep()
    (club.home / "settings.toml").write_text("untrusted_seconds = 1\n")
    begin = outside.BEGIN
    deadly.begin_deadly()
    yield club
    deadly.end_deadly(begin)


def fault_of(attacked: Club) -> bytes:
    data = (attacked.photos / "2.jpg").read_bytes()
    return next(fault for fault in FAULTS.values() if data.endswith(fault))


def holds_two(club: Club, held: list[dict[str, Any]]) -> None:
    assert [h["path"] for h in held] == ["2.jpg"] and held[0]["why"].startswith("This photo ")


def test_a_publication_of_a_few_holds_that_one(attacked: Club) -> None:
    published = attacked.publish(code=5)
    assert published["published"] == 2
    holds_two(attacked, published["held"])
    assert attacked.sees("1.jpg", 0) and attacked.sees("3.jpg", 0) and not (attacked.out / "2.jpg").exists()


def test_a_contact_sheet_tells_it_in_words(attacked: Club) -> None:
    sheet = attacked.folder / "sheet.html"
    attacked.kenbaar("find", attacked.ids["Ada"], "--sheet", sheet)
    page = sheet.read_text()
    assert page.count("data:image/jpeg") == 2
    assert "could not be read safely" in page or "needs more memory" in page


def test_a_sheet_of_the_collection_tells_it_in_words(attacked: Club) -> None:
    sheet = attacked.folder / "all.html"
    attacked.kenbaar("collection", "show", "party", "--sheet", sheet)
    page = sheet.read_text()
    assert page.count("data:image/jpeg") == 2
    assert "could not be read safely" in page or "needs more memory" in page


def test_a_portrait_that_does_it_enrols_nobody(attacked: Club) -> None:
    portrait = attacked.folder / "eva.png"
    portrait.write_bytes(attacked.portrait("Eva").read_bytes() + fault_of(attacked))
    refusal = attacked.kenbaar.refused("enrol", attacked.invite("Eva", "find"), portrait, code=4)
    assert "safely" in refusal or "memory" in refusal


def test_an_export_leaves_it_out_and_says_so(attacked: Club) -> None:
    out = attacked.folder / "ada.zip"
    attacked.kenbaar("export", attacked.ids["Ada"], out)
    with zipfile.ZipFile(out) as made:
        pictures = json.loads(made.read("data.json"))["pictures"]
    told = {p["path"]: p["why"] for p in pictures}
    assert told["1.jpg"] is told["3.jpg"] is None and told["2.jpg"].startswith("This photo ")


def test_a_claim_of_it_is_refused_and_of_the_next_one_is_not(attacked: Club) -> None:
    items = attacked.items()
    refusal = attacked.kenbaar.refused("claim", attacked.ids["Ada"], items["2.jpg"]["item"], "--box", 0, code=4)
    assert refusal.startswith("This photo ")
    attacked.kenbaar("claim", attacked.ids["Ada"], items["1.jpg"]["item"], "--box", 0)


def test_a_check_goes_on_without_it(attacked: Club) -> None:
    assert attacked.kenbaar("check")["findings"] == []


@pytest.mark.parametrize("act", ["sweep", "publish", "sheet", "export", "claim", "check"])
def test_where_no_photo_can_be_read_the_act_is_refused_and_blames_none(
    club: Club, act: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    club.photo("ada.jpg", "Ada", "Stranger")
    club.collect()
    club.sweep()
    item = club.items()["ada.jpg"]["item"]
    words: dict[str, list[object]] = {
        "sweep": ["sweep", "party", "--workers", 1],
        "publish": ["publish", "party", club.out, "--channel", "web"],
        "sheet": ["find", club.ids["Ada"], "--sheet", tmp_path / "sheet.html"],
        "export": ["export", club.ids["Ada"], tmp_path / "ada.zip"],
        "claim": ["claim", club.ids["Ada"], item, "--box", 0],
        "check": ["check"],
    }
    if act == "sweep":
        club.photo("new.jpg", "Ada")
        refusal = run_deadly(club, *words[act], how="--no-reader", code=4)["error"]["what"]
    else:
        end_reading()
        monkeypatch.setattr(outside, "BEGIN", "raise SystemExit(1)")
        refusal = club.kenbaar.refused(*words[act], code=4)
        monkeypatch.undo()
    assert "cannot be started" in refusal
    assert club.items()["ada.jpg"]["state"] == "present" and not (tmp_path / "ada.zip").exists()
    if act == "sweep":
        assert club.sweep()["unreadable"] == []


def run_deadly(club: Club, *words: object, how: str = "--deadly", code: int = 0) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, ROOT / "tests" / "deadly.py", *(str(w) for w in words), "--json", how],
        env=club.kenbaar.env | {"PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])},
        cwd=ROOT,
        capture_output=True,
        timeout=120,
    )
    assert done.returncode == code, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.mark.slow
def test_a_sweep_counts_each_and_finds_everybody_else(club: Club) -> None:
    for name in ("ada-1", *FAULTS, "ada-2"):
        with club.photo(f"{name}.jpg", "Ada").open("ab") as file:
            file.write(FAULTS.get(name, b""))
    club.collect()
    (club.home / "settings.toml").write_text("untrusted_seconds = 1\n")
    swept = run_deadly(club, "sweep", "party", "--workers", 2, code=5)
    assert (swept["photos"], swept["appearances"]) == (2, 2)
    assert {u["path"] for u in swept["unreadable"]} == {f"{name}.jpg" for name in FAULTS}
    assert all("brought the reader down" not in u["why"] for u in swept["unreadable"]), "no worker died of it"


@pytest.mark.parametrize("act", ["publish", "sheet", "export", "claim"])
def test_a_photo_that_was_swapped_after_the_sweep_is_not_parsed(
    club: Club, act: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    club.photo("ada.jpg", "Ada")
    club.photo("other.jpg", "Ada")
    club.collect()
    club.sweep()
    item = club.items()["ada.jpg"]["item"]
    (club.photos / "ada.jpg").write_bytes((club.photos / "ada.jpg").read_bytes() + deadly.SPIN)
    begin = outside.BEGIN
    deadly.begin_deadly()
    began = time.monotonic()
    try:
        acts: dict[str, Callable[[], object]] = {
            "publish": lambda: is_held(club.publish(code=5)["held"], "ada.jpg"),
            "sheet": lambda: club.kenbaar("find", club.ids["Ada"], "--sheet", club.folder / "sheet.html"),
            "export": lambda: club.kenbaar("export", club.ids["Ada"], club.folder / "ada.zip"),
            "claim": lambda: says_changed(club.kenbaar.refused("claim", club.ids["Ada"], item, "--box", 0, code=4)),
        }
        acts[act]()
    finally:
        deadly.end_deadly(begin)
    assert time.monotonic() - began < 15, "read, it would have kept its reader busy for 20 s"
    if act == "sheet":
        says_changed((club.folder / "sheet.html").read_text())


def is_held(held: list[dict[str, Any]], path: str) -> None:
    assert [h["path"] for h in held] == [path]
    says_changed(held[0]["why"])


def says_changed(words: str) -> None:
    assert "changed since it was swept" in words


def test_who_reads_photos_holds_no_key_and_no_gallery(club: Club) -> None:
    photo = club.photo("ada.jpg", "Ada")
    with club.open() as archive, archive.journal.writing():  # all that a writer has open
        gallery = archive.consents.open_gallery(RECOGNISING, archive.pack.digest, Sessions())
        assert len(gallery) == 3
        secrets = [gallery.rows[n].tobytes() for n in range(len(gallery.rows))]
        end_reading()
        open_photo(photo, archive.limits)
        reader = opening._reader
        assert reader is not None
        proc = Path(f"/proc/{reader.pid}")
        assert not any(str(club.folder) in target for target in opened(reader.pid))
        assert any(str(club.home) in target for target in opened("self"))
        assert str(club.home) not in (proc / "maps").read_text()
        assert str(club.home).encode() not in (proc / "environ").read_bytes() + (proc / "cmdline").read_bytes()
        for secret in secrets:
            assert holds(Path("/proc/self"), secret) and not holds(proc, secret)
        gallery.wipe()


@pytest.mark.slow
def test_who_reads_for_a_sweeps_workers_holds_no_gallery_either(club: Club) -> None:
    for n in range(400):
        club.photo(f"{n}.jpg", "Ada")
    club.collect()
    with club.open() as archive:
        gallery = archive.consents.open_gallery(RECOGNISING, archive.pack.digest, Sessions())
        secret = gallery.rows[0].tobytes()
        gallery.wipe()
    sweep = subprocess.Popen(
        [COMMAND, "sweep", "party", "--workers", "2"], env=club.kenbaar.env, stderr=subprocess.DEVNULL
    )
    try:
        end = time.monotonic() + 60
        looked = False
        while not looked:
            assert time.monotonic() < end and sweep.poll() is None, "no worker was caught with its reader"
            for worker in children(sweep.pid):
                for reader in children(worker):
                    with suppress(OSError):
                        if b"_reader" not in Path(f"/proc/{reader}/cmdline").read_bytes():
                            continue  # between fork and exec it is still its worker
                        looked |= holds(Path(f"/proc/{worker}"), secret)
                        assert not holds(Path(f"/proc/{reader}"), secret)
    finally:
        sweep.terminate()
        sweep.wait()


def opened(pid: int | str) -> list[str]:
    """What the descriptors of a process are of."""
    found = []
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # the one that lists them
            found.append(str(descriptor.readlink()))
    return found


def children(pid: int) -> list[int]:
    with suppress(OSError):
        return [
            int(child)
            for task in Path(f"/proc/{pid}/task").iterdir()
            for child in (task / "children").read_text().split()
        ]
    return []
