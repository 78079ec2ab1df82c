"""Photos encoded with their rights and nothing else, and files written so that nobody ever sees half of one."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

from kenbaar.disk import write_atomically
from kenbaar.errors import Unusable
from kenbaar.media._decode import Pixels
from kenbaar.media._open import digest_bytes
from kenbaar.media._rights import NO_RIGHTS, Rights, rights_packet

COPY_SUFFIXES = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp"}
"""The formats Kenbaar writes, with the suffix of each."""

JPEG_QUALITY = 92  # docs/decisions/0007-copies-as-jpeg.md: what it costs in bytes and in detail, measured
WEBP_QUALITY = 90
_JPEG_MAX_SIDE, _WEBP_MAX_SIDE = 65_500, 16_383  # libjpeg's and RFC 9649's own limits


def copy_format(source: str) -> str:
    """The format a copy of a photo of this format gets: its own, and JPEG for TIFF and HEIF."""
    return source if source in COPY_SUFFIXES else "JPEG"


def encode_photo(pixels: Pixels, format: str, rights: Rights = NO_RIGHTS, *, quality: int | None = None) -> bytes:
    """The bytes of a photo file: the same for the same pixels and rights, always.

    format: "JPEG" (4:2:0), "PNG" or "WEBP". quality: 1..100, for JPEG and WebP. Of metadata the file holds the rights,
    as XMP, and nothing else: no EXIF, thumbnail, time, place, comment, or profile (the pixels are sRGB).
    """
    from PIL import Image, PngImagePlugin

    if format not in COPY_SUFFIXES or pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
        raise ValueError(f"{format} of {pixels.dtype} {pixels.shape} cannot be written")
    longest = {"JPEG": _JPEG_MAX_SIDE, "WEBP": _WEBP_MAX_SIDE}.get(format)
    if longest is not None and max(pixels.shape) > longest:
        raise Unusable(f"A {format} file cannot be {max(pixels.shape)} px long.", "Make the photo smaller first.")
    picture, packet, out = Image.fromarray(pixels), rights_packet(rights), io.BytesIO()
    if format == "PNG":
        text = PngImagePlugin.PngInfo()
        if packet:
            text.add_itxt("XML:com.adobe.xmp", packet.decode())
        picture.save(out, "PNG", pnginfo=text, compress_level=6)
    elif format == "WEBP":
        picture.save(out, "WEBP", quality=quality or WEBP_QUALITY, method=4, xmp=packet, exif=b"", icc_profile=None)
    else:
        extra = {"xmp": packet} if packet else {}
        picture.save(out, "JPEG", quality=quality or JPEG_QUALITY, subsampling="4:2:0", **extra)
    return out.getvalue()


def write_photo(
    pixels: Pixels,
    target: Path,
    format: str,
    rights: Rights = NO_RIGHTS,
    *,
    quality: int | None = None,
) -> str:
    """A photo file at target (replaced if it is there), whole or not at all; its digest. As encode_photo.

    Raises NoSpace; nothing of the new file is left then.
    """
    return write_file(encode_photo(pixels, format, rights, quality=quality), target)


def write_file(data: bytes, target: Path) -> str:
    """A file with these bytes at target (replaced if it is there), whole or not at all; its digest. Raises NoSpace."""
    write_atomically(target, data)
    return digest_bytes(data)
