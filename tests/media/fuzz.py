"""Damaged photos without end: `python -m tests.media.fuzz --minutes 60` tries them, and counts what became of them.

Small real pictures of every format, damaged in ways that know its structure (checksums are made good again, lengths and
counts are made absurd, pieces are doubled, swapped and taken from another picture). test_fuzz.py has hypothesis choose
the damage; here chance does. A reader that ended, by a fault or a limit, is counted and its photo kept; that this
process ends, takes long, or grows is what must not happen.
"""

from __future__ import annotations

import argparse
import itertools
import random
import re
import resource
import struct
import sys
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from kenbaar.errors import PhotoTooLarge, PhotoUnreadable
from kenbaar.media import PhotoLimits, end_reading, open_photo_bytes
from tests.media.photo_samples import exif, quarters, saved, swapped_profile

DATA = Path(__file__).parent / "data"
LIMITS = PhotoLimits(max_pixels=4_000_000, max_bytes=4_000_000, max_seconds=2)
MOST_S = 3 * LIMITS.max_seconds + 10.0  # by the clock, with the start of another reader, on a busy machine
NUMBERS = (0, 1, 2, 4, 8, 255, 4096, 65_535, 0x7FFF, 0x8000, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0xFFFF_FFF0)


def corpus() -> dict[str, bytes]:
    """Small pictures: every format, and the ways of each that decoders have code of their own for."""
    rgb = Image.fromarray(quarters(64, 48))
    block, icc = exif(6, t132="2024:01:02 03:04:05", t8298="(c) Ada", t13B="Bob"), swapped_profile()
    see_through = rgb.convert("RGBA")
    see_through.putalpha(128)
    made = {
        "jpeg": saved(rgb, "JPEG", exif=block, icc_profile=icc, comment=b"hello"),
        "jpeg progressive": saved(rgb, "JPEG", progressive=True, subsampling="4:4:4"),
        "jpeg grey": saved(rgb.convert("L"), "JPEG", restart_marker_blocks=1),
        "jpeg cmyk": saved(rgb.convert("CMYK"), "JPEG"),
        "jpeg mpo": saved(rgb, "MPO", save_all=True, append_images=[rgb]),
        "png": saved(rgb, "PNG", exif=block, icc_profile=icc),
        "png palette": saved(rgb.quantize(8), "PNG", transparency=1, bits=4),
        "png see-through": saved(see_through, "PNG"),
        "png deep": saved(Image.fromarray(np.full((24, 32), 999, np.uint16)), "PNG"),
        "webp": saved(rgb, "WEBP", exif=block, icc_profile=icc),
        "webp lossless": saved(see_through, "WEBP", lossless=True),
        "webp see-through": saved(see_through, "WEBP"),
        "avif": saved(rgb, "AVIF", exif=block),
        "jpeg 2000": saved(rgb, "JPEG2000"),
        "gif": saved(rgb.quantize(8), "GIF"),
        "bmp": saved(rgb, "BMP"),
        "tiff": saved(rgb, "TIFF", exif=block, icc_profile=icc),
        "tiff deep": saved(Image.fromarray(np.full((24, 32), 999, np.uint16)), "TIFF"),
    }
    for how in ("tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg"):
        made[f"tiff {how}"] = saved(rgb, "TIFF", compression=how)
    made["tiff fax"] = saved(rgb.convert("1"), "TIFF", compression="group4")
    return made | {f"heic {file.stem}": file.read_bytes() for file in sorted(DATA.glob("*.heic"))}


def flipped(data: bytes, chance: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 4, 16))):
        out[_somewhere(data, chance)] ^= 1 << chance.randrange(8)
    return bytes(out)


def numbered(data: bytes, chance: random.Random) -> bytes:
    """A length, count or offset made absurd."""
    at, form = _somewhere(data, chance), chance.choice((">B", ">H", "<H", ">I", "<I"))
    width = struct.calcsize(form)
    number = chance.choice((*NUMBERS, len(data), len(data) - at, chance.getrandbits(32))) & ((1 << 8 * width) - 1)
    return (data[:at] + struct.pack(form, number) + data[at + width :])[: len(data)]


def cut(data: bytes, chance: random.Random) -> bytes:
    at, length = _somewhere(data, chance), chance.choice((1, 2, 4, 12, 64, 1024))
    return data[:at] + data[at + length :]


def doubled(data: bytes, chance: random.Random) -> bytes:
    at, length, times = _somewhere(data, chance), chance.choice((1, 4, 12, 64, 1024)), chance.choice((2, 3, 64, 2000))
    return data[:at] + data[at : at + length] * times + data[at + length :]


def noised(data: bytes, chance: random.Random) -> bytes:
    at = _somewhere(data, chance)
    return data[:at] + chance.randbytes(chance.choice((1, 2, 8, 64))) + data[at:]


def reordered(data: bytes, chance: random.Random) -> bytes:
    """Its pieces (segments, chunks, boxes, blocks of 12 as in a TIFF directory) in another order, or some twice."""
    pieces = _pieces(data)
    if len(pieces) < 3:
        return flipped(data, chance)
    for _ in range(chance.choice((1, 2, 5))):
        a, b = chance.randrange(1, len(pieces)), chance.randrange(1, len(pieces))
        if chance.random() < 0.5:
            pieces[a], pieces[b] = pieces[b], pieces[a]
        else:
            pieces.insert(a, pieces[b] * (chance.choice((1, 1, 50)) if len(pieces[b]) < 4096 else 1))
    return b"".join(pieces)


MUTATIONS: tuple[Callable[[bytes, random.Random], bytes], ...] = (flipped, numbered, cut, doubled, noised, reordered)


def damaged(data: bytes, chance: random.Random, kinds: Sequence[int] | None = None) -> bytes:
    """The picture with this damage, its checksums made good. kinds: numbers of MUTATIONS; None: by chance."""
    for kind in (
        kinds
        if kinds is not None
        else [chance.randrange(len(MUTATIONS)) for _ in range(chance.choice((1, 1, 1, 2, 4)))]
    ):
        if not data:
            break
        data = MUTATIONS[kind](data, chance)[: LIMITS.max_bytes]
    return checksums_made_good(data)


def checksums_made_good(data: bytes) -> bytes:
    """A PNG whose checksums are right again, a WebP that is as long as it says: so damage inside gets further."""
    if data.startswith(b"RIFF") and len(data) > 12:
        return data[:4] + struct.pack("<I", len(data) - 8) + data[8:]
    if not data.startswith(b"\x89PNG\r\n\x1a\n"):
        return data
    out, at = bytearray(data[:8]), 8
    while at + 12 <= len(data):
        length, name = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        if at + 12 + length > len(data):
            break
        out += data[at : at + 8 + length] + struct.pack(">I", zlib.crc32(name + data[at + 8 : at + 8 + length]))
        at += 12 + length
    return bytes(out) + data[at:]


def _somewhere(data: bytes, chance: random.Random) -> int:
    """More often near the beginning, where what is told about the rest stands."""
    return chance.randrange(min(len(data), 600) if chance.random() < 0.6 else len(data))


def _pieces(data: bytes) -> list[bytes]:
    """As the format divides them, roughly: cut before each marker, or each name of four letters with its length."""
    if data.startswith(b"\xff\xd8"):
        places = [m.start() for m in re.finditer(rb"\xff[\xc0-\xfe]", data)]
    elif data[:4] in (b"II*\0", b"MM\0*"):
        start = int.from_bytes(data[4:8], "little" if data[:1] == b"I" else "big") + 2
        places = list(range(start, min(len(data), start + 300), 12))
    else:
        before = 0 if data.startswith(b"RIFF") else 4
        places = [m.start() - before for m in re.finditer(rb"[A-Za-z]{4}", data) if m.start() >= before]
    ends = [0, *dict.fromkeys(p for p in places if p > 0), len(data)]
    return [data[a:b] for a, b in itertools.pairwise(ends)]


def outcome(data: bytes, detail_side: int | None = None) -> str:
    """What became of one: "photo", "refused", or how its reader ended. Fails where this process felt it."""
    began = time.monotonic()
    try:
        photo = open_photo_bytes(data, limits=LIMITS, detail_side=detail_side, rights=True)
    except (PhotoUnreadable, PhotoTooLarge) as refusal:
        assert refusal.what.endswith(".") and refusal.do.endswith(".") and refusal.what.isprintable()
        ended = re.search(r"safely \((.*)\)", refusal.what)
        told = ended[1] if ended else "out of memory" if "needs more memory" in refusal.what else "refused"
    else:
        assert photo.pixels.shape == (-(-photo.height // photo.scale), -(-photo.width // photo.scale), 3)
        told = "photo"
    assert time.monotonic() - began < MOST_S, "it took longer than its limit"
    return told


def main() -> int:
    """Tries damaged photos for so many minutes, and prints a line of figures a minute."""
    asked = argparse.ArgumentParser(description=main.__doc__)
    asked.add_argument("--minutes", type=float, default=60)
    asked.add_argument("--seed", type=int, default=None, help="to have the same ones again")
    asked.add_argument("--keep", type=Path, default=None, help="folder for those that ended a reader")
    given = asked.parse_args()
    seed = given.seed if given.seed is not None else random.randrange(1 << 32)
    keep = given.keep or Path(tempfile.mkdtemp(prefix="kenbaar-fuzz-"))
    keep.mkdir(parents=True, exist_ok=True)
    chance, whole = random.Random(seed), corpus()
    names = list(whole)
    counted, slowest_s, began = Counter[str](), 0.0, time.monotonic()
    told_at, largest_before = began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"seed {seed}; what ends a reader is kept in {keep}")
    while time.monotonic() - began < 60 * given.minutes:
        name = chance.choice(names)
        data = damaged(whole[name], chance)
        at = time.monotonic()
        what = outcome(data, chance.choice((None, None, 16)))
        slowest_s = max(slowest_s, time.monotonic() - at)
        counted[what] += 1
        if what not in ("photo", "refused"):
            (keep / f"{sum(counted.values()):07d} {name} {what[:20]}").write_bytes(data)
        if time.monotonic() - told_at > 60 or time.monotonic() - began >= 60 * given.minutes:
            told_at = time.monotonic()
            grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - largest_before) / 1024
            print(
                f"{(told_at - began) / 60:.1f} min: {sum(counted.values())} inputs, {dict(counted)}, "
                f"slowest {slowest_s:.1f} s, this process grew by {grown:.0f} MB",
                flush=True,
            )
    end_reading()
    return 0


if __name__ == "__main__":
    sys.exit(main())
