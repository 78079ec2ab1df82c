"""A decoder with faults, for tests alone: what stands in a photo's bytes says what becomes of who reads it.

Imported by a script before it runs `kenbaar` (also by that script's workers), or used as begin_deadly in a test.
"""

from __future__ import annotations

import sys

SEGFAULT, SWELL, SPIN, LIE, LATE = b"<segfault>", b"<swell>", b"<spin>", b"<lie>", b"<late>"

_FAULTS = f"""
import os, signal, sys
sys.path.insert(0, sys.argv[1])
from kenbaar.media import _read, _reader
honest, seen = _read.read_header, []

def read_header(data, limits):
    if {SEGFAULT!r} in data:
        os.kill(os.getpid(), signal.SIGSEGV)
    if {SWELL!r} in data:
        held = []
        while True:
            held.append(bytearray(1 << 24))
    while {SPIN!r} in data:
        pass
    if {LIE!r} in data:
        os.write(1, b"[1, 2]\\n")
    if seen and {LATE!r} in seen[-1]:
        os.abort()
    seen.append(data)
    return honest(data, limits)

_read.read_header = read_header
sys.exit(_reader.main())
"""


def begin_deadly() -> None:
    """From now on readers of this process have these faults."""
    from kenbaar.media import _opening, _outside

    _opening.end_reading()
    _outside.BEGIN = _FAULTS


def end_deadly(begin: str) -> None:
    """From now on they have not. begin: what _outside.BEGIN was."""
    from kenbaar.media import _opening, _outside

    _opening.end_reading()
    _outside.BEGIN = begin


if "--deadly" in sys.argv:  # in the script below, and in each worker, which imports it again
    begin_deadly()

if "--no-reader" in sys.argv:
    from kenbaar.media import _outside

    _outside.BEGIN = "raise SystemExit(1)"

if __name__ == "__main__":
    from kenbaar.cli._run import run

    sys.exit(run([word for word in sys.argv[1:] if word not in ("--deadly", "--no-reader")]))
