"""What a file holds besides its picture and its rights: where unmasked faces, places and names hide.

The hiding places are known (EXIF thumbnails, second pictures, Photoshop resources, motion-photo tails,
profiles, comments, text chunks, what follows the end). A list of what may be there is shorter than a list of what may
not, so everything else is a finding.
"""

from __future__ import annotations

from kenbaar.media._containers import Container, parse_png, parse_webp
from kenbaar.media._jpeg import Jpeg, parse_jpeg
from kenbaar.media._rights import Blocks, jpeg_blocks, png_blocks, rights_in, rights_packet, webp_blocks

_XMP_NAME = b"http://ns.adobe.com/xap/1.0/\0"
_PNG_CHUNKS = {b"IHDR", b"IDAT", b"IEND", b"iTXt", b"sRGB", b"pHYs"}
_WEBP_CHUNKS = {b"VP8X", b"VP8 ", b"VP8L", b"XMP "}


def leftovers_of_jpeg(data: bytes) -> list[str]:
    """In a JPEG. Raises Unfit where it is not whole."""
    return _in_jpeg(parse_jpeg(data), data)


def leftovers_of_png(data: bytes) -> list[str]:
    """In a PNG. Raises Unfit where it is not whole."""
    return _in_container(parse_png(data), png_blocks(data), _PNG_CHUNKS, data)


def leftovers_of_webp(data: bytes) -> list[str]:
    """In a WebP. Raises Unfit where it is not whole."""
    return _in_container(parse_webp(data), webp_blocks(data), _WEBP_CHUNKS, data)


def _in_jpeg(jpeg: Jpeg, data: bytes) -> list[str]:
    found = _around_the_picture(jpeg.end, jpeg_blocks(data), data)
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


def _in_container(container: Container, blocks: Blocks, allowed: set[bytes], data: bytes) -> list[str]:
    found = _around_the_picture(container.end, blocks, data)
    if container.frames != 1:
        found.append("a second picture")
    for name in container.chunks:
        unread_text = name == b"iTXt" and not container.xmp  # a text chunk that is not the packet of rights
        if name not in allowed or container.chunks.count(name) > 1 or unread_text:
            found.append(f"metadata that is not on the list (chunk {name.decode('latin-1')!r})")
    return found


def _around_the_picture(end: int, blocks: Blocks, data: bytes) -> list[str]:
    found = []
    if end != len(data):
        found.append("data after its picture")
    if blocks.xmp != rights_packet(rights_in(blocks)):
        found.append("XMP that states more than rights")
    return found
