"""What a HEIF file calls its items: read before libheif is asked, because pi_heif does not survive every name.

An item's type or content type that is not UTF-8 ends the process inside pi_heif (1.4.0; found by damaging the bytes of
a photo), and no refusal can be told then. Such a file is refused before it is opened.
"""

from __future__ import annotations

from collections.abc import Iterator

_MOST_BOXES = 8192  # one after the other; a phone's photo of 48 megapixels in tiles has some 200


def item_names_are_text(data: bytes) -> bool:
    """Whether the types and names in the `infe` boxes are UTF-8 (ISO/IEC 14496-12, 8.11.6).

    False where there is no such box, or none that can be read.
    """
    try:
        meta = next(body for name, body in _boxes(memoryview(data)) if name == b"meta")
        iinf = next(body for name, body in _boxes(meta[4:]) if name == b"iinf")
        for _, entry in _boxes(iinf[6 if iinf[0] == 0 else 8 :]):
            numbers = {2: 2, 3: 4}.get(entry[0], 2) + 2  # the item's id and its protection
            bytes(entry[4 + numbers :]).decode("utf-8")
    except (StopIteration, IndexError, ValueError):  # UnicodeDecodeError is a ValueError
        return False
    return True


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
