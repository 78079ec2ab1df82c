"""Leaving: by withdrawal, by end date, or because the key was found destroyed. Keys first, then everything derived."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from kenbaar.asking import Cases
from kenbaar.collections import CollectionStore
from kenbaar.consent import (
    ASKED,
    COMPARING,
    RECOGNISING,
    Consents,
    DestructionFacts,
    Grant,
    Purpose,
    Subject,
    make_destruction_receipt,
)
from kenbaar.errors import ConsentMissing
from kenbaar.ledger import Journal
from kenbaar.policy import SYSTEM, Actor, Event
from kenbaar.publish import Copy, CopyStore


@dataclass(frozen=True, slots=True)
class Departure:
    """What a withdrawal did. copies: published files that still show the person; left: nothing at all is kept."""

    subject: str
    purposes: tuple[str, ...]
    keys_destroyed: int
    left: bool
    entry: int
    copies: tuple[Copy, ...]
    receipt: str = field(repr=False)


class Leaving:
    """Ends grants, and what hung on them. Every step can be repeated, so that a kill in between loses nothing:

    1. the ledger says so        2. the keys are destroyed (overwritten and synced): from here on it holds
    3. the grants are marked     4. the sealed template goes, where no grant to be recognised is left;
                                  the portrait, where none to be asked about is
    5. appearances likewise      6. name, rejections and the rest, where they left
    7. a signed receipt of it    8. the key to what the ledger said about them
    """

    def __init__(
        self,
        consents: Consents,
        items: CollectionStore,
        copies: CopyStore,
        journal: Journal,
        checkpoint: Callable[[], str],
        cases: Cases,
    ) -> None:
        self.consents, self.items, self.copies, self.cases = consents, items, copies, cases
        self.journal, self.checkpoint = journal, checkpoint

    def withdraw(self, actor: Actor, subject: str, purpose: Purpose | None = None) -> Departure:
        """Takes back one purpose, or everything. No reason asked. Raises NotFound, ConsentMissing, ConsentWithdrawn."""
        with self.journal.writing(in_doubt=True):
            self.consents.subject(subject)
            unended = self.consents.unended_grants(subject)
            ending = [g for g in unended if purpose is None or g.purpose == purpose]
            if not ending and purpose is not None:
                raise ConsentMissing(
                    f"Subject {subject} has no consent to {purpose} in force.", "There is nothing to withdraw."
                )
            return self._end(actor, subject, ending, "withdrawn")

    def replay(self, subject: str, ended: Collection[str], at: datetime) -> None:
        """A withdrawal that the ledger tells and the records do not know: the records (or the keys too) are a backup.

        What it destroyed is destroyed again, so that no restore brings anybody back while the ledger is there.
        ended: the purposes; at: when it was. What was agreed to after it stays.
        """
        unended = self.consents.unended_grants(subject)
        grants = [g for g in unended if str(g.purpose) in ended and g.given_at <= at]
        if grants:
            self._end(SYSTEM, subject, grants, "said again")

    def recover(self, *, whole: bool) -> None:
        """What the calendar, a crash or a restored backup left to do; run by whoever holds the writing lock.

        Always: grants past their date end, by the time of the last act while the machine's clock is in doubt.
        whole: also (a) grants whose key is destroyed end: so a withdrawal cut short is finished,
        and yesterday's database brings nobody back; (b) keys and templates that no record
        claims go: an enrolment cut short; (c) what is derived from nobody's consent goes; (d) whoever has no consent
        left, or whose key to the ledger is destroyed, leaves to the last step. A key that the store never held is
        KeyStoreBroken: then it is the store that is old, and nothing is ended for it.
        """
        store, keys, now = self.consents.store, self.consents.keys, self.journal.act_time()
        for subject, grants in _by_subject(store.overdue(now)).items():
            self._end(SYSTEM, subject, grants, "date")
        self.cases.recover(whole=whole)
        if not whole:
            return
        claimed = store.unended_keys()
        alive = keys.alive(claimed)
        keys.get_many(k for k in claimed if k not in alive)  # refuses what was never there
        for subject in sorted({s for key, s in claimed.items() if key not in alive}):
            grants = [g for g in store.grants_of(subject) if g.ended_at is None and g.key_id not in alive]
            self._end(SYSTEM, subject, grants, "key destroyed")
        orphans = [k for kind in ("purpose", "share") for k in keys.ids(kind) if k not in claimed]
        keys.destroy(orphans, at=now)
        unended = store.unended()
        with_consent = {g.subject for g in unended}
        # By what is on record, not by what opens: an edited record is for a person to look at, and destroys nothing.
        recognisable = {g.subject for g in unended if g.purpose.kind in RECOGNISING}
        compared = {g.subject for g in unended if g.purpose.kind in COMPARING}
        if homeless := sorted(self.consents.templates.subjects() - compared):
            self.consents.templates.delete(homeless)
        asked_about = {g.subject for g in unended if g.purpose.row.asked}
        if homeless := sorted(self.consents.portraits.subjects() - asked_about):
            self.consents.portraits.delete(homeless)
        self.consents.drop_replaced_templates(unended)
        for subject in sorted(self.items.people() - recognisable):
            self.items.drop_person(subject, everything=False)
        people = store.subjects()
        heard = keys.alive(p.log_key for p in people if p.log_key)
        for person in people:
            if person.left_at is not None:
                cut_short = person.log_key in heard  # between steps 6 and 8
            else:
                cut_short = (person.enrolled_at is not None and person.id not in with_consent) or (
                    person.log_key is not None and person.log_key not in heard
                )
            if cut_short:
                self._end(SYSTEM, person.id, [], "key destroyed")

    def _end(self, actor: Actor, subject: str, grants: Sequence[Grant], reason: str) -> Departure:
        consents, now = self.consents, self.journal.act_time()
        purposes = tuple(str(g.purpose) for g in grants)
        entry = self.journal.record(Event.WITHDRAW, actor, subject=subject, reason=reason, purposes=list(purposes))  # 1
        destroyed = consents.keys.destroy([g.key_id for g in grants], at=now)  # 2
        consents.store.end_grants(grants, now, reason)  # 3
        if any(g.purpose.kind in ASKED for g in grants):
            self.cases.forget(subject)
        left_over = consents.unended_grants(subject)
        left = not left_over
        if not any(g.purpose.row.asked for g in left_over):
            consents.portraits.delete([subject])  # 4
        if not any(g.purpose.kind in COMPARING for g in left_over):
            consents.templates.delete([subject])  # 4
        if not any(g.purpose.kind in RECOGNISING for g in left_over):
            self.items.drop_person(subject, everything=left)  # 5
        person = consents.store.subject(subject)
        if left:
            consents.keys.destroy(consents.store.ways_in(subject), at=now)  # 6
            consents.store.forget(subject, now)
        copies = self.copies.showing(subject) if self._ends_showing(grants, left) else ()
        receipt = self._receipt(subject, grants, person, entry, now)
        consents.store.keep_receipt(subject, "destruction", now, receipt)  # 7
        if left and person is not None and person.log_key:
            consents.keys.destroy([person.log_key], at=now)  # 8
        return Departure(subject, purposes, destroyed, left, entry, tuple(copies), receipt)

    def _receipt(self, subject: str, grants: Sequence[Grant], person: Subject | None, entry: int, now: datetime) -> str:
        log_key = [person.log_key] if person is not None and person.log_key else []
        facts = DestructionFacts(
            organisation=self.consents.organisation,
            subject=subject,
            key_ids=[g.key_id for g in grants] or log_key or ["none"],
            purposes=[g.purpose for g in grants],
            destroyed_at=now,
            ledger_index=entry,
            checkpoint=self.checkpoint(),
        )
        return make_destruction_receipt(facts, self.consents.signer)

    def _ends_showing(self, grants: Sequence[Grant], left: bool) -> bool:
        return left or any(g.purpose.row.shows for g in grants)


def _by_subject(grants: Sequence[Grant]) -> dict[str, list[Grant]]:
    found: dict[str, list[Grant]] = {}
    for grant in grants:
        found.setdefault(grant.subject, []).append(grant)
    return found
