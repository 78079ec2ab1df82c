"""The process in which an outsider's photo is decoded: `python -I -m kenbaar.media._reader`, run by _untrusted alone.

Bytes come in on stdin, the answer goes out on stdout: one line of JSON, then the pixels. It may not write a file, open
many, grow, or run long: the limits are set before anything that parses is imported.
"""

from __future__ import annotations

import json
import resource
import sys


def main() -> int:
    """Read, decode, answer. Arguments: memory_bytes, cpu_s, max_pixels, max_bytes, detail_side (0 = full size)."""
    memory_bytes, cpu_s, max_pixels, max_bytes, detail_side = (int(a) for a in sys.argv[1:6])
    for limit, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, 32),
        (resource.RLIMIT_CPU, cpu_s),
        (resource.RLIMIT_AS, memory_bytes),
    ):
        resource.setrlimit(limit, (value, value))

    from kenbaar.media._limits import PhotoLimits, Unfit
    from kenbaar.media._open import read_photo

    data = sys.stdin.buffer.read(max_bytes + 1)
    out = sys.stdout.buffer
    try:
        photo = read_photo(data, PhotoLimits(max_pixels, max_bytes), detail_side or None)
    except Unfit as unfit:
        answer = {"why": unfit.why, "do": unfit.do, "too_large": unfit.too_large}
        out.write(json.dumps(answer).encode() + b"\n")
        return 0
    head = {
        "scale": photo.scale,
        "width": photo.width,
        "height": photo.height,
        "format": photo.format,
        "taken_at": photo.taken_at.isoformat() if photo.taken_at else None,
        "block_px": photo.block_px,
    }
    out.write(json.dumps(head).encode() + b"\n")
    out.write(photo.pixels.data)
    out.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
