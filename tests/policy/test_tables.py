"""Policy is rows: whole, and compared by name nowhere else."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import kenbaar
from kenbaar.consent import ASKED, COMPARING, FINDING, RECOGNISING, SHOWING, Purpose
from kenbaar.errors import UsageError
from kenbaar.policy import EVENTS, JURISDICTIONS, PURPOSES, ROLES, Actor, Event, Permission, subject_actor

SOURCE = Path(kenbaar.__file__).parent
TABLES = {
    "purpose": frozenset(PURPOSES),
    "jurisdiction": frozenset(JURISDICTIONS),
    "event": frozenset(EVENTS),
}


def compared_names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and text of every place where a row's name decides something: compared, matched, listed, or a key."""
    for node in ast.walk(tree):
        texts: list[str] = []
        if isinstance(node, ast.Compare):
            texts = [text for side in (node.left, *node.comparators) for text in _texts(side)]
        elif isinstance(node, ast.MatchValue):
            texts = _texts(node.value)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "startswith":
            texts = [text for arg in node.args for text in _texts(arg)]
        for table, names in TABLES.items():
            yield from ((node.lineno, f"{table} {t!r}") for t in texts if t in names)  # type: ignore[attr-defined]
            keys: list[str] = []
            if isinstance(node, ast.Dict):
                keys = [text for key in node.keys if key is not None for text in _texts(key)]
            else:
                keys = _texts(node)
            if len(names.intersection(keys)) > 1:
                yield node.lineno, f"{table}s {sorted(names.intersection(keys))}"  # type: ignore[attr-defined]


def _texts(node: ast.AST) -> list[str]:
    """The text, or the texts of a list of them."""
    several = node.elts if isinstance(node, (ast.Tuple, ast.List, ast.Set)) else [node]
    return [one.value for one in several if isinstance(one, ast.Constant) and isinstance(one.value, str)]


FILES = [
    file
    for file in sorted(SOURCE.rglob("*.py"))
    if not {"policy", "migrations"} & set(file.relative_to(SOURCE).parts)
    and file.name
    not in ("_app.py", "_story.py", "__init__.py")  # names of commands, what the demo types, what is exported
]


def test_no_purpose_jurisdiction_or_event_is_compared_by_name_outside_policy() -> None:
    found = [
        f"{file.relative_to(SOURCE)}:{line}: {what}"
        for file in FILES
        for line, what in compared_names(ast.parse(file.read_text("utf-8")))
        # `name` is a key of many records and `show`, `check` are commands too: they count where two stand together
        if what not in ("purpose 'name'",)
    ]
    assert found == []


@pytest.mark.parametrize(
    "line",
    [
        'if jurisdiction == "us-il": pass',
        'if "us-il" != jurisdiction: pass',
        'if kind in ("find", "show"): pass',
        'rights = {"eu": 1, "uk": 2}',
        'if event.startswith("withdraw"): pass',
        'match kind:\n  case "ask": pass',
    ],
)
def test_that_test_finds_such_a_comparison(line: str) -> None:
    assert list(compared_names(ast.parse(line)))


def test_every_purpose_says_what_it_means_and_is_granted_by_somebody() -> None:
    for purpose in PURPOSES.values():
        assert purpose.sentence.startswith(("My ", "Find me", "When ")) and purpose.sentence.endswith(".")
        assert purpose.short.endswith(".") and purpose.granters
        assert (purpose.channel_sentence is None) == (purpose.channel_short is None)
        assert ":" in purpose.term and ":" in purpose.broader


def test_faces_are_compared_for_finding_and_showing_and_for_nothing_else() -> None:
    assert RECOGNISING == ("find", "show"), "in collections"
    assert COMPARING == ("find", "show", "ask"), "with a photo that somebody asks about too"
    assert FINDING == ("find",) and SHOWING == ("show",) and ASKED == ("ask",)


@pytest.mark.parametrize("text", ["", "finder", "find:web", "show:", "name:web", ":web", "show:UPPER", "everything"])
def test_what_is_no_row_is_no_purpose(text: str) -> None:
    with pytest.raises(UsageError):
        Purpose.parse(text)


def test_where_european_law_holds_nobody_who_did_not_agree_is_compared() -> None:
    for place in JURISDICTIONS.values():
        assert ("transient" in place.refused_modes) == (place.name in {"eu", "eea", "uk", "ch"})
        assert set(place.refused_modes) <= {"transient"}
        assert place.minor_days <= 365 and (place.longest_days or place.minor_days) >= place.minor_days


def test_the_gdpr_asks_for_keys_held_by_the_person_in_the_whole_eea() -> None:
    assert {place.name for place in JURISDICTIONS.values() if place.holder == "subject"} == {"eu", "eea"}


def test_every_law_writes_its_articles_with_a_prefix_that_receipts_explain() -> None:
    for place in JURISDICTIONS.values():
        known = {"eu-gdpr", "kb", *place.law.context}
        for article in (*place.law.consent, *place.law.biometric, *place.law.rights):
            assert article.split(":")[0] in known, (place.name, article)


@pytest.mark.parametrize("event", Event, ids=str)
def test_what_a_person_is_shown_of_an_act_is_declared_and_names_nobody_else(event: Event) -> None:
    row = event.value
    assert row.shown <= row.facts
    assert not row.shown & {"roster", "held_by_themselves", "officer", "gallery"}
    assert re.fullmatch("[a-z]+(-[a-z]+)?", row.name)
    assert row.purpose is None or row.purpose in PURPOSES


def test_taking_back_and_saying_no_are_told_to_protect_somebody() -> None:
    assert Event.WITHDRAW.value.narrows and Event.REJECT.value.narrows
    assert not Event.ENROL.value.narrows and not Event.SHOWN.value.narrows


def test_an_officer_may_everything_and_an_auditor_changes_nothing() -> None:
    assert ROLES["officer"].may == frozenset(Permission)
    assert ROLES["auditor"].may == {Permission.READ, Permission.PROVE}
    assert Permission.SET_UP not in ROLES["editor"].may
    assert ROLES["reviewer"].may == {Permission.READ, Permission.CONFIRM, Permission.REVIEW}


def test_a_person_at_the_desk_acts_for_themselves_through_the_account_there() -> None:
    jane = Actor("operator", "jane", "officer")
    ada = jane.as_subject("s-ada00000")
    assert (ada.kind, ada.name, ada.role, ada.account) == ("subject", "s-ada00000", None, "jane")
    assert ada.speaks_as("s-ada00000") and not ada.speaks_as("s-bob00000") and not jane.speaks_as("s-ada00000")
    assert subject_actor("s-ada00000").as_subject("s-ada00000") == subject_actor("s-ada00000")
