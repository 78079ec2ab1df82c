"""Files whose structure is absurd cost little time and memory, in the process that reads them too."""

from __future__ import annotations

import io
import struct
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from kenbaar.errors import PhotoTooLarge, PhotoUnreadable
from kenbaar.media import Photo, begin_reading, end_reading, open_photo_bytes
from kenbaar.media import _opening as opening
from tests.media.photo_samples import exif, png_chunk, quarters, saved, tiff_of

PNG, JPEG, WEBP = (saved(quarters(), kind) for kind in ("PNG", "JPEG", "WEBP"))
HEIC = (Path(__file__).parent / "data" / "turned.heic").read_bytes()
MB = 1 << 20


@pytest.fixture(autouse=True)
def fresh_reader() -> Iterator[None]:
    end_reading()
    begin_reading()
    open_photo_bytes(JPEG)
    yield
    end_reading()


def peak_mb() -> float:
    """The most memory that the reader has taken."""
    assert opening._reader is not None
    status = Path(f"/proc/{opening._reader.pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def cheaply(data: bytes, *, most_s: float = 2.0, more_mb: float = 60) -> Photo | None:
    """The photo, or None where it is refused; in so much time, with so much more memory, and without an end."""
    reader, before, began = opening._reader, peak_mb(), time.monotonic()
    try:
        photo = open_photo_bytes(data, rights=True)
    except (PhotoUnreadable, PhotoTooLarge) as refusal:
        assert "safely" not in refusal.what and "memory" not in refusal.what, refusal.what
        photo = None
    assert time.monotonic() - began < most_s
    assert opening._reader is reader and peak_mb() - before < more_mb + 4 * len(data) / MB
    return photo


def shared_tags(size: int, order: str = "<", kind: int = 7) -> bytes:
    """An EXIF block whose 4,096 tags are all of the same bytes: the size of the block. The turn is 6."""
    start = b"II*\0" if order == "<" else b"MM\0*"
    turn = struct.pack(f"{order}HHIHH", 0x112, 3, 1, 6, 0)
    others = b"".join(struct.pack(f"{order}HHII", 0x200 + n, kind, size - 8, 8) for n in range(4095))
    block = start + struct.pack(f"{order}IH", 8, 4096) + turn + others + bytes(4)
    return block + bytes(size - len(block))


def png_with(*chunks: tuple[bytes, bytes]) -> bytes:
    at = PNG.index(b"IDAT") - 4
    return PNG[:at] + b"".join(png_chunk(name, body) for name, body in chunks) + PNG[at:]


def segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def jpeg_with(data: bytes) -> bytes:
    return JPEG[:2] + data + JPEG[2:]


def test_thousands_of_tags_of_the_same_bytes_cost_what_the_bytes_cost() -> None:
    for order in "<>":
        photo = cheaply(png_with((b"eXIf", shared_tags(350_000, order))))
        assert photo is not None and (photo.width, photo.height) == (48, 80)
    photo = cheaply(jpeg_with(segment(0xE1, b"Exif\0\0" + shared_tags(65_000))))
    assert photo is not None and (photo.width, photo.height) == (48, 80)


@pytest.mark.parametrize("number", [0x8298, 0x13B, 0x2BC, 0x83BB, 0x132])
def test_a_wanted_tag_of_megabytes_is_read_in_part(number: int) -> None:
    size = 20 * MB
    block = b"II*\0" + struct.pack("<IHHHII", 8, 1, number, 2, size, 30) + bytes(4) + b"x" * size
    photo = cheaply(png_with((b"eXIf", block)))
    assert photo is not None and len(photo.rights.copyright or "") <= 500


def test_a_tiff_whose_tags_share_their_bytes_is_refused() -> None:
    size = [(0x100, 4, 1, 80), (0x101, 4, 1, 48)]
    shared = [(0x9000 + n, 7, 300_000, 8) for n in range(4000)]
    assert cheaply(tiff_of([*size, *shared]) + bytes(300_000)) is None


def test_directories_that_loop_or_overlap_are_left() -> None:
    looping = b"II*\0" + struct.pack("<IHHHIII", 8, 1, 0x8769, 4, 1, 8, 8)
    assert cheaply(png_with((b"eXIf", looping))) is not None
    assert cheaply(looping) is None
    entry = struct.pack("<HHII", 0x112, 3, 1, 6)
    nested = b"II*\0" + struct.pack("<I", 8) + (struct.pack("<H", 4000) + entry * 4000 + struct.pack("<I", 20)) * 60
    assert cheaply(png_with((b"eXIf", nested))) is not None
    assert cheaply(nested) is None


@pytest.mark.parametrize(
    "tiny",
    [
        segment(0xFE, b""),
        segment(0xE1, b""),
        segment(0xED, b"Photoshop 3.0\0"),
        segment(0xDB, b""),
        b"\xff\x01",
        b"\xff\xd0",
        b"\xff",
        segment(0xDD, bytes(2)),
    ],
)
def test_millions_of_tiny_segments_are_refused_at_once(tiny: bytes) -> None:
    assert cheaply(jpeg_with(tiny * (8 * MB // len(tiny))), most_s=1.0) is None


def test_a_progressive_jpeg_of_scans_without_end_is_refused() -> None:
    scan = segment(0xDA, b"\x01\x01\x00\x01\x3f\x00")
    assert cheaply(JPEG[:-2] + scan * 300_000 + b"\xff\xd9", most_s=1.0) is None


def test_photoshop_and_iptc_records_without_end_are_left() -> None:
    resources = b"8BIM\x04\x05\0\0\0\0\0\0" * 5000
    name = b"Photoshop 3.0\0"
    one = segment(0xED, name + resources[: 65_500 - len(name)])
    assert cheaply(jpeg_with(one * 400), most_s=1.5) is not None
    records = b"\x1c\x02\x05\0\0" * 12_000
    iptc = b"8BIM\x04\x04\0\0" + struct.pack(">I", len(records)) + records
    assert cheaply(jpeg_with(segment(0xED, name + iptc))) is not None


def test_text_that_unpacks_to_gigabytes_is_not_unpacked() -> None:
    packed = zlib.compress(bytes(300 * MB), 9)
    for name, body in (
        (b"zTXt", b"Comment\0\0" + packed),
        (b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + packed),
        (b"iTXt", b"Comment\0\1\0\0\0" + packed),
    ):
        assert cheaply(png_with(*[(name, body)] * 20)) is not None


def test_a_profile_that_unpacks_to_gigabytes_is_not_unpacked() -> None:
    assert cheaply(png_with((b"iCCP", b"x\0\0" + zlib.compress(bytes(300 * MB), 9)))) is None


def test_a_profile_of_many_megabytes_is_ignored() -> None:
    parts = [bytes(65_000)] * 200
    icc = b"".join(segment(0xE2, b"ICC_PROFILE\0" + bytes([n + 1, 200]) + part) for n, part in enumerate(parts))
    assert cheaply(jpeg_with(icc)) is not None


def test_a_hundred_thousand_chunks_are_refused_or_read_soon() -> None:
    cheaply(png_with(*[(b"tEXt", b"")] * 1_000_000))
    cheaply(png_with(*[(b"IDAT", b"")] * 90_000))
    cheaply(WEBP[:-1] + b"ABCD\0\0\0\0" * 1_000_000)
    chunks = b"ABCD\0\0\0\0" * 900_000
    body = b"WEBP" + WEBP[12:] + chunks
    assert cheaply(b"RIFF" + struct.pack("<I", len(body)) + body) is None


def test_xmp_without_end_is_left() -> None:
    for inner in (
        b"<a>" * 300_000,
        b"<a " + b" ".join(b'b%d="c"' % n for n in range(60_000)) + b"/>",
        b"".join(b'<a xmlns:n%d="u%d"/>' % (n, n) for n in range(30_000)),
        b"&#65;" * 200_000,
    ):
        packet = b'<x xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:rights>' + inner + b"</dc:rights></x>"
        assert cheaply(png_with((b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + packet))) is not None


def box(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", 8 + len(body)) + name + body


def test_item_tables_of_absurd_counts_are_refused() -> None:
    at = HEIC.index(b"iinf") + 8
    cheaply(HEIC[:at] + b"\xff\xff" + HEIC[at + 2 :])
    at = HEIC.index(b"iloc") + 10
    cheaply(HEIC[:at] + b"\xff\xff" + HEIC[at + 2 :])
    infe = box(b"infe", b"\2\0\0\0\0\1\0\0hvc1\0")
    iinf = box(b"iinf", b"\0\0\0\0\xff\xff" + infe * 400_000)
    start = box(b"ftyp", b"heic\0\0\0\0mif1heic")
    assert cheaply(start + box(b"meta", bytes(4) + iinf)) is None
    assert cheaply(start + box(b"free", b"") * 2_000_000) is None
    assert cheaply(start + box(b"free", b"") * 50 + HEIC[HEIC.index(b"meta") - 4 :]) is None


def test_what_follows_the_picture_is_not_looked_at() -> None:
    for whole in (PNG, JPEG, WEBP):
        assert cheaply(whole + b"\xff\xd8\xff\xe1" * (2 * MB)) is not None


def test_metadata_reaches_no_decoder(monkeypatch: pytest.MonkeyPatch) -> None:
    from PIL import Image

    from kenbaar.media import open_own_bytes

    seen: list[bytes] = []
    whole = Image.open

    def opened(file: io.BytesIO, **how: object) -> Image.Image:
        seen.append(file.getvalue())
        return whole(file, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(Image, "open", opened)
    words = exif(1, t8298="(c) Ada")
    for kind in ("JPEG", "PNG"):
        open_own_bytes(saved(quarters(), kind, exif=words, comment=b"Ada" if kind == "JPEG" else None) + b"Ada")
    assert len(seen) == 2 and all(b"Ada" not in data for data in seen)
