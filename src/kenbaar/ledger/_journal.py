"""What the rooms see of the ledger: one sentence recorded, durable before its result is returned."""

from __future__ import annotations

from typing import Protocol

Fact = str | int | bool | None | list[str]


class Recorder(Protocol):
    """Records acts. A room that acts without recording cannot exist: it has no other way to reach the ledger."""

    def record(self, event: str, *, subject: str | None = None, purpose: str | None = None, **facts: Fact) -> int:
        """Makes the act durable and returns its entry number. LedgerBroken or NoSpace: then nothing may happen.

        subject: whose log key seals the payload, so that it becomes noise when they leave; None: the archive's own.
        """
