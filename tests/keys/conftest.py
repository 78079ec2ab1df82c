from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kenbaar.keys import KeyStore, create_with_master

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def store(home: Path) -> KeyStore:
    return create_with_master(home / "keys", home / "master.key")


@pytest.fixture
def in_another_process(home: Path) -> Callable[[str], subprocess.CompletedProcess[str]]:
    """Runs lines of Python in a process of their own, with `home`, `now`, `store` and KenbaarError at hand."""

    def run(lines: str) -> subprocess.CompletedProcess[str]:
        start = (
            "import os, signal, sys, resource\n"
            "from datetime import datetime, UTC\n"
            "from pathlib import Path\n"
            "from kenbaar.errors import KenbaarError\n"
            "from kenbaar.keys import *\n"
            "home, now = Path(sys.argv[1]), datetime.now(UTC)\n"
            "store = open_with_master(home / 'keys', home / 'master.key')\n"
        )
        command = [sys.executable, "-c", start + lines, str(home)]
        return subprocess.run(command, capture_output=True, text=True, timeout=60)

    return run
