"""Verifying a ledger, also where the archive is so broken that it does not open."""

from __future__ import annotations

from kenbaar.archive._home import KEYS, LEDGER, MASTER_KEY, NO_SEAL, WITNESS, ledger_origin, needed
from kenbaar.archive._witness import KeyWitness
from kenbaar.keys import RecordSeal, SigningKey, open_with_master
from kenbaar.ledger import Checkpoint, Verification, VerifierKey, verify_ledger
from kenbaar.settings import Settings
from kenbaar.storage import SqlConsentStore, open_database


def verify_ledger_of(settings: Settings, earlier: str | None = None) -> Verification:
    """Recomputes the ledger of the archive in settings.home, also where it is so broken that the archive does not open.

    earlier: the text of a checkpoint kept elsewhere. Raises LedgerBroken where that is not this ledger's.
    """
    home = settings.home
    database = open_database("archive", settings.database("archive"))
    try:
        keys = open_with_master(home / KEYS, home / MASTER_KEY)
        records = SqlConsentStore(database, RecordSeal.of(keys) or NO_SEAL)
        signer = SigningKey(keys.get(records.unsealed_note("signing_key") or needed(records, "signing_key")))
        key = VerifierKey(ledger_origin(keys.id), signer.public_bytes)
        known = set(keys.ids("log"))
        return verify_ledger(
            home / LEDGER,
            key,
            Checkpoint.read(earlier, key) if earlier else None,
            open_key=lambda key_id: keys.get(key_id) if key_id in known else None,
            seen=KeyWitness(home / KEYS / WITNESS, seal).last() if (seal := RecordSeal.of(keys)) else None,
        )
    finally:
        database.close()
