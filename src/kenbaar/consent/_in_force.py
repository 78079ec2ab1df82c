"""Who agreed to what, now; and the opened gallery that comes of it. The only maker of ConsentedGallery."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from kenbaar.consent._purpose import ASKED, COMPARING, FINDING, RECOGNISING, SHOWING, Purpose
from kenbaar.consent._records import ConsentStore, Grant, GrantKey, PortraitStore, Subject, TemplateStore
from kenbaar.consent._rows import stored_rows
from kenbaar.consent._sealed_portraits import opened_by
from kenbaar.errors import (
    ArchiveBroken,
    ConsentExpired,
    ConsentMissing,
    ConsentWithdrawn,
    KeyDestroyed,
    NotFound,
    TemplateUnreadable,
    UsageError,
    WrongCode,
)
from kenbaar.gallery import COMPACT_FROM, ConsentedGallery
from kenbaar.keys import (
    CodeSession,
    KeyStore,
    RecoveryCode,
    SigningKey,
    open_template,
    unwrap_data_key,
)
from kenbaar.ledger import Journal
from kenbaar.policy import Actor

log = logging.getLogger(__name__)

Code = str | CodeSession  # a recovery code, or what one opened while its person is here

SOMEBODY_HERE = "here"  # in a gallery of somebody who is here: no id of theirs, for none is made


@dataclass(frozen=True, slots=True)
class Sessions:
    """The recovery codes somebody brought along, worked out once (Argon2id) and good for this run alone."""

    by_subject: Mapping[str, CodeSession] = field(default_factory=dict, repr=False)

    def of(self, subject: str) -> CodeSession | None:
        """That person's session, if they opened one."""
        return self.by_subject.get(subject)

    def actor(self, actor: Actor, subject: str) -> Actor:
        """Who acts about that person: they themselves where they opened a session, else the actor given."""
        return actor if self.of(subject) is None else actor.as_subject(subject)


class ConsentsInForce:
    """Who agreed to what in one archive, looked up, and turned into opened galleries."""

    def __init__(
        self,
        store: ConsentStore,
        templates: TemplateStore,
        portraits: PortraitStore,
        keys: KeyStore,
        signer: SigningKey,
        journal: Journal,
        compact_from: int = COMPACT_FROM,
    ) -> None:
        """compact_from: rows from which on an opened gallery is compact (kenbaar.gallery)."""
        self.store, self.templates, self.portraits = store, templates, portraits
        self.keys, self.signer = keys, signer
        self.journal, self.compact_from = journal, compact_from

    @property
    def jurisdiction(self) -> str:
        """Where the organisation is: a row of policy's jurisdictions."""
        return self.store.note("jurisdiction") or "eu"

    @property
    def organisation(self) -> str:
        """The organisation's name, as receipts and notices show it."""
        return self.store.note("organisation") or "this organisation"

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
        """The grants of one person that are in force now: not ended, not past their date, and their key opens for what
        they say. One whose row was edited is none."""
        person, now = self.store.subject(subject), self.journal.now()
        if person is None:
            return []
        open_ = [g for g in self.store.grants_of(subject) if g.ended_at is None and now < g.until]
        opened = self.keys.open_for([(g.key_id, g.facts(person)) for g in open_])
        return [g for g in open_ if g.key_id in opened]

    def unended_grants(self, subject: str) -> list[Grant]:
        """Everything that a withdrawal ends: the grants not marked ended, whatever their rows say."""
        return [g for g in self.store.grants_of(subject) if g.ended_at is None]

    def edited_grants(self, subject: str | None = None) -> list[Grant]:
        """Grants (of that person, or of everybody) whose living key does not open for what their rows say: the rows
        were edited, or the key was altered."""
        people = {p.id: p for p in ([self.subject(subject)] if subject else self.store.subjects())}
        grants = [g for g in (self.unended_grants(subject) if subject else self.store.unended()) if g.subject in people]
        opened = self.keys.open_for([(g.key_id, g.facts(people[g.subject])) for g in grants])
        destroyed = self.keys.destroyed() if len(opened) < len(grants) else {}
        return [g for g in grants if g.key_id not in opened and g.key_id not in destroyed]

    def drop_replaced_templates(self, unended: Sequence[Grant]) -> None:
        """Removes templates that no grant opens where another of that person is opened: a renewal was cut short."""
        opened = {(g.subject, g.template) for g in unended}
        whose = {subject for subject, template in opened if template}
        for subject in sorted(whose):
            lying = self.templates.packs_of(subject)
            if any((subject, t.digest) in opened for t in lying):
                for template in lying:
                    if (subject, template.digest) not in opened:
                        self.templates.delete_one(template)

    def _refuse_edited(self, subject: str) -> None:
        """Raises ArchiveBroken where somebody's consent is not the one that was given."""
        if edited := self.edited_grants(subject):
            raise ArchiveBroken(
                f"What is on record about the consent of {subject} to {edited[0].purpose} is not what was agreed to: "
                "the record was edited.",
                "Put back a good copy of the database; `kenbaar check` names every such record.",
            )

    def require(self, subject: str, kinds: Sequence[str]) -> Grant:
        """A grant of one of these kinds, in force now. Raises ConsentMissing, ConsentExpired or ConsentWithdrawn."""
        self.subject(subject)
        kind = " or ".join(kinds)
        fitting = [g for g in self.store.grants_of(subject) if g.purpose.kind in kinds]
        living = {g.id for g in self.living_grants(subject)}
        for grant in fitting:
            if grant.id in living:
                return grant
        self._refuse_edited(subject)
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
        grants = [g for g in self.store.grant_keys(SHOWING, self.journal.now()) if g.purpose.allows_show_on(channel)]
        opened = self._open(grants)
        return frozenset(g.subject for g in grants if g.key_id in opened)

    def compared(self) -> dict[str, frozenset[str]]:
        """subject -> ids of the grants in force for which a template of that person is kept."""
        return self._in_force(COMPARING)

    def recognisable(self) -> dict[str, frozenset[str]]:
        """subject -> ids of the grants in force for which Kenbaar may compare that person's face."""
        return self._in_force(RECOGNISING)

    def may_be_asked_about(self) -> dict[str, frozenset[str]]:
        """The same for those who may be the answer when somebody asks with a photo."""
        return self._in_force(ASKED)

    def _in_force(self, kinds: Sequence[str]) -> dict[str, frozenset[str]]:
        grants = self.store.grant_keys(kinds, self.journal.now())
        opened = self._open(grants)
        found: dict[str, set[str]] = {}
        for grant in grants:
            if grant.key_id in opened:
                found.setdefault(grant.subject, set()).add(grant.grant)
        return {subject: frozenset(ids) for subject, ids in found.items()}

    def _open(self, grants: Sequence[GrantKey]) -> dict[str, bytes]:
        """Key id -> key, of the grants whose key opens for what their rows say."""
        opened = self.keys.open_for([(g.key_id, g.facts) for g in grants])
        if len(opened) < len(grants):
            log.warning("%d of %d grants do not open", len(grants) - len(opened), len(grants))
        return opened

    def sessions(self, codes: Iterable[Code]) -> Sessions:
        """Opens a session for each recovery code. Raises WrongCode; a right one is proved when a key unwraps.

        A session that is open already (a person who is still here) is taken as it is, and proved anew.
        """
        opened: dict[str, CodeSession] = {}
        for given in codes:
            code = given if isinstance(given, CodeSession) else RecoveryCode.parse(given)
            subject = self.subject(code.subject)
            if subject.holder != "subject" or subject.salt is None:
                raise UsageError(f"The key of subject {subject.id} is not held by a code.", "Leave the code out.")
            session = code if isinstance(code, CodeSession) else code.open_session(subject.salt)
            self._prove(session, subject.id)
            opened[subject.id] = session
        return Sessions(opened)

    def _prove(self, session: CodeSession, subject: str) -> None:
        """A code that opens none of the person's living grants is wrong."""
        grants = self.living_grants(subject)
        if not grants:
            self._refuse_edited(subject)
            raise ConsentWithdrawn(f"Subject {subject} has no consent in force.", "They can be invited anew.")
        self.data_key(grants[0], session)

    def require_session(self, subject: Subject, sessions: Sessions) -> None:
        """Where the person holds the key, nothing is answered without them. Raises WrongCode."""
        if subject.holder == "subject" and sessions.of(subject.id) is None:
            raise WrongCode(
                f"Subject {subject.id} holds their own key.",
                "Ask them to run this with their recovery code: --code-file FILE, or when asked at a terminal.",
            )

    def open_gallery(
        self, kinds: Sequence[str], pack: str, sessions: Sessions, *, only: Collection[str] | None = None, dim: int = 0
    ) -> ConsentedGallery:
        """Everybody whose template opens for one of these purposes, now: what has no living grant stays closed.

        only: these subjects alone (a roster, a claim). People who hold their own key are in it only with a session.
        dim: length of the pack's vectors, for a gallery that stays empty.
        It can be compared with once the act it is opened for is recorded (ConsentedGallery.recorded).
        A large gallery is compact, and never all in memory as float32. NoSpace where its sealed rows find no room.
        """
        now = self.journal.now()
        grants = [g for g in self.store.grant_keys(kinds, now) if only is None or g.subject in only]
        keys = self._open(grants)
        chosen = {g.subject: g for g in reversed(grants) if g.key_id in keys}
        held = self.store.self_held()
        subjects: list[str] = []

        def opened() -> Iterator[bytes]:
            others: set[str] = set()
            for template in self.templates.for_pack(pack) if chosen else ():
                subject = template.subject
                session = sessions.of(subject)
                grant = chosen.get(subject)
                if grant is None or (session is None and subject in held):
                    continue
                if template.digest != grant.template:
                    others.add(subject)
                    continue
                data_key = _unwrapped(grant.purpose, keys[grant.key_id], grant.wrapped_key, session)
                subjects.append(subject)
                yield open_template(data_key, template.sealed, subject=subject, pack=pack, version=template.version)
            if altered := sorted(others.difference(subjects)):
                raise TemplateUnreadable(
                    f"The template of {altered[0]} is not the one they agreed to: it was altered or swapped.",
                    f"Put the archive back from one backup, or withdraw {altered[0]} and let them enrol again.",
                )

        rows = stored_rows(opened(), dim, self.compact_from, len(chosen))
        return ConsentedGallery.of(
            pack=pack, purposes=kinds, opened_at=now, subjects=subjects, rows=rows, awaits_act=True
        )

    def spoken_gallery(self, vectors: NDArray[np.float32], pack: str) -> ConsentedGallery:
        """Somebody who is here and agreed just now, by word of mouth, to be found this once; of them nothing is kept.

        vectors: of their own photo, float32 (1, d), taken over: wiping the gallery overwrites them. As every gallery,
        it can be compared with once the act is recorded (Event.SPOKEN).
        """
        return ConsentedGallery.of(
            pack=pack,
            purposes=FINDING,
            opened_at=self.journal.now(),
            subjects=(SOMEBODY_HERE,),
            rows=vectors,
            awaits_act=True,
        )

    def open_portrait(self, subject: str, session: CodeSession | None) -> bytes | None:
        """The reference portrait somebody left (a JPEG), opened through their grant to `ask` in force, and through
        nothing else.

        None: no such grant, no portrait, or they hold their key and it is not here. Raises SealBroken for one that was
        altered or is not theirs, WrongCode. Whoever calls it has an act in the ledger that it is opened for.
        """
        grant = next((g for g in self.living_grants(subject) if g.purpose.row.asked), None)
        row = self.portraits.get(subject) if grant else None
        if grant is None or row is None:
            return None
        person = self.subject(subject)
        if person.holder == "subject":
            if session is None:
                return None
            self.data_key(grant, session)  # proves the code
        return opened_by(self._purpose_key(grant, person, session), row, subject)

    def _purpose_key(self, grant: Grant, person: Subject, session: CodeSession | None) -> bytes:
        """The key of one grant that opens for what it says; a share alone is none."""
        opened = self.keys.open_for([(grant.key_id, grant.facts(person))])
        if grant.key_id not in opened:
            raise KeyDestroyed(f"Key {grant.key_id} was destroyed.", "Ask the person to enrol again, if they wish to.")
        return session.purpose_key(opened[grant.key_id], str(grant.purpose)) if session else opened[grant.key_id]

    def data_key(self, grant: Grant, session: CodeSession | None) -> bytes:
        """The data key of one grant in force. Raises KeyDestroyed, WrongCode; ArchiveBroken where it was edited."""
        person = self.subject(grant.subject)
        opened = self.keys.open_for([(grant.key_id, grant.facts(person))])
        if grant.key_id not in opened:
            self._refuse_edited(grant.subject)
            raise KeyDestroyed(f"Key {grant.key_id} was destroyed.", "Ask the person to enrol again, if they wish to.")
        return _unwrapped(grant.purpose, opened[grant.key_id], grant.wrapped_key or b"", session)


def _unwrapped(purpose: Purpose, key: bytes, wrapped: bytes, session: CodeSession | None) -> bytes:
    """The data key of one grant. A share alone does not open it."""
    purpose_key = session.purpose_key(key, str(purpose)) if session else key
    return unwrap_data_key(purpose_key, wrapped, otherwise=WrongCode if session else KeyDestroyed)
