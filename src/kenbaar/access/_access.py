"""Codes to sign in with, for people whose key the organisation holds."""

from __future__ import annotations

import hashlib
import os
import secrets

from kenbaar.access._records import Credential, CredentialStore
from kenbaar.consent import Consents
from kenbaar.errors import UsageError, WrongCode
from kenbaar.keys import CROCKFORD, RecoveryCode
from kenbaar.ledger import Journal, require_permission
from kenbaar.policy import Actor, Event


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


def new_credential_id() -> str:
    """A random id, "w-" and 8 characters."""
    return "w-" + "".join(secrets.choice(CROCKFORD) for _ in range(8))


def digest_of(code: str | bytes) -> str:
    """SHA-256, hex: codes and credential ids carry 128 random bits or more, so a plain digest is enough."""
    return hashlib.sha256(code.encode() if isinstance(code, str) else code).hexdigest()
