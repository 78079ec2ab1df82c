"""Passkeys: added by whoever is signed in, listed, taken away."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from kenbaar.acts._act import act
from kenbaar.archive import Archive
from kenbaar.policy import Actor, Permission


@dataclass(frozen=True, slots=True)
class AddPasskeyRequest:
    """A passkey of the account that acts, or of the person named. As kenbaar.access.Credential says."""

    subject: str | None
    credential_id: bytes
    public_key: bytes = field(repr=False)
    sign_count: int
    wrapped: bytes | None = field(default=None, repr=False)
    label: str = ""


@dataclass(frozen=True, slots=True)
class PasskeyRow:
    """One passkey. opens_key: it holds its owner's recovery code, sealed by their device."""

    passkey: str
    label: str
    made_at: datetime
    opens_key: bool


@dataclass(frozen=True, slots=True)
class PasskeysAnswer:
    """All of one owner, the oldest first."""

    passkeys: tuple[PasskeyRow, ...]


@act("passkey add", Permission.READ, own=True)
def add_passkey(archive: Archive, actor: Actor, request: AddPasskeyRequest) -> PasskeysAnswer:
    """Adds one. It is in the ledger, for its owner to see. Raises RoleRefused for somebody else's, UsageError."""
    archive.access.add_passkey(
        actor,
        request.subject,
        request.credential_id,
        request.public_key,
        request.sign_count,
        wrapped=request.wrapped,
        label=request.label,
    )
    return _rows(archive, actor, request.subject)


@dataclass(frozen=True, slots=True)
class PasskeysRequest:
    """Of the account that acts, or of the person named."""

    subject: str | None


@act("passkey list", Permission.READ, own=True)
def list_passkeys(archive: Archive, actor: Actor, request: PasskeysRequest) -> PasskeysAnswer:
    """All of them. Raises RoleRefused for somebody else's."""
    return _rows(archive, actor, request.subject)


@dataclass(frozen=True, slots=True)
class RemovePasskeyRequest:
    """Which one."""

    subject: str | None
    passkey: str


@act("passkey remove", Permission.READ, own=True)
def remove_passkey(archive: Archive, actor: Actor, request: RemovePasskeyRequest) -> PasskeysAnswer:
    """Takes one away: it signs nobody in any more. Raises NotFound, RoleRefused for somebody else's."""
    archive.access.remove_passkey(actor, request.subject, request.passkey)
    return _rows(archive, actor, request.subject)


def _rows(archive: Archive, actor: Actor, subject: str | None) -> PasskeysAnswer:
    found = archive.access.passkeys(actor, subject)
    return PasskeysAnswer(tuple(PasskeyRow(c.id, c.label, c.made_at, c.wrapped is not None) for c in found))
