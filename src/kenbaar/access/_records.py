"""What somebody signs in with, as a value, and the store that keeps it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from kenbaar.keys import canonical

CredentialKind = Literal["code", "passkey", "link"]


@dataclass(frozen=True, slots=True)
class Credential:
    """One way in. owner: a subject's id or an account's.

    digest: SHA-256 of a code, hex; of a passkey, of its credential id. public_key: a passkey's, COSE. sign_count: how
    often it signed, as it said last (WebAuthn Level 3, 6.1.1). wrapped: a person's recovery code, sealed by their
    device under a key that only it can make (the prf extension): noise to everybody else. label: its owner's word.
    until: of a link alone, with which its owner makes a new code, once. key_id: of a key in the key store that was made
    for exactly this way in and is destroyed with it: a row that is put back signs nobody in.
    """

    id: str
    owner: str
    kind: CredentialKind
    digest: str
    made_at: datetime
    label: str = ""
    credential_id: bytes | None = None
    public_key: bytes | None = field(default=None, repr=False)
    sign_count: int = 0
    wrapped: bytes | None = field(default=None, repr=False)
    until: datetime | None = None
    key_id: str = ""

    def facts(self) -> bytes:
        """What its key is bound to: all of it but how often it signed."""
        made = (self.id, self.owner, self.kind, self.digest, self.made_at, self.label)
        return canonical("way in", *made, self.credential_id, self.public_key, self.wrapped, self.until)


class CredentialStore(Protocol):
    """Where they lie, sealed: one that was edited is refused (ArchiveBroken)."""

    def put(self, credential: Credential) -> None:
        """Keeps it, in place of what was known of it."""

    def by_digest(self, digest: str) -> Credential | None:
        """The one with that digest."""

    def of(self, owner: str) -> list[Credential]:
        """All of one person or account, the oldest first."""

    def delete(self, ids: list[str]) -> None:
        """They sign nobody in any more."""

    def all(self) -> list[Credential]:
        """Everybody's, edited or not."""

    def edited(self) -> list[str]:
        """What was edited, one sentence each."""
