"""Photos and files written so that nobody ever sees half of one.

Written aside in the same folder, synced, renamed, and the folder synced: after a power cut the target is the old file
or the whole new one. What a killed run leaves has a name of its own and is found by leftover_parts.
"""

from __future__ import annotations

import errno
import io
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

from kenbaar.errors import NoSpace, Unusable
from kenbaar.media._decode import Pixels
from kenbaar.media._open import digest_bytes
from kenbaar.media._rights import NO_RIGHTS, Rights, rights_packet

COPY_SUFFIXES = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp"}
"""The formats Kenbaar writes, with the suffix of each."""

JPEG_QUALITY = 92  # docs/decisions/0009-copies-as-jpeg.md: what it costs in bytes and in detail, measured
WEBP_QUALITY = 90
_JPEG_MAX_SIDE, _WEBP_MAX_SIDE = 65_500, 16_383  # libjpeg's and RFC 9649's own limits
_PART = re.compile(r"\.kenbaar-[0-9a-f]{16}\.part")
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


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
    with write_aside(data, target.parent) as part:
        put_in_place(part, target)
    return digest_bytes(data)


@contextmanager
def write_aside(data: bytes, folder: Path) -> Iterator[Path]:
    """A synced file with these bytes under a passing name in folder. Gone at the end, unless put_in_place took it.

    What publish needs: write, read back, check, and only then give it a name that people see.
    """
    part = folder / f".kenbaar-{secrets.token_hex(8)}.part"
    try:
        with _full_disks():
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        yield part
    finally:
        with suppress(FileNotFoundError):
            part.unlink()


def put_in_place(part: Path, target: Path) -> None:
    """Gives a written-aside file of the same folder its name, durably, replacing what had it. Raises NoSpace."""
    with _full_disks():
        part.replace(target)
        folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def leftover_parts(folder: Path) -> list[Path]:
    """What killed runs left in this folder (not below it), sorted. Safe to remove while nobody writes there."""
    with os.scandir(folder) as entries:
        return sorted(Path(e.path) for e in entries if _PART.fullmatch(e.name) and e.is_file(follow_symlinks=False))


@contextmanager
def _full_disks() -> Iterator[None]:
    try:
        yield
    except OSError as err:
        if err.errno in _FULL:
            raise NoSpace("The disk is full; nothing half-written was kept.", "Make room, then run it again.") from err
        name = errno.errorcode.get(err.errno or 0, "unknown error")
        raise Unusable(f"A file could not be written there ({name}).", "Check the folder and its permissions.") from err
