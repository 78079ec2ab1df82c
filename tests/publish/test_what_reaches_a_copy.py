"""What a picture needs reaches its copy: colours, size in print, uprightness. What tells more does not."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from kenbaar.media import open_own_bytes, open_photo_bytes
from kenbaar.publish import plan_masks, render_copy, scan_copy
from tests.media.photo_samples import BLUE, GREEN, RED, YELLOW, corners, exif, near, png_chunk, quarters, saved

DATA = Path(__file__).parents[1] / "media" / "data"
SECRET = b"Ada Lovelace was here"
HIDDEN = saved(255 - quarters(), "JPEG", comment=SECRET)  # another picture, as gain maps and thumbnails are
XMP = b"http://ns.adobe.com/xap/1.0/\0"
REGIONS = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description xmlns:mwg-rs="http://www.metadataworkinggroup.com/schemas/regions/" '
    b'xmlns:GCamera="http://ns.google.com/photos/1.0/camera/" GCamera:MotionPhoto="1" mwg-rs:Name="' + SECRET + b'"/>'
    b"</rdf:RDF></x:xmpmeta>"
)


def segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2, "big") + body


def jpeg_with(*segments: bytes, after: bytes = b"", **options: object) -> bytes:
    plain = saved(quarters(), "JPEG", quality=95, **options)
    return plain[:2] + b"".join(segments) + plain[2:] + after


def with_thumbnail() -> bytes:
    """An EXIF block whose second directory is a thumbnail."""
    tail = HIDDEN
    main = b"MM\0*\0\0\0\x08" + b"\0\0" + (14).to_bytes(4, "big")
    second = b"\0\x02" + bytes.fromhex("02010004 00000001") + (44).to_bytes(4, "big")
    second += bytes.fromhex("02020004 00000001") + len(tail).to_bytes(4, "big") + bytes(4)
    return b"Exif\0\0" + main + second + tail


SOURCES = {
    "gain map after the picture": jpeg_with(segment(0xE2, b"MPF\0" + SECRET), after=HIDDEN),
    "gain map of ISO 21496": jpeg_with(segment(0xE2, b"urn:iso:std:iso:ts:21496:-1\0" + SECRET), after=HIDDEN),
    "depth map in extended XMP": jpeg_with(segment(0xE1, b"http://ns.adobe.com/xmp/extension/\0" + SECRET + HIDDEN)),
    "motion part": jpeg_with(segment(0xE1, XMP + REGIONS), after=b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + SECRET),
    "second picture of an MPO": saved(
        quarters(), "MPO", save_all=True, append_images=[Image.open(io.BytesIO(HIDDEN))], comment=SECRET
    ),
    "regions in XMP": jpeg_with(segment(0xE1, XMP + REGIONS)),
    "thumbnail in EXIF": jpeg_with(segment(0xE1, with_thumbnail())),
    "thumbnail in JFXX": jpeg_with(segment(0xE0, b"JFXX\0\x10" + HIDDEN)),
    "IPTC": jpeg_with(segment(0xED, b"Photoshop 3.0\0" + b"8BIM\x04\x0c\0\0" + (21).to_bytes(4, "big") + SECRET)),
    "comment": jpeg_with(comment=SECRET),
    "maker note and place": jpeg_with(exif=exif(1, t927c=SECRET, t010f=SECRET.decode())),
    "text of a PNG": saved(quarters(), "PNG")[:33]
    + png_chunk(b"tEXt", b"Comment\0" + SECRET)
    + saved(quarters(), "PNG")[33:],
    "comment of a GIF": saved(quarters(), "GIF", comment=SECRET),
    "XMP of a WebP": saved(quarters(), "WEBP", xmp=REGIONS, quality=98),
    "XMP of an AVIF": saved(quarters(), "AVIF", xmp=REGIONS, quality=98),
    "second picture of a HEIC": (DATA / "two.heic").read_bytes(),
}


def copy_of(data: bytes) -> bytes:
    photo = open_photo_bytes(data, rights=True)
    return render_copy(photo, plan_masks([], [], photo.width, photo.height), photo.rights)


@pytest.mark.parametrize("what", SOURCES)
def test_what_tells_more_than_the_picture_does_not_reach_the_copy(what: str) -> None:
    source = SOURCES[what]
    assert SECRET in source or "HEIC" in what
    copy = copy_of(source)
    assert SECRET not in copy and scan_copy(copy) == []
    assert not any(word in copy for word in (b"Exif", b"MPF", b"ftyp", b"21496", b"extension", b"regions"))
    assert copy.count(b"\xff\xd8\xff") <= 1, "one picture"
    shown = corners(open_own_bytes(copy).pixels)
    assert all(near(a, b, 20) for a, b in zip(shown, (RED, GREEN, BLUE, YELLOW), strict=True)), "the primary one"


def test_the_size_in_print_reaches_the_copy() -> None:
    centimetres = bytearray(saved(quarters(), "JPEG", dpi=(118, 118)))
    centimetres[centimetres.index(b"JFIF") + 7] = 2  # 118 pixels a centimetre
    no_jfif = saved(quarters(), "JPEG", exif=exif(1, t011a=240.0, t0128=2))
    sources = {
        saved(quarters(), "JPEG", dpi=(300, 300)): 300,
        saved(quarters(), "PNG", dpi=(300, 300)): 300,
        saved(quarters(), "TIFF", dpi=(600, 600)): 600,
        bytes(centimetres): 300,
        no_jfif: 240,
        saved(quarters(), "JPEG"): 0,
        saved(quarters(), "JPEG", dpi=(1, 1)): 0,
    }
    for source, dpi in sources.items():
        copy = copy_of(source)
        told = Image.open(io.BytesIO(copy)).info.get("dpi", (0, 0))
        assert round(told[0]) == dpi and scan_copy(copy) == []
        assert open_photo_bytes(source).dpi == dpi


def test_colours_of_another_profile_are_srgb_in_the_copy_and_a_png_says_so() -> None:
    lab = ImageCms.createProfile("LAB")
    srgb = ImageCms.createProfile("sRGB")
    assert lab and srgb
    for kind in ("JPEG", "PNG"):
        copy = copy_of(saved(quarters(), kind, icc_profile=ImageCms.ImageCmsProfile(srgb).tobytes()))
        assert "icc_profile" not in Image.open(io.BytesIO(copy)).info
        assert (kind == "PNG") == (b"sRGB" in copy)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("turn", range(1, 9))
def test_the_turn_is_baked_in_and_not_told_again(kind: str, turn: int) -> None:
    copy = copy_of(saved(quarters(), kind, exif=exif(turn)))
    picture = Image.open(io.BytesIO(copy))
    assert picture.getexif().get(0x112) is None
    assert picture.size == ((80, 48) if turn < 5 else (48, 80))
    upright = open_photo_bytes(saved(quarters(), kind, exif=exif(turn))).pixels
    assert np.abs(np.asarray(picture.convert("RGB"), np.int16) - upright.astype(np.int16)).mean() < 8


def test_the_copy_of_a_heic_that_is_turned_by_exif_alone_stands_upright() -> None:
    by_exif_alone = (DATA / "turned.heic").read_bytes().replace(b"irot", b"free")
    picture = Image.open(io.BytesIO(copy_of(by_exif_alone)))
    shown = corners(np.asarray(picture))
    assert picture.size == (48, 80)
    assert all(near(a, b, 20) for a, b in zip(shown, (BLUE, RED, YELLOW, GREEN), strict=True))
