"""What costs much where nothing of it is tested: processes for a few photos, and codes that are slow to guess."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

from kenbaar.engines import Engine, InProcessEngine, LocalEngine
from kenbaar.keys import _recovery


def engine_of(workers: int) -> Engine:
    """One worker needs no process of its own where nothing is tested that one would bring."""
    return InProcessEngine() if workers == 1 else LocalEngine(workers)


@contextmanager
def quick_codes() -> Iterator[None]:
    """Codes made and used in this process are stretched once, in 64 KiB: no process that a test starts opens them.

    No setting does that: it is the code's own constants, for which tests/keys/test_vectors.py has the answers.
    """
    with mock.patch.multiple(_recovery, ARGON2_MEMORY_KIB=64, ARGON2_PASSES=1):
        yield
