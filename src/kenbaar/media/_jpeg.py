"""The segments of a JPEG file: its size, its metadata, and where the picture really ends.

libjpeg fills what is missing with grey and says nothing, and it stops at the end of the first picture without a word
about what follows. So the markers are walked here: a file without its end marker is truncated, and `end` tells where
foreign data begins. Source: ITU-T T.81, annex B.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np

from kenbaar.media._limits import DO_CHECK, Unfit

_FRAMES = {0xC0, 0xC1, 0xC2, 0xC9, 0xCA}  # baseline, extended, progressive; the last two with arithmetic coding
_OTHER_FRAMES = {0xC3, 0xC5, 0xC6, 0xC7, 0xCB, 0xCD, 0xCE, 0xCF}  # lossless and hierarchical: nobody's camera
_AT_ONCE = 1 << 16  # bytes of coded data looked through at a time
_MOST_PIECES = 4096  # segments and markers: the longest extended XMP of a phone's depth map has some hundreds
_MOST_FILL = 1 << 16  # bytes of FF before a marker: honest files have none, or align with a few
_MOST_PHOTOSHOP_BYTES = 1 << 22
_MOST_SCANS = 100  # a progressive photo has about ten; thousands of empty ones keep a decoder busy for hours


@dataclass(frozen=True, slots=True)
class Segment:
    """A marker (0xE1 = APP1 ...) and what stands after its length."""

    marker: int
    body: bytes
    start: int = 0
    """Where its marker stands in the file."""

    @property
    def is_for_decoders(self) -> bool:
        """JFIF's density, Adobe's colours and the colour profile: what pixels depend on."""
        return self.marker in (0xE0, 0xEE) or (self.marker == 0xE2 and self.body.startswith(b"ICC_PROFILE\0"))


@dataclass(frozen=True, slots=True)
class Jpeg:
    """What the segments say. end: index after the end marker. block_px: the side of the largest coded block (MCU)."""

    width: int
    height: int
    components: int
    block_px: int
    segments: tuple[Segment, ...]
    end: int

    @property
    def is_plain(self) -> bool:
        """Three YCbCr components or grey, and no colour profile: what every decoder reads alike."""
        adobe = next((s.body for s in self.segments if s.marker == 0xEE and s.body.startswith(b"Adobe")), b"")
        has_profile = any(s.marker == 0xE2 and s.body.startswith(b"ICC_PROFILE\0") for s in self.segments)
        return not has_profile and (self.components == 1 or (self.components == 3 and adobe[11:12] in (b"", b"\1")))

    def dpi(self) -> float:
        """Pixels an inch, as JFIF has them (T.871, 10.1); 0 where it does not say."""
        jfif = next((s.body for s in self.segments if s.marker == 0xE0 and s.body.startswith(b"JFIF\0")), b"")
        return int.from_bytes(jfif[8:10], "big") * {1: 1.0, 2: 2.54}.get(jfif[7] if len(jfif) > 9 else 0, 0.0)

    def exif(self) -> bytes:
        """The EXIF block, b"" where there is none."""
        return next((s.body for s in self.segments if s.marker == 0xE1 and s.body.startswith(b"Exif\0")), b"")

    def xmp(self) -> bytes:
        """The XMP packet, b"" where there is none."""
        name = b"http://ns.adobe.com/xap/1.0/\0"
        return next((s.body[len(name) :] for s in self.segments if s.marker == 0xE1 and s.body.startswith(name)), b"")

    def photoshop(self) -> bytes:
        """The Photoshop resources, where IPTC lives; long ones are split over segments."""
        name = b"Photoshop 3.0\0"
        parts = (s.body[len(name) :] for s in self.segments if s.marker == 0xED and s.body.startswith(name))
        return b"".join(parts)[:_MOST_PHOTOSHOP_BYTES]

    def foreign(self, size_bytes: int) -> tuple[tuple[int, int], ...]:
        """From and until of what decoders do not need: metadata, comments, and what follows the picture."""
        between = [(s.start, s.start + 4 + len(s.body)) for s in self.segments if not s.is_for_decoders]
        return (*between, (self.end, size_bytes)) if self.end < size_bytes else tuple(between)


def parse_jpeg(data: bytes) -> Jpeg:
    """The segments of the first picture in data, which begins with FFD8. Raises Unfit for what is no whole JPEG."""
    frame: bytes | None = None
    segments: list[Segment] = []
    at, scans = 2, 0
    for _ in range(_MOST_PIECES):
        marker, at = _marker_at(data, at)
        if marker == 0xD9:
            break
        if marker == 0x01 or 0xD0 <= marker <= 0xD7:
            continue
        if marker == 0xD8:
            raise Unfit("is a damaged JPEG (a picture begins inside the picture)")
        body = _body_at(data, at)
        at += 2 + len(body)
        if marker in _OTHER_FRAMES:
            raise Unfit("is a rare kind of JPEG (lossless or hierarchical)", DO_CHECK)
        if marker in _FRAMES:
            if frame is not None or len(body) < 6 or len(body) < 6 + 3 * body[5]:
                raise Unfit("is a damaged JPEG (its frame header)")
            frame = body
        elif marker == 0xDA:
            scans += 1
            if frame is None or scans > _MOST_SCANS:
                raise Unfit("is a damaged JPEG (its scans)")
            at = _end_of_scan(data, at)
        elif 0xE0 <= marker <= 0xEF or marker == 0xFE:
            segments.append(Segment(marker, body, at - 4 - len(body)))
    else:
        raise Unfit("is a JPEG of too many pieces", DO_CHECK)
    if frame is None or scans == 0:
        raise Unfit("is a JPEG without a picture in it")
    precision, height, width, components = struct.unpack_from(">BHHB", frame)
    if precision != 8 or components not in (1, 3, 4):
        raise Unfit(f"is a rare kind of JPEG ({precision} bits, {components} colours)", DO_CHECK)
    factors = [frame[7 + 3 * i] for i in range(components)]
    largest = max(max(f >> 4, f & 15) for f in factors) if components > 1 else 1
    if largest > 4:  # B.2.2
        raise Unfit("is a damaged JPEG (its frame header)")
    return Jpeg(width, height, components, 8 * largest, tuple(segments), at)


def _end_of_scan(data: bytes, at: int) -> int:
    """Where the next marker stands in coded data. FF00 is a literal FF, D0 to D7 restart the coding, FFs may fill."""
    coded = np.frombuffer(data, np.uint8)
    while at < len(data) - 1:
        part = coded[at : at + _AT_ONCE + 1]
        places = np.flatnonzero(part[:-1] == 0xFF)
        after = part[places + 1]
        marks = places[(after != 0) & (after != 0xFF) & ((after < 0xD0) | (after > 0xD7))]
        if len(marks):
            return at + int(marks[0])
        at += len(part) - 1
    raise Unfit("is cut short: the end of the picture is missing")


def _marker_at(data: bytes, at: int) -> tuple[int, int]:
    """The marker at this place and the index after it; fill bytes (FF) before it are allowed."""
    if at < len(data) and data[at] != 0xFF:
        raise Unfit("is a damaged JPEG (no marker where one belongs)")
    last = min(len(data), at + _MOST_FILL)
    while at < last and data[at] == 0xFF:
        at += 1
    if at == last < len(data):
        raise Unfit("is a damaged JPEG (no marker where one belongs)")
    if at >= len(data):
        raise Unfit("is cut short: the end of the picture is missing")
    return data[at], at + 1


def _body_at(data: bytes, at: int) -> bytes:
    length = int.from_bytes(data[at : at + 2], "big")
    if length < 2 or at + length > len(data):
        raise Unfit("is cut short: a segment runs past the end of the file")
    return data[at + 2 : at + length]
