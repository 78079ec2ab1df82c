"""The README's tour runs, line by line, as it is written there."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kenbaar.demo._pictures import compose_pictures

README = Path(__file__).parent.parent.parent / "README.md"


def tour() -> list[list[str]]:
    """The words of every `kenbaar` line in the README's shell blocks."""
    blocks = re.findall(r"^```sh\n(.*?)^```", README.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    lines = [shlex.split(line, comments=True) for block in blocks for line in block.splitlines()]
    return [words for words in lines if words[:1] == ["kenbaar"]]


def test_the_tour_visits_the_whole_contract() -> None:
    visited = {words[1] for words in tour()}
    assert visited >= {
        "init",
        "invite",
        "enrol",
        "collection",
        "sweep",
        "find",
        "publish",
        "withdraw",
        "export",
        "ledger",
        "check",
    }


@pytest.mark.slow
def test_the_readme_runs_as_written(tmp_path: Path, demo_photos: Path, default_pack_folder: Path) -> None:
    shutil.copy(demo_photos / "obama.jpg", tmp_path / "ada-1.jpg")
    shutil.copy(demo_photos / "obama3.jpg", tmp_path / "ada-2.jpg")
    (tmp_path / "photos").mkdir()
    compose_pictures(demo_photos, tmp_path / "photos")
    for spare in ("03-on-the-wall.jpg", "04-two-in-frames.png", "05-upside-down.jpg", "06-half-a-face.jpg"):
        (tmp_path / "photos" / spare).unlink()
    environ = {**os.environ, "KENBAAR_HOME": str(tmp_path / "home")}
    said: dict[str, str] = {}
    answers: list[tuple[str, dict[str, object]]] = []
    for words in tour():
        asked = [said.get(word, word) for word in words[1:]]
        if words[1] == "enrol":  # at a terminal they are asked for their token; here nobody is there to ask
            asked += ["--token-file", "-"]
        run = subprocess.run(
            [sys.executable, "-m", "kenbaar", *asked, "--json"],
            input=said.get("TOKEN", ""),
            cwd=tmp_path,
            env=environ,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert run.returncode == 0, (words, run.stdout, run.stderr)
        answer = json.loads(run.stdout)
        said |= {"TOKEN": answer["token"]} if "token" in answer else {}
        said |= {"SUBJECT": answer["subject"]} if "token" in answer else {}
        answers.append((words[1], answer))
    by_name: dict[str, list[dict[str, object]]] = {}
    for name, answer in answers:
        by_name.setdefault(name, []).append(answer)
    assert by_name["sweep"][0]["appearances"] == 2
    assert by_name["publish"][0]["visible"] == 2
    assert by_name["withdraw"][0]["keys_destroyed"] == 2
    assert len(by_name["withdraw"][0]["copies"]) == 2  # type: ignore[arg-type]
    assert by_name["publish"][1]["visible"] == 0
    assert by_name["check"][0]["findings"] == []
    assert (tmp_path / "ada.html").is_file()
    assert (tmp_path / "ada.zip").is_file()
