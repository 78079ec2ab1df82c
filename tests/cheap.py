"""What costs much where nothing of it is tested: processes for a few photos; codes and passphrases slow to guess."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from kenbaar.engines import Engine, InProcessEngine, LocalEngine
from kenbaar.keys import _passphrase, _recovery


def engine_of(workers: int) -> Engine:
    """One worker needs no process of its own where nothing is tested that one would bring."""
    return InProcessEngine() if workers == 1 else LocalEngine(workers)


@contextmanager
def quick_codes() -> Iterator[None]:
    """Codes and passphrases of this process are stretched once, in 64 KiB: no process that a test starts knows them.

    No setting does that: it is the code's own constants, which tests/keys runs with as they are.
    """
    cheap: dict[str, Any] = {"ARGON2_MEMORY_KIB": 64, "ARGON2_PASSES": 1}
    with mock.patch.multiple(_recovery, **cheap), mock.patch.multiple(_passphrase, **cheap):
        yield
