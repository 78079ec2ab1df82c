from __future__ import annotations

import subprocess
import sys

import pytest

from kenbaar.keys import wipe


def test_wiping_leaves_zeros_in_the_same_buffer() -> None:
    buffer = bytearray(b"secret")
    same = memoryview(buffer)
    wipe(buffer)
    assert same.tobytes() == bytes(6)


@pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux's")
def test_after_it_a_crash_leaves_no_image_of_memory() -> None:
    lines = (
        "import ctypes, resource\n"
        "from kenbaar.keys import disable_core_dumps\n"
        "disable_core_dumps()\n"
        "print(resource.getrlimit(resource.RLIMIT_CORE), ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))\n"  # PR_GET_DUMPABLE
    )
    assert subprocess.run([sys.executable, "-c", lines], capture_output=True, text=True).stdout == "(0, 0) 0\n"
