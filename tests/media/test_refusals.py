"""What is not opened: a sentence each, nothing decoded, no name told."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from kenbaar.errors import PhotoTooLarge, PhotoUnreadable
from kenbaar.media import PhotoLimits, digest_file, open_own_bytes, open_photo, open_photo_bytes
from tests.media.photo_samples import png_promising, quarters, saved, tiff_of

JPEG, PNG, WEBP, TIFF = (saved(quarters(), kind) for kind in ("JPEG", "PNG", "WEBP", "TIFF"))
HEIC = (Path(__file__).parent / "data" / "quarters.heic").read_bytes()
SIZE = [(0x100, 4, 1, 80), (0x101, 4, 1, 48)]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "empty"),
        (b"hello", "not a photo"),
        (b"%PDF-1.7\n", "PDF"),
        (b"%!PS-Adobe-3.0 EPSF", "PostScript"),
        (b"<?xml version='1.0'?><svg/>", "SVG"),
        (b"  <svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (b"PK\x03\x04" + JPEG, "ZIP"),
        (b"\0\0\0\x18ftypisom\0\0\0\0isomavc1", "video"),
        (b"\0\0\0\x18ftypavif\0\0\0\0avifmif1", "AVIF"),
        (b"II+\0\x08\0\0\0", "BigTIFF"),
        (b"GIF89a" + PNG, "cut short"),
    ],
)
def test_what_is_no_photo_is_refused_with_what_it_is(data: bytes, says: str) -> None:
    with pytest.raises(PhotoUnreadable, match=says):
        open_photo_bytes(data)


@pytest.mark.parametrize("whole", [JPEG, PNG, WEBP, TIFF, HEIC, saved(quarters(), "JPEG", progressive=True)])
def test_a_photo_cut_short_anywhere_is_refused(whole: bytes) -> None:
    for length in {1, 2, 3, 8, 20, 100, len(whole) // 2, len(whole) - 30, len(whole) - 2, len(whole) - 1}:
        with pytest.raises(PhotoUnreadable):
            open_photo_bytes(whole[:length])


@pytest.mark.parametrize(
    "bomb",
    [
        png_promising(65_000, 65_000),
        png_promising(2**31 - 1, 2**31 - 1),
        tiff_of([(0x100, 4, 1, 2**32 - 1), (0x101, 4, 1, 2**32 - 1)]),
        JPEG.replace(struct.pack(">HH", 48, 80), b"\xff\xfe\xff\xfe"),
        b"RIFF\x1e\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\xff\x3f\0\xff\x3f\0VP8 \0\0\0\0",
    ],
)
def test_a_bomb_is_refused_from_its_header(bomb: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "open", lambda *_, **__: pytest.fail("a decoder was reached"))
    with pytest.raises(PhotoTooLarge, match="megapixels"):
        open_own_bytes(bomb)


def test_the_limits_are_the_last_allowed_values() -> None:
    assert open_photo_bytes(PNG, limits=PhotoLimits(max_pixels=80 * 48, max_bytes=len(PNG))).width == 80
    with pytest.raises(PhotoTooLarge):
        open_photo_bytes(PNG, limits=PhotoLimits(max_pixels=80 * 48 - 1))
    with pytest.raises(PhotoTooLarge):
        open_photo_bytes(PNG, limits=PhotoLimits(max_bytes=len(PNG) - 1))


def test_a_file_over_the_limit_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "huge.jpg"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(PhotoTooLarge):
        open_photo(path)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (tiff_of(), "damaged|no TIFF"),
        (tiff_of([(0x100, 4, 1, 80)]), "size"),
        (tiff_of([*SIZE], [*SIZE]), "several pages"),
        (tiff_of([(0xFE, 4, 1, 1), *SIZE], [*SIZE]), "several pages|raw|RAW"),
        (tiff_of(*[[(0xFE, 4, 1, 1), *SIZE]] * 70), "damaged"),
        (tiff_of([*SIZE, (0x111, 4, 2**32 - 1, 8)]), "damaged"),
        (b"II*\0\xff\xff\xff\xff", "damaged"),
        (tiff_of([*SIZE])[:-4] + struct.pack("<I", 8), "damaged"),
    ],
)
def test_tiffs_with_absurd_directories_are_refused(data: bytes, says: str) -> None:
    with pytest.raises(PhotoUnreadable, match=says):
        open_photo_bytes(data)


def test_what_moves_or_has_pages_is_refused() -> None:
    frames = [Image.fromarray(quarters()), Image.fromarray(quarters()[::-1].copy())]
    for kind in ("PNG", "WEBP", "TIFF"):
        with pytest.raises(PhotoUnreadable, match=r"frames|pages"):
            open_photo_bytes(saved(frames[0], kind, save_all=True, append_images=frames[1:]))


def test_a_jpeg_of_thousands_of_scans_is_refused() -> None:
    data = saved(quarters(), "JPEG", progressive=True)
    scan = data.rindex(b"\xff\xda")
    with pytest.raises(PhotoUnreadable, match="scans"):
        open_photo_bytes(data[:-2] + data[scan:-2] * 200 + b"\xff\xd9")


@pytest.mark.parametrize("tail", [b"PK\x03\x04 an archive", b"<html><script>alert(1)</script>", JPEG])
@pytest.mark.parametrize("whole", [JPEG, PNG, WEBP])
def test_what_is_hung_onto_a_photo_never_reaches_its_pixels(whole: bytes, tail: bytes) -> None:
    assert (open_photo_bytes(whole + tail).pixels == open_photo_bytes(whole).pixels).all()


def test_a_mislabelled_photo_opens_as_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "really a png.jpg"
    path.write_bytes(PNG)
    assert open_photo(path).format == "PNG"


@given(st.sampled_from([JPEG, PNG, WEBP, TIFF, HEIC]), st.integers(0, 10**9), st.binary(min_size=1, max_size=6))
def test_damaged_bytes_are_a_photo_or_a_refusal_and_nothing_else(whole: bytes, at: int, noise: bytes) -> None:
    at %= len(whole)
    try:
        photo = open_photo_bytes(whole[:at] + noise + whole[at + len(noise) :], limits=PhotoLimits(max_pixels=100_000))
    except PhotoUnreadable as refusal:
        assert refusal.what.endswith(".") and refusal.do.endswith(".")
    else:
        assert photo.pixels.shape == (photo.height, photo.width, 3)


@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize("byte", [b"\xff", b"\x80", b"\xc3"])
def test_a_heic_whose_items_have_no_readable_type_is_refused_and_ends_no_process(place: int, byte: bytes) -> None:
    at = HEIC.index(b"Exif") + place
    with pytest.raises(PhotoUnreadable, match="damaged HEIC"):
        open_photo_bytes(HEIC[:at] + byte + HEIC[at + 1 :])


@pytest.mark.parametrize("coding", [b"unci", b"mski", b"av01", b"j2k1", b"hvc2"])
def test_a_heic_coded_in_a_way_no_camera_uses_never_reaches_its_decoder(coding: bytes) -> None:
    at = HEIC.index(b"hvc1", HEIC.index(b"infe"))
    with pytest.raises(PhotoUnreadable, match="no camera"):
        open_photo_bytes(HEIC[:at] + coding + HEIC[at + 4 :])


@given(
    st.binary(max_size=200),
    st.sampled_from([b"", b"\xff\xd8\xff", PNG[:8], b"RIFF\x40\0\0\0WEBP", b"II*\0", b"\0\0\0\x18ftypheic"]),
)
def test_random_bytes_are_refused(data: bytes, start: bytes) -> None:
    with pytest.raises(PhotoUnreadable):
        open_photo_bytes(start + data)


def test_what_is_not_a_file_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "folder.jpg").mkdir()
    (tmp_path / "loop.jpg").symlink_to("loop.jpg")
    (tmp_path / "nowhere.jpg").symlink_to("gone.jpg")
    names = ["pipe.jpg", "folder.jpg", "loop.jpg", "nowhere.jpg", "gone.jpg", "x" * 300 + ".jpg", "nul\0.jpg"]
    for path in [*(tmp_path / name for name in names), Path("/dev/zero")]:
        for act in (open_photo, digest_file):
            with pytest.raises(PhotoUnreadable) as refused:
                act(path)
            assert str(tmp_path) not in str(refused.value)


@pytest.fixture
def secret(tmp_path: Path) -> str:
    path = tmp_path / "secret.jpg"
    path.write_bytes(JPEG)
    path.chmod(0)
    return path.name


def test_a_photo_without_permission_is_refused(secret: str, as_nobody: Path) -> None:
    with pytest.raises(PhotoUnreadable, match="may not be read"):
        open_photo(as_nobody / secret)


@pytest.mark.parametrize(
    "name", ["new\nline.jpg", "quote'\".jpg", "𝓯ace.jpg", "x" * 251 + ".jpg", "bad\udcff.jpg", "-rf.jpg"]
)
def test_odd_names_are_opened_and_never_told(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(JPEG)
    assert open_photo(path).format == "JPEG"
    path.write_bytes(JPEG[:100])
    with pytest.raises(PhotoUnreadable) as refused:
        open_photo(path)
    assert name not in str(refused.value)


def test_a_refusal_calls_the_photo_what_the_caller_calls_it() -> None:
    with pytest.raises(PhotoUnreadable, match=r"^Photo 2 of 3 is an empty file\."):
        open_photo_bytes(b"", "Photo 2 of 3")
