"""Test pictures made on the spot: four quarters of known colour, and files that are not what they seem."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
from PIL import Image

RED, GREEN, BLUE, YELLOW = (220, 20, 20), (20, 200, 20), (20, 20, 220), (230, 230, 20)


def quarters(width: int = 80, height: int = 48) -> np.ndarray:
    """Red, green / blue, yellow."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[: height // 2, : width // 2], pixels[: height // 2, width // 2 :] = RED, GREEN
    pixels[height // 2 :, : width // 2], pixels[height // 2 :, width // 2 :] = BLUE, YELLOW
    return pixels


def saved(picture: Image.Image | np.ndarray, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    (Image.fromarray(picture) if isinstance(picture, np.ndarray) else picture).save(out, kind, **options)
    return out.getvalue()


def exif(turn: int = 1, **tags: Any) -> bytes:
    block = Image.Exif()
    block[0x0112] = turn
    for number, value in tags.items():
        block[int(number.removeprefix("t"), 16)] = value
    return block.tobytes()


def corners(pixels: np.ndarray) -> list[tuple[int, ...]]:
    """The colour in the middle of each quarter: top left, top right, bottom left, bottom right."""
    h, w = pixels.shape[:2]
    return [tuple(int(v) for v in pixels[y, x]) for y in (h // 4, h * 3 // 4) for x in (w // 4, w * 3 // 4)]


def near(got: tuple[int, ...], wanted: tuple[int, ...], within: int = 8) -> bool:
    return all(abs(a - b) <= within for a, b in zip(got, wanted, strict=True))


def png_chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png_promising(width: int, height: int) -> bytes:
    """A tiny file whose header promises a huge picture."""
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + png_chunk(b"IDAT", zlib.compress(bytes(1000))) + png_chunk(b"IEND", b"")


def png_deep(values: np.ndarray) -> bytes:
    """A 16-bit RGB PNG (which Pillow reads but cannot write). values: uint16 (H, W, 3)."""
    h, w = values.shape[:2]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", w, h, 16, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + png_chunk(b"IDAT", zlib.compress(rows)) + png_chunk(b"IEND", b"")


def tiff_of(*directories: list[tuple[int, int, int, int]]) -> bytes:
    """A little-endian TIFF of these directories; entries are (tag, kind, count, value or offset)."""
    out, at = b"II*\0" + struct.pack("<I", 8), 8
    for i, entries in enumerate(directories):
        length = 2 + 12 * len(entries) + 4
        following = at + length if i + 1 < len(directories) else 0
        out += struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *e) for e in entries)
        out += struct.pack("<I", following)
        at += length
    return out


def swapped_profile() -> bytes:
    """An ICC profile whose red is sRGB's green and the other way round: conversion shows, or it did not happen."""
    from PIL import ImageCms

    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = struct.unpack_from(">I", data, 128)[0]
    where = {bytes(data[132 + 12 * i : 136 + 12 * i]): 132 + 12 * i for i in range(count)}
    red, green, name = where[b"rXYZ"], where[b"gXYZ"], where[b"desc"]
    data[red + 4 : red + 12], data[green + 4 : green + 12] = data[green + 4 : green + 12], data[red + 4 : red + 12]
    offset, size = struct.unpack_from(">II", data, name + 4)
    text = bytes(data[offset : offset + size])
    swapped = text.replace("sRGB".encode("utf-16-be"), "odd ".encode("utf-16-be")).replace(b"sRGB", b"odd ")
    data[offset : offset + size] = swapped
    return bytes(data)
