"""Every promise of the threat model names a test that is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "threat-model.md").read_text("utf-8")
PROMISES = [line for line in PAGE.splitlines() if line.startswith("| ") and line.count(" | ") == 5][1:]
PROMISES = [line for line in PROMISES if not line.startswith("| ---")]


@pytest.mark.parametrize("promise", PROMISES, ids=lambda line: line.split(" | ")[0].strip("| "))
def test_a_promise_names_its_tests_and_what_it_does_not_hold_against(promise: str) -> None:
    *_, tests, limits = promise.strip("| ").split(" | ")
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", tests)
    assert named and limits.strip()
    for file, name in named:
        there = {
            n.name for n in ast.walk(ast.parse((ROOT / file).read_text("utf-8"))) if isinstance(n, ast.FunctionDef)
        }
        assert name in there, f"{file} has no {name}"


def test_there_are_promises() -> None:
    assert len(PROMISES) > 10
