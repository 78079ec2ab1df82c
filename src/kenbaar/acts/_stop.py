"""How a long act hears that it is to stop, where the room it calls only tells how far it is."""

from __future__ import annotations

from collections.abc import Callable

from kenbaar.acts._act import Progress
from kenbaar.errors import Cancelled


def reporting(progress: Progress, step: str) -> Callable[[int, int, float], None]:
    """For a room's `say`: passes on (done, total, seconds), and raises Cancelled when the act is to stop."""

    def say(done: int, total: int, seconds: float) -> None:
        progress.report(step, done, total, seconds)
        if progress.cancelled():
            raise Cancelled("Stopped.", "What was done stays; run it again to go on.")

    return say
