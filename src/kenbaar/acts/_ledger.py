"""The ledger: shown, verified, and its signed head taken along."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from kenbaar.acts._act import act
from kenbaar.archive import Archive, verify_ledger_of
from kenbaar.asking import is_case
from kenbaar.disk import write_atomically
from kenbaar.errors import Unusable
from kenbaar.policy import EVENTS, ROLES, Actor, Event, Permission
from kenbaar.settings import Settings


@dataclass(frozen=True, slots=True)
class ShowLedgerRequest:
    """subject: only what is about this person. limit: only the newest."""

    subject: str | None = None
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class EntryRow:
    """One act. facts: what it stated; null where it is about somebody who left."""

    entry: int
    at: datetime
    event: str
    purpose: str | None
    facts: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class ShowLedgerAnswer:
    """Acts, oldest first."""

    acts: tuple[EntryRow, ...]


@act("ledger show", Permission.READ, own=True)
def show_ledger(archive: Archive, actor: Actor, request: ShowLedgerRequest) -> ShowLedgerAnswer:
    """Every act: when, what, by whom, about whom.

    Who was shown as a candidate is told to the person, to auditors, and to the operator; not to an account that may be
    the one that asked: until two others decided, it does not learn from here whom it was shown.
    """
    asks = actor.kind == "staff" and actor.role is not None and Permission.PROVE not in ROLES[actor.role].may
    asks |= actor.kind == "staff" and actor.role is not None and Permission.SEARCH in ROLES[actor.role].may
    rows = []
    for told in archive.journal.acts():
        facts = dict(told.payload) if told.payload is not None else None
        if facts is not None and asks and _is_withheld(told.event, facts):
            facts = {name: facts[name] for name in ("by", "actor", "role") if name in facts}
        if request.subject is None or (facts is not None and facts.get("subject") == request.subject):
            rows.append(EntryRow(told.index, told.at, told.event, told.purpose, facts))
    return ShowLedgerAnswer(tuple(rows[-(request.limit or len(rows)) :] if rows else ()))


def _is_withheld(event: str, facts: Mapping[str, Any]) -> bool:
    known = EVENTS.get(event)
    return known is not None and (known.value.withheld or (known is Event.REJECT and is_case(str(facts.get("item")))))


@dataclass(frozen=True, slots=True)
class VerifyLedgerRequest:
    """checkpoint: a file kept elsewhere, which finds cuts and forks."""

    checkpoint: Path | None = None


@dataclass(frozen=True, slots=True)
class VerifyLedgerAnswer:
    """Whether the ledger is what its signed heads say."""

    ok: bool
    entries: int
    root: str
    problems: tuple[str, ...]


@act("ledger verify", Permission.READ)
def verify_ledger(settings: Settings, actor: Actor, request: VerifyLedgerRequest) -> VerifyLedgerAnswer:
    """Computes everything anew, also where the archive does not open. Raises LedgerBroken, Unusable."""
    text = None
    if request.checkpoint is not None:
        try:
            text = request.checkpoint.read_text("utf-8")
        except (OSError, UnicodeError) as err:
            raise Unusable(
                "That checkpoint cannot be read.", "Give the file `kenbaar ledger checkpoint` wrote."
            ) from err
    verified = verify_ledger_of(settings, text)
    return VerifyLedgerAnswer(verified.ok, verified.entries, verified.root, tuple(verified.problems))


@dataclass(frozen=True, slots=True)
class CheckpointRequest:
    """file: where to write it as well."""

    file: Path | None = None


@dataclass(frozen=True, slots=True)
class CheckpointAnswer:
    """The signed head of the ledger."""

    checkpoint: str
    entries: int


@act("ledger checkpoint", Permission.READ)
def take_checkpoint(archive: Archive, actor: Actor, request: CheckpointRequest) -> CheckpointAnswer:
    """The signed head of the ledger, to be kept where this machine's keeper cannot change it."""
    if request.file:
        archive.refuse_target(request.file)
    head = archive.ledger.checkpoint()
    if request.file:
        write_atomically(request.file, head.text.encode())
    return CheckpointAnswer(head.text, head.size)
