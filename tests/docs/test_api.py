"""docs/api.md: its example runs, and what it names can be imported."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kenbaar.archive import create_archive
from kenbaar.settings import Settings
from tests.actors import OFFICER

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text("utf-8")


def test_the_example_runs(
    tmp_path: Path, tiny_pack_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = Settings(home=tmp_path / "archive", cache=tmp_path / "cache", pack=str(tiny_pack_folder))
    create_archive(OFFICER, settings, "The Choir", "eu").close()
    (example,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(example, {})  # our own page
    assert re.match(r"s-[0-9a-z]{8} 20\d\d-\d\d-\d\d\n", capsys.readouterr().out)


def test_what_its_table_names_is_there() -> None:
    from importlib import import_module

    rows = re.findall(r"\| `(kenbaar\.\w+)`: ([^|(]*)", PAGE)
    assert len(rows) >= 5
    for module, names in rows:
        for name in re.findall(r"`(\w+)`", names):
            assert hasattr(import_module(module), name), (module, name)
