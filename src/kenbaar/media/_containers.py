"""The chunks of PNG, WebP, GIF and JPEG 2000 files: size, frames, EXIF, and whether the file is whole. Nothing is
decompressed.

Sources: PNG third edition (W3C, 2025), section 5 and 11; WebP container specification (RFC 9649); GIF89a (CompuServe,
1990), 17 to 27; JPEG 2000 (ITU-T T.800, 2019), annex A and I.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from kenbaar.media._limits import Unfit

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
METRES_AN_INCH = 0.0254
_MOST_CHUNKS = 100_000  # a 200 MB PNG in chunks of 8 KiB has 25,000
_PNG_FOR_DECODERS = {b"tRNS", b"iCCP", b"sRGB", b"gAMA", b"cHRM", b"sBIT"}  # beside the critical ones


@dataclass(frozen=True, slots=True)
class Container:
    """What the chunks say. end: index after the last one that belongs to the picture."""

    width: int
    height: int
    frames: int
    exif: bytes
    xmp: bytes
    end: int
    chunks: tuple[bytes, ...]
    """Names, in order; a run of IDAT once."""
    foreign: tuple[tuple[int, int], ...] = ()
    """From and until of what decoders do not need."""
    dpi: float = 0.0
    """Pixels an inch; 0 where it does not say."""


def parse_png(data: bytes) -> Container:
    """The chunks of a PNG file. Raises Unfit where it is not whole."""
    at, frames, exif, xmp, names = len(PNG_SIGNATURE), 1, b"", b"", list[bytes]()
    if data[at + 4 : at + 8] != b"IHDR" or len(data) < at + 25:
        raise Unfit("is a PNG without a header")
    width, height = struct.unpack_from(">II", data, at + 8)
    foreign: list[tuple[int, int]] = []
    dpi = 0.0
    for _ in range(_MOST_CHUNKS):
        if at + 12 > len(data):
            raise Unfit("is cut short: the end of the picture is missing")
        length, name = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        start, body, at = at, at + 8, at + 12 + length
        if at > len(data):
            raise Unfit("is cut short: the end of the picture is missing")
        if names[-1:] != [b"IDAT"] or name != b"IDAT":
            names.append(name)
        if name[:1].islower() and name not in _PNG_FOR_DECODERS:  # PNG 5.4: an ancillary chunk
            foreign.append((start, at))
        if name == b"acTL" and length >= 8:
            frames = int.from_bytes(data[body : body + 4], "big")
        elif name == b"pHYs" and data[body + 8 : body + length] == b"\1":  # in pixels a metre (PNG 11.3.4.3)
            dpi = int.from_bytes(data[body : body + 4], "big") * METRES_AN_INCH
        elif name == b"eXIf":
            exif = data[body : body + length]
        elif name == b"iTXt" and data[body : body + 18] == b"XML:com.adobe.xmp\0":
            xmp = _plain_text(data[body + 18 : body + length])
        elif name == b"IEND":
            foreign += [(at, len(data))] if at < len(data) else []
            return Container(width, height, frames, exif, xmp, at, tuple(names), tuple(foreign), dpi)
    raise Unfit("is a PNG of too many pieces")


def _plain_text(rest: bytes) -> bytes:
    """The text of an iTXt chunk after its keyword; b"" where it is compressed (which XMP in PNG must not be)."""
    if rest[:1] != b"\0":
        return b""
    fields = rest[2:].split(b"\0", 2)  # language, translated keyword, text
    return fields[2] if len(fields) == 3 else b""


def parse_webp(data: bytes) -> Container:
    """The chunks of a WebP file. Raises Unfit where it is not whole."""
    end = 8 + int.from_bytes(data[4:8], "little")
    end += end % 2
    if end > len(data) + 1:
        raise Unfit("is cut short: the end of the picture is missing")
    width = height = frames = 0
    exif = xmp = b""
    names: list[bytes] = []
    for name, body in _riff_chunks(data, min(end, len(data))):
        names.append(name)
        if name == b"VP8X" and len(body) >= 10:
            width, height = 1 + int.from_bytes(body[4:7], "little"), 1 + int.from_bytes(body[7:10], "little")
        elif name in (b"VP8 ", b"VP8L"):
            frames += 1
            if not width:
                width, height = _vp8_size(name, body)
        elif name == b"ANMF":
            frames += 1
        elif name == b"EXIF":
            exif = body
        elif name == b"XMP ":
            xmp = body
    if not width or not height or not frames:
        raise Unfit("is a WebP without a picture in it")
    return Container(width, height, frames, exif, xmp, min(end, len(data)), tuple(names))


def _riff_chunks(data: bytes, end: int) -> Iterator[tuple[bytes, bytes]]:
    at = 12
    for _ in range(_MOST_CHUNKS):
        if at + 8 > end:
            return
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        if at + 8 + length > end:
            raise Unfit("is cut short: the end of the picture is missing")
        yield data[at : at + 4], data[at + 8 : at + 8 + length]
        at += 8 + length + length % 2
    raise Unfit("is a WebP of too many pieces")


def _vp8_size(name: bytes, body: bytes) -> tuple[int, int]:
    """Width and height in a lossy (RFC 6386, 9.1) or lossless (RFC 9649, 3.4) key frame; 0, 0 where it is neither."""
    if name == b"VP8 " and len(body) >= 10 and body[3:6] == b"\x9d\x01\x2a":
        return int.from_bytes(body[6:8], "little") & 0x3FFF, int.from_bytes(body[8:10], "little") & 0x3FFF
    if name == b"VP8L" and len(body) >= 5 and body[0] == 0x2F:
        bits = int.from_bytes(body[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return 0, 0


def parse_gif(data: bytes) -> Container:
    """The blocks of a GIF file, until its trailer. Raises Unfit where it is not whole."""
    if len(data) < 13:
        raise Unfit("is cut short: the end of the picture is missing")
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    at, frames = 13 + _colour_table(flags), 0
    for _ in range(_MOST_CHUNKS):
        kind = data[at : at + 1]
        if kind == b";":
            if not frames:
                raise Unfit("is a GIF without a picture in it")
            return Container(width, height, frames, b"", b"", at + 1, ())
        if kind == b"!":
            at = _after_sub_blocks(data, at + 2)
        elif kind == b"," and at + 10 < len(data):
            left, top, columns, rows = struct.unpack_from("<HHHH", data, at + 1)
            if left + columns > width or top + rows > height:
                raise Unfit("is a damaged GIF: its picture is larger than it states")
            frames += 1
            at = _after_sub_blocks(data, at + 11 + _colour_table(data[at + 9]))
        else:
            raise Unfit("is cut short: the end of the picture is missing")
    raise Unfit("is a GIF of too many pieces")


def _colour_table(flags: int) -> int:
    """Bytes of the table that these flags announce."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _after_sub_blocks(data: bytes, at: int) -> int:
    """Where the empty block that ends a row of sub-blocks ends; each has at most 255 bytes."""
    while at < len(data):
        length = data[at]
        at += 1 + length
        if not length:
            return at
    raise Unfit("is cut short: the end of the picture is missing")


def refuse_cut_jpeg2000(data: bytes) -> None:
    """Raises Unfit where a JPEG 2000 file is not whole, or holds several pictures."""
    streams = [data] if data[:2] == b"\xff\x4f" else []
    at = 0
    for _ in range(0 if streams else _MOST_CHUNKS):
        if at + 8 > len(data):
            break
        length, name, head = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8], 8
        if length == 1:
            length, head = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        length = length or len(data) - at  # 0: until the end of the file (I.4)
        if length < head or at + length > len(data):
            raise Unfit("is cut short: the end of the picture is missing")
        if name == b"jp2c":
            streams.append(data[at + head : at + length])
        at += length
    if len(streams) > 1:
        raise Unfit("has several pictures", "Export the picture you want as a file of its own.")
    if not streams or streams[0][-2:] != b"\xff\xd9":
        raise Unfit("is cut short: the end of the picture is missing")
