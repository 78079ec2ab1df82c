"""Drives the `kenbaar` command as a user does, and holds every answer to what docs/commands.md promises.

Kenbaar(home, pack) runs the command's own entry in this process (fast), and its work too unless more --workers are
asked for; in_a_process=True runs the installed command, with a worker of its own.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from tests.cheap import engine_of

COMMAND = Path(sys.executable).with_name("kenbaar")


@dataclass
class Answer:
    """What a command left: its exit code, the JSON on stdout, and the words on stderr."""

    code: int
    data: dict[str, Any]
    words: str


@dataclass
class Kenbaar:
    """The command, with a home of its own."""

    home: Path
    pack: Path | None
    cache: Path
    in_a_process: bool = False
    whole: bool = True  # tests that break the archive for good set this to False: it is not checked at their end
    preexec: Callable[[], None] | None = None

    @property
    def env(self) -> dict[str, str]:
        base = {k: v for k, v in os.environ.items() if not k.startswith("KENBAAR_") or k == "KENBAAR_LOG"}
        own = {"KENBAAR_HOME": str(self.home), "KENBAAR_CACHE": str(self.cache), "HOME": str(self.home.parent)}
        return base | own | ({"KENBAAR_PACK": str(self.pack)} if self.pack else {})

    def __call__(self, *arguments: object, code: int = 0) -> dict[str, Any]:
        """The JSON a command answers; the test fails where it ends with another exit code."""
        answer = self.answer(*arguments)
        assert answer.code == code, f"{arguments[0]} ended with {answer.code}, not {code}: {answer.words}"
        return answer.data

    def refused(self, *arguments: object, code: int) -> str:
        """The sentence of a refusal: what happened and what to do."""
        error = self(*arguments, code=code)["error"]
        assert error["exit"] == code
        assert error["what"].strip() and error["do"].strip()
        return f"{error['what']} {error['do']}"

    def answer(self, *arguments: object) -> Answer:
        """Runs the command with --json; asserts what must hold of every answer, good or bad."""
        words = [os.fspath(a) if isinstance(a, os.PathLike) else str(a) for a in arguments]
        code, out, err = (self._outside if self.in_a_process else self._inside)([*words, "--json"])
        assert "Traceback" not in err, err
        assert code in (0, 2, 3, 4, 5, 6), f"{words} ended with {code}: {err}"
        assert out.count("\n") == 1 and out.endswith("\n"), f"stdout is not one line of JSON: {out!r} {err!r}"
        data = json.loads(out)
        assert ("error" in data) == (code not in (0, 5) and "findings" not in data and "problems" not in data), data
        return Answer(code, data, err)

    def _inside(self, arguments: list[str]) -> tuple[int, str, str]:
        from kenbaar.cli._run import run

        out, err = io.StringIO(), io.StringIO()
        with (
            mock.patch.dict(os.environ, {"KENBAAR_WORKERS": "1", **self.env}, clear=True),
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            code = run(arguments, engine_of)
        return code, out.getvalue(), err.getvalue()

    def _outside(self, arguments: list[str]) -> tuple[int, str, str]:
        done = subprocess.run(
            [COMMAND, *arguments], env=self.env, capture_output=True, timeout=120, preexec_fn=self.preexec
        )
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def expect_whole(self) -> None:
        """Nothing of strangers is stored, no record contradicts another, and the ledger verifies."""
        if self.whole and self.home.is_dir() and (self.home / "archive.db").exists():
            check = self.answer("check")
            assert check.data["findings"] == [] and check.code == 0, check.data
            assert check.data["files"] > 0 and check.data["bytes"] > 0
            assert self("ledger", "verify")["ok"] is True
