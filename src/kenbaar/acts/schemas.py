"""The JSON Schemas of every act's answer, into a folder: `python -m kenbaar.acts.schemas docs/schemas`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from kenbaar.acts import ACTS, schema_of


def schemas() -> Iterator[tuple[str, str]]:
    """File name and text of each, in the order of the acts."""
    for name, row in ACTS.items():
        text = json.dumps(schema_of(row.answer, name), indent=1, ensure_ascii=False)
        yield f"{name.replace(' ', '-')}.json", f"{text}\n"


def write_schemas(folder: Path) -> None:
    """All of them, and no others."""
    folder.mkdir(parents=True, exist_ok=True)
    made = dict(schemas())
    for old in folder.glob("*.json"):
        if old.name not in made:
            old.unlink()
    for name, text in made.items():
        (folder / name).write_text(text, "utf-8")


if __name__ == "__main__":
    write_schemas(Path(sys.argv[1]))
