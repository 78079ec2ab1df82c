"""The source, copied so that a how-to page can be followed in it, and the command run from there."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import kenbaar


@dataclass
class CopiedSource:
    """Kenbaar's source in a folder of its own, to be edited, with an archive that it works on."""

    folder: Path
    pack: Path

    @classmethod
    def into(cls, folder: Path, pack: Path) -> CopiedSource:
        """A fresh copy."""
        source = Path(kenbaar.__file__).parent
        shutil.copytree(source, folder / "src" / "kenbaar", ignore=shutil.ignore_patterns("__pycache__"))
        return cls(folder, pack)

    def edit(self, file: str, old: str, new: str) -> None:
        """Puts new in the place of old, which is there once."""
        path = self.folder / "src" / "kenbaar" / file
        text = path.read_text("utf-8")
        assert text.count(old) == 1, (file, old, text.count(old))
        path.write_text(text.replace(old, new), "utf-8")

    def __call__(self, *words: object, code: int = 0) -> dict[str, Any]:
        """A command's answer, as JSON."""
        env = {
            **{k: v for k, v in os.environ.items() if not k.startswith("KENBAAR_")},
            "PYTHONPATH": str(self.folder / "src"),
            "KENBAAR_HOME": str(self.folder / "home"),
            "KENBAAR_CACHE": str(self.folder / "cache"),
            "KENBAAR_PACK": str(self.pack),
            "KENBAAR_DEBUG": "1",  # what goes wrong is shown
        }
        command = [sys.executable, "-m", "kenbaar", *map(str, words), "--json"]
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120)
        assert done.returncode == code, done.stderr
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer
