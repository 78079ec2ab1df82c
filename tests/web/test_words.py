"""Two languages, whole: every sentence a visitor may read is in the catalogue, translated, with all its values."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import kenbaar
from kenbaar.web._words import LANGUAGES, preferred, words_of
from kenbaar.web.catalogue import OF_THE_SHELL, gathered, merged

VALUES = re.compile(r"%\(\w+\)s|\{\d+\}")
TEMPLATES = Path(kenbaar.__file__).parent / "web" / "templates"


def strings(string: object) -> list[str]:
    return [str(s) for s in string] if isinstance(string, (tuple, list)) else [str(string or "")]


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_left_untranslated(language: str) -> None:
    missing = [m.id for m in merged(language) if m.id and not all(strings(m.string))]
    assert missing == [], "run `python -m kenbaar.web.catalogue`, then translate"


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_value_gets_lost_in_translation(language: str) -> None:
    for message in merged(language):
        if message.id:
            wanted = set(VALUES.findall(strings(message.id)[-1]))
            for said in strings(message.string):
                assert set(VALUES.findall(said)) <= wanted, message.id
            assert set(VALUES.findall(strings(message.string)[-1])) == wanted, message.id


@pytest.mark.parametrize("language", LANGUAGES)
def test_nobody_in_a_browser_is_told_to_type_a_command(language: str) -> None:
    for message in merged(language):
        assert not any(OF_THE_SHELL.search(said) for said in strings(message.string)), message.id


def test_what_is_gathered_holds_pages_policy_and_refusals() -> None:
    ids = {strings(m.id)[0] for m in gathered()}
    assert {"Sign in", "Find me my own pictures.", "This invitation was used already."} <= ids
    assert "The recovery code has {1} letters and digits, not {2}." in ids


def test_a_refusal_with_values_is_told_in_the_visitors_language() -> None:
    said = words_of("nl").sentence("The recovery code has 7 letters and digits, not 36.")
    assert "7" in said and "36" in said and "recovery" not in said


def test_a_sentence_that_nobody_translated_is_told_as_it_is() -> None:
    assert words_of("nl").sentence("Zorp 5 is not blue.") == "Zorp 5 is not blue."


def test_no_template_says_a_sentence_past_the_catalogue() -> None:
    """Between tags stands no English: everything goes through `_`, `n_` or `said`."""
    for path in TEMPLATES.rglob("*.html"):
        text = path.read_text("utf-8")
        text = re.sub(r"\{% block width %\}\w+\{% endblock %\}|<!doctype html>", "", text)
        text = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", " ", text, flags=re.DOTALL)
        text = re.sub(r"<[^>]*>", " ", text)
        words = re.findall(r"[A-Za-z]{3,}", text.replace("Kenbaar", ""))
        assert words == [], path.name


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("nl", "nl"),
        ("nl-BE,nl;q=0.9,en;q=0.8", "nl"),
        ("en;q=0.5,nl;q=0.9", "nl"),
        ("fr,de", "en"),
        ("", "en"),
        ("*", "en"),
    ],
)
def test_the_language_is_the_one_the_browser_asks_for(asked: str, given: str) -> None:
    assert preferred(asked) == given


@given(st.text(max_size=300))
def test_whatever_a_browser_asks_for_one_of_the_languages_is_spoken(asked: str) -> None:
    assert preferred(asked) in LANGUAGES
