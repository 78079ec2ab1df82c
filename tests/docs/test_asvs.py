"""The page that holds the web app against OWASP ASVS names tests that exist, and says what is not met."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "asvs.md").read_text("utf-8")


def test_every_test_it_names_exists() -> None:
    named = re.findall(r"`(tests/[\w/.]+)(?:::(\w+))?`", PAGE)
    assert len(named) > 30
    for path, name in named:
        place = ROOT / path
        assert place.exists(), path
        assert not name or re.search(rf"^def {name}\(", place.read_text("utf-8"), re.M), f"{path}::{name}"


def test_no_row_is_left_without_a_word() -> None:
    for row in (line for line in PAGE.splitlines() if re.match(r"\| \d", line)):
        assert len(row.strip("| ").split("|")) == 3 and all(cell.strip() for cell in row.strip("| ").split("|")), row
