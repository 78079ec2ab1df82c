"""What a file shows, read from its own pixels: a small copy for the page, and who can be seen."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kenbaar.media import PhotoLimits, open_photo

WIDTH = 760  # px of the pictures on the page: sharp at the widths they are shown at
_FLAT = 4.0  # a mask is one colour; JPEG leaves it within this spread (standard deviation of 0..255), no face is


@dataclass(frozen=True, slots=True)
class View:
    """One file as the page shows it. uri: a JPEG as data URI, or None where the file is not there.

    visible, masked: letters of the people whose faces can be seen or are covered; "?" for a face nobody may name.
    """

    uri: str | None
    width: int
    height: int
    visible: tuple[str, ...] = ()
    masked: tuple[str, ...] = ()


def look_at(file: Path, faces: Sequence[tuple[Sequence[int], str | None]]) -> View:
    """faces: (box [x_min, y_min, x_max, y_max] in the upright picture, letter or None)."""
    from PIL import Image

    if not file.is_file():
        return View(None, 0, 0)
    pixels = open_photo(file, PhotoLimits()).pixels
    visible: list[str] = []
    masked: list[str] = []
    for (x_min, y_min, x_max, y_max), letter in faces:
        dx, dy = (x_max - x_min) // 5, (y_max - y_min) // 5
        inside = pixels[y_min + dy : y_max - dy, x_min + dx : x_max - dx].reshape(-1, 3)
        flat = float(np.std(inside, axis=0).max()) <= _FLAT
        (masked if flat else visible).append(letter or "?")
    picture = Image.fromarray(pixels)
    picture.thumbnail((WIDTH, WIDTH), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=82, optimize=True)
    uri = "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()
    return View(uri, picture.width, picture.height, tuple(sorted(visible)), tuple(sorted(masked)))
