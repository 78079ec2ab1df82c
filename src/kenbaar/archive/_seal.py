"""Sealing an archive that was made before 0.4, once: what it holds that day becomes what its keys open for.

1. the ledger says so, with a digest of what is sealed          2. grants name their pack and template
3. the key store is written anew under a new master key, each key bound to its facts; the old master key is destroyed
4. notes, collections and appearances get their seals           5. the key of these seals is kept: now it is sealed

A kill in between leaves an archive that is not sealed, and sealing it again finishes it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from kenbaar.archive._clock import ArchiveClock
from kenbaar.archive._home import KEYS, LEDGER, LOCK, MASTER_KEY, WITNESS, hold
from kenbaar.archive._witness import KeyWitness
from kenbaar.consent import Grant, Subject
from kenbaar.errors import ArchiveBroken, UsageError
from kenbaar.keys import KeyStore, RecordSeal, SigningKey, canonical, open_with_master, rotate_master
from kenbaar.ledger import Fact, Ledger, PayloadKey, act_payload
from kenbaar.measure import read_adopted
from kenbaar.policy import Actor, Event
from kenbaar.settings import Settings
from kenbaar.storage import (
    Database,
    SqlCollectionStore,
    SqlConsentStore,
    SqlTemplateStore,
    open_database,
)


@dataclass(frozen=True, slots=True)
class ConsentToSeal:
    """One consent as the records say it. until: exclusive, ISO 8601."""

    subject: str
    purpose: str
    until: str
    holder: str
    template: bool


@dataclass(frozen=True, slots=True)
class CollectionToSeal:
    """One collection as the records say it."""

    name: str
    mode: str
    roster: tuple[str, ...]
    follow_links: bool


@dataclass(frozen=True, slots=True)
class ToSeal:
    """Everything that widens what is allowed, as the records of an archive say it on the day it is sealed.

    accept: the threshold it adopted last; None: that of its pack.
    """

    organisation: str
    jurisdiction: str
    consents: tuple[ConsentToSeal, ...]
    collections: tuple[CollectionToSeal, ...]
    appearances: int
    accept: float | None

    @property
    def digest(self) -> str:
        """SHA-256 of all of it, hex."""
        rows = (*map(repr, self.consents), *map(repr, self.collections))
        whole = canonical(self.organisation, self.jurisdiction, self.appearances, self.accept, *rows)
        return hashlib.sha256(whole).hexdigest()


def is_sealed(keys: KeyStore) -> bool:
    """Whether the archive of this key store was sealed: only the key store says so, no record."""
    return keys.binds_facts and bool(keys.ids("records"))


def seal_archive(
    actor: Actor,
    settings: Settings,
    *,
    confirmed: bool,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> ToSeal:
    """What would be sealed; once confirmed, what was. Raises UsageError where the archive is sealed already."""
    home = settings.home
    with hold(home / LOCK):
        databases = [open_database(s, settings.database(s)) for s in ("archive", "templates")]
        try:
            keys = open_with_master(home / KEYS, home / MASTER_KEY)
            if is_sealed(keys):
                raise UsageError("This archive is sealed.", "Use it; it is done once.")
            seal_key = os.urandom(32)
            work = _Sealing(settings, databases, keys, RecordSeal(seal_key), seal_key, clock())
            found = work.look()
            if confirmed:
                work.seal(actor, found)
            return found
        finally:
            for database in databases:
                database.close()


class _Sealing:
    """One sealing under way. The lock is held."""

    def __init__(
        self,
        settings: Settings,
        databases: list[Database],
        keys: KeyStore,
        seal: RecordSeal,
        seal_key: bytes,
        now: datetime,
    ) -> None:
        self.settings, self.keys, self.records_seal, self.seal_key, self.now = settings, keys, seal, seal_key, now
        self.records = SqlConsentStore(databases[0], seal)
        self.collections = SqlCollectionStore(databases[0], seal)
        self.templates = SqlTemplateStore(databases[1])

    def look(self) -> ToSeal:
        """What the records say."""
        people = {p.id: p for p in self.records.subjects()}
        grants = self._grants(people)
        told = self.collections.unsealed()
        notes = _Unsealed(self.records)
        adopted = read_adopted(notes)
        return ToSeal(
            organisation=self._noted("organisation"),
            jurisdiction=self._noted("jurisdiction"),
            consents=tuple(
                ConsentToSeal(
                    g.subject, str(g.purpose), g.until.isoformat(), people[g.subject].holder, bool(g.template)
                )
                for g in grants
            ),
            collections=tuple(CollectionToSeal(c.name, c.mode, c.roster, c.follow_links) for c in told),
            appearances=self.collections.count_appearances(),
            accept=None if adopted is None else adopted.threshold.accept,
        )

    def seal(self, actor: Actor, found: ToSeal) -> None:
        """Seals it."""
        home = self.settings.home
        ledger = Ledger.open(home / LEDGER, SigningKey(self.keys.get(self._noted("signing_key"))))
        facts: dict[str, Fact] = {
            "consents": len(found.consents),
            "collections": len(found.collections),
            "digest": found.digest,
        }
        log_key = self._noted("log_key")
        ledger.record(
            str(Event.SEAL),
            payload=act_payload(Event.SEAL, actor, None, facts),
            seal=PayloadKey(log_key, self.keys.get(log_key)),
            at=ArchiveClock(lambda: self.now, lambda: ledger.last_at).act_time(),
        )  # 1
        if not self.keys.binds_facts:
            people = {p.id: p for p in self.records.subjects()}
            grants = self._grants(people)
            self.records.bind_templates(grants)  # 2
            bound = {g.key_id: g.facts(people[g.subject]) for g in grants}
            self.keys = rotate_master(home / KEYS, home / MASTER_KEY, facts=bound)  # 3
        self.records.seal_notes()  # 4
        self.records.set_notes(
            key_generation=str(self.keys.generation), keys_made=str(self.keys.made), ledger_size=str(ledger.size)
        )
        self.collections.seal_all()
        KeyWitness(home / KEYS / WITNESS, self.records_seal).saw(ledger.size, ledger.checkpoint().root)
        self.keys.add("records", at=self.now, key=self.seal_key)  # 5

    def _grants(self, people: dict[str, Subject]) -> list[Grant]:
        """The grants in force, each with the pack and the template it opens. What no living key carries stays out."""
        sealed = {t.subject: t for pack in sorted(self.templates.packs()) for t in self.templates.for_pack(pack)}
        unended = [g for g in self.records.unended() if g.subject in people]
        alive = self.keys.alive(g.key_id for g in unended)
        return [
            g if (t := sealed.get(g.subject)) is None else replace(g, pack=t.pack, template=t.digest)
            for g in unended
            if g.key_id in alive
        ]

    def _noted(self, name: str) -> str:
        value = self.records.unsealed_note(name)
        if value is None:
            raise ArchiveBroken(
                "This archive was never finished or is damaged.", "Run `kenbaar init` again, or put a good copy back."
            )
        return value


class _Unsealed:
    """measure.Notes of an archive that has no seals yet."""

    def __init__(self, records: SqlConsentStore) -> None:
        self._records = records

    def note(self, name: str) -> str | None:
        """A fact, or None."""
        return self._records.unsealed_note(name)

    def set_notes(self, **notes: str) -> None:
        """Not while looking."""
        raise AssertionError(f"{notes} set while looking")
