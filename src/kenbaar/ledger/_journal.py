"""What every room that acts is given: the ledger to say it in, the time, and its turn to write."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

Fact = str | int | bool | None | list[str]


class Recorder(Protocol):
    """Records acts. A room that acts without recording cannot exist: it has no other way to reach the ledger."""

    def record(self, event: str, *, subject: str | None = None, purpose: str | None = None, **facts: Fact) -> int:
        """Makes the act durable and returns its entry number. LedgerBroken or NoSpace: then nothing may happen.

        subject: whose log key seals the payload, so that it becomes noise when they leave; None: the archive's own.
        """


class Journal(Recorder, Protocol):
    """A recorder that also tells the time and whose turn it is. The archive is one; tests make small ones."""

    def now(self) -> datetime:
        """The time, aware UTC; never before the ledger's last entry."""

    def writing(self) -> AbstractContextManager[None]:
        """One writer at a time, across processes; entered again by its holder at no cost."""
