"""The workshop: what changed is tested, what is generated is ignored, tested versions are written down."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

import kenbaar
from tests.changed import ALWAYS, QUICK, paths_for

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("changed", "tests"),
    [
        (["src/kenbaar/policy/_roles.py"], ["tests/policy"]),
        (["src/kenbaar/policy/_roles.py", "src/kenbaar/keys/_store.py"], ["tests/keys", "tests/policy"]),
        (["docs/architecture.md"], ["tests/docs"]),
        (["tests/publish/bright_squares.py"], ["tests/publish"]),
        (["tests/keys/test_store.py"], ["tests/keys/test_store.py"]),
        (["tests/keys/test_store.py", "src/kenbaar/keys/_store.py"], ["tests/keys"]),
        ([], [f"tests/{room}" for room in QUICK]),
        (["LICENSE"], [f"tests/{room}" for room in QUICK]),
    ],
)
def test_what_changed_is_tested_by_its_rooms_tests(changed: list[str], tests: list[str]) -> None:
    assert paths_for(changed) == sorted([*tests, *ALWAYS])


def test_every_quick_room_has_tests() -> None:
    assert [room for room in QUICK if not (ROOT / "tests" / room).is_dir()] == []


@pytest.mark.parametrize("name", ["evaluation-2026-11-26-120000/report.html", "kenbaar-demo/page.html", ".coverage"])
def test_what_commands_leave_in_the_working_folder_is_ignored(name: str) -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    done = subprocess.run(["git", "check-ignore", "-q", name], cwd=ROOT)
    assert done.returncode == 0


def test_the_tested_version_of_every_dependency_is_written_down() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    lines = (ROOT / "requirements-tested.txt").read_text("utf-8").splitlines()
    tested = {re.split("==", line)[0].lower().replace("_", "-") for line in lines if "==" in line}
    asked = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = {re.split(r"[\[<>=~ ]", each)[0].lower().replace("_", "-") for each in asked}
    assert names - tested == set(), "run: make lock"
    assert not any("://" in line or "@" in line for line in lines)


def test_the_package_says_that_it_is_typed() -> None:
    assert (Path(kenbaar.__file__).parent / "py.typed").exists()
