"""docs/how-to/add-a-language.md: the places it lists are there, and no other holds a sentence of the notice."""

from __future__ import annotations

import re
from pathlib import Path

from kenbaar.consent import Purpose, notice_text
from kenbaar.policy import EVENTS, PURPOSES

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "how-to" / "add-a-language.md").read_text("utf-8")
PLACES = re.findall(r"\| `(src/kenbaar/[\w/.]+)`", PAGE)


def holders(sentence: str) -> set[str]:
    """The source files in which this sentence stands, lines joined."""
    wanted = " ".join(sentence.split())
    return {
        str(file.relative_to(ROOT))
        for file in (ROOT / "src").rglob("*.py")
        if wanted in " ".join(re.sub(r"[\"']\s*\n\s*f?[\"']", "", file.read_text("utf-8")).split())
    }


def test_every_place_on_the_page_is_there() -> None:
    assert len(PLACES) >= 6
    assert [place for place in PLACES if not (ROOT / place).exists()] == []


def test_what_a_person_is_told_of_purposes_and_acts_stands_in_those_places_alone() -> None:
    for row in PURPOSES.values():
        assert holders(row.sentence) == {"src/kenbaar/policy/_purposes.py"}
    for event in EVENTS.values():
        assert holders(event.value.meaning) <= {"src/kenbaar/policy/_events.py"}


def test_a_notice_is_made_of_sentences_of_those_places() -> None:
    from datetime import date

    text = notice_text("The Choir", [Purpose("find"), Purpose("show", "web")], "subject", date(2027, 1, 1), True)
    for paragraph in text.split("\n\n"):
        last = paragraph.strip().split("\n")[-1].split(". ")[-1].rstrip(".")
        if "The Choir" not in last and "show:web" not in last and "2027" not in last:
            found = holders(last)
            assert found and found <= set(PLACES), (last, found)
