"""The rooms wired together, once, for the command line and the web alike."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from kenbaar.access import Access
from kenbaar.archive._enrolments import Enrolments
from kenbaar.archive._home import KEYS, LEDGER, LOCK, MASTER_KEY, WITNESS, needed, refuse_source, refuse_target
from kenbaar.archive._journal import ArchiveJournal
from kenbaar.archive._limits import photo_limits
from kenbaar.archive._packs import Packs
from kenbaar.archive._recovery import recovery
from kenbaar.archive._seal import is_sealed
from kenbaar.archive._witness import KeyWitness
from kenbaar.asking import Cases, Reviews, Searches
from kenbaar.collections import Collections
from kenbaar.consent import Consents
from kenbaar.detection import PUBLISH, detect_all
from kenbaar.engines import Engine, LocalEngine
from kenbaar.errors import KeyStoreBroken, LedgerBroken, NotSealed, PackUnavailable, Unusable
from kenbaar.faces import Box
from kenbaar.keys import KeyStore, RecordSeal, SigningKey, open_with_master, rotate_master
from kenbaar.ledger import Ledger
from kenbaar.matching import Threshold
from kenbaar.media import Photo, PhotoLimits
from kenbaar.modelpack import ModelPack, load_pack
from kenbaar.policy import Actor, Event
from kenbaar.publish import Publisher
from kenbaar.rights import CaseSheets, CheckReport, Exporter, Leaving, Looks, Requests, ScreenPictures, check_archive
from kenbaar.settings import Settings
from kenbaar.staff import Staff, Tokens
from kenbaar.storage import (
    SqlCaseStore,
    SqlCollectionStore,
    SqlConsentStore,
    SqlCopyStore,
    SqlCredentialStore,
    SqlPortraitStore,
    SqlRequestStore,
    SqlStaffStore,
    SqlTemplateStore,
    SqlTokenStore,
    open_database,
)
from kenbaar.subject_requests import SubjectRequests
from kenbaar.sweep import PresentSearches, Sweeps


class Archive:
    """One organisation's archive, opened. Every act goes through one of its rooms."""

    def __init__(
        self,
        settings: Settings,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        engine_of: Callable[[int], Engine] = LocalEngine,
    ) -> None:
        """Use create_archive() or open_archive()."""
        self.settings = settings
        self._engine_of = engine_of
        home = settings.home
        self._databases = [open_database(s, settings.database(s)) for s in ("archive", "templates")]
        self.keys: KeyStore = open_with_master(home / KEYS, home / MASTER_KEY)
        seal = RecordSeal.of(self.keys)
        if seal is None or not is_sealed(self.keys):
            raise NotSealed(
                "This archive was made by an earlier Kenbaar: what people agreed to is not sealed with their keys yet.",
                "Look at what it holds and seal it, once: `kenbaar seal`.",
            )
        records = SqlConsentStore(self._databases[0], seal)
        if self.keys.id != (records.unsealed_note("key_store") or self.keys.id):
            raise KeyStoreBroken("The key store is another archive's.", "Put this archive's own keys/ folder back.")
        records.require_notes()
        if self.keys.generation < int(records.note("key_generation") or 0):
            raise KeyStoreBroken(
                "The key store is older than the archive: keys destroyed since would be back.",
                "Put the newest keys/ folder back. If it is lost, everybody enrolled has to enrol again.",
            )
        if self.keys.made < int(records.note("keys_made") or 0):
            raise KeyStoreBroken(
                "The key store is older than the archive: keys of people who enrolled since are missing.",
                "Put the newest keys/ folder back. If it is lost, they have to enrol again, with a new archive.",
            )
        self.signer = SigningKey(self.keys.get(needed(records, "signing_key")))
        self.ledger = Ledger.open(home / LEDGER, self.signer, KeyWitness(home / KEYS / WITNESS, seal))
        if self.ledger.size < int(records.note("ledger_size") or 0):
            raise LedgerBroken(
                "The ledger is older than the archive: acts are missing at its end.",
                "Put the newest ledger/ folder back.",
            )
        if self.ledger.size:
            for counter in ("key_generation", "keys_made", "ledger_size"):
                needed(records, counter)  # taken away, an older key store or ledger would pass for the newest
        self.journal = ArchiveJournal(home, clock, self.ledger, records, self.keys, needed(records, "log_key"))
        journal, templates = self.journal, SqlTemplateStore(self._databases[1])
        portraits = SqlPortraitStore(self._databases[1])
        self.consents = Consents(records, templates, portraits, self.keys, self.signer, journal)
        self.collections = Collections(
            SqlCollectionStore(self._databases[0], seal),
            journal,
            jurisdiction=lambda: self.consents.jurisdiction,
            recognisable=self.consents.recognisable,
        )
        self.packs = Packs(settings, self.consents)
        self.enrolments = Enrolments(settings, self.consents, self.packs, journal, self.detect_everybody)
        copies = SqlCopyStore(self._databases[0])
        self.sweeps = Sweeps(self.consents, self.collections, journal, locks=home / "locks")
        self.present = PresentSearches(self.consents, self.collections, journal)
        self.requests = Requests(self.consents, self.collections, journal)
        self.staff = Staff(SqlStaffStore(self._databases[0], seal), journal, journal.recent, self._is_known)
        self.access = Access(SqlCredentialStore(self._databases[0], seal), self.consents, journal)
        self.tokens = Tokens(SqlTokenStore(self._databases[0], seal), journal, self.staff.colleague)
        self.subject_requests = SubjectRequests(SqlRequestStore(self._databases[0], seal), self.consents, journal)
        self.cases = Cases(SqlCaseStore(self._databases[0]), self.consents, journal)
        self.searches = Searches(
            self.consents, self.collections, self.cases, journal, journal.recent, settings.search_photos_a_day
        )
        self.reviews = Reviews(self.consents, self.collections, self.cases, journal, self.staff.colleague)
        self.leaving = Leaving(
            self.consents,
            self.collections.store,
            copies,
            journal,
            checkpoint=lambda: self.ledger.checkpoint().text,
            cases=self.cases,
        )
        self.publisher = Publisher(self.consents, self.collections, copies, journal, home=home)
        self.exporter = Exporter(
            self.consents,
            self.collections,
            copies,
            journal,
            acts=journal.acts,
            checkpoint=lambda: self.ledger.checkpoint().text,
            detect_again=self.detect_everybody,
            threshold=lambda: self.threshold,
            limits=self.limits,
            home=home,
        )
        self.on_screen = ScreenPictures(self.consents, self.collections, self.limits, self.detect_everybody)
        self.looks = Looks(self.consents, self.collections, journal.acts_for)
        self.case_sheets = CaseSheets(
            self.consents, self.collections, self.cases, self.reviews, self.limits, self.detect_everybody
        )
        recovery(journal, records, self.collections.store, self.leaving, self.staff, self.tokens, self.access)
        try:
            with journal.writing(in_doubt=True, wait=False):
                pass  # whoever gets the lock recovers what a crash left, and ends what the calendar ended
        except BlockingIOError:
            if not journal.up_to_ledger():
                with journal.writing(in_doubt=True):
                    pass  # somebody is writing, or bringing older records up to the ledger: not before they are done

        for database in self._databases:
            database.finish_scrub()

    def _is_known(self, subject: str) -> bool:
        person = self.consents.store.subject(subject)
        return person is not None and person.left_at is None

    def scrub(self) -> bool:
        """Whether what was deleted is out of the databases; False where another program still reads what was there."""
        return all([database.scrub() for database in self._databases])

    def detect_everybody(self, photo: Photo) -> list[Box]:
        """Every face in a photo, as thoroughly as publishing looks: for pages on which nobody else may be seen."""
        return detect_all(photo, self.pack, PUBLISH)

    def refuse_source(self, source: Path) -> None:
        """Raises UsageError where a collection would hold the archive's own files."""
        refuse_source(self.settings.home, source)

    def refuse_target(self, target: Path) -> None:
        """Raises UsageError where a file people asked for would lie in home or among originals, or replace a device."""
        refuse_target(self.settings.home, (Path(c.source) for c in self.collections.store.all()), target)

    def engine(self, workers: int | None) -> Engine:
        """Where long work runs: on so many workers, or as the settings say, or on one for each core."""
        return self._engine_of(workers or self.settings.workers or len(os.sched_getaffinity(0)))

    @property
    def limits(self) -> PhotoLimits:
        """What a photo may weigh before it is decoded."""
        return photo_limits(self.settings)

    @property
    def pack(self) -> ModelPack:
        """The pack in use, opened and checked. Raises PackUnavailable, PackBroken."""
        return self.packs.opened

    @property
    def threshold(self) -> Threshold:
        """The operating point in force: the one this archive adopted for the pack in use, else the pack's own."""
        return self.packs.threshold

    def check(self, actor: Actor, *, say: Callable[[int, int, float], None]) -> CheckReport:
        """Looks for strangers' vectors in every byte of home, and for records that no consent carries."""
        try:
            packs = [self.pack, *(load_pack(p.folder) for p in self.packs.older())]
        except PackUnavailable:
            packs = []  # then the generic search looks for vectors of the default length
        with self.journal.writing():
            self.leaving.recover(whole=True)  # a database put back by itself is brought up to date first
            self.journal.record(Event.CHECK, actor)
        return check_archive(
            self.consents,
            self.collections,
            self.settings.home,
            packs,
            self.limits,
            acts=self.journal.acts(),
            copies=self.publisher.copies.all(),
            edited=[
                *self.staff.store.edited(),
                *self.tokens.store.edited(),
                *self.access.problems(),
                *self.cases.edited(),
                *self.subject_requests.store.edited(),
            ],
            say=say,
        )

    def overdue(self) -> int:
        """How many consents are past their date by the machine's clock and not yet ended."""
        return len(self.consents.store.overdue(self.journal.now()))

    def confirm_clock(self, actor: Actor) -> int | None:
        """Says that the machine's time is right; how many consents ended with that. None where nobody doubts it."""
        with self.journal.writing(in_doubt=True):
            overdue = self.overdue()
            if not self.journal.confirm_clock(actor):
                return None
            self.leaving.recover(whole=False)
            return overdue

    def rotate_keys(self, actor: Actor) -> int:
        """Re-wraps every living key under a new master key and destroys the old one; returns how many are living.

        From then on every older copy of the key store is noise.
        """
        with self.journal.writing():
            self.journal.record(Event.ROTATE, actor)
            rotate_master(self.settings.home / KEYS, self.settings.home / MASTER_KEY)
            self.keys = open_with_master(self.settings.home / KEYS, self.settings.home / MASTER_KEY)
            self.consents.keys = self.journal.keys = self.keys
            return len(self.keys)

    def close(self) -> None:
        """Lets files and databases go."""
        for database in self._databases:
            database.close()


@contextmanager
def open_archive(
    settings: Settings,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    engine_of: Callable[[int], Engine] = LocalEngine,
) -> Iterator[Archive]:
    """The archive in settings.home, opened, with what a crash or the calendar left to do done.

    engine_of: the engine of so many workers, for what takes long.
    """
    if not settings.home.is_dir() or not any((settings.home / n).exists() for n in ("archive.db", KEYS, LEDGER, LOCK)):
        raise Unusable("There is no archive in this home folder.", "Make one with `kenbaar init`, or give --home DIR.")
    archive = Archive(settings, clock, engine_of)
    try:
        yield archive
    finally:
        archive.close()
