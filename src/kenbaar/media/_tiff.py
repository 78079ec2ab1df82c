"""Image file directories: what TIFF files are made of, and EXIF blocks too. Reads a few tags, believes nothing.

Source: TIFF 6.0, section 2; EXIF 2.32, 4.6. Every offset and count is checked against the bytes at hand, and no
directory is visited twice, so absurd ones cost nothing.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

_SIZE = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_UNSIGNED = {1: "B", 3: "H", 4: "I", 13: "I"}
_MOST_ENTRIES = 4096
_MOST_DIRECTORIES = 64

WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC = 0x0100, 0x0101, 0x0102, 0x0103, 0x0106
SUBFILE, SAMPLES, TURN = 0x00FE, 0x0115, 0x0112
DATE, ARTIST, COPYRIGHT, XMP, IPTC, PHOTOSHOP, ICC = 0x0132, 0x013B, 0x8298, 0x02BC, 0x83BB, 0x8649, 0x8773
EXIF_IFD, GPS_IFD = 0x8769, 0x8825
DATE_TAKEN, OFFSET_TAKEN = 0x9003, 0x9011


class NotTiff(ValueError):
    """These bytes are no TIFF structure."""


@dataclass(frozen=True, slots=True)
class Tag:
    """One entry: its raw bytes, and how to read them."""

    kind: int
    raw: bytes
    order: str

    def ints(self) -> tuple[int, ...]:
        """As unsigned integers; () where the entry is of another kind."""
        code = _UNSIGNED.get(self.kind)
        if code is None:
            return ()
        count = min(len(self.raw) // _SIZE[self.kind], 64)
        return struct.unpack_from(f"{self.order}{count}{code}", self.raw)

    def first(self, otherwise: int) -> int:
        """The first integer, or what is asked for where there is none."""
        return (self.ints() or (otherwise,))[0]


Directory = dict[int, Tag]


class Tiff:
    """The directories of one TIFF structure. Raises NotTiff where the bytes are not one."""

    def __init__(self, data: bytes) -> None:
        order = {b"II*\0": "<", b"MM\0*": ">"}.get(bytes(data[:4]))
        if order is None or len(data) < 8:
            raise NotTiff("no TIFF header")
        self._data, self._order = data, order
        (self._start,) = struct.unpack_from(f"{order}I", data, 4)

    def directories(self) -> Iterator[Directory]:
        """The main chain, first to last; stops at a loop, refuses a chain longer than 64."""
        offset, seen = self._start, set[int]()
        while offset and offset not in seen:
            if len(seen) >= _MOST_DIRECTORIES:
                raise NotTiff("too many directories")
            seen.add(offset)
            directory, offset = self.directory(offset)
            yield directory

    def directory(self, offset: int) -> tuple[Directory, int]:
        """The directory at offset, and the offset of the next one (0 = none)."""
        data, order = self._data, self._order
        if offset < 8 or offset + 2 > len(data):
            raise NotTiff("a directory lies outside the file")
        (count,) = struct.unpack_from(f"{order}H", data, offset)
        end = offset + 2 + 12 * count
        if count > _MOST_ENTRIES or end > len(data):
            raise NotTiff("a directory runs past the end of the file")
        directory: Directory = {}
        for at in range(offset + 2, end, 12):
            number, kind, length = struct.unpack_from(f"{order}HHI", data, at)
            size = _SIZE.get(kind, 0) * length
            where = at + 8 if size <= 4 else struct.unpack_from(f"{order}I", data, at + 8)[0]
            if 0 < size <= len(data) - where and number not in directory:
                directory[number] = Tag(kind, bytes(data[where : where + size]), order)
        next_offset = struct.unpack_from(f"{order}I", data, end)[0] if end + 4 <= len(data) else 0
        return directory, next_offset


def exif_directories(block: bytes) -> tuple[Directory, Directory]:
    """The main and the EXIF directory of an EXIF block (with or without its "Exif\\0\\0"). Broken ones are empty: a
    photo is not refused for its metadata."""
    if block[:6] in (b"Exif\0\0", b"Exif\0\xff"):
        block = block[6:]
    try:
        tiff = Tiff(block)
        main = next(tiff.directories(), {})
        pointer = main[EXIF_IFD].first(0) if EXIF_IFD in main else 0
        return main, tiff.directory(pointer)[0] if pointer else {}
    except (NotTiff, struct.error):
        return {}, {}
