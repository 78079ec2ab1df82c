"""Which tests belong to what changed since main: `python -m tests.changed` prints them for `make check`.

A room's tests are those in the folder of its name. Where nothing changed that tests belong to: the quick ones.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[1]
QUICK = ("collections", "disk", "docs", "faces", "gallery", "matching", "policy")
ALWAYS = ("tests/e2e/test_contract.py",)


def paths_for(changed: Iterable[str]) -> list[str]:
    """The tests of these files, by path from the repository's root, sorted."""
    found = set()
    for name in changed:
        parts = Path(name).parts
        if name.startswith("src/kenbaar/") and len(parts) > 3 and (ROOT / "tests" / parts[2]).is_dir():
            found.add(f"tests/{parts[2]}")
        elif name.startswith("tests/") and parts[-1].startswith("test_") and (ROOT / name).exists():
            found.add(name)
        elif name.startswith("tests/") and len(parts) > 2 and (ROOT / "tests" / parts[1]).is_dir():
            found.add(f"tests/{parts[1]}")
        elif name.startswith("docs/") or name.endswith(".md"):
            found.add("tests/docs")
    if not found:
        found = {f"tests/{room}" for room in QUICK}
    whole = {t for t in found if not t.endswith(".py")}
    files = {t for t in (*found, *ALWAYS) if t.endswith(".py") and not any(t.startswith(f"{w}/") for w in whole)}
    return sorted(whole | files)


def changed_since_main() -> list[str]:
    """Committed since main and not yet committed; [] where git cannot tell."""
    for main in ("origin/main", "main"):
        base = _git("merge-base", main, "HEAD")
        if base:
            return [*_git("diff", "--name-only", base[0]), *_git("ls-files", "--others", "--exclude-standard")]
    return []


def _git(*words: str) -> list[str]:
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True)
    return done.stdout.split("\n")[:-1] if done.returncode == 0 else []


if __name__ == "__main__":
    sys.stdout.write(" ".join(paths_for(changed_since_main())))
