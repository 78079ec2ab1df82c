"""Photos encoded with their rights and nothing else, and files written so that nobody ever sees half of one."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from kenbaar.disk import write_atomically
from kenbaar.errors import Unusable
from kenbaar.media._decode import Pixels
from kenbaar.media._formats import FORMATS
from kenbaar.media._open import digest_bytes
from kenbaar.media._rights import NO_RIGHTS, Rights, rights_packet
from kenbaar.media._video_formats import VIDEO_SUFFIXES

_OTHERWISE = "JPEG"  # copies of formats that are not written, whose name then gets its suffix
COPY_SUFFIXES = {name: row.copy.suffixes[0] for name, row in FORMATS.items() if row.copy}
"""The formats Kenbaar writes, with the suffix of each."""


def copy_format(source: str) -> str:
    """The format a copy of a photo of this format gets: its own, or JPEG where it has none."""
    return FORMATS[source].copy_as


def copy_suffix(name: str) -> str:
    """What the name of a copy ends in, beside what the original's name ends in: "" where that may stay."""
    suffix = Path(name).suffix.lower()
    may_stay = suffix in VIDEO_SUFFIXES or any(row.copy and suffix in row.copy.suffixes for row in FORMATS.values())
    return "" if may_stay else COPY_SUFFIXES[_OTHERWISE]


def shrunk(pixels: Pixels, longest_px: int) -> Pixels:
    """The pixels made so small that no side is longer; nothing is enlarged."""
    import cv2

    rows, columns = pixels.shape[:2]
    scale = min(1.0, longest_px / max(rows, columns))
    if scale == 1:
        return pixels
    size = max(1, round(columns * scale)), max(1, round(rows * scale))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def encode_photo(
    pixels: Pixels, format: str, rights: Rights = NO_RIGHTS, *, quality: int | None = None, dpi: int = 0
) -> bytes:
    """The bytes of a photo file: the same for the same pixels and rights, always.

    format: one of COPY_SUFFIXES. quality: 1..100, where it has one. Of metadata the file holds the rights, as XMP, and
    nothing else: no EXIF, thumbnail, time, place, comment, or profile (the pixels are sRGB). dpi: pixels an inch, for
    printing, where the format has a place for it; 0: not told.
    """
    copy = FORMATS[format].copy if format in FORMATS else None
    if copy is None or pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
        raise ValueError(f"{format} of {pixels.dtype} {pixels.shape} cannot be written")
    if copy.longest_px is not None and max(pixels.shape) > copy.longest_px:
        raise Unusable(f"A {format} file cannot be {max(pixels.shape)} px long.", "Make the photo smaller first.")
    return copy.encode(pixels, rights_packet(rights), quality, dpi)


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
