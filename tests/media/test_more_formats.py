"""AVIF, JPEG 2000, GIF and BMP: read within limits where they are one still picture, else refused with a sentence."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from kenbaar.errors import PhotoTooLarge, PhotoUnreadable
from kenbaar.media import Photo, PhotoLimits, copy_format, open_photo, open_photo_bytes
from tests.media.photo_samples import BLUE, GREEN, RED, YELLOW, corners, exif, near, quarters, saved

DATA = Path(__file__).parent / "data"
STILLS = {
    "AVIF": saved(quarters(), "AVIF", quality=95),
    "JPEG2000": saved(quarters(), "JPEG2000"),
    "GIF": saved(quarters(), "GIF"),
    "BMP": saved(quarters(), "BMP"),
}


def shows(photo: Photo, *colours: tuple[int, int, int]) -> bool:
    return all(near(a, b, 14) for a, b in zip(corners(photo.pixels), colours, strict=True))


@pytest.mark.parametrize("name", STILLS)
def test_a_still_picture_opens_with_its_colours_and_is_copied_as_jpeg(name: str) -> None:
    photo = open_photo_bytes(STILLS[name], rights=True)
    assert (photo.format, photo.width, photo.height, copy_format(photo.format)) == (name, 80, 48, "JPEG")
    assert shows(photo, RED, GREEN, BLUE, YELLOW)


@pytest.mark.parametrize("name", STILLS)
def test_one_that_is_cut_short_anywhere_is_refused(name: str) -> None:
    whole = STILLS[name]
    for length in {12, 20, 40, 100, len(whole) // 2, len(whole) - 30, len(whole) - 2, len(whole) - 1}:
        with pytest.raises(PhotoUnreadable):
            open_photo_bytes(whole[:length])


@pytest.mark.parametrize("name", STILLS)
def test_one_with_more_pixels_than_allowed_is_refused_by_its_header(name: str) -> None:
    with pytest.raises(PhotoTooLarge, match="megapixels"):
        open_photo_bytes(STILLS[name], limits=PhotoLimits(max_pixels=80 * 48 - 1))
    with pytest.raises(PhotoTooLarge, match="at once") as refused:
        open_photo_bytes(STILLS[name], limits=PhotoLimits(max_full_pixels=80 * 48 - 1), detail_side=10)
    assert "max_full_megapixels" in refused.value.do


@pytest.mark.parametrize("name", ["GIF", "AVIF", "WEBP", "PNG"])
def test_one_that_moves_is_refused_for_its_other_frames_show_people_too(name: str) -> None:
    frames = [Image.fromarray(quarters()), Image.fromarray(255 - quarters())]
    moving = saved(frames[0], name, save_all=True, append_images=frames[1:], duration=100)
    with pytest.raises(PhotoUnreadable, match="several frames"):
        open_photo_bytes(moving)


@pytest.mark.parametrize("name", STILLS)
def test_damage_in_the_middle_is_refused_or_opens_and_ends_no_reader(name: str) -> None:
    rng = np.random.default_rng(5)
    for _ in range(60):
        data = bytearray(STILLS[name])
        for at in rng.integers(10, len(data), 4):
            data[at] = rng.integers(256)
        try:
            photo = open_photo_bytes(bytes(data), limits=PhotoLimits(max_pixels=1_000_000))
        except PhotoUnreadable as refusal:
            assert "its decoder stopped" not in refusal.what
        else:
            assert photo.pixels.shape == (photo.height, photo.width, 3)


def test_an_avif_states_its_rights_time_and_turn() -> None:
    block = exif(6, t8298="(c) The Choir", t0132="2026:05:04 03:02:01")
    photo = open_photo_bytes(saved(quarters(), "AVIF", exif=block, quality=95), rights=True)
    assert (photo.width, photo.height) == (48, 80) and shows(photo, BLUE, RED, YELLOW, GREEN)
    assert photo.rights.copyright == "(c) The Choir" and photo.taken_at is not None and photo.taken_at.year == 2026


def test_a_heic_that_is_turned_by_exif_alone_stands_upright() -> None:
    turned_by_property = (DATA / "turned.heic").read_bytes()
    by_exif_alone = turned_by_property.replace(b"irot", b"free")  # a property that decoders pass over
    assert by_exif_alone != turned_by_property
    upright, photo = open_photo_bytes(turned_by_property), open_photo_bytes(by_exif_alone)
    assert (photo.width, photo.height) == (48, 80)
    assert (photo.pixels == upright.pixels).all()


def test_a_heic_that_says_its_turn_twice_is_turned_once() -> None:
    photo = open_photo(DATA / "turned.heic")
    assert shows(photo, BLUE, RED, YELLOW, GREEN)


def test_a_bare_jpeg_2000_stream_and_one_with_transparency_open() -> None:
    assert shows(open_photo_bytes(saved(quarters(), "JPEG2000", no_jp2=True)), RED, GREEN, BLUE, YELLOW)
    see_through = Image.fromarray(quarters()).convert("RGBA")
    see_through.putalpha(Image.new("L", see_through.size, 0))
    assert open_photo_bytes(saved(see_through, "JPEG2000")).pixels.min() == 255


def test_a_gif_whose_picture_reaches_out_of_its_screen_is_refused() -> None:
    data = bytearray(STILLS["GIF"])
    data[6:10] = bytes([20, 0, 20, 0])
    with pytest.raises(PhotoUnreadable, match="larger than it states"):
        open_photo_bytes(bytes(data))


def test_a_profile_of_other_colours_is_converted_in_an_avif_too() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ"))  # of another space: ignored, not obeyed
    out = io.BytesIO()
    Image.fromarray(quarters()).save(out, "AVIF", quality=95, icc_profile=profile.tobytes())
    assert shows(open_photo_bytes(out.getvalue()), RED, GREEN, BLUE, YELLOW)
