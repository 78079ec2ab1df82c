"""Where consent is given, looked up, and turned into an opened gallery. The only maker of ConsentedGallery."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import date, datetime

import numpy as np
from numpy.typing import NDArray

from kenbaar.consent._invite import Invited, check_invitation, make_invitation, make_renewal, token_hash
from kenbaar.consent._notice import notice_text
from kenbaar.consent._purpose import Purpose
from kenbaar.consent._receipt import ConsentFacts, make_consent_receipt
from kenbaar.consent._records import ConsentStore, Grant, Holder, Invitation, SealedTemplate, Subject, TemplateStore
from kenbaar.consent._rows import stored_rows
from kenbaar.errors import (
    ConsentExpired,
    ConsentMissing,
    ConsentWithdrawn,
    KeyDestroyed,
    NotFound,
    UsageError,
    WrongCode,
)
from kenbaar.gallery import COMPACT_FROM, ConsentedGallery, combine
from kenbaar.keys import (
    CodeSession,
    KeyStore,
    RecoveryCode,
    SigningKey,
    open_template,
    pack_vectors,
    seal_template,
    unwrap_data_key,
    wrap_data_key,
)
from kenbaar.ledger import Journal

RECOGNISING = ("find", "show")  # the purposes for which Kenbaar compares faces: to find me, or to leave me visible
Writing = Callable[[], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What the person gets back. code: only where they hold the key, only now, kept nowhere."""

    subject: str
    purposes: tuple[Purpose, ...]
    until: datetime
    receipt: str
    look_alikes: int
    code: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Sessions:
    """The recovery codes somebody brought along, worked out once (Argon2id) and good for this run alone."""

    by_subject: Mapping[str, CodeSession] = field(default_factory=dict, repr=False)

    def of(self, subject: str) -> CodeSession | None:
        """That person's session, if they opened one."""
        return self.by_subject.get(subject)


class Consents:
    """Invitations, grants and opened galleries of one archive."""

    def __init__(
        self,
        store: ConsentStore,
        templates: TemplateStore,
        keys: KeyStore,
        signer: SigningKey,
        journal: Journal,
        compact_from: int = COMPACT_FROM,
    ) -> None:
        """compact_from: rows from which on an opened gallery is compact (kenbaar.gallery)."""
        self.store, self.templates, self.keys, self.signer = store, templates, keys, signer
        self.journal, self.compact_from = journal, compact_from

    @property
    def jurisdiction(self) -> str:
        """Where the organisation is: eu, uk, ch, us, us-il, us-tx, us-wa or other."""
        return self.store.note("jurisdiction") or "eu"

    @property
    def organisation(self) -> str:
        """The organisation's name, as receipts and notices show it."""
        return self.store.note("organisation") or "this organisation"

    # -- inviting and enrolling ------------------------------------------------------------------------------------

    def invite(
        self,
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
            self.journal.record("invite", subject=subject.id, offered=[str(p) for p in invitation.purposes])
        return Invited(subject.id, token, invitation.until, subject.holder)

    def invite_again(
        self, subject: str, *, until: date | None = None, grant_days: int = 365, invitation_days: int = 30
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
            self.journal.record("invite", subject=subject, offered=[str(p) for p in invitation.purposes], again=True)
        return Invited(subject, token, invitation.until, person.holder)

    def offer(self, token: str) -> tuple[Subject, Invitation, str]:
        """Who is invited to what, and the notice they should read first. Raises TokenRefused."""
        invitation = check_invitation(self.store.invitation(token_hash(token)), self.journal.now())
        subject = self.subject(invitation.subject)
        notice = notice_text(
            self.organisation,
            invitation.purposes,
            subject.holder,
            invitation.until,
            guardian=subject.guardian is not None,
        )
        return subject, invitation, notice

    def enrol(
        self,
        token: str,
        vectors: NDArray[np.float32] | None,
        pack: str,
        *,
        agreed: Collection[Purpose],
        look_alikes: Callable[[NDArray[np.float32], ConsentedGallery], Sequence[str]],
    ) -> Enrolled:
        """Turns an invitation into grants, and photos' vectors (float32 (k, d)) into a sealed template.

        vectors None: no face recognition for this person; their pictures are pointed out by hand.
        Order, so that a kill at any point leaves either everything or orphans that the next writer clears away:
        1. keys  2. sealed template  3. ledger  4. records (from here on it holds)  5. receipt
        """
        with self.journal.writing():
            now = self.journal.now()
            subject, invitation, notice = self.offer(token)
            purposes = tuple(p for p in invitation.purposes if p in set(agreed))
            if not purposes:
                raise ConsentMissing(
                    "None of the purposes offered was agreed to, so nothing was kept.", "Agree to at least one."
                )
            if not any(p.kind in RECOGNISING for p in purposes):
                vectors = None  # nothing agreed to compares a face: then no template is kept either
            alike = [] if vectors is None else self._alike(subject.id, vectors, pack, look_alikes)
            salt = secrets.token_bytes(16)
            code = RecoveryCode.new(subject.id, secrets.token_bytes) if subject.holder == "subject" else None
            session = code.open_session(salt) if code else None
            data_key = secrets.token_bytes(32)
            grants = [self._grant(subject.id, p, data_key, session, now, invitation.until) for p in purposes]  # 1
            self._seal(subject.id, pack, vectors, data_key)  # 2
            self.journal.record(
                "enrol", subject=subject.id, purposes=[str(p) for p in purposes], holder=subject.holder
            )  # 3
            enrolled = replace(subject, enrolled_at=now, salt=salt, look_alike=bool(alike))
            self.store.enrol(enrolled, invitation.token_hash, now, grants, alike)  # 4
            receipt = self._receipt(subject, purposes, notice, now, invitation.until, vectors is not None)  # 5
        return Enrolled(subject.id, purposes, invitation.until, receipt, len(alike), code.text if code else None)

    def renew(
        self,
        token: str,
        vectors: NDArray[np.float32] | None,
        pack: str,
        *,
        agreed: Collection[Purpose],
        sessions: Sessions,
        look_alikes: Callable[[NDArray[np.float32], ConsentedGallery], Sequence[str]],
    ) -> Enrolled:
        """The same for somebody enrolled already: a new template, and new keys for what they agree to again.

        What they do not agree to again stays as it was: taking back is `withdraw`. The data key stays theirs, so that
        a kill at any point leaves the consent of before or that of now; the keys of before are destroyed.
        vectors None: their template stays as it is. Raises WrongCode where they hold the key and brought no code.
        1. keys  2. sealed template  3. ledger  4. records (from here on it holds)  5. old keys, old templates
        """
        with self.journal.writing():
            now = self.journal.now()
            subject, invitation, notice = self.offer(token)
            purposes = tuple(p for p in invitation.purposes if p in set(agreed))
            before = self.living_grants(subject.id)
            if not purposes or not before:
                raise ConsentMissing(
                    "Nothing was agreed to, so everything stays as it was.", "Agree to at least one purpose."
                )
            self.require_session(subject, sessions)
            session = sessions.of(subject.id)
            first = before[0]
            data_key = self._data_key(first.purpose, self.keys.get(first.key_id), first.wrapped_key or b"", session)
            if not any(p.kind in RECOGNISING for p in (*purposes, *(g.purpose for g in before))):
                vectors = None
            alike = [] if vectors is None else self._alike(subject.id, vectors, pack, look_alikes)
            grants = [self._grant(subject.id, p, data_key, session, now, invitation.until) for p in purposes]  # 1
            self._seal(subject.id, pack, vectors, data_key)  # 2
            self.journal.record("renew", subject=subject.id, purposes=[str(p) for p in purposes])  # 3
            renewed = replace(subject, look_alike=bool(alike) if vectors is not None else subject.look_alike)
            replaced = [g for g in before if g.purpose in purposes]
            self.store.renew(renewed, invitation.token_hash, now, grants, alike, replaced)  # 4
            self.keys.destroy([g.key_id for g in replaced], at=now)  # 5
            if vectors is not None:
                self.templates.delete_others(subject.id, pack)
            has_template = bool(self.templates.packs_of(subject.id))
            receipt = self._receipt(subject, purposes, notice, now, invitation.until, has_template)
        return Enrolled(subject.id, purposes, invitation.until, receipt, len(alike), None)

    def _alike(
        self,
        subject: str,
        vectors: NDArray[np.float32],
        pack: str,
        look_alikes: Callable[[NDArray[np.float32], ConsentedGallery], Sequence[str]],
    ) -> list[str]:
        """Who else of that pack looks much like somebody with these vectors."""
        gallery = self.open_gallery(RECOGNISING, pack, Sessions())
        try:
            return [s for s in look_alikes(combine(vectors), gallery) if s != subject]
        finally:
            gallery.wipe()

    def _seal(self, subject: str, pack: str, vectors: NDArray[np.float32] | None, data_key: bytes) -> None:
        """Keeps somebody's template for that pack, if there is one."""
        if vectors is not None:
            sealed = seal_template(data_key, pack_vectors(vectors), subject=subject, pack=pack, version=1)
            self.templates.put(SealedTemplate(subject, pack, 1, sealed))

    def _receipt(
        self, subject: Subject, purposes: Sequence[Purpose], notice: str, now: datetime, until: datetime, template: bool
    ) -> str:
        """The signed receipt of a consent, kept."""
        facts = ConsentFacts(
            organisation=self.organisation,
            jurisdiction=self.jurisdiction,
            subject=subject.id,
            purposes=tuple(purposes),
            notice=notice,
            holder=subject.holder,
            given_at=now,
            until=until,
            guardian=subject.guardian is not None,
            template=template,
        )
        receipt = make_consent_receipt(facts, self.signer)
        self.store.keep_receipt(subject.id, "consent", now, receipt)
        return receipt

    def _grant(
        self,
        subject: str,
        purpose: Purpose,
        data_key: bytes,
        session: CodeSession | None,
        now: datetime,
        until: datetime,
    ) -> Grant:
        """A new key for that person and purpose, and the data key wrapped under it."""
        key_id, key = self.keys.add("share" if session else "purpose", at=now)
        purpose_key = session.purpose_key(key, str(purpose)) if session else key
        grant_id = "g-" + hashlib.sha256(key_id.encode()).hexdigest()[:16]
        return Grant(grant_id, subject, purpose, key_id, wrap_data_key(purpose_key, data_key), now, until)

    # -- looking up ------------------------------------------------------------------------------------------------

    def subject(self, subject: str) -> Subject:
        """One subject. Raises NotFound, or ConsentWithdrawn where they have left."""
        found = self.store.subject(subject)
        if found is None:
            raise NotFound(
                f"There is no subject {subject}.", "See `kenbaar subjects` for the ids of those who enrolled."
            )
        if found.left_at is not None:
            raise ConsentWithdrawn(
                f"Subject {subject} has left; their keys are destroyed.", "They can be invited anew."
            )
        return found

    def living_grants(self, subject: str) -> list[Grant]:
        """The grants of one person that are in force now: not ended, not past their date, key not destroyed."""
        now = self.journal.now()
        open_ = [g for g in self.store.grants_of(subject) if g.ended_at is None and now < g.until]
        alive = self.keys.alive([g.key_id for g in open_])
        return [g for g in open_ if g.key_id in alive]

    def require(self, subject: str, kind: str, channel: str | None = None) -> Grant:
        """The grant that allows this, in force now. Raises ConsentMissing, ConsentExpired or ConsentWithdrawn."""
        self.subject(subject)
        fitting = [g for g in self.store.grants_of(subject) if g.purpose.kind == kind]
        if channel is not None:
            fitting = [g for g in fitting if g.purpose.allows_show_on(channel)]
        living = {g.id for g in self.living_grants(subject)}
        for grant in fitting:
            if grant.id in living:
                return grant
        if not fitting:
            raise ConsentMissing(
                f"Subject {subject} did not agree to {kind}.", "Invite them for it, or leave them out."
            )
        if any(g.ended_at is None or g.end_reason == "date" for g in fitting):
            raise ConsentExpired(
                f"The consent of subject {subject} to {kind} has ended.", "Invite them anew, or leave them out."
            )
        raise ConsentWithdrawn(f"Subject {subject} withdrew their consent to {kind}.", "Leave them out.")

    def may_show(self, channel: str) -> frozenset[str]:
        """Everybody whose face may stay visible in that channel, now."""
        grants = [g for g in self.store.grant_keys(("show",), self.journal.now()) if g.purpose.allows_show_on(channel)]
        alive = self.keys.alive([g.key_id for g in grants])
        return frozenset(g.subject for g in grants if g.key_id in alive)

    def recognisable(self) -> dict[str, frozenset[str]]:
        """subject -> ids of the grants in force for which Kenbaar may compare that person's face."""
        grants = self.store.grant_keys(RECOGNISING, self.journal.now())
        alive = self.keys.alive([g.key_id for g in grants])
        found: dict[str, set[str]] = {}
        for grant in grants:
            if grant.key_id in alive:
                found.setdefault(grant.subject, set()).add(grant.grant)
        return {subject: frozenset(ids) for subject, ids in found.items()}

    def sessions(self, codes: Iterable[str]) -> Sessions:
        """Opens a session for each recovery code. Raises WrongCode; a right one is proved when a key unwraps."""
        opened: dict[str, CodeSession] = {}
        for text in codes:
            code = RecoveryCode.parse(text)
            subject = self.subject(code.subject)
            if subject.holder != "subject" or subject.salt is None:
                raise UsageError(f"The key of subject {subject.id} is not held by a code.", "Leave --code out.")
            session = code.open_session(subject.salt)
            self._prove(session, subject.id)
            opened[subject.id] = session
        return Sessions(opened)

    def _prove(self, session: CodeSession, subject: str) -> None:
        """A code that opens none of the person's living grants is wrong."""
        grants = self.living_grants(subject)
        if not grants:
            raise ConsentWithdrawn(f"Subject {subject} has no consent in force.", "They can be invited anew.")
        first = grants[0]
        self._data_key(first.purpose, self.keys.get(first.key_id), first.wrapped_key or b"", session)

    def require_session(self, subject: Subject, sessions: Sessions) -> None:
        """Where the person holds the key, nothing is answered without them. Raises WrongCode."""
        if subject.holder == "subject" and sessions.of(subject.id) is None:
            raise WrongCode(
                f"Subject {subject.id} holds their own key.",
                "Ask them to run this with --code and their recovery code.",
            )

    # -- opening a gallery -----------------------------------------------------------------------------------------

    def open_gallery(
        self, kinds: Sequence[str], pack: str, sessions: Sessions, *, only: Collection[str] | None = None, dim: int = 0
    ) -> ConsentedGallery:
        """Everybody whose template opens for one of these purposes, now: what has no living grant stays closed.

        only: these subjects alone (a roster, a claim). People who hold their own key are in it only with a session.
        dim: length of the pack's vectors, for a gallery that stays empty.
        A large gallery is compact, and never all in memory as float32. NoSpace where its sealed rows find no room.
        """
        now = self.journal.now()
        grants = [g for g in self.store.grant_keys(kinds, now) if only is None or g.subject in only]
        keys = self.keys.get_many([g.key_id for g in grants])
        chosen = {g.subject: g for g in reversed(grants) if g.key_id in keys}
        held, alike = self.store.self_held(), self.store.look_alikes()
        subjects: list[str] = []

        def opened() -> Iterator[bytes]:
            for template in self.templates.for_pack(pack) if chosen else ():
                subject = template.subject
                session = sessions.of(subject)
                if (grant := chosen.get(subject)) is None or (session is None and subject in held):
                    continue
                data_key = self._data_key(grant.purpose, keys[grant.key_id], grant.wrapped_key, session)
                subjects.append(subject)
                yield open_template(data_key, template.sealed, subject=subject, pack=pack, version=template.version)

        rows = stored_rows(opened(), dim, self.compact_from)
        return ConsentedGallery.of(
            pack=pack, purposes=kinds, opened_at=now, subjects=subjects, rows=rows, stricter=alike & set(subjects)
        )

    def _data_key(self, purpose: Purpose, key: bytes, wrapped: bytes, session: CodeSession | None) -> bytes:
        """Unwraps the data key of one grant. A share alone does not open it."""
        purpose_key = session.purpose_key(key, str(purpose)) if session else key
        return unwrap_data_key(purpose_key, wrapped, otherwise=WrongCode if session else KeyDestroyed)
