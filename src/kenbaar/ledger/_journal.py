"""What every room that acts is given: the ledger to say it in, the time, and its turn to write."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from kenbaar.errors import RoleRefused
from kenbaar.policy import ROLES, Actor, Event

Fact = str | int | bool | None | list[str]


class Recorder(Protocol):
    """Records acts. A room that acts without recording cannot exist: it has no other way to reach the ledger."""

    def record(self, event: Event, actor: Actor, *, subject: str | None = None, **facts: Fact) -> int:
        """Makes the act durable and returns its entry number. LedgerBroken or NoSpace: then nothing may happen.

        actor: who does it; RoleRefused where they may not. facts: those that the event declares; None is not told.
        subject: whose log key seals the payload, so that it becomes noise when they leave; None: the archive's own.
        """


class Journal(Recorder, Protocol):
    """A recorder that also tells the time and whose turn it is. The archive is one; tests make small ones."""

    def now(self) -> datetime:
        """The time by which to ask what is in force, aware UTC; never before the ledger's last entry."""

    def act_time(self) -> datetime:
        """The time that an act bears. While the machine's clock is in doubt: that of the entry before it."""

    def writing(self, *, in_doubt: bool = False) -> AbstractContextManager[None]:
        """One writer at a time, across processes; entered again by its holder at no cost.

        Raises ClockInDoubt where the machine's clock is; with in_doubt not: for what only takes back.
        """


def act_payload(event: Event, actor: Actor, subject: str | None, facts: Mapping[str, Fact]) -> dict[str, Fact]:
    """What an act's payload states: the facts, `by` whom, of what kind (`actor`), their `role`, and `subject`.

    account: through whose account of the shell a person acted for themselves. Raises RoleRefused; ValueError for a
    fact that the event does not declare, for nobody would know whether it may be shown.
    """
    require_permission(event, actor, subject)
    if undeclared := facts.keys() - event.value.facts:
        raise ValueError(f"{event} does not declare {', '.join(sorted(undeclared))}: add it to the event's row.")
    who = {"by": actor.name, "actor": actor.kind, "role": actor.role, "account": actor.account, "subject": subject}
    return {name: value for name, value in {**who, **facts}.items() if value is not None}


def require_permission(event: Event, actor: Actor, subject: str | None) -> None:
    """Raises RoleRefused where this actor may not do such an act, or not about that person."""
    needs = event.value.needs
    if needs is None or actor.kind == "system":
        return
    if actor.kind == "subject":
        allowed = event.value.own and actor.speaks_as(subject or "")
    else:
        allowed = actor.role is not None and needs in ROLES[actor.role].may
    if not allowed:
        raise RoleRefused(
            f"{actor.role or actor.kind} {actor.name} may not do this ({event}).", "Ask an officer of the organisation."
        )
