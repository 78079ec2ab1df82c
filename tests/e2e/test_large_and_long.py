"""Photos that are very large or very long, and places for copies where nothing can be written: a sentence each."""

from __future__ import annotations

import io
import struct
import subprocess
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.e2e.club import Club
from tests.e2e.mortal import as_a_mere_mortal, small_disk
from tests.media.photo_samples import png_chunk

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize("sides", [(1, 4_000_000), (49_000_000, 1), (1_000, 70_000), (100, 6_000)])
def test_a_strip_is_one_held_photo_with_its_name_and_the_setting(party: Club, sides: tuple[int, int]) -> None:
    width, height = sides
    (party.photos / "strip.png").write_bytes(png_of(width, height))
    swept = party.sweep()
    assert [u["path"] for u in swept["unreadable"]] == ["strip.png"] and swept["photos"] == 4
    setting = "max_megapixels" if width * height > 220e6 else "max_side_px" if max(sides) > 65_500 else "max_ratio"
    assert setting in swept["unreadable"][0]["why"]
    published = party.publish(code=5)
    assert published["published"] == 4
    assert [(h["path"], setting in h["why"]) for h in published["held"]] == [("strip.png", True)]


def png_of(width: int, height: int) -> bytes:
    """A whole PNG of one bit a pixel, all black: some kilobytes for millions of pixels."""
    rows = zlib.compressobj(9)
    row = bytes(1 + -(-width // 8))
    data = b"".join(rows.compress(row * 1000) for _ in range(height // 1000)) + rows.compress(row * (height % 1000))
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    return PNG_SIGNATURE + header + png_chunk(b"IDAT", data + rows.flush()) + png_chunk(b"IEND", b"")


def test_a_folder_for_copies_on_a_read_only_disk_is_refused_with_a_sentence(party: Club, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 1 << 20) as disk:
        (disk / "out").mkdir()
        remounted = subprocess.run(["mount", "-o", "remount,ro", disk], capture_output=True)
        if remounted.returncode:
            pytest.skip("this machine lets nobody remount a disk")
        for out in (disk / "out", disk / "new" / "out"):
            said = party.kenbaar.refused("publish", "party", out, "--channel", "web", code=4)
            assert "for the copies" in said and "bug" not in said


def test_a_path_that_is_too_long_is_refused_with_a_sentence(party: Club, tmp_path: Path) -> None:
    for out in (tmp_path.joinpath(*["longer"] * 700), tmp_path / ("x" * 5000), tmp_path / ("y" * 300)):
        assert "name too long" in party.kenbaar.refused("publish", "party", out, "--channel", "web", code=4)
        assert "bug" not in party.kenbaar.refused("export", party.ids["Ada"], out / "ada.zip", code=4)
        assert "bug" not in party.kenbaar.refused("collection", "add", "long", out, code=4)


def test_a_folder_for_copies_that_may_not_be_written_is_refused_before_anything_is_made(party: Club) -> None:
    party.out.mkdir()
    party.out.chmod(0o500)
    party.kenbaar.in_a_process, party.kenbaar.preexec = True, as_a_mere_mortal
    try:
        assert "for the copies" in party.kenbaar.refused("publish", "party", party.out, "--channel", "web", code=4)
    finally:
        party.kenbaar.in_a_process, party.kenbaar.preexec = False, None


def test_a_photo_of_more_pixels_than_are_decoded_at_once_is_swept_and_copied_at_half_size(club: Club) -> None:
    club.photo("ada.jpg", "Ada", "Stranger")
    with Image.open(club.photos / "ada.jpg") as small:
        large = small.resize((4 * small.width, 4 * small.height), Image.Resampling.BICUBIC)
    large.save(club.photos / "large.jpg", quality=95)
    large.save(club.photos / "large.png")
    assert large.width * large.height > 1_000_000
    club.collect()
    (club.home / "settings.toml").write_text("max_full_megapixels = 1\n")
    swept = club.sweep()
    assert swept["photos"] == 2 and swept["appearances"] == 2
    assert [(u["path"], "max_full_megapixels" in u["why"]) for u in swept["unreadable"]] == [("large.png", True)]
    published = club.publish(code=5)
    assert (published["published"], published["visible"], published["masked"]) == (2, 2, 2)
    assert published["reduced"] == 1 and [h["path"] for h in published["held"]] == ["large.png"]
    copy, whole = (Image.open(club.out / name) for name in ("large.jpg", "ada.jpg"))
    assert copy.size == whole.size and whole.size == small.size
    assert np.abs(np.asarray(copy, np.int16) - np.asarray(whole, np.int16)).mean() < 6, "masks stand where they stood"
    assert club.publish(code=5)["unchanged"] == 2
    club.kenbaar("export", club.ids["Ada"], club.folder / "ada.zip")
    with zipfile.ZipFile(club.folder / "ada.zip") as packed:
        shown = [Image.open(io.BytesIO(packed.read(n))) for n in packed.namelist() if n.startswith("pictures/")]
    assert len(shown) == 2, "of both sizes, with the stranger covered in each"
    for picture in shown:
        assert picture.size == whole.size
        assert np.abs(np.asarray(picture, np.int16) - np.asarray(whole, np.int16)).mean() < 6
