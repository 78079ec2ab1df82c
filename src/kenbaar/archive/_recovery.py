"""What every writer does first: whatever a kill, the calendar or a backup that was put back left to do."""

from __future__ import annotations

import logging

from kenbaar.archive._journal import ArchiveJournal
from kenbaar.consent import ConsentStore
from kenbaar.rights import Leaving

log = logging.getLogger(__name__)


def recovery(journal: ArchiveJournal, records: ConsentStore, leaving: Leaving) -> None:
    """Has the journal recover the archive whenever somebody begins to write.

    1. Withdrawals that the ledger has and the records do not are replayed: the records are older, a backup.
    2. What is past its end date ends. Where somebody was killed, or keys were destroyed elsewhere, all is gone through.
    """

    def recover(killed: bool) -> None:
        size = int(records.note("ledger_size") or 0)
        if journal.ledger.size > size:
            log.warning("the records are older than the ledger: withdrawals since are replayed")
            leaving.replay([act for act in journal.acts() if act.index >= size])
        if killed:
            log.warning("whoever wrote last was killed: the archive is gone through")
        leaving.recover(whole=killed or int(records.note("key_generation") or 0) != journal.keys.generation)

    journal.recover = recover
