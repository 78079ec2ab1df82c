"""Image file directories: what TIFF files are made of, and EXIF blocks too. Reads a few tags, believes nothing.

Source: TIFF 6.0, section 2; EXIF 2.32, 4.6. Every offset and count is checked against the bytes at hand, no directory
is visited twice, and of what nobody here asks for nothing is copied: 4,096 tags that all point at the same bytes cost
as much as those bytes, not 4,096 times it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

_SIZE = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_FRACTION = 5
_UNSIGNED = {1: "B", 3: "H", 4: "I", 13: "I"}
_MOST_ENTRIES = 4096
_MOST_DIRECTORIES = 64
_MOST_NUMBERS_BYTES = 512  # of a tag that holds numbers: 64 of them are looked at
_MOST_TEXT_BYTES = 8192  # of a tag that holds text: 500 characters of it are kept
_MOST_PACKET_BYTES = 1 << 20  # of a tag that holds a packet of its own

WIDTH, HEIGHT, SUBFILE, TURN = 0x0100, 0x0101, 0x00FE, 0x0112
DATE, ARTIST, COPYRIGHT, XMP, IPTC = 0x0132, 0x013B, 0x8298, 0x02BC, 0x83BB
DESCRIPTION = 0x010E
EXIF_IFD = 0x8769
RESOLUTION, RESOLUTION_UNIT = 0x011A, 0x0128
DNG_VERSION = 0xC612
DATE_TAKEN, OFFSET_TAKEN = 0x9003, 0x9011

_WANTED = {
    **dict.fromkeys(
        (WIDTH, HEIGHT, SUBFILE, TURN, EXIF_IFD, RESOLUTION, RESOLUTION_UNIT, DNG_VERSION), _MOST_NUMBERS_BYTES
    ),
    **dict.fromkeys((DATE, DATE_TAKEN, OFFSET_TAKEN, ARTIST, COPYRIGHT, DESCRIPTION), _MOST_TEXT_BYTES),
    **dict.fromkeys((XMP, IPTC), _MOST_PACKET_BYTES),
}
"""The tags that are read, with how much of each."""


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

    def fraction(self) -> float:
        """The first number of a tag that holds unsigned fractions; 0.0 where it holds none."""
        if self.kind != _FRACTION or len(self.raw) < 8:
            return 0.0
        over, under = struct.unpack_from(f"{self.order}II", self.raw)
        return over / under if under else 0.0


Directory = dict[int, Tag]


class Tiff:
    """The directories of one TIFF structure. Raises NotTiff where the bytes are not one."""

    def __init__(self, data: bytes) -> None:
        order = {b"II*\0": "<", b"MM\0*": ">"}.get(bytes(data[:4]))
        if order is None or len(data) < 8:
            raise NotTiff("no TIFF header")
        self._data, self._order = data, order
        self.stated_bytes = 0
        """What the entries looked at so far state together: in an honest file less than the file has."""
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
        """The wanted tags of the directory at offset, and the offset of the next one (0 = none).

        A tag longer than what is read of it is cut there.
        """
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
            if not 0 < size <= len(data) - where:
                continue
            self.stated_bytes += size
            if number in _WANTED and number not in directory:
                directory[number] = Tag(kind, bytes(data[where : where + min(size, _WANTED[number])]), order)
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
