"""Making a new archive."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from kenbaar.archive._archive import Archive
from kenbaar.archive._home import KEYS, LEDGER, LOCK, MASTER_KEY, NO_SEAL, WITNESS, hold, ledger_origin, needed
from kenbaar.archive._witness import KeyWitness
from kenbaar.errors import ArchiveBroken, Unusable, UsageError
from kenbaar.keys import RecordSeal, SigningKey, create_with_master, open_with_master
from kenbaar.ledger import Ledger
from kenbaar.policy import JURISDICTIONS, Actor, Event
from kenbaar.settings import Settings
from kenbaar.storage import SqlConsentStore, open_database


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
    with hold(home / LOCK):
        begun = any((home / name).exists() for name in (MASTER_KEY, KEYS, LEDGER))  # made after the databases
        databases = [open_database(s, settings.database(s), create=not begun) for s in ("archive", "templates")]
        try:
            if SqlConsentStore(databases[0], NO_SEAL).unsealed_note("created_at"):
                raise UsageError("There is an archive here already.", "Use it, or give another folder with --home.")
            now = clock()
            keys = (
                open_with_master(home / KEYS, home / MASTER_KEY)
                if (home / KEYS / "store").exists()
                else create_with_master(home / KEYS, home / MASTER_KEY)
            )
            if not keys.ids("records"):
                keys.add("records", at=now)
            seal = RecordSeal.of(keys)
            assert seal is not None  # made just now
            records = SqlConsentStore(databases[0], seal)
            if records.note("signing_key") is None:
                signing, log = keys.add("signing", at=now)[0], keys.add("log", at=now)[0]
                records.set_notes(
                    organisation=organisation,
                    jurisdiction=jurisdiction,
                    signing_key=signing,
                    log_key=log,
                    key_store=keys.id,
                )
            signer = SigningKey(keys.get(needed(records, "signing_key")))
            witness = KeyWitness(home / KEYS / WITNESS, seal)
            if not (home / LEDGER / "head.json").exists():
                Ledger.create(home / LEDGER, ledger_origin(keys.id), signer, witness)
            else:  # an earlier call was killed here; or somebody took the records of a finished archive away
                ledger = Ledger.open(home / LEDGER, signer)
                if ledger.size or witness.remembers():
                    raise ArchiveBroken(
                        "There is an archive here whose records are damaged.", "Put a good copy of the database back."
                    )
                witness.saw(ledger.size, ledger.checkpoint().root)
            records.set_notes(created_at=now.isoformat(), key_generation=str(keys.generation))
        finally:
            for database in databases:
                database.close()
    archive = Archive(settings, clock)
    with archive.journal.writing():
        archive.journal.record(Event.INIT, actor, organisation=organisation, jurisdiction=jurisdiction)
    return archive
