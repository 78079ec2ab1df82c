"""Idempotency keys: who sends a request again, because no answer came, gets the first one's answer and no second act.

Kept for a day, in this process's memory alone, so many at most. An answer may hold an invitation's token: it is kept
sealed, under a key made of the program's token and its idempotency key, which are kept nowhere.
"""

from __future__ import annotations

import hashlib
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from kenbaar.keys import seal, unseal
from kenbaar.web.api._problems import Problem

KEPT_S = 24 * 3600.0
MOST, MOST_BYTES = 10_000, 20_000_000
LONGEST_KEY = 255


@dataclass(slots=True)
class _Kept:
    asked: bytes  # digest of method, address and body
    at: float
    sealed: bytes | None = None  # None: it is still being done


class Repeats:
    """What was answered lately."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock, self._bytes = clock, threading.Lock(), 0
        self._kept: OrderedDict[bytes, _Kept] = OrderedDict()

    def begin(self, token: str, key: str, asked: bytes) -> bytes | None:
        """The answer that was given before; None: it is asked for the first time, and `end` or `drop` has to follow.

        asked: digest of what is asked for. Raises Problem where the first is not done yet, or asked something else.
        """
        if not re.fullmatch(f"[!-~]{{1,{LONGEST_KEY}}}", key):
            raise Problem(
                400, "Bad idempotency key", "That is no idempotency key.", f"Give 1 to {LONGEST_KEY} printable letters."
            )
        place, now = _place(token, key), self._clock()
        with self._lock:
            self._drop_old(now)
            known = self._kept.get(place)
            if known is None:
                self._kept[place] = _Kept(asked, now)
                return None
            if known.asked != asked:
                raise Problem(
                    422,
                    "Idempotency key used",
                    "With this idempotency key something else was asked for.",
                    "Use another key for another request.",
                )
            if known.sealed is None:
                raise Problem(
                    409,
                    "Still being done",
                    "The first request with this idempotency key is still being done.",
                    "Send it again in a moment.",
                    {"Retry-After": "1"},
                )
            return unseal(_secret(token, key), known.sealed, place)

    def end(self, token: str, key: str, answer: bytes) -> None:
        """It was done, and this is the answer."""
        place = _place(token, key)
        with self._lock:
            if (known := self._kept.get(place)) is not None:
                known.sealed = seal(_secret(token, key), answer, place)
                self._bytes += len(known.sealed)
                self._drop_old(self._clock())

    def drop(self, token: str, key: str) -> None:
        """Nothing was done: it may be tried again."""
        with self._lock:
            self._forget(_place(token, key))

    def _drop_old(self, now: float) -> None:
        """The oldest first; one that is still being done stays for its day."""
        for place, kept in list(self._kept.items()):
            over = len(self._kept) > MOST or self._bytes > MOST_BYTES
            if now - kept.at <= KEPT_S and not over:
                return
            if kept.sealed is not None or now - kept.at > KEPT_S:
                self._forget(place)

    def _forget(self, place: bytes) -> None:
        if (known := self._kept.pop(place, None)) is not None and known.sealed is not None:
            self._bytes -= len(known.sealed)


def _place(token: str, key: str) -> bytes:
    return hashlib.sha256(f"kenbaar repeat place 1\n{token}\n{key}".encode()).digest()


def _secret(token: str, key: str) -> bytes:
    return hashlib.sha256(f"kenbaar repeat secret 1\n{token}\n{key}".encode()).digest()
