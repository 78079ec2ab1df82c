"""What the fixture `in_another_process` (conftest.py) gives: runs lines of Python in a process of their own."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import TypeAlias

InAnotherProcess: TypeAlias = Callable[[str], subprocess.CompletedProcess[str]]
