"""What a file holds besides its picture and its rights: where unmasked faces, places and names hide.

The hiding places are known (EXIF thumbnails, second pictures, Photoshop resources, motion-photo tails,
profiles, comments, text chunks, what follows the end). A list of what may be there is shorter than a list of what may
not, so everything else is a finding.
"""

from __future__ import annotations

from kenbaar.media._containers import PNG_SIGNATURE, Container, parse_png, parse_webp
from kenbaar.media._jpeg import Jpeg, parse_jpeg
from kenbaar.media._limits import Unfit
from kenbaar.media._rights import read_rights, rights_packet

_XMP_NAME = b"http://ns.adobe.com/xap/1.0/\0"
_PNG_CHUNKS = {b"IHDR", b"IDAT", b"IEND", b"iTXt"}
_WEBP_CHUNKS = {b"VP8X", b"VP8 ", b"VP8L", b"XMP "}


def find_leftovers(data: bytes) -> list[str]:
    """Everything in a written photo that is neither picture nor rights, a noun phrase each; [] for a clean one."""
    try:
        if data[:3] == b"\xff\xd8\xff":
            return _in_jpeg(parse_jpeg(data), data)
        if data[:8] == PNG_SIGNATURE:
            return _in_container(parse_png(data), _PNG_CHUNKS, data)
        if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            return _in_container(parse_webp(data), _WEBP_CHUNKS, data)
    except Unfit as unfit:
        return [f"a picture that cannot be read (it {unfit.why})"]
    return ["something that Kenbaar does not write"]


def _in_jpeg(jpeg: Jpeg, data: bytes) -> list[str]:
    found = _around_the_picture(jpeg.end, jpeg.xmp(), data)
    if data.count(b"\xff\xd8") > 1:  # in coded data FF is followed by 00 or D0-D7 only (T.81, B.1.1.5)
        found.append("a second picture")
    seen: set[int] = set()
    for segment in jpeg.segments:
        plain_header = segment.marker == 0xE0 and segment.body[:5] == b"JFIF\0" and segment.body[12:] == b"\0\0"
        packet = segment.marker == 0xE1 and segment.body.startswith(_XMP_NAME)
        if segment.marker in seen or not (plain_header or packet):
            found.append(f"metadata that is not on the list (marker {segment.marker:X})")
        seen.add(segment.marker)
    return found


def _in_container(container: Container, allowed: set[bytes], data: bytes) -> list[str]:
    found = _around_the_picture(container.end, container.xmp, data)
    if container.frames != 1:
        found.append("a second picture")
    for name in container.chunks:
        unread_text = name == b"iTXt" and not container.xmp  # a text chunk that is not the packet of rights
        if name not in allowed or container.chunks.count(name) > 1 or unread_text:
            found.append(f"metadata that is not on the list (chunk {name.decode('latin-1')!r})")
    return found


def _around_the_picture(end: int, xmp: bytes, data: bytes) -> list[str]:
    found = []
    if end != len(data):
        found.append("data after its picture")
    if xmp != rights_packet(read_rights(data)):
        found.append("XMP that states more than rights")
    return found
