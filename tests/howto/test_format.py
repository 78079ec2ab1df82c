"""docs/how-to/add-a-format.md, followed: its row, and PPM files are walked, opened within limits, swept, published."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PIL import Image

from kenbaar.media import open_photo
from tests.howto.copied import CopiedSource
from tests.modelpack.tiny_pack import blank_photo, draw_face

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "add-a-format.md"


def drawn(file: Path, identity: int, width: int = 480) -> Path:
    pixels = blank_photo(width, 320)
    draw_face(pixels, 40, 96, identity, 96)
    file.parent.mkdir(exist_ok=True)
    Image.fromarray(pixels).save(file, "PPM")
    return file


@pytest.mark.slow
def test_a_format_is_added_by_the_pages_one_line(tmp_path: Path, tiny_pack_folder: Path) -> None:
    kenbaar = CopiedSource.into(tmp_path, tiny_pack_folder)
    found = re.search(r"```text\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert found
    kenbaar.edit("media/_formats.py", "\n)\nFORMATS =", f"\n{found[1]})\nFORMATS =")
    kenbaar("init", "--jurisdiction", "us")
    token = kenbaar("invite", "Ada", "--purpose", "find", "--purpose", "show:web")["token"]
    Image.open(drawn(tmp_path / "ada.ppm", 3)).save(tmp_path / "ada.png")
    kenbaar("enrol", token, tmp_path / "ada.png")  # by a process that has no other source than what is installed
    drawn(tmp_path / "photos" / "ada.ppm", 3)
    drawn(tmp_path / "photos" / "somebody.ppm", 40)
    drawn(tmp_path / "photos" / "wide.ppm", 40, width=4000)
    kenbaar("collection", "add", "party", tmp_path / "photos", "--mode", "transient", "--reason", "a test")
    (tmp_path / "home" / "settings.toml").write_text("max_megapixels = 1\n")
    swept = kenbaar("sweep", "party", code=5)
    assert (swept["photos"], swept["appearances"]) == (2, 1)
    assert [(u["path"], "megapixels" in u["why"]) for u in swept["unreadable"]] == [("wide.ppm", True)]
    published = kenbaar("publish", "party", tmp_path / "out", "--channel", "web", code=5)
    assert (published["published"], published["visible"]) == (2, 1)
    assert open_photo(tmp_path / "out" / "ada.ppm.jpg").format == "JPEG"
    kenbaar("check")
