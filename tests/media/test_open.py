"""What a photo looks like once it is opened: upright, sRGB, 8 bit, whatever it was."""

from __future__ import annotations

import hashlib
import io
import warnings
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from kenbaar.errors import PhotoUnreadable
from kenbaar.media import open_photo, open_photo_bytes
from tests.media.photo_samples import (
    BLUE,
    GREEN,
    RED,
    YELLOW,
    corners,
    exif,
    near,
    png_deep,
    quarters,
    saved,
    swapped_profile,
)

DATA = Path(__file__).parent / "data"
ALL = [RED, GREEN, BLUE, YELLOW]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_a_photo_opens_as_read_only_rgb_with_the_digest_of_its_bytes(tmp_path: Path, kind: str) -> None:
    data = saved(quarters(), kind)
    path = tmp_path / "any.thing"
    path.write_bytes(data)
    photo = open_photo(path)
    assert (photo.format, photo.width, photo.height, photo.scale) == (kind, 80, 48, 1)
    assert photo.digest == "sha256:" + hashlib.sha256(data).hexdigest()
    assert photo.pixels.dtype == np.uint8 and photo.pixels.flags["C_CONTIGUOUS"] and not photo.pixels.flags.writeable
    assert all(near(got, wanted) for got, wanted in zip(corners(photo.pixels), ALL, strict=True))


def test_a_heic_opens_and_is_turned_once() -> None:
    straight = open_photo(DATA / "quarters.heic")
    turned = open_photo(DATA / "turned.heic")
    assert (straight.format, straight.width, straight.height) == ("HEIF", 80, 48)
    assert all(near(got, wanted) for got, wanted in zip(corners(straight.pixels), ALL, strict=True))
    assert (turned.width, turned.height) == (48, 80)
    assert all(near(a, b) for a, b in zip(corners(turned.pixels), [BLUE, RED, YELLOW, GREEN], strict=True))


def test_of_a_heic_with_several_pictures_the_first_is_opened() -> None:
    assert near(corners(open_photo(DATA / "two.heic").pixels)[0], RED)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("turn", range(1, 9))
def test_every_exif_turn_comes_out_upright(kind: str, turn: int) -> None:
    data = saved(quarters(), kind, exif=exif(turn))
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")
    photo = open_photo_bytes(data)
    assert (photo.width, photo.height) == upright.size
    assert np.array_equal(photo.pixels, np.asarray(upright))


@pytest.mark.parametrize("turn", [0, 9, 60000])
def test_an_impossible_turn_is_no_turn(turn: int) -> None:
    assert corners(open_photo_bytes(saved(quarters(), "PNG", exif=exif(turn))).pixels) == ALL


@pytest.mark.parametrize(("side", "scale"), [(None, 1), (1500, 1), (960, 2), (640, 2), (480, 4), (200, 8), (1, 8)])
def test_a_jpeg_is_decoded_at_the_smallest_scale_that_keeps_the_detail_asked_for(side: int, scale: int) -> None:
    data = saved(quarters(1921, 1081), "JPEG", exif=exif(6))
    photo = open_photo_bytes(data, detail_side=side)
    assert (photo.scale, photo.width, photo.height) == (scale, 1081, 1921)
    assert photo.pixels.shape == (-(-1921 // scale), -(-1081 // scale), 3)
    assert all(near(a, b) for a, b in zip(corners(photo.pixels), [BLUE, RED, YELLOW, GREEN], strict=True))


def test_other_formats_are_always_decoded_at_full_size() -> None:
    assert open_photo_bytes(saved(quarters(640, 480), "PNG"), detail_side=64).scale == 1


def test_a_jpeg_of_one_column_is_not_reduced_to_nothing() -> None:
    assert open_photo_bytes(saved(quarters(2, 4000), "JPEG"), detail_side=100).pixels.shape == (2000, 1, 3)


def test_cmyk_comes_out_in_its_colours_also_as_adobe_inverts_it() -> None:
    cmyk = Image.fromarray(quarters()).convert("CMYK")
    for data in (saved(cmyk, "JPEG", quality=95), saved(cmyk, "TIFF")):
        assert all(near(a, b, 12) for a, b in zip(corners(open_photo_bytes(data).pixels), ALL, strict=True))


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bit_grey_is_scaled_and_not_clipped(kind: str) -> None:
    ramp = np.linspace(0, 65535, 256, dtype=np.uint16)[None].repeat(8, 0)
    opened = open_photo_bytes(saved(Image.fromarray(ramp), kind)).pixels
    assert np.array_equal(opened[0, :, 0], np.round(ramp[0] / 257).astype(np.uint8))


def test_sixteen_bit_colour_is_scaled_and_not_clipped() -> None:
    deep = quarters().astype(np.uint16) * 257
    assert np.array_equal(open_photo_bytes(png_deep(deep)).pixels, quarters())


def test_what_is_see_through_stands_on_white_and_hidden_colours_are_gone() -> None:
    rgba = np.dstack([quarters(), np.zeros((48, 80), np.uint8)])
    rgba[:24, :40, 3] = 255
    for kind in ("PNG", "WEBP", "TIFF"):
        opened = open_photo_bytes(saved(rgba, kind, **({"lossless": True} if kind == "WEBP" else {}))).pixels
        assert corners(opened) == [RED, (255, 255, 255), (255, 255, 255), (255, 255, 255)]


@pytest.mark.parametrize("mode", ["L", "LA", "1", "P", "PA", "RGBA"])
def test_every_common_mode_becomes_rgb(mode: str) -> None:
    picture = Image.fromarray(quarters()).convert(mode)
    kind = "TIFF" if mode == "PA" else "PNG"
    opened = open_photo_bytes(saved(picture if mode != "PA" else picture.convert("RGBA"), kind)).pixels
    assert opened.shape == (48, 80, 3)
    if mode in ("P", "RGBA"):
        assert all(near(a, b, 40) for a, b in zip(corners(opened), ALL, strict=True))
    elif mode in ("L", "LA", "1"):
        assert (opened[..., 0] == opened[..., 2]).all()


def test_a_palette_with_a_see_through_colour_stands_on_white() -> None:
    palette = Image.fromarray(quarters()).quantize(4)
    data = saved(palette, "PNG", transparency=palette.getpixel((5, 5)))
    assert corners(open_photo_bytes(data).pixels)[0] == (255, 255, 255)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_a_colour_profile_is_applied(kind: str) -> None:
    options = {"quality": 95} if kind != "PNG" else {}
    data = saved(quarters(), kind, icc_profile=swapped_profile(), **options)
    red, green = corners(open_photo_bytes(data).pixels)[:2]
    assert green[0] > 180 > 100 > green[1] and red[1] > 180 > 100 > red[0]


@pytest.mark.parametrize("profile", [b"nonsense", swapped_profile()[:300], b"\xff" * 4000])
def test_a_broken_profile_is_ignored(profile: bytes) -> None:
    assert corners(open_photo_bytes(saved(quarters(), "PNG", icc_profile=profile)).pixels) == ALL


def test_a_profile_of_other_colours_than_the_picture_is_ignored() -> None:
    grey = Image.fromarray(quarters()).convert("L")
    assert np.array_equal(
        open_photo_bytes(saved(grey, "PNG", icc_profile=swapped_profile())).pixels[..., 0], np.asarray(grey)
    )


def test_of_a_multi_picture_jpeg_the_first_is_opened() -> None:
    second = Image.fromarray(quarters()[:, ::-1].copy())
    data = saved(quarters(), "MPO", save_all=True, append_images=[second])
    photo = open_photo_bytes(data)
    assert photo.format == "JPEG" and near(corners(photo.pixels)[0], RED)


def test_the_moment_is_told_in_utc() -> None:
    def taken(**tags: str) -> datetime | None:
        block = Image.Exif()
        block.get_ifd(0x8769).update({int(k[1:], 16): v for k, v in tags.items()})
        return open_photo_bytes(saved(quarters(), "JPEG", exif=block.tobytes())).taken_at

    assert taken(t9003="2024:05:06 07:08:09", t9011="+02:00") == datetime(2024, 5, 6, 5, 8, 9, tzinfo=UTC)
    assert taken(t9003="2024:05:06 07:08:09") == datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
    assert taken(t9003="0000:00:00 00:00:00") is None
    assert taken(t9003="0001:01:01 00:00:00", t9011="+14:00") is None
    assert open_photo_bytes(saved(quarters(), "JPEG")).taken_at is None


def test_a_411_jpeg_says_that_its_blocks_reach_further() -> None:
    data = bytearray(saved(quarters(), "JPEG", subsampling="4:2:0"))
    assert open_photo_bytes(bytes(data)).block_px == 16
    frame = data.index(b"\xff\xc0")
    data[frame + 11] = 0x41  # the first component's sampling factors: 4 x 1
    from kenbaar.media import PhotoLimits
    from kenbaar.media._read import read_header

    assert read_header(bytes(data), PhotoLimits()).block_px == 32


@pytest.mark.parametrize(("factor", "block_px"), [(3, 24), (4, 32), (5, None), (15, None)])
def test_blocks_of_rare_sizes_come_home_or_are_damage(factor: int, block_px: int | None) -> None:
    data = bytearray(saved(Image.fromarray(quarters()).convert("CMYK"), "JPEG"))
    data[data.index(b"\xff\xc0") + 11] = factor << 4 | 1  # found by damaging photos
    if block_px is None:
        with pytest.raises(PhotoUnreadable, match="frame header"):
            open_photo_bytes(bytes(data))
    else:
        assert open_photo_bytes(bytes(data)).block_px == block_px


def test_damaged_metadata_neither_refuses_a_photo_nor_warns() -> None:
    good = saved(quarters(), "JPEG", exif=exif(6, t8298="(c)"))
    at = good.index(b"Exif\0\0") + 6
    end = good.index(b"\xff\xdb")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for i in range(at, end):
            assert open_photo_bytes(good[:i] + b"\xff" + good[i + 1 :]).pixels.size
