"""Pictures of one page: each can be fetched once, by the browser the page was made for, and is gone then.

A page that shows faces is an act in the ledger; its pictures are part of that act. So their addresses lead nowhere
afterwards, not even for whoever looked, and nothing has to be forgotten when somebody in them leaves.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

WAITS_S = 60.0  # for the browser to fetch it
MOST_BYTES = 200_000_000  # of all that wait; beyond, the oldest go


class Lent:
    """Pictures that wait to be fetched, in this process's memory alone."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock, self._bytes = clock, threading.Lock(), 0
        self._waiting: OrderedDict[str, tuple[str, bytes, float]] = OrderedDict()

    def lend(self, whose: str, jpeg: bytes) -> str:
        """A word under which that session may fetch it, once. whose: the session's own secret."""
        key = secrets.token_urlsafe(18)
        with self._lock:
            self._waiting[key] = (whose, jpeg, self._clock())
            self._bytes += len(jpeg)
            self._drop_old()
        return key

    def fetch(self, whose: str, key: str) -> bytes | None:
        """The picture, which is then gone; None where there is none for them."""
        with self._lock:
            self._drop_old()
            found = self._waiting.get(key)
            if found is None or not secrets.compare_digest(found[0].encode(), whose.encode()):
                return None
            self._forget(key)
            return found[1]

    def _drop_old(self) -> None:
        """They stand in the order they were lent."""
        while self._waiting:
            key, (_, _, at) = next(iter(self._waiting.items()))
            if self._clock() - at <= WAITS_S and self._bytes <= MOST_BYTES:
                return
            self._forget(key)

    def _forget(self, key: str) -> None:
        self._bytes -= len(self._waiting.pop(key)[1])
