"""docs/how-to/add-an-act.md, followed: the act of its example works, and is asked for permission."""

from __future__ import annotations

import re
import sys
import types
from pathlib import Path

import jsonschema
import pytest

from kenbaar.acts import ACTS, as_json, schema_of
from kenbaar.errors import NotFound, RoleRefused
from kenbaar.policy import Actor
from tests.actors import OFFICER
from tests.rights.party import a_party

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "add-an-act.md"
IMPORTS = """
from dataclasses import dataclass
from kenbaar.acts import act
from kenbaar.archive import Archive
from kenbaar.policy import Actor, Permission
"""


def test_the_pages_example_is_an_act(tmp_path: Path, tiny_pack_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = re.search(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert found
    example = "\n".join(line.removeprefix("   ") for line in found[1].splitlines())
    module = types.ModuleType("an_example")
    monkeypatch.setitem(sys.modules, "an_example", module)
    made = vars(module)
    try:
        exec(IMPORTS + example, made)  # our own page
        row, request = ACTS["count"], made["CountRequest"]
        with a_party(tmp_path, tiny_pack_folder) as p:
            p.photo("a.jpg")
            p.add()
            p.sweep()
            answer = row.run(p.archive, OFFICER, request("party"))
            assert as_json(answer) == {"photos": 1}
            jsonschema.validate(as_json(answer), schema_of(row.answer, "count"))
            with pytest.raises(NotFound):
                row.run(p.archive, OFFICER, request("another"))
            with pytest.raises(RoleRefused):
                row.run(p.archive, Actor("subject", "s-ada00000"), request("party"))
    finally:
        ACTS.pop("count", None)
