"""What docs/release.md says of the version is so: one place, and a changelog that knows it."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import kenbaar

ROOT = Path(__file__).parent.parent.parent


def test_the_version_stands_in_one_place_and_the_package_reads_it_there() -> None:
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert "version" not in pyproject["project"]
    assert pyproject["project"]["dynamic"] == ["version"]
    source = ROOT / pyproject["tool"]["hatch"]["version"]["path"]
    assert re.findall(r'^__version__ = "(.+)"$', source.read_text("utf-8"), re.MULTILINE) == [kenbaar.__version__]


def test_the_version_is_three_numbers() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", kenbaar.__version__)


def test_the_changelog_begins_with_what_is_not_released_and_lists_releases_newest_first() -> None:
    entries = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert entries[0] == "Unreleased"
    released = [tuple(int(part) for part in entry.split(".")) for entry in entries[1:]]
    assert released == sorted(set(released), reverse=True)
    assert all(release <= tuple(int(part) for part in kenbaar.__version__.split(".")) for release in released)


def test_the_templates_for_issues_ask_for_no_photo_and_no_name() -> None:
    templates = [*(ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.md")]
    assert {template.name for template in templates} == {"bug.md", "idea.md"}
    for template in templates:
        text = template.read_text("utf-8")
        assert re.search(r"send no photos of people, no names", text)
