"""What every writer does first: whatever a kill, the calendar or a backup that was put back left to do."""

from __future__ import annotations

import hashlib
import logging

from kenbaar.access import Access
from kenbaar.archive._journal import ArchiveJournal
from kenbaar.archive._replay import Replay
from kenbaar.collections import CollectionStore
from kenbaar.consent import ConsentStore
from kenbaar.keys import canonical
from kenbaar.rights import Leaving
from kenbaar.staff import Staff, Tokens

log = logging.getLogger(__name__)


def recovery(
    journal: ArchiveJournal,
    records: ConsentStore,
    items: CollectionStore,
    leaving: Leaving,
    staff: Staff,
    tokens: Tokens,
    access: Access,
) -> None:
    """Has the journal recover the archive whenever somebody begins to write.

    1. What narrows and the records do not know is replayed from the ledger: acts that are newer than the records, which
       are a backup then; or, where rows that protect somebody are not those that were written last, all such acts.
    2. What is past its end date ends. Where somebody was killed, or keys were destroyed elsewhere, all is gone through.
    """
    replay = Replay(records, items, leaving, staff, tokens)

    def protecting(size: int) -> str:
        ended = [*staff.store.protecting(), *tokens.store.protecting()]
        return hashlib.sha256(canonical(size, *records.sealed_facts(), *items.protecting(), *ended)).hexdigest()

    def as_written_last() -> bool:
        size = int(records.note("ledger_size") or 0)
        return records.note("protecting") == protecting(size) or not journal.ledger.size

    def up_to_ledger() -> bool:
        return as_written_last() and int(records.note("ledger_size") or 0) == journal.ledger.size

    def recover(killed: bool) -> None:
        size = int(records.note("ledger_size") or 0)
        if not as_written_last():
            log.warning("rows that protect people are not those written last: what narrows is replayed from the ledger")
            replay.replay(list(journal.acts()))
        elif journal.ledger.size > size:
            log.warning("the records are older than the ledger: what narrowed since is replayed")
            replay.replay([act for act in journal.acts() if act.index >= size])
        if killed:
            log.warning("whoever wrote last was killed: the archive is gone through")
            access.recover()
        leaving.recover(whole=killed or int(records.note("key_generation") or 0) != journal.keys.generation)

    journal.recover, journal.protecting, journal.up_to_ledger = recover, protecting, up_to_ledger
