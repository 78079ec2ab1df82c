"""`kenbaar --help` answers at once: nothing heavy is imported before a command needs it."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = (
    "numpy",
    "sqlalchemy",
    "alembic",
    "onnxruntime",
    "onnx",
    "cv2",
    "PIL",
    "scipy",
    "cryptography",
    "jinja2",
    "joserfc",
)


def loaded_by(code: str) -> set[str]:
    """The top-level modules in a fresh process after this code."""
    ask = f"{code}\nimport sys\nsys.stderr.write(' '.join({{m.partition('.')[0] for m in sys.modules}}))"
    run = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, timeout=60, check=True)
    return set(run.stderr.split())


@pytest.mark.parametrize(
    "code",
    [
        "import kenbaar",
        "import kenbaar.cli",
        "import kenbaar.cli._app",
        "from kenbaar.cli._run import run; assert run(['--help']) == 0",
        "from kenbaar.cli._run import run; assert run(['--version']) == 0",
    ],
)
def test_nothing_heavy_is_imported_for_a_greeting(code: str) -> None:
    assert not loaded_by(code) & set(HEAVY)


@pytest.mark.parametrize(
    "command", ["init", "invite", "enrol", "sweep", "publish", "withdraw", "ledger", "check", "demo"]
)
def test_nor_for_the_help_of_a_command(command: str) -> None:
    assert not loaded_by(f"from kenbaar.cli._run import run; assert run([{command!r}, '--help']) == 0") & set(HEAVY)


def test_the_probe_sees_what_is_imported() -> None:
    assert "numpy" in loaded_by("import numpy")
