"""Who does an act: every act has an actor, which stands in the ledger and is shown to the person concerned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ActorKind = Literal["operator", "staff", "subject", "system"]
RoleName = Literal["officer", "editor", "reviewer", "auditor"]


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts.

    kind: operator (an account of the shell), staff (an account of Kenbaar's, with a role and an end date),
    subject (the person themselves, by code, token or session), system (the calendar, recovery after a kill).
    name: the account's name or id, the subject's id, or the part of the system.
    role: what an operator or staff may do; None for subjects and the system.
    account: through whose account a subject acted, where it was not their own session (a command line at the desk).
    """

    kind: ActorKind
    name: str
    role: RoleName | None = None
    account: str | None = None

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}"

    @property
    def account_name(self) -> str:
        """The account that acts: whose it is, or through which a person acts for themselves."""
        return self.account or self.name

    def as_subject(self, subject: str) -> Actor:
        """That person acting for themselves, by a code or token they brought along to this actor's account."""
        return self if self.kind == "subject" else Actor("subject", subject, account=self.name)

    def speaks_as(self, subject: str) -> bool:
        """True where it is that person themselves."""
        return self.kind == "subject" and self.name == subject


SYSTEM = Actor("system", "kenbaar")


def subject_actor(subject: str) -> Actor:
    """The person with that id, acting for themselves."""
    return Actor("subject", subject)
