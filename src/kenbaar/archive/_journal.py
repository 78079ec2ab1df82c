"""The archive's journal: what time it is, whose turn it is to write, and every act in the ledger before it happens."""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from kenbaar.archive._clock import ArchiveClock
from kenbaar.archive._home import LOCK, hold
from kenbaar.consent import ConsentStore
from kenbaar.errors import NoSpace
from kenbaar.keys import KeyStore
from kenbaar.ledger import Act, Fact, Ledger, PayloadKey, act_payload
from kenbaar.policy import Actor, Event

IN_DOUBT = frozenset({Event.WITHDRAW, Event.REJECT, Event.REFUSED})
"""What is done and recorded while the clock is in doubt: it takes back, and nobody has to wait for that."""

_WRITING = b"writing\n"  # what the lock file holds while somebody writes; still there afterwards: they were killed


class ArchiveJournal:
    """ledger.Journal for one archive.

    recover: called by every writer first; whole: somebody may have been killed. protecting: a digest of the rows that
    protect people, and of how far the ledger was, which every writer notes last: neither is believed without the other.
    up_to_ledger: whether the records are what was written last, and the ledger went no further.
    """

    def __init__(
        self,
        home: Path,
        clock: Callable[[], datetime],
        ledger: Ledger,
        records: ConsentStore,
        keys: KeyStore,
        log_key: str,
    ) -> None:
        self.ledger, self.keys = ledger, keys
        self.clock = ArchiveClock(clock, lambda: self.ledger.last_at)
        self._lock, self._records, self._log_key = home / LOCK, records, log_key
        self._depth, self._thread = 0, threading.RLock()
        self.recover: Callable[[bool], None] = lambda whole: None
        self.protecting: Callable[[int], str] = lambda size: ""
        self.up_to_ledger: Callable[[], bool] = lambda: True

    def now(self) -> datetime:
        """As ledger.Journal."""
        return self.clock.now()

    def act_time(self) -> datetime:
        """As ledger.Journal."""
        return self.clock.act_time()

    @contextmanager
    def writing(self, *, in_doubt: bool = False, wait: bool = True) -> Iterator[None]:
        """One writer at a time, across processes. The outermost entry recovers what a killed writer left.

        in_doubt: also while the clock is in doubt. wait=False: raises BlockingIOError where somebody else is writing.
        """
        with self._thread:
            if self._depth:
                self._depth += 1
                try:
                    yield
                finally:
                    self._depth -= 1
                return
            with hold(self._lock, wait=wait) as file:
                if not in_doubt:
                    self.clock.require()
                killed = os.pread(file, len(_WRITING), 0) != b""
                _mark(file, _WRITING)
                self._depth = 1
                try:
                    self.recover(killed)
                    yield
                    self._records.set_notes(
                        key_generation=str(self.keys.generation),
                        keys_made=str(self.keys.made),
                        ledger_size=str(self.ledger.size),
                        protecting=self.protecting(self.ledger.size),
                    )
                    _mark(file, b"")  # not reached by an exception: then the next writer looks at everything
                finally:
                    self._depth = 0

    def record(self, event: Event, actor: Actor, *, subject: str | None = None, **facts: Fact) -> int:
        """Makes an act durable before it happens (ledger.Recorder).

        While the clock is in doubt: ClockInDoubt, but for what only takes back (IN_DOUBT).
        """
        if event not in IN_DOUBT:
            self.clock.require()
        return self._record(self.act_time(), event, actor, subject, facts)

    def confirm_clock(self, actor: Actor) -> bool:
        """Somebody who answers for the archive says that the machine's time is right; False where nobody doubts it."""
        if (doubt := self.clock.doubt()) is None:
            return False
        times: dict[str, Fact] = {"machine": doubt.machine.isoformat(), "last": doubt.last.isoformat()}
        self._record(doubt.machine, Event.CLOCK, actor, None, times)
        return True

    def _record(self, at: datetime, event: Event, actor: Actor, subject: str | None, facts: Mapping[str, Fact]) -> int:
        payload, seal = act_payload(event, actor, subject, facts), self._seal_for(subject)
        purpose = event.value.purpose
        return self.ledger.record(str(event), payload=payload, seal=seal, purpose=purpose, at=at).index

    def acts(self) -> Iterator[Act]:
        """Everything in the ledger; what is about somebody who left comes without payload."""
        return self.ledger.acts(_each_once(self._open_key))

    def acts_for(self, subject: str) -> Iterator[Act]:
        """The same, with what is about other people without payload: of that nothing is opened."""
        person = self._records.subject(subject)
        readable = {self._log_key, person.log_key if person else None}
        open_key = _each_once(self._open_key)
        return self.ledger.acts(lambda key_id: open_key(key_id) if key_id in readable else None)

    def recent(self, since: datetime, events: frozenset[Event]) -> Iterator[Act]:
        """The acts of these kinds since then, newest first; without those about somebody who left."""
        names = {str(event) for event in events}
        return (act for act in self.ledger.recent(since, names, self._open_key) if act.at >= since)

    def _open_key(self, key_id: str) -> bytes | None:
        return self.keys.get(key_id) if self.keys.alive([key_id]) else None

    def _seal_for(self, subject: str | None) -> PayloadKey:
        person = self._records.subject(subject) if subject else None
        key_id = person.log_key if person and person.log_key and self.keys.alive([person.log_key]) else self._log_key
        return PayloadKey(key_id, self.keys.get(key_id))


def _each_once(open_key: Callable[[str], bytes | None]) -> Callable[[str], bytes | None]:
    """The same keys, each fetched once: thousands of acts are sealed with one, and the key store reads its file anew
    for each call. Used for one reading of the ledger, and forgotten with it."""
    return functools.cache(open_key)


def _mark(file: int, text: bytes) -> None:
    try:
        os.ftruncate(file, len(text))
        os.pwrite(file, text, 0)
        os.fdatasync(file)
    except OSError as err:
        raise NoSpace(
            f"The home folder cannot be written to ({err.strerror}).", "Make room; nothing was changed."
        ) from err
