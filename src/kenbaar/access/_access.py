"""Codes to sign in with, for people whose key the organisation holds; passkeys, for everybody."""

from __future__ import annotations

import hashlib
import os
import secrets
from dataclasses import replace

from kenbaar.access._records import Credential, CredentialStore
from kenbaar.consent import Consents
from kenbaar.errors import NotFound, RoleRefused, UsageError, WrongCode
from kenbaar.keys import CROCKFORD, RecoveryCode
from kenbaar.ledger import Journal, require_permission
from kenbaar.policy import Actor, Event

MOST_EACH = 20  # ways in of one person or account
_LONGEST_LABEL = 100  # characters


class Access:
    """How people sign in to one archive's pages."""

    def __init__(self, store: CredentialStore, consents: Consents, journal: Journal) -> None:
        self.store, self._consents, self._journal = store, consents, journal

    def new_code(self, actor: Actor, subject: str) -> str:
        """A code for somebody enrolled to sign in with, shown once; of it only a digest is kept. Theirs of before ends.

        Whoever holds their own key has a code already, that nobody else can make: UsageError. It is in the ledger, and
        who made it is shown to the person. Raises NotFound, ConsentWithdrawn.
        """
        require_permission(Event.ACCESS, actor, subject)
        person = self._consents.subject(subject)
        if person.holder == "subject":
            raise UsageError(
                f"Subject {subject} holds their own key: their recovery code is what they sign in with.",
                "If it is lost, nobody can make another; they can be invited anew.",
            )
        if person.enrolled_at is None:
            raise UsageError(f"Subject {subject} is not enrolled.", "The invitation they have still works.")
        code = RecoveryCode.new(subject, os.urandom)
        with self._journal.writing():
            self._consents.subject(subject)  # again: they may have left meanwhile
            self._journal.record(Event.ACCESS, actor, subject=subject, kind="code")
            before = [c.id for c in self.store.of(subject) if c.kind == "code"]
            self.store.put(Credential(new_credential_id(), subject, "code", digest_of(code.text), self._journal.now()))
            self.store.delete(before)
        return code.text

    def subject_of(self, untrusted_code: str) -> str:
        """Whose code it is. Raises WrongCode: mistyped, replaced, or nobody's; which of these is not told."""
        code = RecoveryCode.parse(untrusted_code)
        found = self.store.by_digest(digest_of(code.text))
        person = self._consents.store.subject(code.subject)
        if found is None or found.kind != "code" or found.owner != code.subject or person is None or person.left_at:
            raise WrongCode("The code is not the one.", "Check it; whoever invited you can have a new one made.")
        return found.owner

    def add_passkey(
        self,
        actor: Actor,
        subject: str | None,
        credential_id: bytes,
        public_key: bytes,
        sign_count: int,
        *,
        wrapped: bytes | None = None,
        label: str = "",
    ) -> Credential:
        """One more passkey of whoever acts: of that person, or (None) of the account.

        wrapped: the recovery code of somebody who holds their own key, sealed by their device. In the ledger. Raises
        RoleRefused for anybody else's, UsageError where it is known already or they have too many.
        """
        owner = self._owner(actor, subject)
        digest = digest_of(credential_id)
        if len(label) > _LONGEST_LABEL or len(self.store.of(owner)) >= MOST_EACH:
            raise UsageError("There are too many passkeys, or its name is too long.", "Take one away first.")
        made = Credential(
            new_credential_id(), owner, "passkey", digest, self._journal.now(),
            label, credential_id, public_key, sign_count, wrapped,
        )  # fmt: skip
        with self._journal.writing():
            if self.store.by_digest(digest) is not None:
                raise UsageError("This passkey is known already.", "Sign in with it.")
            staff = None if subject is not None else owner
            self._journal.record(Event.ACCESS, actor, subject=subject, kind="passkey", staff=staff)
            self.store.put(made)
        return made

    def passkeys(self, actor: Actor, subject: str | None) -> list[Credential]:
        """All of whoever acts. Raises RoleRefused for anybody else's."""
        return [c for c in self.store.of(self._owner(actor, subject)) if c.kind == "passkey"]

    def remove_passkey(self, actor: Actor, subject: str | None, passkey: str) -> None:
        """It signs nobody in any more. Raises NotFound, RoleRefused."""
        if passkey not in {c.id for c in self.passkeys(actor, subject)}:
            raise NotFound("There is no such passkey.", "See the list.")
        with self._journal.writing():
            self.store.delete([passkey])

    def passkey(self, credential_id: bytes) -> Credential | None:
        """The passkey with that id, whose owner is still here."""
        found = self.store.by_digest(digest_of(credential_id))
        return found if found is not None and found.kind == "passkey" else None

    def signed(self, credential: Credential, sign_count: int) -> None:
        """It signed once more."""
        with self._journal.writing():
            self.store.put(replace(credential, sign_count=sign_count))

    def _owner(self, actor: Actor, subject: str | None) -> str:
        """Whose passkeys whoever acts may touch: their own. Raises RoleRefused."""
        if subject is not None and actor.speaks_as(subject):
            return self._consents.subject(subject).id
        if subject is None and actor.kind == "staff":
            return actor.name
        raise RoleRefused("Passkeys are their owner's alone.", "Sign in as the one whose they are.")


def new_credential_id() -> str:
    """A random id, "w-" and 8 characters."""
    return "w-" + "".join(secrets.choice(CROCKFORD) for _ in range(8))


def digest_of(code: str | bytes) -> str:
    """SHA-256, hex: codes and credential ids carry 128 random bits or more, so a plain digest is enough."""
    return hashlib.sha256(code.encode() if isinstance(code, str) else code).hexdigest()
