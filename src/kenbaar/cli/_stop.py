"""How a command is stopped from outside: by Ctrl-C (SIGINT), by whoever looks after processes (SIGTERM), or because its
terminal was closed (SIGHUP).

All are exceptions, KeyboardInterrupt, Ended and HungUp, wherever nothing better is done. An act that takes long is
asked first (`stoppable`), and stops where the next run can go on from. Its workers hear neither Ctrl-C nor SIGHUP: see
engines.
"""

from __future__ import annotations

import os
import signal
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from kenbaar.errors import Cancelled, KenbaarError, Refused, Unusable

STOPPED = Cancelled("Stopped.", "What was done stays; run it again to go on.")


class Ended(KeyboardInterrupt):
    """SIGTERM came: as Ctrl-C, with another exit code."""


class HungUp(KeyboardInterrupt):
    """SIGHUP came: the terminal was closed. The same, and nobody reads what is said."""


_RAISED: dict[int, type[KeyboardInterrupt]] = {
    signal.SIGINT: KeyboardInterrupt,
    signal.SIGTERM: Ended,
    signal.SIGHUP: HungUp,
}


def hear_signals() -> None:
    """From now on SIGTERM and SIGHUP raise, where they would have killed. What is ignored (`nohup`) stays so."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _end)


def hear_no_more() -> None:
    """From now on no such signal is heard: the command has said its last word, and only clears up."""
    for number in _RAISED:
        signal.signal(number, signal.SIG_IGN)


def how_stopped(err: BaseException) -> tuple[KenbaarError, int]:
    """Of a command that was stopped: the act's words or ours, and 128 and the signal's number, as shells have it."""
    said, number, cause = STOPPED, signal.SIGINT, err
    while True:  # click wraps what was raised here, and that what the act said
        if isinstance(cause, Ended):
            number = signal.SIGTERM
        elif isinstance(cause, HungUp):
            number = signal.SIGHUP
        elif isinstance(cause, Cancelled):
            said = cause
        if cause.__cause__ is None:
            return said, 128 + number
        cause = cause.__cause__


def raise_if_stopped(code: int) -> None:
    """Raises again what a command called from this one ended with."""
    for number, kind in _RAISED.items():
        if code == 128 + number:
            raise kind


class Stop:
    """Whether the act under way was asked to stop."""

    def __init__(self) -> None:
        self.number: int | None = None

    @property
    def asked(self) -> bool:
        """Whether a signal came."""
        return self.number is not None

    def heard(self, number: int, _frame: object) -> None:
        """The first signal asks, the second stops at once. A closed terminal says so more than once, and only asks."""
        if number == signal.SIGHUP:
            _leave_the_terminal()
        if self.number is not None:
            if number != signal.SIGHUP:
                raise _RAISED[number]
            return
        self.number = number
        with suppress(OSError):
            os.write(2, b"\nStopping where it can go on; once more stops at once.\n")  # print may be interrupted


@contextmanager
def stoppable() -> Iterator[Stop]:
    """Where an act asks whether it is to stop. A signal in it comes out as an exception, whatever the act answered:
    it may have been done but for its report, or have met what the signal did to others (a download that broke off)."""
    stop, before = Stop(), dict[int, Any]()
    if threading.current_thread() is threading.main_thread():
        for number in _RAISED:
            if callable(handler := signal.getsignal(number)):  # neither ignored nor left to the system
                before[number] = handler
                signal.signal(number, stop.heard)
    try:
        yield stop
    except (Refused, Unusable) as err:
        if stop.number is not None:
            raise _RAISED[stop.number] from err
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if stop.number is not None:
        raise _RAISED[stop.number]


def _end(number: int, _frame: object) -> None:
    if number == signal.SIGHUP:
        _leave_the_terminal()
    raise _RAISED[number]


def _leave_the_terminal() -> None:
    """Whatever is still said goes nowhere: writing to a terminal that is gone would be one more error."""
    for descriptor in (1, 2):
        with suppress(OSError):
            if stat.S_ISCHR(os.fstat(descriptor).st_mode) and not os.isatty(descriptor):
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, descriptor)
                os.close(nowhere)
