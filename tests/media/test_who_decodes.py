"""Only what this process has encoded itself is decoded by it: who may, is a list."""

from __future__ import annotations

import ast
from pathlib import Path

import kenbaar

SOURCE = Path(kenbaar.__file__).parent
OWN_BYTES = {
    "publish/_copy.py",  # the finished file, judged
    "rights/_case_sheet.py",  # photos of a case and portraits, encoded here and sealed
}
DECODERS = {"open_own_bytes", "read_photo", "imdecode", "imread", "pi_heif"}
MAKES_PICTURES = ("media/", "measure/", "demo/", "packmaking/")  # of their own portraits and drawings


def names_in(file: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.ImportFrom | ast.Import):
            found |= {alias.name for alias in node.names} | {getattr(node, "module", None) or ""}
    return found


def test_no_room_decodes_but_what_it_has_encoded() -> None:
    rooms = {str(f.relative_to(SOURCE)): names_in(f) for f in SOURCE.rglob("*.py")}
    outside_media = {name: names for name, names in rooms.items() if not name.startswith("media/")}
    assert {name for name, names in outside_media.items() if names & DECODERS} == OWN_BYTES
    with_pillow = {name for name, names in outside_media.items() if names & {"PIL", "PIL.Image"}}
    assert {name for name in with_pillow if not name.startswith(MAKES_PICTURES)} == set()


def test_no_room_reaches_past_the_door_of_media() -> None:
    for file in SOURCE.rglob("*.py"):
        if file.parent.name != "media":
            assert not {n for n in names_in(file) if n.startswith("kenbaar.media._")}, file
