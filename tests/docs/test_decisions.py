"""Decisions are numbered without a gap, listed with date and status, and each says what was asked, chosen and paid."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

DOCS = Path(__file__).parent.parent.parent / "docs"
DECISIONS = sorted((DOCS / "decisions").glob("[0-9]*.md"))
EXPERIMENTS = sorted(page for page in (DOCS / "experiments").glob("*.md") if page.name != "index.md")
ROW = re.compile(r"^\| \[(\d{4})\]\((\S+)\) \| (.+) \| (\d{4}-\d{2}-\d{2}) \| (.+) \|$", re.MULTILINE)
PARTS = ("Question", "Options", "Choice", "Cost")


def rows() -> list[tuple[str, str, str, str, str]]:
    """Number, file, title, date and status of each row of the index, in its order."""
    return ROW.findall((DOCS / "decisions" / "index.md").read_text("utf-8"))


def test_the_numbers_run_from_0001_without_a_gap() -> None:
    assert [page.name[:4] for page in DECISIONS] == [f"{n:04d}" for n in range(1, len(DECISIONS) + 1)]


def test_the_index_lists_every_decision_by_number_file_and_title() -> None:
    headings = [page.read_text("utf-8").splitlines()[0] for page in DECISIONS]
    assert [(file, f"# {number}: {title}") for number, file, title, _, _ in rows()] == [
        (page.name, heading) for page, heading in zip(DECISIONS, headings, strict=True)
    ]


def test_the_index_dates_them_in_order() -> None:
    dates = [date.fromisoformat(row[3]) for row in rows()]
    assert dates == sorted(dates)


def test_a_status_is_one_of_the_known_ones_and_names_a_later_decision() -> None:
    files = {page.name for page in DECISIONS}
    for number, _, _, _, status in rows():
        later = re.fullmatch(r"accepted|rejected|superseded (?:in part )?by \[(\d{4})\]\((\1-\S+\.md)\)", status)
        assert later, (number, status)
        if later[2]:
            assert later[2] in files
            assert later[1] > number


@pytest.mark.parametrize("page", DECISIONS, ids=lambda page: page.name[:4])
def test_a_decision_opens_with_its_question_and_says_options_choice_and_cost(page: Path) -> None:
    said = re.findall(rf"^\*\*({'|'.join(PARTS)})\b", page.read_text("utf-8"), re.MULTILINE)
    assert said[0] == "Question"
    assert set(said) == set(PARTS)


@pytest.mark.parametrize("page", DECISIONS, ids=lambda page: page.name[:4])
def test_a_decision_holds_one_table_at_most_since_what_was_measured_is_an_experiment(page: Path) -> None:
    assert len(re.findall(r"^\|[ |:-]+\|$", page.read_text("utf-8"), re.MULTILINE)) <= 1


@pytest.mark.parametrize("page", EXPERIMENTS, ids=lambda page: page.stem)
def test_an_experiment_says_what_was_asked_and_how_it_was_measured(page: Path) -> None:
    assert re.findall(r"^\*\*(Question|How)\.\*\*", page.read_text("utf-8"), re.MULTILINE) == ["Question", "How"]


def test_every_experiment_is_listed() -> None:
    index = (DOCS / "experiments" / "index.md").read_text("utf-8")
    assert sorted(re.findall(r"^\| \[[^]]+\]\((\S+)\)", index, re.MULTILINE)) == [page.name for page in EXPERIMENTS]
