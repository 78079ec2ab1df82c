"""What can be done about keys in memory from Python: a little, and it is done."""

from __future__ import annotations

import contextlib

_PR_SET_DUMPABLE = 4  # <linux/prctl.h>


def wipe(buffer: bytearray) -> None:
    """Zeros over the buffer, in place. Copies that Python or a library made of it are out of reach."""
    buffer[:] = bytes(len(buffer))


def disable_core_dumps() -> None:
    """From now on a crash of this process, or of its children, leaves no image of its memory on the disk.

    For the edges to call first thing. On Linux other processes of the same user cannot attach to this one either.
    Quietly does what the system allows: no sandbox may keep the program from starting because of this.
    """
    import ctypes
    import resource

    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError, AttributeError):  # no prctl outside Linux
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
