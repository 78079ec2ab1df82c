"""No file refers to a document that is not in the repository: a reader can follow every link and every name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
FOLDERS = ("src", "tests", "docs", "benchmarks", ".ci", ".github")
TEXT = {".md", ".py", ".toml", ".html", ".css", ".txt", ".json", ".yml", ".yaml", ".svg", ""}

NAMED = re.compile(r"(?<![\w/-])[A-Z][A-Z0-9_-]+\.md\b")
LINKED = re.compile(r"\]\(([^)\s#]+)(?:#[^)\s]*)?\)")
PLACED = re.compile(r"(?<![\w./-])docs/[\w.\\/-]*\w")
MADE = {"MODEL_CARD" + ".md"}
"""Part of every model pack, written when it is made."""

DECIDED = re.compile(r"\b[Dd]ecisions?\s+(\d{4})\b")


def text_files() -> Iterator[Path]:
    """Every file that people read: those at the top, and those of the folders above, without what tools leave there."""
    inside = (path for folder in FOLDERS for path in (ROOT / folder).rglob("*"))
    for path in (*ROOT.iterdir(), *inside):
        if path.is_file() and path.suffix in TEXT and path.name != ".git" and "__pycache__" not in path.parts:
            yield path


def gone(text: str, page: Path) -> list[str]:
    """What the text of page (of which links are read only in Markdown) names, links or places that is not there."""
    found = [name for name in NAMED.findall(text) if name not in MADE and not (ROOT / name).is_file()]
    if page.suffix == ".md":
        links = [link for link in LINKED.findall(text) if not re.match(r"[a-z]+:", link)]
        found += [link for link in links if not (page.parent / link).exists()]
    places = [place.replace("\\", "") for place in PLACED.findall(text)]  # as a pattern: docs/packs\.md
    found += [place for place in places if not ((ROOT / place).exists() or [*ROOT.glob(f"{place}-*.md")])]
    return found + [number for number in DECIDED.findall(text) if not [*ROOT.glob(f"docs/decisions/{number}-*.md")]]


def test_every_document_that_a_file_refers_to_is_in_the_repository() -> None:
    assert {
        str(path.relative_to(ROOT)): missing
        for path in text_files()
        if (missing := gone(path.read_text("utf-8", errors="replace"), path))
    } == {}


@pytest.mark.parametrize(
    "text",
    [
        "as NOTHING" + ".md 7.3 lists",
        "[a page](decisions/9999-" + "nothing.md)",
        "[a heading of a page](no" + "thing.md#heading)",
        "# measured in docs/" + "nothing.md",
        "# measured in docs/decisions/" + "9999",
        "as decision " + "9999 says",
    ],
)
def test_a_reference_to_nothing_is_noticed(text: str) -> None:
    assert len(gone(text, ROOT / "docs" / "index.md")) == 1


@pytest.mark.parametrize(
    "text",
    [
        "see CHANGELOG.md and [the map](architecture.md), [its rooms](rooms/), [one of them](rooms/keys.md#promises)",
        "docs/decisions/0001 and docs/decisions/ and docs/index.md.",
        "decision 0001; [elsewhere](https://example.org/NOTHING" + ".md)",
    ],
)
def test_a_reference_to_what_is_there_is_none(text: str) -> None:
    assert gone(text, ROOT / "docs" / "index.md") == []
