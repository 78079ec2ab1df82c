"""The rooms wired together, once, for the command line and the web alike.

with open_archive(settings) as archive:
    invited = archive.consents.invite(actor, "Ada", [Purpose.parse("find")])
    archive.sweeps.sweep(actor, "party", archive.packs.in_use(), ...)
"""

from __future__ import annotations

import errno
import fcntl
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from kenbaar.archive._enrolments import Enrolments
from kenbaar.archive._packs import Packs
from kenbaar.collections import Collections
from kenbaar.consent import Consents
from kenbaar.detection import PUBLISH, find_all_faces
from kenbaar.errors import (
    ArchiveBroken,
    KeyStoreBroken,
    LedgerBroken,
    NoSpace,
    PackUnavailable,
    Unusable,
    UsageError,
)
from kenbaar.faces import Box
from kenbaar.keys import KeyStore, SigningKey, create_with_master, open_with_master, rotate_master
from kenbaar.ledger import (
    Act,
    Checkpoint,
    Fact,
    Ledger,
    PayloadKey,
    Verification,
    VerifierKey,
    act_payload,
    verify_ledger,
)
from kenbaar.matching import Threshold
from kenbaar.media import Photo, PhotoLimits
from kenbaar.modelpack import ModelPack, load_pack
from kenbaar.policy import JURISDICTIONS, Actor, Event
from kenbaar.publish import Publisher
from kenbaar.rights import CheckReport, Exporter, Leaving, Requests, check_archive
from kenbaar.settings import Settings
from kenbaar.storage import SqlCollectionStore, SqlConsentStore, SqlCopyStore, SqlTemplateStore, open_database
from kenbaar.sweep import Sweeps

MASTER_KEY, KEYS, LEDGER, LOCK = "master.key", "keys", "ledger", "lock"
_WRITING = b"writing\n"  # what the lock file holds while somebody writes; still there afterwards: they were killed


class Archive:
    """One organisation's archive, opened. Every act goes through one of its rooms."""

    def __init__(self, settings: Settings, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """Use create_archive() or open_archive()."""
        self.settings, self._clock = settings, clock
        home = settings.home
        self._depth, self._thread = 0, threading.RLock()
        self._databases = [open_database(s, settings.database(s)) for s in ("archive", "templates")]
        records = SqlConsentStore(self._databases[0])
        known_generation = int(records.note("key_generation") or 0)
        self.keys: KeyStore = open_with_master(home / KEYS, home / MASTER_KEY)
        if self.keys.id != (records.note("key_store") or self.keys.id):
            raise KeyStoreBroken("The key store is another archive's.", "Put this archive's own keys/ folder back.")
        if self.keys.generation < known_generation:
            raise KeyStoreBroken(
                "The key store is older than the archive: keys destroyed since would be back.",
                "Put the newest keys/ folder back. If it is lost, everybody enrolled has to enrol again.",
            )
        if self.keys.made < int(records.note("keys_made") or 0):
            raise KeyStoreBroken(
                "The key store is older than the archive: keys of people who enrolled since are missing.",
                "Put the newest keys/ folder back. If it is lost, they have to enrol again, with a new archive.",
            )
        self.signer = SigningKey(self.keys.get(_needed(records, "signing_key")))
        self._log_key = _needed(records, "log_key")
        self.ledger = Ledger.open(home / LEDGER, self.signer)
        if self.ledger.size < int(records.note("ledger_size") or 0):
            raise LedgerBroken(
                "The ledger is older than the archive: acts are missing at its end.",
                "Put the newest ledger/ folder back.",
            )
        self.consents = Consents(records, SqlTemplateStore(self._databases[1]), self.keys, self.signer, self)
        self.collections = Collections(
            SqlCollectionStore(self._databases[0]),
            self,
            jurisdiction=lambda: self.consents.jurisdiction,
            recognisable=self.consents.recognisable,
        )
        self.packs = Packs(settings, self.consents)
        self.enrolments = Enrolments(settings, self.consents, self.packs, self)
        copies = SqlCopyStore(self._databases[0])
        self.sweeps = Sweeps(self.consents, self.collections, self, locks=home / "locks")
        self.requests = Requests(self.consents, self.collections, self)
        self.leaving = Leaving(
            self.consents, self.collections.store, copies, self, checkpoint=lambda: self.ledger.checkpoint().text
        )
        self.publisher = Publisher(self.consents, self.collections, copies, self, home=home)
        self.exporter = Exporter(
            self.consents,
            self.collections,
            copies,
            self,
            acts=self.acts,
            checkpoint=lambda: self.ledger.checkpoint().text,
            look_again=self.find_everybody,
            threshold=lambda: self.threshold,
            limits=self.limits,
            home=home,
        )
        with suppress(BlockingIOError), self.writing(wait=False):
            pass  # whoever gets the lock clears up after a crash and ends what the calendar ended

    # -- time, turns, memory ---------------------------------------------------------------------------------------

    def now(self) -> datetime:
        """The time, UTC; never before the ledger's last entry, so that a clock set back revives nothing."""
        return max(self._clock(), self.ledger.last_at or datetime.min.replace(tzinfo=UTC))

    @contextmanager
    def writing(self, *, wait: bool = True) -> Iterator[None]:
        """One writer at a time, across processes. The outermost entry clears up what a killed writer left.

        wait=False: raises BlockingIOError where somebody else is writing.
        """
        with self._thread:
            if self._depth:
                self._depth += 1
                try:
                    yield
                finally:
                    self._depth -= 1
                return
            with _locked(self.settings.home / LOCK, wait=wait) as file:
                crashed = os.pread(file, len(_WRITING), 0) != b""
                _mark(file, _WRITING)
                self._depth = 1
                try:
                    records = self.consents.store
                    noted = int(records.note("key_generation") or 0)
                    size = int(records.note("ledger_size") or 0)
                    if self.ledger.size > size:
                        self.leaving.say_again([a for a in self.acts() if a.index >= size])
                    self.leaving.settle(whole=crashed or noted != self.keys.generation)
                    yield
                    records.set_notes(
                        key_generation=str(self.keys.generation),
                        keys_made=str(self.keys.made),
                        ledger_size=str(self.ledger.size),
                    )
                    _mark(file, b"")  # not reached by an exception: then the next writer looks at everything
                finally:
                    self._depth = 0

    # -- the ledger, as rooms see it -------------------------------------------------------------------------------

    def record(self, event: Event, actor: Actor, *, subject: str | None = None, **facts: Fact) -> int:
        """Makes an act durable before it happens (ledger.Recorder)."""
        payload, seal = act_payload(event, actor, subject, facts), self._seal_for(subject)
        return self.ledger.record(
            str(event), payload=payload, seal=seal, purpose=event.value.purpose, at=self.now()
        ).index

    def acts(self) -> Iterator[Act]:
        """Everything in the ledger; what is about somebody who left comes without payload."""

        def open_key(key_id: str) -> bytes | None:
            return self.keys.get(key_id) if self.keys.alive([key_id]) else None

        return self.ledger.acts(open_key)

    def _seal_for(self, subject: str | None) -> PayloadKey:
        person = self.consents.store.subject(subject) if subject else None
        key_id = person.log_key if person and person.log_key and self.keys.alive([person.log_key]) else self._log_key
        return PayloadKey(key_id, self.keys.get(key_id))

    def find_everybody(self, photo: Photo) -> list[Box]:
        """Every face in a photo, as thoroughly as publishing looks: for pages on which nobody else may be seen."""
        return find_all_faces(photo, self.pack, PUBLISH)

    def refuse_source(self, source: Path) -> None:
        """Raises UsageError where a collection would hold the archive's own files."""
        folder, home = source.expanduser().absolute().resolve(), self.settings.home.resolve()
        if folder.is_relative_to(home) or home.is_relative_to(folder):
            raise UsageError(
                "The archive's home folder is no source of pictures.", "Give the folder the photos lie in."
            )

    def refuse_target(self, target: Path) -> None:
        """Raises UsageError where a file people asked for would lie in home or among originals, or replace a device."""
        place = target.expanduser().absolute().resolve()
        sources = [Path(c.source) for c in self.collections.store.all()]
        if any(place.is_relative_to(folder.resolve()) for folder in (self.settings.home, *sources)):
            raise UsageError(
                "That file would lie among the originals or in the archive's home folder.", "Name another place."
            )
        if target.exists() and not target.is_file():
            raise UsageError("There is something there that is no ordinary file.", "Name another place.")

    @property
    def limits(self) -> PhotoLimits:
        """What a photo may weigh before it is decoded."""
        return PhotoLimits(self.settings.max_megapixels * 1_000_000, self.settings.max_photo_mb * 1_000_000)

    @property
    def pack(self) -> ModelPack:
        """The pack in use, opened and checked. Raises PackUnavailable, PackBroken."""
        return self.packs.opened

    @property
    def threshold(self) -> Threshold:
        """The operating point in force: the one this archive adopted for the pack in use, else the pack's own."""
        return self.packs.threshold

    # -- checking --------------------------------------------------------------------------------------------------

    def check(self, actor: Actor, *, say: Callable[[int, int, float], None]) -> CheckReport:
        """Looks for strangers' vectors in every byte of home, and for records that no consent carries."""
        try:
            packs = [self.pack, *(load_pack(p.folder) for p in self.packs.older())]
        except PackUnavailable:
            packs = []  # then the generic search looks for vectors of the default length
        with self.writing():
            self.leaving.settle(whole=True)  # a database put back by itself is brought up to date first
            self.record(Event.CHECK, actor)
        return check_archive(self.consents, self.collections, self.settings.home, packs, self.limits, say=say)

    # -- keys ------------------------------------------------------------------------------------------------------

    def rotate_keys(self, actor: Actor) -> int:
        """Re-wraps every living key under a new master key and destroys the old one; returns how many are living.

        From then on every older copy of the key store is noise.
        """
        with self.writing():
            self.record(Event.ROTATE, actor)
            rotate_master(self.settings.home / KEYS, self.settings.home / MASTER_KEY)
            self.keys = open_with_master(self.settings.home / KEYS, self.settings.home / MASTER_KEY)
            self.consents.keys = self.keys
            return len(self.keys)

    def close(self) -> None:
        """Lets files and databases go."""
        for database in self._databases:
            database.close()


def create_archive(
    actor: Actor,
    settings: Settings,
    organisation: str,
    jurisdiction: str,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Archive:
    """A new archive in settings.home. A kill on the way leaves nothing that a second call cannot finish."""
    home = settings.home
    if jurisdiction not in JURISDICTIONS:
        raise UsageError(f"There is no jurisdiction {jurisdiction!r}.", f"Choose one of {', '.join(JURISDICTIONS)}.")
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as err:
        raise Unusable(
            f"The home folder cannot be made ({err.strerror}).", "Give another with --home or KENBAAR_HOME."
        ) from err
    with _locked(home / LOCK):
        begun = any((home / name).exists() for name in (MASTER_KEY, KEYS, LEDGER))  # made after the databases
        databases = [open_database(s, settings.database(s), create=not begun) for s in ("archive", "templates")]
        records = SqlConsentStore(databases[0])
        try:
            if records.note("created_at"):
                raise UsageError("There is an archive here already.", "Use it, or give another folder with --home.")
            now = clock()
            keys = (
                open_with_master(home / KEYS, home / MASTER_KEY)
                if (home / KEYS / "store").exists()
                else create_with_master(home / KEYS, home / MASTER_KEY)
            )
            if records.note("signing_key") is None:
                signing, log = keys.add("signing", at=now)[0], keys.add("log", at=now)[0]
                records.set_notes(
                    organisation=organisation,
                    jurisdiction=jurisdiction,
                    signing_key=signing,
                    log_key=log,
                    key_store=keys.id,
                )
            signer = SigningKey(keys.get(_needed(records, "signing_key")))
            if not (home / LEDGER / "head.json").exists():
                Ledger.create(home / LEDGER, ledger_origin(keys.id), signer)
            records.set_notes(created_at=now.isoformat(), key_generation=str(keys.generation))
        finally:
            for database in databases:
                database.close()
    archive = Archive(settings, clock)
    with archive.writing():
        archive.record(Event.INIT, actor, organisation=organisation, jurisdiction=jurisdiction)
    return archive


@contextmanager
def open_archive(settings: Settings, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Iterator[Archive]:
    """The archive in settings.home, opened, with what a crash or the calendar left to do done."""
    if not settings.home.is_dir() or not any((settings.home / n).exists() for n in ("archive.db", KEYS, LEDGER, LOCK)):
        raise Unusable("There is no archive in this home folder.", "Make one with `kenbaar init`, or give --home DIR.")
    archive = Archive(settings, clock)
    try:
        yield archive
    finally:
        archive.close()


def verify_ledger_of(settings: Settings, earlier: str | None = None) -> Verification:
    """Recomputes the ledger of the archive in settings.home, also where it is so broken that the archive does not open.

    earlier: the text of a checkpoint kept elsewhere. Raises LedgerBroken where that is not this ledger's.
    """
    home = settings.home
    database = open_database("archive", settings.database("archive"))
    try:
        keys = open_with_master(home / KEYS, home / MASTER_KEY)
        records = SqlConsentStore(database)
        signer = SigningKey(keys.get(_needed(records, "signing_key")))
        key = VerifierKey(ledger_origin(keys.id), signer.public_bytes)
        known = set(keys.ids("log"))
        return verify_ledger(
            home / LEDGER,
            key,
            Checkpoint.read(earlier, key) if earlier else None,
            open_key=lambda key_id: keys.get(key_id) if key_id in known else None,
        )
    finally:
        database.close()


def ledger_origin(store_id: str) -> str:
    """The ledger's name in its checkpoints: it tells archives apart and says nothing of whose it is."""
    return f"kenbaar/{store_id[:16]}"


@contextmanager
def _locked(path: Path, *, wait: bool = True) -> Iterator[int]:
    """The lock file, held; it goes with the process, however it ends."""
    try:
        file = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as err:
        if err.errno in (errno.ENOSPC, errno.EDQUOT):
            raise NoSpace("The disk is full; nothing was changed.", "Make room, then run it again.") from err
        raise Unusable(
            f"The home folder cannot be written to ({err.strerror}).", "Check its permissions; nothing was changed."
        ) from err
    try:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield file
    finally:
        os.close(file)


def _mark(file: int, text: bytes) -> None:
    try:
        os.ftruncate(file, len(text))
        os.pwrite(file, text, 0)
        os.fdatasync(file)
    except OSError as err:
        raise NoSpace(
            f"The home folder cannot be written to ({err.strerror}).", "Make room; nothing was changed."
        ) from err


def _needed(records: SqlConsentStore, name: str) -> str:
    value = records.note(name)
    if value is None:
        raise ArchiveBroken(
            "This archive was never finished or is damaged.", "Run `kenbaar init` again, or put a good copy back."
        )
    return value
