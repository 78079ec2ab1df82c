"""Pixels into the bytes of a file: the same for the same pixels and rights, always, with no metadata but the rights.

packet: the XMP that states the rights, b"" for none. dpi: pixels an inch, 0 for none. No EXIF, thumbnail, time, place,
comment or profile (the pixels are sRGB).
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from kenbaar.media._decode import Pixels

if TYPE_CHECKING:
    from PIL import Image

JPEG_QUALITY = 92  # docs/decisions/0007-copies-as-jpeg.md: what it costs in bytes and in detail, measured
WEBP_QUALITY = 90


def encode_jpeg(pixels: Pixels, packet: bytes, quality: int | None, dpi: int) -> bytes:
    """As JPEG, 4:2:0. quality: 1..100."""
    out = io.BytesIO()
    extra: dict[str, Any] = {"xmp": packet} if packet else {}
    extra |= {"dpi": (dpi, dpi)} if dpi else {}
    _picture(pixels).save(out, "JPEG", quality=quality or JPEG_QUALITY, subsampling="4:2:0", **extra)
    return out.getvalue()


def encode_png(pixels: Pixels, packet: bytes, quality: int | None, dpi: int) -> bytes:
    """As PNG, without loss."""
    from PIL import PngImagePlugin

    out, text = io.BytesIO(), PngImagePlugin.PngInfo()
    if packet:
        text.add_itxt("XML:com.adobe.xmp", packet.decode())
    text.add(b"sRGB", b"\0")  # perceptual: what photos are shown with (PNG 11.3.3.5)
    extra = {"dpi": (dpi, dpi)} if dpi else {}
    _picture(pixels).save(out, "PNG", pnginfo=text, compress_level=6, **extra)
    return out.getvalue()


def encode_webp(pixels: Pixels, packet: bytes, quality: int | None, dpi: int) -> bytes:
    """As lossy WebP, which has no place for dpi. quality: 1..100."""
    out, q = io.BytesIO(), quality or WEBP_QUALITY
    _picture(pixels).save(out, "WEBP", quality=q, method=4, xmp=packet, exif=b"", icc_profile=None)
    return out.getvalue()


def _picture(pixels: Pixels) -> Image.Image:
    from PIL import Image

    return Image.fromarray(pixels)
