"""What came from outside is printed so that it cannot act, and JSON from outside has one meaning or none."""

from __future__ import annotations

import json
import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kenbaar.text import BadJson, json_text, printable, printable_cell, read_json

ANY = st.text(st.characters(exclude_categories=()), max_size=60)


def acts(char: str) -> bool:
    return unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


@given(ANY)
def test_nothing_printed_acts_and_it_is_one_line(text: str) -> None:
    shown = printable(text)
    assert not [c for c in shown if acts(c) and c not in "\u200c\u200d"]
    assert len(shown.splitlines()) <= 1


@given(ANY, ANY)
def test_two_texts_never_print_the_same(one: str, other: str) -> None:
    assert (printable(one) == printable(other)) == (one == other)


@given(ANY)
def test_json_printed_says_the_same_and_nothing_in_it_acts(text: str) -> None:
    shown = json_text({"a": text})
    assert json.loads(shown)["a"] == text
    assert not [c for c in shown if acts(c) and c not in "\u200c\u200d"]


@pytest.mark.parametrize(
    "name",
    ["Zoë", "नमस्ते", "क्\u200dष", "می\u200cخواهم", "שלום", "👨\u200d👩\u200d👧", "photo 1.jpg", "C:\\photos", "日本語"],
)
def test_names_of_every_script_stay_readable(name: str) -> None:
    assert printable(name) == name


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nb", "a\\nb"),
        ("\x1b[2K", "\\x1b[2K"),
        ("\u202egpj.exe", "\\u202egpj.exe"),
        ("a\u200db", "a\u200db"),
        (" \u200d ", " \\u200d "),
        ("\\x1b", "\\\\x1b"),
        ("\x9b31m", "\\x9b31m"),
        ("\U000e0041", "\\U000e0041"),
        ("e" + "\u0301" * 6, "e" + "\u0301" * 4 + "\\u0301" * 2),
        ("\u3164", "\\u3164"),
        ("\ud800", "\\ud800"),
    ],
)
def test_what_acts_is_spelled_out(text: str, shown: str) -> None:
    assert printable(text) == shown


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx"])
def test_no_cell_is_a_formula(text: str) -> None:
    assert printable_cell(text).startswith("'")


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1, "a": 1}',
        '{"x": {"a": 1, "\\u0061": 2}}',
        "NaN",
        "[Infinity]",
        "-1e999",
        "9007199254740993",
        "1" * 5000,
        '"\\ud800"',
        '{"\\udfff": 1}',
        "[" * 100 + "]" * 100,
        "[" * 100_000,
        "{",
        "",
        b"\xff",
        b'\xef\xbb\xbf{"a": 1}',
    ],
)
def test_json_with_more_than_one_meaning_is_refused(text: str | bytes) -> None:
    with pytest.raises(BadJson):
        read_json(text)


@given(st.recursive(st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(), st.lists))
def test_json_that_all_understand_is_read(value: object) -> None:
    assert read_json(json.dumps(value)) == value


def test_json_is_read_in_one_place() -> None:
    source = Path(__file__).parents[1] / "src"
    reading = [f.name for f in source.rglob("*.py") if re.search(r"json\.loads?\(", f.read_text("utf-8"))]
    assert reading == ["text.py"]
