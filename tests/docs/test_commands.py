"""Every command and setting is in the docs, and the docs' links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from kenbaar.cli._app import app
from kenbaar.cli.reference import reference
from kenbaar.settings import settable

ROOT = Path(__file__).parent.parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def commands(command: click.Command, path: tuple[str, ...]) -> list[tuple[str, ...]]:
    if isinstance(command, click.Group):
        with click.Context(command) as context:
            names = command.list_commands(context)
            found = [(name, command.get_command(context, name)) for name in names]
        return [path_ for name, sub in found if sub is not None for path_ in commands(sub, (*path, name))]
    return [path]


def test_the_page_of_commands_is_current() -> None:
    page = (ROOT / "docs" / "commands.md").read_text("utf-8")
    assert page == reference(), "run: python -m kenbaar.cli.reference > docs/commands.md"


def test_every_command_and_every_setting_is_on_it() -> None:
    page = reference()
    headings = re.findall(r"^## (.+)$", page, re.MULTILINE)
    for path in commands(app, ("kenbaar",)):
        assert any(h == " ".join(path) or h.startswith(" ".join(path) + " ") for h in headings), path
    for name in settable():
        assert f"| `{name}` |" in page


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target


def test_every_room_has_a_page() -> None:
    rooms = {p.parent.name for p in (ROOT / "src" / "kenbaar").glob("*/__init__.py")} - {"faces", "measure", "demo"}
    pages = {p.stem for p in (ROOT / "docs" / "rooms").glob("*.md")}
    assert rooms <= pages, rooms - pages
