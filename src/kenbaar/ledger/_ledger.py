"""The ledger itself: what is recorded before anything is answered."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from kenbaar.disk import cut, sync_folder, write_synced
from kenbaar.errors import LedgerBroken, UsageError
from kenbaar.ledger._checkpoint import Checkpoint, write_proof
from kenbaar.ledger._folder import (
    ACTS,
    ENTRIES,
    HEAD,
    FileMark,
    Head,
    cannot,
    last_line,
    locked,
    make_folder,
    read_lines,
)
from kenbaar.ledger._lines import (
    ENTRY_BYTES,
    ActLine,
    Leaf,
    act_place,
    floor_hour,
    seal_digest,
    signed_entry,
)
from kenbaar.ledger._note import Signer, VerifierKey
from kenbaar.ledger._payload import PayloadKey, commitment, open_payload, payload_bytes, seal_payload
from kenbaar.ledger._recover import read_through
from kenbaar.ledger._tree import Frontier, consistency_proof, inclusion_proof, leaf_hash
from kenbaar.ledger._verify import Verification, verify_ledger

_PAYLOAD_BYTES = 1 << 20  # ours: a payload names things by id, and a longer one is a mistake


@dataclass(frozen=True, slots=True)
class NewAct:
    """An act about to be done. purpose: as consent writes it (`find`, `show:web`), or None."""

    event: str
    payload: Mapping[str, Any] = field(repr=False)
    seal: PayloadKey
    at: datetime
    purpose: str | None = None


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """Where an act stands.

    leaf: the entry's exact bytes, for verify_proof. hour: as recorded, never before the last one's.
    """

    index: int
    leaf: bytes
    hour: datetime


@dataclass(frozen=True, slots=True)
class Act:
    """An act as read back.

    payload: None where its key was destroyed: it was about somebody who left, and `at` is then the hour.
    """

    index: int
    event: str
    purpose: str | None
    at: datetime
    payload: Mapping[str, Any] | None = field(repr=False)


class Witness(Protocol):
    """Remembers, apart from the ledger, how far it went. What it saw, no smaller and no other ledger can follow."""

    def last(self) -> tuple[int, bytes]:
        """The size and the root (32 bytes) it saw last. LedgerBroken where it cannot tell."""

    def saw(self, size: int, root: bytes) -> None:
        """This is how far the ledger is; durable when it returns."""


@dataclass(frozen=True, slots=True)
class _Now:
    """The ledger as it is on disk, checked."""

    checkpoint: Checkpoint
    frontier: Frontier
    entries: FileMark
    acts: FileMark
    last_hour: datetime | None
    head: FileMark


class Ledger:
    """One archive's ledger, in a folder of its own. Any number of processes may hold one; writing takes turns."""

    def __init__(self, folder: Path, signer: Signer, origin: str, witness: Witness | None = None) -> None:
        """Use Ledger.create() or Ledger.open()."""
        self._folder, self._signer, self._witness = folder, signer, witness
        self._key = VerifierKey(origin, signer.public_bytes)
        self._now: _Now | None = None
        self._broken: LedgerBroken | None = None

    @classmethod
    def create(cls, folder: Path, origin: str, signer: Signer, witness: Witness | None = None) -> Ledger:
        """A new, empty ledger with its empty head signed. UsageError where there is one already.

        origin: the ledger's name in every checkpoint, best a URL without scheme (`example.org/photos`), no spaces.
        witness: remembers elsewhere how far the ledger went; None: nobody does.
        """
        ledger = cls(folder, signer, origin, witness)
        try:
            make_folder(folder)
            with locked(folder, writing=True):
                if (folder / HEAD).exists() or FileMark.of(folder / ENTRIES).size_bytes:
                    raise UsageError("There is a ledger here already.", "Open it, or choose an empty folder.")
                ledger._save(Frontier())
                sync_folder(folder)
                ledger._remember(Frontier())
        except OSError as err:
            raise cannot("write", err) from err
        return ledger

    @classmethod
    def open(cls, folder: Path, signer: Signer, witness: Witness | None = None) -> Ledger:
        """The ledger in this folder, with what a crash tore repaired.

        Cheap where nobody but us wrote to the files since the last signed head; else they are read through once.
        LedgerBroken where they were edited, cut or added to, are of another key, or are not what the witness saw.
        """
        with locked(folder, writing=False):
            origin = Head.read(folder).checkpoint.partition("\n")[0]
        ledger = cls(folder, signer, origin, witness)
        with locked(folder, writing=True):
            ledger._refresh()
        return ledger

    @property
    def origin(self) -> str:
        """The ledger's name, as its checkpoints open with it."""
        return self._key.name

    @property
    def verifier_key(self) -> VerifierKey:
        """The public key that checkpoints and proofs are checked with; str() of it is safe to hand out."""
        return self._key

    @property
    def size(self) -> int:
        """How many entries there are now, other processes' included."""
        return self._read_now().frontier.size

    @property
    def last_at(self) -> datetime | None:
        """The hour of the last entry, UTC; None while there is none. A clock before it has jumped back."""
        return self._read_now().last_hour

    def checkpoint(self) -> Checkpoint:
        """The last signed head. Keep its text outside the archive: it is what later finds a cut or a fork."""
        return self._read_now().checkpoint

    def record(
        self,
        event: str,
        *,
        payload: Mapping[str, Any],
        seal: PayloadKey,
        at: datetime,
        purpose: str | None = None,
    ) -> LedgerEntry:
        """Take one act down, durably, before it is done. When this raises, nothing was taken down: do nothing."""
        return self.record_many([NewAct(event, payload, seal, at, purpose)])[0]

    def record_many(self, acts: Sequence[NewAct]) -> list[LedgerEntry]:
        """Take several acts down with one wait for the disk. All or none; in a crash, perhaps a first part.

        1. The acts, sealed, are made durable; 2. then the entries; 3. then the signed head; 4. the witness sees it.
        """
        if not acts:
            return []
        with locked(self._folder, writing=True):
            now = self._refresh()
            entries, act_lines = self._compose(acts, now)
            try:
                write_synced(self._folder / ACTS, b"".join(a.line() + b"\n" for a in act_lines), now.acts.size_bytes)
                write_synced(self._folder / ENTRIES, b"".join(e.leaf + b"\n" for e in entries), now.entries.size_bytes)
                saved = self._save(now.frontier.extend(leaf_hash(e.leaf) for e in entries), entries[-1].hour)
            except OSError as err:
                self._take_back(now)
                raise cannot("write", err) from err
            self._remember(saved.frontier)
        return entries

    def acts(self, open_key: Callable[[str], bytes | None]) -> Iterator[Act]:
        """Every act, oldest first. open_key: the 32-byte key with this id, or None where it was destroyed."""
        now = self._read_now()
        entries = read_lines(self._folder / ENTRIES, now.entries.size_bytes)
        act_lines = read_lines(self._folder / ACTS, now.acts.size_bytes)
        for index, (entry, line) in enumerate(zip(entries, act_lines, strict=True)):
            leaf, act = Leaf.read(entry[:-1]), ActLine.read(line[:-1])
            key = open_key(act.key_id)
            if key is None:
                yield Act(index, leaf.event, leaf.purpose, leaf.hour, None)
            else:
                payload = open_payload(key, act.sealed, act_place(self.origin, index, leaf.event), leaf.commit)
                yield Act(index, leaf.event, leaf.purpose, payload.at, payload.said)

    def recent(
        self, since: datetime, events: Collection[str], open_key: Callable[[str], bytes | None]
    ) -> Iterator[Act]:
        """The acts of these kinds from the hour of `since` on, newest first. Of all others nothing is opened."""
        now, first = self._read_now(), floor_hour(since)
        entries = list(read_lines(self._folder / ENTRIES, now.entries.size_bytes))
        act_lines = list(read_lines(self._folder / ACTS, now.acts.size_bytes))
        for index in range(len(entries) - 1, -1, -1):
            leaf = Leaf.read(entries[index][:-1])
            if leaf.hour < first:
                return
            if leaf.event not in events:
                continue
            act = ActLine.read(act_lines[index][:-1])
            if (key := open_key(act.key_id)) is not None:
                place = act_place(self.origin, index, leaf.event)
                payload = open_payload(key, act.sealed, place, leaf.commit)
                yield Act(index, leaf.event, leaf.purpose, payload.at, payload.said)

    def proof(self, index: int) -> str:
        """A .tlog-proof text: entry `index` is in the ledger under its last signed head. Reads the whole ledger."""
        now = self._read_now()
        if not 0 <= index < now.frontier.size:
            raise UsageError(f"The ledger has no entry {index}.", f"It has {now.frontier.size}, from 0.")
        return write_proof(index, inclusion_proof(self._leaf_hashes(now), index), now.checkpoint)

    def consistency(self, earlier: Checkpoint) -> list[bytes]:
        """The proof, for verify_consistency, that the earlier checkpoint's ledger is the beginning of this one."""
        now = self._read_now()
        if earlier.size > now.frontier.size:
            raise LedgerBroken(
                f"The ledger was cut: {earlier.size} entries were signed, {now.frontier.size} are there.",
                "Keep a copy as it is, then put the ledger folder back from a backup, whole.",
            )
        return consistency_proof(self._leaf_hashes(now), earlier.size)

    def verify(
        self, earlier: Checkpoint | None = None, *, open_key: Callable[[str], bytes | None] | None = None
    ) -> Verification:
        """Everything recomputed from the files; see verify_ledger, which also serves a ledger that does not open."""
        return verify_ledger(self._folder, self._key, earlier, open_key=open_key)

    def _compose(self, acts: Sequence[NewAct], now: _Now) -> tuple[list[LedgerEntry], list[ActLine]]:
        entries, lines, hour = [], [], now.last_hour
        for index, act in enumerate(acts, start=now.frontier.size):
            hour = max(hour or floor_hour(act.at), floor_hour(act.at))
            payload = payload_bytes(act.at, act.payload)
            if len(payload) > _PAYLOAD_BYTES:
                raise UsageError("This act's payload is too long.", "Name things by id, and record each act by itself.")
            sealed = seal_payload(act.seal.key, payload, act_place(self.origin, index, act.event))
            commit = commitment(act.seal.key, payload)
            leaf = Leaf(act.event, act.purpose, hour, commit, seal_digest(act.seal.key_id, sealed)).line()
            assert len(leaf) <= ENTRY_BYTES  # bounded by Leaf's own rules
            signature = self._signer.sign(signed_entry(self.origin, index, leaf_hash(leaf)))
            entries.append(LedgerEntry(index, leaf, hour))
            lines.append(ActLine(index, act.seal.key_id, sealed, signature))
        return entries, lines

    def _save(self, frontier: Frontier, last_hour: datetime | None = None) -> _Now:
        """Sign and store this head. The frontier grew from the last signed one, so the two are consistent."""
        checkpoint = Checkpoint.sign(self.origin, frontier.size, frontier.root(), self._signer)
        entries, acts = FileMark.of(self._folder / ENTRIES), FileMark.of(self._folder / ACTS)
        Head(checkpoint.text, frontier.peaks, entries, acts).write(self._folder, self._signer)
        self._now = _Now(checkpoint, frontier, entries, acts, last_hour, FileMark.of(self._folder / HEAD))
        return self._now

    def _take_back(self, now: _Now) -> None:
        """Leave nothing half written. Where even that fails, the tail is dealt with at the next open.

        Not once the new head stands: then the entries are signed, and cutting them would break the ledger.
        """
        self._now = None
        with suppress(OSError):
            if FileMark.of(self._folder / HEAD) == now.head:
                cut(self._folder / ENTRIES, now.entries.size_bytes)
                cut(self._folder / ACTS, now.acts.size_bytes)
                (self._folder / f"{HEAD}.new").unlink(missing_ok=True)

    def _read_now(self) -> _Now:
        with locked(self._folder, writing=True):
            return self._refresh()

    def _refresh(self) -> _Now:
        """The ledger as on disk, checked against its signed head. Under the lock. Once broken, broken for good."""
        if self._broken is not None:
            raise LedgerBroken(*self._broken.args)
        try:
            self._now = self._look()
        except LedgerBroken as err:
            self._now, self._broken = None, err
            raise
        except OSError as err:
            raise cannot("read", err) from err
        return self._now

    def _look(self) -> _Now:
        folder = self._folder
        marks = tuple(
            FileMark.of(folder / name) if (folder / name).exists() else None for name in (ENTRIES, ACTS, HEAD)
        )
        now = self._now
        if now is not None and marks == (now.entries, now.acts, now.head):
            self._compare_with_witness(now.frontier)
            return now
        head = Head.read(folder, self._key)
        checkpoint = Checkpoint.read(head.checkpoint, self._key)
        if now is not None and not self._grew(now, checkpoint):
            raise LedgerBroken("The ledger went back to an earlier head.", "Put its folder back from a backup, whole.")
        entries, acts, head_mark = marks
        if head.signature is not None and entries == head.entries and acts == head.acts and head_mark is not None:
            frontier = _frontier(checkpoint.size, head.peaks)
            if frontier.root() != checkpoint.root:
                raise LedgerBroken("The ledger's head was edited.", "Put its folder back from a backup, whole.")
            hour = self._last_hour(head.entries.size_bytes, frontier.size)
            self._compare_with_witness(frontier)
            return _Now(checkpoint, frontier, head.entries, head.acts, hour, head_mark)
        return self._repair(checkpoint)

    def _remember(self, frontier: Frontier) -> None:
        if self._witness is not None:
            self._witness.saw(frontier.size, frontier.root())

    def _compare_with_witness(self, frontier: Frontier) -> None:
        """Raises LedgerBroken where this is not the ledger that the witness saw, grown perhaps by what a crash left."""
        if self._witness is None:
            return
        size, root = self._witness.last()
        if size > frontier.size:
            raise LedgerBroken(
                f"The ledger was cut: it had {size} entries, and {frontier.size} are there.",
                "Keep a copy as it is, then put the ledger folder back from a backup, whole, the newest.",
            )
        if size < frontier.size:
            seen = Frontier().extend(self._leaf_hashes_until(size))
            if seen.root() == root:
                self._remember(frontier)
                return
        elif frontier.root() == root:
            return
        raise LedgerBroken(
            "This is another ledger than the one that was here: its entries are not those that were written.",
            "Keep a copy as it is, then put the ledger folder back from a backup, whole, the newest.",
        )

    def _leaf_hashes_until(self, size: int) -> Iterator[bytes]:
        """Of the first so many entries."""
        path = self._folder / ENTRIES
        return (leaf_hash(line[:-1]) for line in islice(read_lines(path, path.stat().st_size), size))

    def _repair(self, checkpoint: Checkpoint) -> _Now:
        sound = read_through(self._folder, checkpoint, self._key)
        self._compare_with_witness(sound.frontier)
        hour = self._last_hour(sound.entries_bytes, sound.frontier.size)
        try:
            cut(self._folder / ENTRIES, sound.entries_bytes)
            cut(self._folder / ACTS, sound.acts_bytes)
            return self._save(sound.frontier, hour)
        except OSError as err:
            raise cannot("write", err) from err

    def _grew(self, now: _Now, checkpoint: Checkpoint) -> bool:
        """A head of the same size must be the same head; a larger one is checked by whoever reads the entries."""
        same = checkpoint.size == now.checkpoint.size
        return checkpoint.root == now.checkpoint.root if same else checkpoint.size > now.checkpoint.size

    def _last_hour(self, entries_bytes: int, size: int) -> datetime | None:
        return Leaf.read(last_line(self._folder / ENTRIES, entries_bytes)).hour if size else None

    def _leaf_hashes(self, now: _Now) -> list[bytes]:
        return [leaf_hash(line[:-1]) for line in read_lines(self._folder / ENTRIES, now.entries.size_bytes)]


def _frontier(size: int, peaks: tuple[bytes, ...]) -> Frontier:
    try:
        return Frontier(size, peaks)
    except ValueError as err:
        raise LedgerBroken("The ledger's head was edited.", "Put its folder back from a backup, whole.") from err
