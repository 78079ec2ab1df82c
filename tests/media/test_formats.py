"""A format is one row: nothing else in the house compares its name."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest

import kenbaar
from kenbaar.media import COPY_SUFFIXES, FORMATS, PHOTO_SUFFIXES, Rights, copy_format, copy_suffix, encode_photo
from kenbaar.media._formats import format_of

SOURCE = Path(kenbaar.__file__).parent
PIXELS = np.full((32, 48, 3), 90, np.uint8)


def names_compared(tree: ast.AST) -> list[int]:
    """Lines at which the name of a format decides something."""
    found = []
    for node in ast.walk(tree):
        sides = [node.left, *node.comparators] if isinstance(node, ast.Compare) else []
        keys = [k for k in node.keys if k] if isinstance(node, ast.Dict) else []
        for side in (*sides, *keys):
            texts = [side, *(side.elts if isinstance(side, (ast.Tuple, ast.Set, ast.List)) else [])]
            if any(isinstance(t, ast.Constant) and t.value in FORMATS for t in texts):
                found.append(node.lineno)  # type: ignore[attr-defined]
    return found


def test_no_format_is_compared_by_name() -> None:
    found = {
        f"{file.relative_to(SOURCE)}:{line}"
        for file in SOURCE.rglob("*.py")
        if file.name != "_formats.py"
        for line in names_compared(ast.parse(file.read_text("utf-8")))
    }
    assert found == set()


def test_that_test_finds_such_a_comparison() -> None:
    for line in ('if photo.format == "JPEG": pass', 'if f in ("PNG", "x"): pass', 'kinds = {"TIFF": 1}'):
        assert names_compared(ast.parse(line))


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_copied_as_one_that_is_written(name: str) -> None:
    row = FORMATS[name]
    assert row.suffixes and all(s == s.lower() and s.startswith(".") for s in row.suffixes)
    assert FORMATS[row.copy_as].copy is not None
    assert (row.copy is None) == (row.copy_as != name)
    assert copy_format(name) in COPY_SUFFIXES
    assert set(row.suffixes) <= PHOTO_SUFFIXES


def test_no_two_formats_have_a_suffix_in_common() -> None:
    suffixes = [s for row in FORMATS.values() for s in row.suffixes]
    assert len(suffixes) == len(set(suffixes))


@pytest.mark.parametrize("name", COPY_SUFFIXES)
def test_what_is_written_as_a_format_is_known_as_that_and_holds_nothing_else(name: str) -> None:
    data = encode_photo(PIXELS, name, Rights("(c) The Choir", "Ada"))
    row = format_of(data)
    assert row.name == name and row.copy is not None
    assert row.copy.leftovers(data) == []


@pytest.mark.parametrize(
    ("name", "suffix"),
    [("a.JPG", ""), ("a.jfif", ""), ("a.png", ""), ("a.tiff", ".jpg"), ("a.heic", ".jpg"), ("a.mpo", ".jpg")],
)
def test_a_copy_keeps_its_name_where_it_keeps_its_format(name: str, suffix: str) -> None:
    assert copy_suffix(name) == suffix
