"""Codes to sign in with, for people whose key the organisation holds; passkeys, for everybody."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from kenbaar.access._records import Credential, CredentialKind, CredentialStore
from kenbaar.consent import Consents
from kenbaar.errors import NotFound, RoleRefused, TokenRefused, UsageError, WrongCode
from kenbaar.keys import CROCKFORD, RecoveryCode, new_token
from kenbaar.ledger import Journal, require_permission
from kenbaar.policy import Actor, Event

MOST_EACH = 20  # ways in of one person or account
LINK_LASTS = timedelta(days=7)
LINK_PREFIX = "kl"
_LONGEST_LABEL = 100  # characters


class Access:
    """How people sign in to one archive's pages."""

    def __init__(self, store: CredentialStore, consents: Consents, journal: Journal) -> None:
        self.store, self._consents, self._journal = store, consents, journal

    def new_code(self, actor: Actor, subject: str) -> str:
        """A code for whoever acts to sign in with, shown once; of it only a digest is kept. Theirs of before ends.

        Nobody makes one for somebody else: they would be able to sign in as them (new_link is for that). Whoever holds
        their own key has a code already, that nobody else can make: UsageError. It is in the ledger. Raises
        RoleRefused, NotFound, ConsentWithdrawn.
        """
        if not actor.speaks_as(subject):
            raise RoleRefused("A code is made by its owner alone.", "Make a link for them, with which they make one.")
        self._may_have_code(subject)
        code = RecoveryCode.new(subject, os.urandom)
        with self._journal.writing():
            self._consents.subject(subject)  # again: they may have left meanwhile
            self._journal.record(Event.ACCESS, actor, subject=subject, kind="code")
            before = [c for c in self.store.of(subject) if c.kind in ("code", "link")]
            self._put(Credential(new_credential_id(), subject, "code", digest_of(code.text), self._journal.now()))
            self._end(before)
        return code.text

    def new_link(self, actor: Actor, subject: str) -> tuple[str, datetime]:
        """A token with which somebody enrolled makes themselves a new code, once, and until when it works.

        Whoever makes it never sees the code, and that they made it is shown to the person. The code of before works
        until then. Raises UsageError where they hold their own key, RoleRefused, NotFound, ConsentWithdrawn.
        """
        require_permission(Event.ACCESS, actor, subject)
        self._may_have_code(subject)
        token = new_token(LINK_PREFIX)
        with self._journal.writing():
            self._consents.subject(subject)
            self._journal.record(Event.ACCESS, actor, subject=subject, kind="link")
            before, now = [c for c in self.store.of(subject) if c.kind == "link"], self._journal.now()
            link = Credential(new_credential_id(), subject, "link", digest_of(token), now, until=now + LINK_LASTS)
            self._put(link)
            self._end(before)
        return token, now + LINK_LASTS

    def subject_of_link(self, untrusted_token: str) -> str:
        """Whose link it is. Raises TokenRefused: used, replaced, over, or never made; which of these is not told."""
        found = self._living(digest_of(untrusted_token.strip()), "link")
        person = self._consents.store.subject(found.owner) if found is not None else None
        over = found is None or found.until is None or found.until <= self._journal.now()
        if found is None or over or person is None or person.left_at:
            raise TokenRefused("This link is not good any more.", "Ask whoever gave it to you for a new one.")
        return found.owner

    def _may_have_code(self, subject: str) -> None:
        person = self._consents.subject(subject)
        if person.holder == "subject":
            raise UsageError(
                f"Subject {subject} holds their own key: their recovery code is what they sign in with.",
                "If it is lost, nobody can make another; they can be invited anew.",
            )
        if person.enrolled_at is None:
            raise UsageError(f"Subject {subject} is not enrolled.", "The invitation they have still works.")

    def subject_of(self, untrusted_code: str) -> str:
        """Whose code it is. Raises WrongCode: mistyped, replaced, or nobody's; which of these is not told."""
        code = RecoveryCode.parse(untrusted_code)
        found = self._living(digest_of(code.text), "code")
        person = self._consents.store.subject(code.subject)
        if found is None or found.owner != code.subject or person is None or person.left_at:
            raise WrongCode("The code is not the one.", "Check it; whoever invited you can have a new one made.")
        return found.owner

    def way_in(self, code: str) -> str | None:
        """The id of the way in that this code is."""
        found = self._living(digest_of(RecoveryCode.parse(code).text), "code")
        return found.id if found is not None else None

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
            return self._put(made)

    def passkeys(self, actor: Actor, subject: str | None) -> list[Credential]:
        """All of whoever acts. Raises RoleRefused for anybody else's."""
        return self._with_key([c for c in self.store.of(self._owner(actor, subject)) if c.kind == "passkey"])

    def remove_passkey(self, actor: Actor, subject: str | None, passkey: str) -> None:
        """It signs nobody in any more. In the ledger. Raises NotFound, RoleRefused."""
        ending = [c for c in self.passkeys(actor, subject) if c.id == passkey]
        if not ending:
            raise NotFound("There is no such passkey.", "See the list.")
        with self._journal.writing(in_doubt=True):
            staff = None if subject is not None else actor.name
            self._journal.record(Event.ACCESS_END, actor, subject=subject, kind="passkey", staff=staff)
            self._end(ending)

    def end_all_of(self, owner: str) -> None:
        """Nothing signs that account in any more: it was ended."""
        with self._journal.writing(in_doubt=True):
            self._end(self.store.of(owner))

    def passkey(self, credential_id: bytes) -> Credential | None:
        """The passkey with that id, whose owner is still here."""
        return self._living(digest_of(credential_id), "passkey")

    def signed(self, credential: Credential, sign_count: int) -> None:
        """It signed once more."""
        with self._journal.writing():
            self.store.put(replace(credential, sign_count=sign_count))

    def is_living(self, credential: str, owner: str) -> bool:
        """Whether that way in still signs its owner in."""
        return any(c.id == credential for c in self._with_key(self.store.of(owner)))

    def problems(self) -> list[str]:
        """What was edited or put back, one sentence each."""
        there = self.store.all()
        living = {c.id for c in self._with_key(there)}
        return self.store.edited() + [
            f"What {c.owner} signed in with ({c.id}) was ended, and is back in the database: it signs nobody in."
            for c in there
            if c.id not in living
        ]

    def recover(self) -> None:
        """Keys of no way in go: somebody was killed in between. By whoever holds the writing lock."""
        claimed = {c.key_id for c in self.store.all()}
        keys = self._consents.keys
        keys.destroy([k for k in keys.ids("access") if k not in claimed], at=self._journal.now())

    def _put(self, credential: Credential) -> Credential:
        key_id, _ = self._consents.keys.add("access", at=self._journal.now(), facts=credential.facts())
        made = replace(credential, key_id=key_id)
        self.store.put(made)
        return made

    def _end(self, ending: Sequence[Credential]) -> None:
        """Their keys first: a kill in between leaves rows that sign nobody in."""
        self._consents.keys.destroy([c.key_id for c in ending], at=self._journal.now())
        self.store.delete([c.id for c in ending])

    def _living(self, digest: str, kind: CredentialKind) -> Credential | None:
        found = self.store.by_digest(digest)
        return next(iter(self._with_key([found])), None) if found is not None and found.kind == kind else None

    def _with_key(self, credentials: Sequence[Credential]) -> list[Credential]:
        """Those whose key is there and was made for exactly them."""
        opened = self._consents.keys.open_for((c.key_id, c.facts()) for c in credentials if c.key_id)
        return [c for c in credentials if c.key_id in opened]

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
