"""How often one network, or one person, may try what is guessed at or costs much: counted in memory, told politely."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from kenbaar.errors import KenbaarError, Refused

_MOST_KEYS = 50_000


class TooMany(Refused):
    """Too often, for now. wait_s: how long to wait."""

    wait_s: int = 1


class Rates:
    """Token buckets (as RFC 2697's committed burst: `most` at once, refilled evenly over `per_s` seconds)."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._left: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()

    @contextmanager
    def misses(self, what: str, whose: str, most: int, per_s: float) -> Iterator[None]:
        """Counts what is refused inside; raises TooMany before anything is tried where it was too often."""
        self._take(what, whose, most, per_s, 0)
        try:
            yield
        except KenbaarError:
            self._take(what, whose, most, per_s, 1)
            raise

    def take(self, what: str, whose: str, most: int, per_s: float) -> None:
        """One more try. Raises TooMany, which says when to come back."""
        self._take(what, whose, most, per_s, 1)

    def _take(self, what: str, whose: str, most: int, per_s: float, n: int) -> None:
        now, key = self._clock(), (what, whose)
        with self._lock:
            left, at = self._left.pop(key, (float(most), now))
            left = min(float(most), left + (now - at) * most / per_s)
            allowed = left >= 1
            self._left[key] = (left - n if allowed else left, now)
            while len(self._left) > _MOST_KEYS:
                self._left.popitem(last=False)
        if not allowed:
            wait_s = max(1, round((1 - left) * per_s / most))
            refused = TooMany("That was tried too often.", f"Wait {wait_s} seconds, then try again.")
            refused.wait_s = wait_s
            raise refused


def network_of(address: str | None) -> str:
    """Whose tries are counted together: an IPv4 address; of IPv6 the /64, for one household has all of it."""
    import ipaddress

    try:
        ip = ipaddress.ip_address(address or "")
    except ValueError:
        return "unknown"
    if isinstance(ip, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((ip, 64), strict=False))
    return str(ip)
