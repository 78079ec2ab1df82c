"""The process in which photos are read. It is started by _outside alone, and holds nothing but the photo at hand.

It is handed bytes, never a path: a file's bytes come in through memory it shares with who asks, pixels go back the same
way; requests come in on stdin, an answer is one line of JSON on stdout. Before the first byte of a photo is parsed, all
decoders are loaded and the door is closed: no file, no socket and no pipe can be opened any more.
"""

from __future__ import annotations

import json
import mmap
import os
import resource
import struct
import sys
import time
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # limits first, then what parses
    from kenbaar.media._limits import PhotoLimits

READY = b"ready\n"
REQUEST = struct.Struct("<QQQQQQQQB")
"""size of the file in bytes; most pixels, bytes, pixels decoded, px of a side, ratio of the sides; detail side (0: full
size), most seconds of CPU, rights too?"""
OUT_OF_MEMORY = 3
"""The exit code that says so."""

_ROOM_BYTES = 128_000_000  # beside the picture: decoders' tables, a colour transform, what Python needs
BYTES_A_PIXEL = 28  # 50 megapixels with transparency and a profile take 22, a plain JPEG 14 (measured)
_COEFFICIENT_BYTES = 8  # a pixel, of the full size: what a progressive JPEG keeps while it is read, reduced or not
_COPIES_OF_FILE = 4  # of its bytes at a time: as handed over, as cut for the decoder, as the decoder reads it


def bytes_to_decode(pixels: int, decoded: int) -> int:
    """What decoding a photo of so many pixels may take, of which so many are asked for."""
    return BYTES_A_PIXEL * decoded + (_COEFFICIENT_BYTES * pixels if decoded < pixels else 0)


def main() -> int:
    """Reads photos until nobody asks any more. Arguments: descriptor of the shared memory, its size, where in it the
    pixels begin, and how much address space there is beside it; all in bytes."""
    descriptor, shared_bytes, pixels_at, memory_bytes = (int(a) for a in sys.argv[2:6])
    _limit(resource.RLIMIT_CORE, 0, 0)
    _limit(resource.RLIMIT_FSIZE, 0, 0)
    most = memory_bytes + shared_bytes
    _limit(resource.RLIMIT_AS, most, most)
    shared = mmap.mmap(descriptor, shared_bytes)
    os.close(descriptor)
    reader = _Reader(shared, pixels_at, most, os.open("/proc/self/statm", os.O_RDONLY))
    _load_decoders()
    _limit(resource.RLIMIT_NOFILE, 0, 0)
    return reader.serve()


def _load_decoders() -> None:
    """What a decoder would load when a photo needs it; afterwards it could not."""
    import cv2
    import pi_heif  # noqa: F401
    from PIL import (  # noqa: F401
        AvifImagePlugin,
        Image,
        ImageCms,
        Jpeg2KImagePlugin,
        MpoImagePlugin,
        TiffImagePlugin,
        WebPImagePlugin,
    )

    from kenbaar.media import _raw
    from kenbaar.media._decode import decode_by_pillow
    from kenbaar.media._formats import FORMATS

    if _raw.AT_HAND:
        import rawpy  # noqa: F401
    cv2.setNumThreads(1)
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1  # else one for each core, each with address space of its own
    datetime.strptime("2000", "%Y")  # which loads what it needs with its first use
    Image.preinit()
    if any(row.decode is decode_by_pillow and row.name not in Image.OPEN for row in FORMATS.values()):
        Image.init()  # for a row that somebody added


@dataclass
class _Reader:
    """shared: see main. most_bytes: of address space, all in all. statm: a descriptor that tells how much is used."""

    shared: mmap.mmap
    pixels_at: int
    most_bytes: int
    statm: int

    def serve(self) -> int:
        asked, answer = sys.stdin.buffer, sys.stdout.buffer
        answer.write(READY)
        answer.flush()
        while len(request := asked.read(REQUEST.size)) == REQUEST.size:
            try:
                line = json.dumps(self._read(*REQUEST.unpack(request))).encode()
            except MemoryError:
                return OUT_OF_MEMORY
            answer.write(line + b"\n")
            answer.flush()
        return 0

    def _read(
        self,
        size_bytes: int,
        max_pixels: int,
        max_bytes: int,
        max_full_pixels: int,
        max_side: int,
        max_ratio: int,
        detail_side: int,
        cpu_s: int,
        rights: int,
    ) -> dict[str, object]:
        from kenbaar.media._limits import PhotoLimits, Unfit

        _limit(resource.RLIMIT_CPU, int(time.process_time()) + 1 + cpu_s, resource.RLIM_INFINITY)
        self._may_grow(_ROOM_BYTES + _COPIES_OF_FILE * size_bytes)
        try:
            limits = PhotoLimits(max_pixels, max_bytes, cpu_s, max_full_pixels, max_side, max_ratio)
            return self._photo(self.shared[:size_bytes], limits, detail_side, bool(rights))
        except Unfit as unfit:
            if isinstance(unfit.__cause__, MemoryError):
                raise MemoryError from unfit
            return {"why": unfit.why, "do": unfit.do, "too_large": unfit.too_large}

    def _photo(self, data: bytes, limits: PhotoLimits, detail_side: int, with_rights: bool) -> dict[str, object]:
        import numpy as np

        from kenbaar.media._read import decode, pixels_at, read_header, read_rights, scale_for

        header = read_header(data, limits)
        scale = scale_for(header, detail_side or None, limits)
        decoding = bytes_to_decode(header.width * header.height, pixels_at(header, scale))
        self._may_grow(_ROOM_BYTES + _COPIES_OF_FILE * len(data) + decoding)
        pixels = decode(data, header, scale)
        place = np.frombuffer(self.shared, np.uint8, pixels.size, self.pixels_at).reshape(pixels.shape)
        place[...] = pixels
        rights = read_rights(data) if with_rights else None
        return {
            "scale": scale,
            "width": header.width,
            "height": header.height,
            "format": header.format,
            "taken_at": header.taken_at.isoformat() if header.taken_at else None,
            "block_px": header.block_px,
            "dpi": header.dpi,
            "rights": [rights.copyright, rights.credit, rights.caption] if rights else [None] * 3,
        }

    def _may_grow(self, bytes_more: int) -> None:
        """From here on the address space may grow by so much, within what is allowed all in all."""
        used = int(os.pread(self.statm, 32, 0).split()[0]) * mmap.PAGESIZE
        _limit(resource.RLIMIT_AS, min(used + bytes_more, self.most_bytes), self.most_bytes)


def _limit(which: int, now: int, most: int) -> None:
    """Sets a limit, and never above the one that whoever started Kenbaar has set."""
    highest = resource.getrlimit(which)[1]
    if highest != resource.RLIM_INFINITY:
        most = highest if most == resource.RLIM_INFINITY else min(most, highest)
        now = min(now, most)
    resource.setrlimit(which, (now, most))
