"""RAW files are read by the full-size preview in them where the extra `raw` is installed, and counted elsewhere."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from kenbaar.errors import PhotoTooLarge, PhotoUnreadable
from kenbaar.media import PhotoLimits, copy_format, open_photo_bytes, walk_photos
from kenbaar.media import _raw as raw
from tests.media.photo_samples import BLUE, GREEN, RED, YELLOW, corners, exif, near, quarters, saved

with_libraw = pytest.mark.skipif(not raw.AT_HAND, reason="the extra `raw` is not installed")
Entry = tuple[int, int, list[int] | bytes]


def directory(entries: list[Entry], data_at: int) -> tuple[bytes, bytes]:
    """A TIFF directory, and what its entries point at, which lies from data_at on."""
    sizes, codes = {1: 1, 2: 1, 3: 2, 4: 4}, {1: "B", 3: "H", 4: "I"}
    out, extra = struct.pack("<H", len(entries)), b""
    for tag, kind, value in sorted(entries):
        body = value if isinstance(value, bytes) else struct.pack(f"<{len(value)}{codes[kind]}", *value)
        out += struct.pack("<HHI", tag, kind, len(body) // sizes[kind])
        if len(body) <= 4:
            out += body.ljust(4, b"\0")
        else:
            out += struct.pack("<I", data_at + len(extra))
            extra += body + b"\0" * (len(body) % 2)
    return out + bytes(4), extra


def dng(preview: bytes, width: int = 80, height: int = 48, sensor: tuple[int, int] = (80, 48), turn: int = 1) -> bytes:
    """A DNG with a JPEG preview and a grey sensor picture (DNG 1.4)."""
    columns, rows = sensor
    mosaic = np.full((rows, columns), 2000, "<u2").tobytes()

    def laid_out(second: int, preview_at: int, mosaic_at: int, data_at: tuple[int, int]) -> tuple[bytes, ...]:
        main: list[Entry] = [
            (0xFE, 4, [1]), (0x100, 4, [width]), (0x101, 4, [height]), (0x102, 3, [8, 8, 8]), (0x103, 3, [7]),
            (0x106, 3, [6]), (0x10F, 2, b"Kenbaar\0"), (0x110, 2, b"Test\0"), (0x111, 4, [preview_at]),
            (0x112, 3, [turn]), (0x115, 3, [3]), (0x116, 4, [height]), (0x117, 4, [len(preview)]),
            (0x8298, 2, b"(c) The Choir\0"),
            (0x14A, 4, [second]), (0xC612, 1, [1, 4, 0, 0]), (0xC614, 2, b"Kenbaar Test\0"),
        ]  # fmt: skip
        below: list[Entry] = [
            (0xFE, 4, [0]), (0x100, 4, [columns]), (0x101, 4, [rows]), (0x102, 3, [16]), (0x103, 3, [1]),
            (0x106, 3, [32803]), (0x111, 4, [mosaic_at]), (0x115, 3, [1]), (0x116, 4, [rows]),
            (0x117, 4, [len(mosaic)]), (0x828D, 3, [2, 2]), (0x828E, 1, [0, 1, 1, 2]), (0xC61D, 4, [65535]),
        ]  # fmt: skip
        return (*directory(main, data_at[0]), *directory(below, data_at[1]))

    sizes = [len(part) for part in laid_out(0, 0, 0, (0, 0))]
    starts = [8 + sum(sizes[:n]) for n in range(5)]
    even = len(preview) + len(preview) % 2
    parts = laid_out(starts[2], starts[4], starts[4] + even, (starts[1], starts[3]))
    return b"II*\0" + struct.pack("<I", 8) + b"".join(parts) + preview.ljust(even, b"\0") + mosaic


PREVIEW = saved(quarters(), "JPEG", quality=95)


@with_libraw
def test_a_raw_file_is_its_full_size_preview_upright_and_is_copied_as_jpeg() -> None:
    photo = open_photo_bytes(dng(PREVIEW), rights=True)
    assert (photo.format, photo.width, photo.height, copy_format(photo.format)) == ("RAW", 80, 48, "JPEG")
    assert photo.rights.copyright == "(c) The Choir" and photo.taken_at is None
    assert all(near(a, b) for a, b in zip(corners(photo.pixels), (RED, GREEN, BLUE, YELLOW), strict=True))
    turned = open_photo_bytes(dng(PREVIEW, turn=6))
    assert (turned.width, turned.height) == (48, 80)
    assert all(near(a, b) for a, b in zip(corners(turned.pixels), (BLUE, RED, YELLOW, GREEN), strict=True))


@with_libraw
def test_the_turn_of_a_preview_is_not_applied_beside_that_of_the_file() -> None:
    photo = open_photo_bytes(dng(saved(quarters(), "JPEG", quality=95, exif=exif(6)), turn=6))
    assert (photo.width, photo.height) == (48, 80)


@with_libraw
def test_a_preview_smaller_than_the_picture_is_refused_for_small_faces_are_missed_there() -> None:
    with pytest.raises(PhotoUnreadable, match="only 80 x 48 px"):
        open_photo_bytes(dng(PREVIEW, sensor=(160, 96)))


@with_libraw
def test_a_raw_file_within_no_limits_or_damaged_is_refused() -> None:
    with pytest.raises(PhotoTooLarge):
        open_photo_bytes(dng(PREVIEW), limits=PhotoLimits(max_pixels=100))
    whole = dng(PREVIEW)
    for length in (12, 60, 300, whole.index(PREVIEW) + len(PREVIEW) // 2):
        with pytest.raises(PhotoUnreadable):
            open_photo_bytes(whole[:length])
    rng = np.random.default_rng(3)
    for _ in range(60):
        data = bytearray(whole)
        for at in rng.integers(8, len(data), 4):
            data[at] = rng.integers(256)
        try:
            open_photo_bytes(bytes(data), limits=PhotoLimits(max_pixels=1_000_000))
        except PhotoUnreadable as refusal:
            assert "its decoder stopped" not in refusal.what


@with_libraw
def test_a_plain_tiff_is_no_raw_file() -> None:
    assert open_photo_bytes(saved(quarters(), "TIFF")).format == "TIFF"


def test_a_walk_offers_raw_files_where_they_can_be_read_and_counts_them_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "a.CR2").write_bytes(b"II*\0")
    (found,) = walk_photos(tmp_path)
    assert hasattr(found, "size_bytes") is raw.AT_HAND
    assert raw.AT_HAND or found.kind.name == "raw"  # type: ignore[union-attr]


@pytest.mark.skipif(raw.AT_HAND, reason="the extra `raw` is installed")
def test_without_the_extra_a_raw_file_is_refused_by_name() -> None:
    with pytest.raises(PhotoUnreadable, match="raw file"):
        open_photo_bytes(dng(PREVIEW))
