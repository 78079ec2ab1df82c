"""Imports point inwards, and whoever turns an arrow around hears of it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


def lint(root: Path) -> subprocess.CompletedProcess[str]:
    """import-linter on the source below `root`, whatever Kenbaar is installed."""
    run = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    code = f"import sys; sys.path.insert(0, {str(root / 'src')!r}); {run}"
    return subprocess.run(
        [sys.executable, "-c", code, "--no-cache"], cwd=root, capture_output=True, text=True, timeout=120
    )


@pytest.fixture
def copy_of_house(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def test_every_arrow_points_inwards() -> None:
    result = lint(ROOT)
    assert result.returncode == 0, result.stdout
    assert "0 broken" in result.stdout


@pytest.mark.parametrize(
    ("file", "line", "contract"),
    [
        ("gallery/_consented.py", "import kenbaar.matching", "Imports point inwards"),
        ("consent/_consents.py", "import kenbaar.storage", "Imports point inwards"),
        ("publish/_copy.py", "import sqlalchemy", "Only storage knows a database"),
        ("sweep/_analyse.py", "import click", "Only the command line knows click"),
        ("matching/_decide.py", "import onnxruntime", "Only modelpack runs models"),
        ("publish/_make.py", "from PIL import Image", "Only media reads and writes photos"),
        ("rights/_requests.py", "import cryptography.fernet", "Only keys and ledger do cryptography"),
    ],
)
def test_an_arrow_turned_around_is_noticed(copy_of_house: Path, file: str, line: str, contract: str) -> None:
    path = copy_of_house / "src" / "kenbaar" / file
    path.write_text(path.read_text("utf-8") + f"\n{line}\n", "utf-8")
    result = lint(copy_of_house)
    assert result.returncode == 1, result.stdout
    assert re.search(rf"^{re.escape(contract)}.* BROKEN", result.stdout, re.MULTILINE), result.stdout


def test_a_new_room_must_be_given_its_place(copy_of_house: Path) -> None:
    (copy_of_house / "src" / "kenbaar" / "helpers.py").write_text("", "utf-8")
    result = lint(copy_of_house)
    assert result.returncode == 1
    assert "helpers" in result.stdout + result.stderr
