"""The time, and whether it may be acted on: a machine's clock that jumped ahead ends nobody's consent.

What is in force is asked of the later of the machine's clock and the ledger, so that no clock shows an expired consent.
What cannot be undone waits: a clock more than 48 hours past the ledger's last entry is in doubt, until somebody who
answers for the archive says that it is right (docs/decisions/0031-a-clock-in-doubt.md).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from kenbaar.errors import ClockInDoubt

MOST_AHEAD = timedelta(hours=48)  # a weekend without anybody is an ordinary one


@dataclass(frozen=True, slots=True)
class Doubt:
    """What the machine says the time is, and the hour of the last act here; both aware UTC."""

    machine: datetime
    last: datetime

    @property
    def words(self) -> str:
        """Both times, in a sentence."""
        days, hours = divmod(int((self.machine - self.last).total_seconds()) // 3600, 24)
        return (
            f"This machine's clock says {_in_words(self.machine)}; the last act here was on {_in_words(self.last)},"
            f" {days:,} days and {hours} hours before."
        )


class ArchiveClock:
    """The time as one archive may use it. last_at: the hour of the ledger's last entry, or None."""

    def __init__(self, machine: Callable[[], datetime], last_at: Callable[[], datetime | None]) -> None:
        self._machine, self._last_at = machine, last_at
        self._sound: tuple[datetime, float] | None = None  # the machine's time when it was last not in doubt

    def now(self) -> datetime:
        """The time, UTC; never before the ledger's last entry, so that a clock set back revives nothing."""
        return max(self._machine(), self._last_at() or datetime.min.replace(tzinfo=UTC))

    def act_time(self) -> datetime:
        """The time that an act bears: now, or while the clock is in doubt the end of the hour of the entry before it.

        The end, so that what is taken back then is later than everything that was agreed to before.
        """
        doubt = self.doubt()
        return self.now() if doubt is None else doubt.last + timedelta(hours=1, microseconds=-1)

    def doubt(self) -> Doubt | None:
        """Where the clock is more than MOST_AHEAD past the last entry, and this process has not lived that long."""
        machine, last = self._machine(), self._last_at()
        lived = time.monotonic()
        if last is None or machine - last <= MOST_AHEAD:
            self._sound = machine, lived
            return None
        if self._sound is not None:
            since, then = self._sound
            if machine - since - timedelta(seconds=lived - then) <= MOST_AHEAD:
                self._sound = machine, lived
                return None
        return Doubt(machine, last)

    def require(self) -> None:
        """Raises ClockInDoubt."""
        if (doubt := self.doubt()) is not None:
            raise ClockInDoubt(
                f"{doubt.words} So nothing was done.",
                "If that is right, say so once with `kenbaar clock --confirm`; if not, set the clock right.",
            )


def _in_words(at: datetime) -> str:
    return f"{at.day} {at:%B %Y, %H:%M} UTC"
