"""An account of the organisation's own people, and the store that keeps them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from kenbaar.policy import RoleName


@dataclass(frozen=True, slots=True)
class StaffAccount:
    """One account.

    id: "a-" and 8 characters. name: whose it is. subject: who they are themselves, where they enrolled: so nobody
    reviews a question to which they may be the answer. trial: to try it out, for days. approved_by: the account that
    made it. until: exclusive. token_hash: of the token that lets its owner accept it, once. salt, verifier: of their
    passphrase. ended_at: when somebody ended it.
    """

    id: str
    name: str = field(repr=False)
    role: RoleName
    subject: str | None
    trial: bool
    approved_by: str
    invited_at: datetime
    until: datetime
    token_hash: str | None = field(default=None, repr=False)
    accepted_at: datetime | None = None
    salt: bytes | None = field(default=None, repr=False)
    verifier: bytes | None = field(default=None, repr=False)
    ended_at: datetime | None = None

    def is_living(self, at: datetime) -> bool:
        """Whether it can be used then, or accepted."""
        return self.ended_at is None and at < self.until

    def state(self, at: datetime) -> str:
        """invited, active or ended."""
        if not self.is_living(at):
            return "ended"
        return "active" if self.accepted_at else "invited"


class StaffStore(Protocol):
    """Where accounts lie, sealed: one that was edited is refused (ArchiveBroken)."""

    def put(self, account: StaffAccount) -> None:
        """Keeps it, in place of what was known of it."""

    def get(self, account: str) -> StaffAccount | None:
        """One account, or None."""

    def by_token(self, token_hash: str) -> StaffAccount | None:
        """The account that this token was made for, and that nobody accepted yet."""

    def all(self) -> list[StaffAccount]:
        """Every account, the oldest first."""

    def protecting(self) -> list[bytes]:
        """The rows of accounts that were ended, as they stand there."""

    def edited(self) -> list[str]:
        """What was edited, one sentence each."""
