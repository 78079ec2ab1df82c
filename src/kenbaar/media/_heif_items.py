"""What a HEIF file calls its items: read before libheif is asked, because pi_heif does not survive every name.

An item's type or content type that is not UTF-8 ends the process inside pi_heif (1.4.0; found by damaging the bytes of
a photo), and no refusal can be told then. Such a file is refused before it is opened.
"""

from __future__ import annotations

from collections.abc import Iterator

# Pictures coded with HEVC, tiles and turned ones, Exif and XMP, and phones' gain maps: what cameras write. Other ways
# of coding are where libheif's known holes lie (1.23.0 in pi_heif 1.4.0: GHSA-x8r2-mggj-j6wr, uncompressed pictures,
# fixed in 1.23.3; CVE-2026-32741, mask images, fixed in 1.22.0), and nothing that is handed in needs them.
_KNOWN_TYPES = frozenset({b"hvc1", b"hev1", b"grid", b"iden", b"Exif", b"mime", b"uri ", b"tmap"})
_MOST_BOXES = 8192  # one after the other; a phone's photo of 48 megapixels in tiles has some 200


def items_are_known(data: bytes) -> bool:
    """Whether every item is of a known type, and the types and names in the `infe` boxes (ISO/IEC 14496-12, 8.11.6) are
    UTF-8. False where there is no such box, or none that can be read.
    """
    try:
        meta = next(body for name, body in _boxes(memoryview(data)) if name == b"meta")
        iinf = next(body for name, body in _boxes(meta[4:]) if name == b"iinf")
        for _, entry in _boxes(iinf[6 if iinf[0] == 0 else 8 :]):
            numbers = {2: 2, 3: 4}.get(entry[0], 2) + 2  # the item's id and its protection
            bytes(entry[4 + numbers :]).decode("utf-8")
            if entry[0] not in (2, 3) or bytes(entry[4 + numbers : 8 + numbers]) not in _KNOWN_TYPES:
                return False  # versions 0 and 1 of the box have no types: no picture is told with them
    except (StopIteration, IndexError, ValueError):  # UnicodeDecodeError is a ValueError
        return False
    return True


def is_turned_by_decoder(data: bytes) -> bool:
    """Whether the primary item is turned or mirrored by a property of its own (`irot`, `imir`), which decoders apply.
    EXIF's turn is a copy of that then, and counts only where there is none. True where it cannot be told.
    """
    try:
        meta = dict(_boxes(next(body for name, body in _boxes(memoryview(data)) if name == b"meta")[4:]))
        properties = dict(_boxes(meta[b"iprp"]))
        kinds = [name for name, _ in _boxes(properties[b"ipco"])]
        pitm, ipma = meta[b"pitm"], properties[b"ipma"]
        primary = int.from_bytes(pitm[4 : 8 if pitm[0] else 6], "big")
        id_bytes, index_bytes = (4 if ipma[0] else 2), (2 if ipma[3] & 1 else 1)
        at = 8
        for _ in range(min(_MOST_BOXES, int.from_bytes(ipma[4:8], "big"))):
            item, count = int.from_bytes(ipma[at : at + id_bytes], "big"), ipma[at + id_bytes]
            at += id_bytes + 1
            for start in range(at, at + count * index_bytes, index_bytes):
                index = int.from_bytes(ipma[start : start + index_bytes], "big") & (0x7FFF if index_bytes > 1 else 0x7F)
                if item == primary and index and kinds[index - 1] in (b"irot", b"imir"):
                    return True
            at += count * index_bytes
    except (StopIteration, IndexError, KeyError, ValueError):
        return True
    return False


def brands_of(data: bytes) -> set[bytes]:
    """The brands that a file of ISO boxes says it is of (14496-12, 4.3); none where it is no such file."""
    if data[4:8] != b"ftyp":
        return set()
    length = int.from_bytes(data[:4], "big")
    return {data[8:12], *(data[i : i + 4] for i in range(16, min(length, 256, len(data)), 4))}


def _boxes(data: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """Name and body of each box, one after the other (14496-12, 4.2). ValueError where one reaches beyond the end, and
    where there are too many."""
    at = 0
    for _ in range(_MOST_BOXES):
        if at + 8 > len(data):
            return
        size, name, head = int.from_bytes(data[at : at + 4], "big"), bytes(data[at + 4 : at + 8]), 8
        if size == 1:
            size, head = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        elif size == 0:
            size = len(data) - at
        if size < head or at + size > len(data):
            raise ValueError("a box reaches beyond what holds it")
        yield name, data[at + head : at + size]
        at += size
    raise ValueError("too many boxes")
