"""Inviting people, and turning what they agreed to into keys, a sealed template and a receipt; renewing it."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

import numpy as np
from numpy.typing import NDArray

from kenbaar.consent._in_force import ConsentsInForce, Sessions
from kenbaar.consent._invite import Invited, check_invitation, make_invitation, make_renewal
from kenbaar.consent._notice import notice_text
from kenbaar.consent._purpose import ASKED, COMPARING, ENGLISH, Purpose
from kenbaar.consent._receipt import ConsentFacts, make_consent_receipt
from kenbaar.consent._records import Grant, Holder, Invitation, SealedTemplate, Subject
from kenbaar.consent._sealed_portraits import joined, parts, sealed_for
from kenbaar.errors import ConsentMissing, UsageError
from kenbaar.keys import (
    CodeSession,
    RecoveryCode,
    pack_vectors,
    seal_template,
    token_hash,
    wrap_data_key,
)
from kenbaar.policy import Actor, Event


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What the person gets back. code: only where they hold the key, only now, kept nowhere."""

    subject: str
    purposes: tuple[Purpose, ...]
    until: datetime
    receipt: str
    code: str | None = field(default=None, repr=False)


class Consents(ConsentsInForce):
    """Invitations and grants of one archive: made, renewed, and looked up (ConsentsInForce)."""

    def invite(
        self,
        actor: Actor,
        name: str,
        purposes: Sequence[Purpose],
        *,
        until: date | None = None,
        holder: Holder | None = None,
        guardian: str | None = None,
        minor: bool = False,
        grant_days: int = 365,
        invitation_days: int = 30,
    ) -> Invited:
        """Makes a new subject and the one-time token that lets that person enrol."""
        with self.journal.writing():
            now = self.journal.now()
            made = {
                "jurisdiction": self.jurisdiction,
                "now": now,
                "grant_days": grant_days,
                "invitation_days": invitation_days,
            }
            wanted = {"until": until, "holder": holder, "guardian": guardian, "minor": minor}
            make_invitation(name, purposes, **wanted, **made, log_key="")  # type: ignore[arg-type]  # refused before a key is made
            log_key, _ = self.keys.add("log", at=now)
            subject, invitation, token = make_invitation(name, purposes, **wanted, **made, log_key=log_key)  # type: ignore[arg-type]
            self.store.add_invited(subject, invitation)
            self.journal.record(Event.INVITE, actor, subject=subject.id, offered=[str(p) for p in invitation.purposes])
        return Invited(subject.id, token, invitation.until, subject.holder)

    def invite_again(
        self,
        actor: Actor,
        subject: str,
        *,
        until: date | None = None,
        grant_days: int = 365,
        invitation_days: int = 30,
    ) -> Invited:
        """The token with which somebody enrolled renews, for the purposes that they agreed to and that are in force.

        Raises NotFound, ConsentWithdrawn for somebody who left, ConsentMissing for somebody not enrolled.
        """
        with self.journal.writing():
            now, person = self.journal.now(), self.subject(subject)
            purposes = [grant.purpose for grant in self.living_grants(subject)]
            if not purposes:
                raise ConsentMissing(f"Subject {subject} is not enrolled.", "The invitation they have still works.")
            made = {"jurisdiction": self.jurisdiction, "now": now, "grant_days": grant_days}
            invitation, token = make_renewal(person, purposes, until=until, invitation_days=invitation_days, **made)  # type: ignore[arg-type]
            self.store.add_invitation(invitation)
            offered = [str(p) for p in invitation.purposes]
            self.journal.record(Event.INVITE, actor, subject=subject, offered=offered, again=True)
        return Invited(subject, token, invitation.until, person.holder)

    def offer(self, token: str, language: str = ENGLISH) -> tuple[Subject, Invitation, str]:
        """Who is invited to what, and the notice they should read first, in that language. Raises TokenRefused."""
        invitation = check_invitation(self.store.invitation(token_hash(token)), self.journal.now())
        subject = self.subject(invitation.subject)
        notice = notice_text(
            self.organisation,
            invitation.purposes,
            subject.holder,
            invitation.until,
            guardian=subject.guardian is not None,
            language=language,
        )
        return subject, invitation, notice

    def enrol(
        self,
        actor: Actor,
        token: str,
        vectors: NDArray[np.float32] | None,
        pack: str,
        *,
        agreed: Collection[Purpose],
        portrait: bytes | None = None,
        language: str = ENGLISH,
    ) -> Enrolled:
        """Turns an invitation into grants, and photos' vectors (float32 (k, d)) into a sealed template.

        It is the person's own act, at whichever account it is done: the token is theirs.
        vectors None: no face recognition for this person; their pictures are pointed out by hand.
        portrait: the JPEG they leave to be compared with by eye (read_reference); only with `ask`.
        language: of the notice that was read.
        Order, so that a kill at any point leaves either everything or orphans that the next writer clears away:
        1. keys  2. sealed template and portrait  3. ledger  4. records (from here on it holds)  5. receipt
        """
        with self.journal.writing():
            now = self.journal.now()
            subject, invitation, notice = self.offer(token, language)
            purposes = tuple(p for p in invitation.purposes if p in set(agreed))
            if not purposes:
                raise ConsentMissing(
                    "None of the purposes offered was agreed to, so nothing was kept.", "Agree to at least one."
                )
            if portrait is not None:
                refuse_portrait_unasked(purposes)
            if not any(p.kind in COMPARING for p in purposes):
                vectors = None  # nothing agreed to compares a face: then no template is kept either
            salt = secrets.token_bytes(16)
            code = RecoveryCode.new(subject.id, secrets.token_bytes) if subject.holder == "subject" else None
            session = code.open_session(salt) if code else None
            data_key = secrets.token_bytes(32)
            template = self._sealed(subject.id, pack, vectors, data_key)
            opens = _Opens(subject, data_key, session, template)
            grants = [self._grant(opens, p, now, invitation.until) for p in purposes]  # 1
            if template:
                self.templates.put(template)  # 2
            if portrait is not None:
                self.portraits.put(subject.id, joined([self._portrait_for(grants, subject, session, portrait)]))
            self.journal.record(
                Event.ENROL,
                actor.as_subject(subject.id),
                subject=subject.id,
                purposes=[str(p) for p in purposes],
                holder=subject.holder,
                **_left(portrait),
            )  # 3
            enrolled = replace(subject, enrolled_at=now, salt=salt)
            self.store.enrol(enrolled, invitation.token_hash, now, grants)  # 4
            receipt = self._receipt(
                subject, purposes, (notice, language), now, invitation.until, vectors is not None, portrait is not None
            )  # 5
        return Enrolled(subject.id, purposes, invitation.until, receipt, code.text if code else None)

    def renew(
        self,
        actor: Actor,
        token: str,
        vectors: NDArray[np.float32] | None,
        pack: str,
        *,
        agreed: Collection[Purpose],
        sessions: Sessions,
        portrait: bytes | None = None,
        language: str = ENGLISH,
    ) -> Enrolled:
        """The same for somebody enrolled already: a new template, and new keys for what they agree to again.

        What they do not agree to again stays as it was: taking back is `withdraw`. The data key stays theirs, so that
        a kill at any point leaves the consent of before or that of now; the keys of before are destroyed.
        vectors None: their template stays as it is. portrait None: theirs stays, sealed anew where `ask` has a new key.
        Raises WrongCode where they hold the key and brought no code.
        1. keys  2. sealed template and portrait, beside those of before  3. ledger  4. records (from here on it holds)
        5. old keys, old templates, old portrait
        """
        with self.journal.writing():
            now = self.journal.now()
            subject, invitation, notice = self.offer(token, language)
            purposes = tuple(p for p in invitation.purposes if p in set(agreed))
            before = self.living_grants(subject.id)
            if not purposes or not before:
                raise ConsentMissing(
                    "Nothing was agreed to, so everything stays as it was.", "Agree to at least one purpose."
                )
            if portrait is not None:
                refuse_portrait_unasked(purposes)
            self.require_session(subject, sessions)
            session = sessions.of(subject.id)
            data_key = self.data_key(before[0], session)
            if not any(p.kind in COMPARING for p in (*purposes, *(g.purpose for g in before))):
                vectors = None
            anew = {*purposes, *(g.purpose for g in before if vectors is not None)}  # these get new keys
            picture = portrait
            if portrait is None and any(p.row.asked for p in anew):
                picture = self.open_portrait(subject.id, session)
            new = self._sealed(subject.id, pack, vectors, data_key)
            template = new or self._template_of(before[0])
            opens = _Opens(subject, data_key, session, template)
            grants = [self._grant(opens, p, now, invitation.until) for p in purposes]  # 1
            replaced = [g for g in before if g.purpose in purposes]
            if new:  # what stays as it was opens the new template from now on
                kept = [g for g in before if g.purpose not in purposes]
                grants += [self._grant(opens, g.purpose, g.given_at, g.until) for g in kept]
                replaced = before
                self.templates.put(new)  # 2
            sealed = b""
            if picture is not None:
                sealed = self._portrait_for(grants, subject, session, picture)
                self.portraits.put(subject.id, joined([*parts(self.portraits.get(subject.id) or b""), sealed]))
            themselves, again = actor.as_subject(subject.id), [str(p) for p in purposes]
            self.journal.record(Event.RENEW, themselves, subject=subject.id, purposes=again, **_left(portrait))  # 3
            self.store.renew(subject, invitation.token_hash, now, grants, replaced)  # 4
            self.keys.destroy([g.key_id for g in replaced], at=now)  # 5
            if new:
                self.templates.delete_others(new)
            if sealed:
                self.portraits.put(subject.id, joined([sealed]))
            elif not any(g.purpose.row.asked for g in self.unended_grants(subject.id)):
                self.portraits.delete([subject.id])
            receipt = self._receipt(
                subject, purposes, (notice, language), now, invitation.until, template is not None, picture is not None
            )
        return Enrolled(subject.id, purposes, invitation.until, receipt, None)

    def may_agree_to(self, subject: str) -> list[Purpose]:
        """What somebody enrolled was offered at any time and does not agree to now, by name."""
        offered = {p for invitation in self.store.invitations_of(subject) for p in invitation.purposes}
        return sorted(offered - {g.purpose for g in self.living_grants(subject)}, key=str)

    def agree(
        self, actor: Actor, subject: str, purpose: Purpose, *, sessions: Sessions, language: str = ENGLISH
    ) -> Enrolled:
        """One purpose more, of those somebody enrolled was offered; until what they agreed to first ends last.

        Its key opens the template that is there; where there is none, their pictures are pointed out by hand. Raises
        ConsentMissing where it was never offered or they are not enrolled, UsageError where they agreed already,
        WrongCode where they hold the key and brought no code. As `renew`: 1. key  2. ledger  3. records  4. receipt
        """
        with self.journal.writing():
            now, person, before = self.journal.now(), self.subject(subject), self.living_grants(subject)
            if not before:
                raise ConsentMissing(f"Subject {subject} is not enrolled.", "The invitation they have still works.")
            if any(g.purpose == purpose for g in before):
                raise UsageError("That is agreed to already.", "It holds until its end date, or until it is withdrawn.")
            if purpose not in self.may_agree_to(subject):
                raise ConsentMissing("That was never offered.", "Ask the organisation for an invitation to it.")
            self.require_session(person, sessions)
            session, until = sessions.of(subject), max(g.until for g in before)
            template = next((t for t in map(self._template_of, before) if t), None)
            compared = template if purpose.kind in COMPARING else None
            opens = _Opens(person, self.data_key(before[0], session), session, compared)
            grant = self._grant(opens, purpose, now, until)  # 1
            themselves = actor.as_subject(subject)
            self.journal.record(Event.RENEW, themselves, subject=subject, purposes=[str(purpose)])  # 2
            self.store.renew(person, "", now, [grant], [])  # 3
            text = notice_text(
                self.organisation,
                [purpose],
                person.holder,
                until,
                guardian=person.guardian is not None,
                language=language,
            )
            receipt = self._receipt(person, (purpose,), (text, language), now, until, compared is not None, False)  # 4
        return Enrolled(subject, (purpose,), until, receipt, None)

    def _sealed(
        self, subject: str, pack: str, vectors: NDArray[np.float32] | None, data_key: bytes
    ) -> SealedTemplate | None:
        """Somebody's next template for that pack, if there is one; not kept yet."""
        if vectors is None:
            return None
        before = self.templates.get(subject, pack)
        version = 1 if before is None else before.version + 1
        sealed = seal_template(data_key, pack_vectors(vectors), subject=subject, pack=pack, version=version)
        return SealedTemplate(subject, pack, version, sealed)

    def _template_of(self, grant: Grant) -> SealedTemplate | None:
        """The template that this grant opens."""
        return next((t for t in self.templates.packs_of(grant.subject) if t.digest == grant.template), None)

    def _portrait_for(
        self, grants: Sequence[Grant], subject: Subject, session: CodeSession | None, portrait: bytes
    ) -> bytes:
        """The portrait sealed for the grant to `ask` among these, made just now."""
        grant = next(g for g in grants if g.purpose.row.asked)
        return sealed_for(self._purpose_key(grant, subject, session), portrait, subject.id)

    def _receipt(
        self,
        subject: Subject,
        purposes: Sequence[Purpose],
        notice: tuple[str, str],
        now: datetime,
        until: datetime,
        template: bool,
        portrait: bool,
    ) -> str:
        """The signed receipt of a consent, kept. notice: its text and its language."""
        facts = ConsentFacts(
            organisation=self.organisation,
            jurisdiction=self.jurisdiction,
            subject=subject.id,
            purposes=tuple(purposes),
            notice=notice[0],
            language=notice[1],
            holder=subject.holder,
            given_at=now,
            until=until,
            guardian=subject.guardian is not None,
            template=template,
            portrait=portrait,
        )
        receipt = make_consent_receipt(facts, self.signer)
        self.store.keep_receipt(subject.id, "consent", now, receipt)
        return receipt

    def _grant(self, opens: _Opens, purpose: Purpose, given_at: datetime, until: datetime) -> Grant:
        """A new key for that person and purpose, made for these facts alone, and the data key wrapped under it."""
        template, session = opens.template, opens.session
        facts = Grant(
            "", opens.subject.id, purpose, "", None, given_at, until,
            pack=template.pack if template else "", template=template.digest if template else "",
        )  # fmt: skip
        kind, now = "share" if session else "purpose", self.journal.now()
        key_id, key = self.keys.add(kind, at=now, facts=facts.facts(opens.subject))
        purpose_key = session.purpose_key(key, str(purpose)) if session else key
        grant_id = "g-" + hashlib.sha256(key_id.encode()).hexdigest()[:16]
        return replace(facts, id=grant_id, key_id=key_id, wrapped_key=wrap_data_key(purpose_key, opens.data_key))


def refuse_portrait_unasked(purposes: Collection[Purpose]) -> None:
    """Raises UsageError where nobody could ever be shown a portrait: `ask` is not among these."""
    if not any(p.row.asked for p in purposes):
        raise UsageError(
            f"A portrait is kept only for who agrees to {' or '.join(ASKED)}, so nothing was kept.",
            "Leave --portrait out, or agree to that as well, where it is offered.",
        )


def _left(portrait: bytes | None) -> dict[str, bool]:
    """What the ledger says of a portrait that was left."""
    return {} if portrait is None else {"portrait": True}


@dataclass(frozen=True, slots=True)
class _Opens:
    """What somebody's grants open. session: where they hold the key; template: None where no face is compared."""

    subject: Subject
    data_key: bytes = field(repr=False)
    session: CodeSession | None
    template: SealedTemplate | None
