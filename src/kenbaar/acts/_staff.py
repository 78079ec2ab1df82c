"""Accounts of staff: invited, accepted, listed, ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import cast

from kenbaar.acts._act import act
from kenbaar.archive import Archive
from kenbaar.consent import last_day
from kenbaar.policy import Actor, Permission, RoleName


@dataclass(frozen=True, slots=True)
class InviteStaffRequest:
    """Whose account, in which role, until which day. trial: for 14 days at most. subject: who they are, if enrolled."""

    name: str = field(repr=False)
    role: str
    until: date
    trial: bool = False
    subject: str | None = None


@dataclass(frozen=True, slots=True)
class InviteStaffAnswer:
    """The account, and the token its owner accepts it with, once. until: the last day."""

    account: str
    token: str = field(repr=False)
    until: date


@act("staff invite", Permission.STAFF)
def invite_staff(archive: Archive, actor: Actor, request: InviteStaffRequest) -> InviteStaffAnswer:
    """Makes an account. Raises StaffRefused where that person has one, UsageError."""
    invited = archive.staff.invite(
        actor,
        request.name,
        cast(RoleName, request.role),
        request.until,
        trial=request.trial,
        subject=request.subject,
    )
    return InviteStaffAnswer(invited.account, invited.token, last_day(invited.until))


@dataclass(frozen=True, slots=True)
class AcceptStaffRequest:
    """The token, and the passphrase its owner chose."""

    token: str = field(repr=False)
    passphrase: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class AcceptStaffAnswer:
    """The account, which can be used from now on. until: the last day."""

    account: str
    role: str
    until: date


@act("staff accept", Permission.READ)
def accept_staff(archive: Archive, actor: Actor, request: AcceptStaffRequest) -> AcceptStaffAnswer:
    """Its owner takes an account. Whoever has the token may: it is theirs. Raises TokenRefused, UsageError."""
    account = archive.staff.accept(request.token, request.passphrase)
    return AcceptStaffAnswer(account.id, account.role, last_day(account.until))


@dataclass(frozen=True, slots=True)
class ListStaffRequest:
    """All accounts."""


@dataclass(frozen=True, slots=True)
class StaffRow:
    """One account. state: invited, active or ended. approved_by: who made it. until: the last day."""

    account: str
    name: str = field(repr=False)
    role: str
    state: str
    until: date
    trial: bool
    approved_by: str
    subject: str | None


@dataclass(frozen=True, slots=True)
class ListStaffAnswer:
    """Who has or had an account, the oldest first."""

    staff: tuple[StaffRow, ...]


@act("staff list", Permission.READ)
def list_staff(archive: Archive, actor: Actor, request: ListStaffRequest) -> ListStaffAnswer:
    """Every account, and who approved it."""
    now = archive.journal.now()
    return ListStaffAnswer(
        tuple(
            StaffRow(a.id, a.name, a.role, a.state(now), last_day(a.until), a.trial, a.approved_by, a.subject)
            for a in archive.staff.all()
        )
    )


@dataclass(frozen=True, slots=True)
class EndStaffRequest:
    """Which account ends."""

    account: str


@dataclass(frozen=True, slots=True)
class EndStaffAnswer:
    """It cannot be used any more."""

    account: str


@act("staff end", Permission.STAFF)
def end_staff(archive: Archive, actor: Actor, request: EndStaffRequest) -> EndStaffAnswer:
    """Ends an account. Raises NotFound."""
    ended = archive.staff.end(actor, request.account)
    archive.access.end_all_of(ended.id)
    return EndStaffAnswer(ended.id)
