"""Every format of a file that Kenbaar opens: one row each, with all that follows from it. Adding one is adding a row.

Nothing else in the house compares a format's name (a test walks the source). docs/how-to/add-a-format.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

from kenbaar.media import _decode, _encode, _header, _leftovers, _raw, _rights
from kenbaar.media._containers import PNG_SIGNATURE
from kenbaar.media._decode import Pixels
from kenbaar.media._header import PhotoHeader
from kenbaar.media._heif_items import brands_of
from kenbaar.media._limits import Unfit
from kenbaar.media._rights import Blocks

_DO = "Kenbaar opens JPEG, PNG, WebP, TIFF, HEIC, AVIF, JPEG 2000, GIF and BMP; save it as one of these."


@dataclass(frozen=True, slots=True)
class CopyFormat:
    """How copies of a format are written, where it is one that copies are written in.

    suffixes: what the name of a copy may end in; the first is given where the original's name ends otherwise.
    encode: (pixels, XMP packet of the rights, quality or None, pixels an inch or 0) -> bytes.
    longest_px: of a side; None: no limit.
    leftovers: what a written file holds that is neither picture nor rights; raises Unfit where it is not whole.
    """

    suffixes: tuple[str, ...]
    encode: Callable[[Pixels, bytes, int | None, int], bytes]
    leftovers: Callable[[bytes], list[str]]
    longest_px: int | None = None


@dataclass(frozen=True, slots=True)
class Format:
    """One format.

    name: as Photo.format tells it. kind: of media. suffixes: how its files' names end, in lower case, by which a walk
    chooses them; what they are is read from their content.
    is_it: whether a file begins like one. header: reads what the header says, nothing decoded; raises Unfit.
    decode: (data, header, scale) -> sRGB pixels, not yet turned. scales: what it can be reduced by for free.
    blocks: where its rights stand. copy_as: the name of the format that its copies are written in.
    copy: how, where that is this one.
    """

    name: str
    suffixes: tuple[str, ...]
    is_it: Callable[[bytes], bool]
    header: Callable[[bytes], PhotoHeader]
    decode: Callable[[bytes, PhotoHeader, int], Pixels]
    blocks: Callable[[bytes], Blocks]
    copy_as: str
    copy: CopyFormat | None = None
    scales: tuple[int, ...] = ()
    kind: Literal["photo", "video"] = "photo"


def _begins(*magic: bytes) -> Callable[[bytes], bool]:
    return lambda data: data.startswith(magic)


def by_pillow(name: str, suffixes: tuple[str, ...], *magic: bytes) -> Format:
    """A row for a format without metadata that Pillow reads by this name; its copies are JPEGs."""
    return Format(
        name=name,
        suffixes=suffixes,
        is_it=_begins(*magic),
        header=partial(_header.read_by_pillow, name=name),
        decode=_decode.decode_by_pillow,
        blocks=_rights.no_blocks,
        copy_as="JPEG",
    )


_RAW = Format(
    name="RAW",
    suffixes=_raw.SUFFIXES,
    is_it=_raw.is_raw,
    header=_raw.read_raw,
    decode=_raw.decode_raw,
    scales=_decode.JPEG_SCALES,
    blocks=_raw.raw_blocks,
    copy_as="JPEG",
)
_ROWS: tuple[Format, ...] = (
    *((_RAW,) if _raw.AT_HAND else ()),  # before TIFF and HEIF, in which cameras' RAW files are dressed
    Format(
        name="JPEG",
        suffixes=(".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"),
        is_it=_begins(b"\xff\xd8\xff"),
        header=_header.read_jpeg,
        decode=_decode.decode_jpeg,
        scales=_decode.JPEG_SCALES,
        blocks=_rights.jpeg_blocks,
        copy_as="JPEG",
        copy=CopyFormat(
            (".jpg", ".jpeg", ".jpe", ".jfif"), _encode.encode_jpeg, _leftovers.leftovers_of_jpeg, 65_500
        ),  # libjpeg's own limit
    ),
    Format(
        name="PNG",
        suffixes=(".png",),
        is_it=_begins(PNG_SIGNATURE),
        header=_header.read_png,
        decode=_decode.decode_by_pillow,
        blocks=_rights.png_blocks,
        copy_as="PNG",
        copy=CopyFormat((".png",), _encode.encode_png, _leftovers.leftovers_of_png),
    ),
    Format(
        name="WEBP",
        suffixes=(".webp",),
        is_it=lambda data: data[:4] == b"RIFF" and data[8:12] == b"WEBP",
        header=_header.read_webp,
        decode=_decode.decode_by_pillow,
        blocks=_rights.webp_blocks,
        copy_as="WEBP",
        copy=CopyFormat((".webp",), _encode.encode_webp, _leftovers.leftovers_of_webp, 16_383),  # RFC 9649
    ),
    Format(
        name="AVIF",  # before HEIF: both are files of ISO boxes
        suffixes=(".avif",),
        is_it=lambda data: bool(brands_of(data) & {b"avif", b"avis"}) and not brands_of(data) & {b"heic", b"heix"},
        header=_header.read_avif,
        decode=_decode.decode_by_pillow,
        blocks=_rights.avif_blocks,
        copy_as="JPEG",
    ),
    Format(
        name="HEIF",
        suffixes=(".heic", ".heif", ".hif"),
        is_it=lambda data: data[4:8] == b"ftyp",
        header=_header.read_heif,
        decode=_decode.decode_heif,
        blocks=_rights.heif_blocks,
        copy_as="JPEG",
    ),
    Format(
        name="TIFF",
        suffixes=(".tif", ".tiff"),
        is_it=_begins(b"II*\0", b"MM\0*"),
        header=_header.read_tiff,
        decode=_decode.decode_by_pillow,
        blocks=_rights.tiff_blocks,
        copy_as="JPEG",
    ),
    Format(
        name="JPEG2000",
        suffixes=(".jp2", ".j2k", ".j2c", ".jpc", ".jpf", ".jpx"),
        is_it=_begins(b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51"),
        header=_header.read_jpeg2000,
        decode=_decode.decode_by_pillow,
        blocks=_rights.no_blocks,
        copy_as="JPEG",
    ),
    Format(
        name="GIF",
        suffixes=(".gif",),
        is_it=_begins(b"GIF87a", b"GIF89a"),
        header=_header.read_gif,
        decode=_decode.decode_by_pillow,
        blocks=_rights.no_blocks,
        copy_as="JPEG",
    ),
    by_pillow("BMP", (".bmp",), b"BM"),
)
FORMATS = {row.name: row for row in _ROWS}

# Refused by name (OWASP ASVS 5.0, 5.2.2): known by their first bytes, and not opened.
_REFUSED = (
    (b"%PDF", "is a PDF document"),
    (b"%!PS", "is a PostScript document"),
    (b"\xc5\xd0\xd3\xc6", "is a PostScript document"),
    (b"8BPS", "is a Photoshop document"),
    (b"PK\x03\x04", "is a ZIP archive"),
    (b"\x1aE\xdf\xa3", "is a video"),
    (b"II+\0", "is a BigTIFF"),
    (b"MM\0+", "is a BigTIFF"),
)
_SVG = re.compile(rb"^\s*(<\?xml|<!--|<!DOCTYPE svg|<svg)", re.IGNORECASE)


def format_of(data: bytes) -> Format:
    """The format these bytes are in, by their beginning. Raises Unfit with what else they are."""
    for row in FORMATS.values():
        if row.is_it(data):
            return row
    for magic, what in _REFUSED:
        if data.startswith(magic):
            raise Unfit(what, _DO)
    raise Unfit("is an SVG or HTML document" if _SVG.match(data[:256]) else "is not a photo in a known format", _DO)
