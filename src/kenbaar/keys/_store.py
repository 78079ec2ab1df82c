"""The key store: every key that consent is, and the place where it can be destroyed."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kenbaar.disk import opened, remove, sync_folder, write_all, write_new
from kenbaar.errors import KeyDestroyed, KeyStoreBroken, UsageError
from kenbaar.keys import _store_file as file
from kenbaar.keys._durable import locked, told_as_refusals
from kenbaar.keys._envelope import KEY_BYTES, Envelope
from kenbaar.keys._ids import altered, bytes_of, unknown
from kenbaar.keys._store_file import KeyKind

_FEW = 64  # up to so many slots, or one in so many, are read one by one; for more the file is read whole, once


@dataclass(frozen=True, slots=True)
class _View:
    """The store's file while it is locked and open."""

    fd: int
    header: file.Header
    key: file.StoreKey


class KeyStore:
    """The keys of one archive, in one folder. Any number of processes and threads may use it at once.

    Every call reads the disk: what another process added, destroyed or rotated holds from the next call on, and no
    key is kept in memory between calls (only the store key is, inside OpenSSL). Whatever changes something is on the
    disk when it returns. KeyStoreBroken where the store is missing, altered, cut, or another's.
    """

    def __init__(self, folder: Path, envelope: Envelope) -> None:
        """Use KeyStore.create or KeyStore.open."""
        self.folder = folder
        self._envelope = envelope
        self._key: file.StoreKey | None = None
        self._least_generation = 0

    @classmethod
    def create(cls, folder: Path, envelope: Envelope) -> KeyStore:
        """A new, empty store in `folder` (made, mode 0700). UsageError where there is one already."""
        with told_as_refusals(folder):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        store = cls(folder, envelope)
        with locked(folder, exclusive=True), told_as_refusals(store._path):
            if store._path.exists():
                raise UsageError(f"There is a key store in {folder} already.", "Use it as it is.")
            store_id = os.urandom(16)
            key = file.StoreKey.new(envelope, store_id)
            header = file.Header(store_id, envelope.id, key.wrapped, sequence=1, generation=1, count=0)
            store._replace_file(file.page_of(header, key) * 2)
        return store

    @classmethod
    def open(
        cls, folder: Path, envelope: Envelope, *, store_id: str | None = None, least_generation: int = 0
    ) -> KeyStore:
        """The store as it is. KeyStoreBroken where it is missing, altered, or sealed under another master key.

        store_id, least_generation: what the archive remembers; another store, or an older copy put back, is refused.
        """
        store = cls(folder, envelope)
        store._least_generation = least_generation
        if not store._path.exists():
            raise KeyStoreBroken(
                f"The key store {store._path} is missing.",
                "Put it back from its own backup. Without it no template of this archive can be opened.",
            )
        store._close_to_others()
        with store._view(exclusive=True) as view:
            found_id = view.header.store_id.hex()
            if store_id is not None and found_id != store_id:
                raise KeyStoreBroken(
                    f"The key store {found_id} is not this archive's, which is {store_id}.",
                    "Put back the key store that belongs to this archive.",
                )
            store._count_tombstones(view)
        return store

    @property
    def id(self) -> str:
        """The store's own id, 32 hex digits; the same for as long as the store lives."""
        with self._view() as view:
            return view.header.store_id.hex()

    @property
    def master_id(self) -> str:
        """The id of the master key it is sealed under."""
        with self._view() as view:
            return view.header.master_id

    @property
    def generation(self) -> int:
        """Grows with every change that destroys keys or rotates. Remember it: a smaller one later is an older copy."""
        with self._view() as view:
            return view.header.generation

    @property
    def made(self) -> int:
        """How many keys were ever made, destroyed ones counted. Never falls: a smaller one later is an older copy."""
        with self._view() as view:
            return view.header.count

    @property
    def binds_facts(self) -> bool:
        """False of a store made before 0.4, whose keys open whatever the records say they are for: it is to be sealed
        (`rotate` with facts), and is good for nothing else."""
        with self._view() as view:
            return view.header.version != file.WITHOUT_FACTS

    def add(
        self, kind: KeyKind | str, *, at: datetime, key: bytes | None = None, facts: bytes | None = None
    ) -> tuple[str, bytes]:
        """The id of a new key and the key: 32 random bytes, or the ones given.

        facts: what it is for; only who brings the same to `open_for` opens it. None: it is about nobody (`get`).
        """
        new = os.urandom(KEY_BYTES) if key is None else key
        return self._add(KeyKind(kind), [new], at, None if facts is None else [facts])[0]

    def add_many(
        self, kind: KeyKind | str, count: int, *, at: datetime, facts: Sequence[bytes] | None = None
    ) -> list[tuple[str, bytes]]:
        """That many new random keys with their ids, all of them or, after a crash, none. facts: one for each."""
        return self._add(KeyKind(kind), [os.urandom(KEY_BYTES) for _ in range(count)], at, facts)

    def get(self, key_id: str) -> bytes:
        """A key that is about nobody, 32 bytes. KeyDestroyed where it was destroyed, KeyStoreBroken where it was
        altered, is for somebody (`open_for`), or never was here."""
        keys = self.get_many([key_id])
        if key_id not in keys:
            raise KeyDestroyed(f"Key {key_id} was destroyed.", "Ask the person to enrol again, if they wish to.")
        return keys[key_id]

    def get_many(self, ids: Iterable[str]) -> dict[str, bytes]:
        """The living keys among these, in the same order; destroyed ones are left out.

        KeyStoreBroken where one does not open, or never was here: an absent key is not a destroyed one.
        """
        wanted = list(ids)
        with self._view() as view:
            slots, known = self._slots_of(view, wanted)
            if not known.all():
                raise unknown(wanted[int(np.argmin(known))])
            living = np.flatnonzero(~file.are_dead(slots, view.key, view.header))
            found = file.open_slots(slots[living], view.key, view.header, [file.NO_FACTS] * len(living))
        keys: dict[str, bytes] = {}
        for i, key in zip(living.tolist(), found, strict=True):
            if key is None:
                raise altered(wanted[i])
            keys[wanted[i]] = key
        return keys

    def open_for(self, wanted: Iterable[tuple[str, bytes]]) -> dict[str, bytes]:
        """Of these (key id, facts) the keys that are living and were made for exactly these facts, in the same order.

        What was destroyed, was altered, never was here, or was made for anything else is left out: nothing opens it.
        """
        pairs = list(wanted)
        ids = [key_id for key_id, _ in pairs]
        with self._view() as view:
            slots, known = self._slots_of(view, ids)
            here = np.flatnonzero(known & (slots["destroyed"] == 0))
            facts = [file.facts_digest(pairs[i][1]) for i in here.tolist()]
            found = file.open_slots(slots[here], view.key, view.header, facts)
        return {ids[i]: key for i, key in zip(here.tolist(), found, strict=True) if key is not None}

    def alive(self, ids: Iterable[str]) -> set[str]:
        """Which of these are here and not marked destroyed. Opens nothing: it is no word for what they are for."""
        wanted = list(ids)
        with self._view() as view:
            slots, known = self._slots_of(view, wanted)
        return {wanted[i] for i in np.flatnonzero(known & (slots["destroyed"] == 0))}

    def destroy(self, ids: Iterable[str], *, at: datetime) -> int:
        """Overwrites these keys where they lie and returns how many were alive. On the disk when this returns.

        The id stays, with the time, as a tombstone. Ids that never were here are passed over.
        Needs no room on the disk, and takes no longer in a large store than in a small one.
        """
        wanted = list(ids)
        when = file.micros(at)
        with self._view(exclusive=True) as view:
            slots, known = self._slots_of(view, wanted)
            slots = slots[known]
            slots = slots[~file.are_dead(slots, view.key, view.header)]
            slots = slots[np.unique(slots["number"], return_index=True)[1]]  # an id given twice counts once
            if not len(slots):
                return 0
            newly = slots["destroyed"] == 0
            # The generation first: after a crash in between, a store from before this is noticed all the same.
            advanced = file.advanced(view.header, destroying=True)
            file.write_header(view.fd, advanced, view.key)
            times = np.where(newly, when, slots["destroyed"])
            file.overwrite_slots(view.fd, slots, times.tolist(), view.key, view.header)
            if view.header.version != file.WITHOUT_FACTS:
                file.write_header(view.fd, file.advanced(advanced, died=len(slots)), view.key)
        return int(np.count_nonzero(newly))

    def destroyed(self) -> dict[str, datetime]:
        """Every destroyed key's id and when that was, in the order the keys were made."""
        with self._view() as view:
            slots = file.read_slots(view.fd, view.header)
            slots = slots[slots["destroyed"] != 0]
            whole = file.are_dead(slots, view.key, view.header)
        if not whole.all():
            raise altered(file.ids_of(slots[~whole])[0])
        return dict(zip(file.ids_of(slots), map(file.moment, slots["destroyed"].tolist()), strict=True))

    def ids(self, kind: KeyKind | str | None = None) -> list[str]:
        """The ids of living keys (of that kind), in the order they were made."""
        slots = self._all_slots()
        chosen = slots["destroyed"] == 0
        if kind is not None:
            chosen &= slots["kind"] == file.KIND_CODES[KeyKind(kind)]
        return file.ids_of(slots[chosen])

    def __len__(self) -> int:
        """How many keys are alive."""
        return int(np.count_nonzero(self._all_slots()["destroyed"] == 0))

    def __bool__(self) -> bool:
        return True  # an empty store is a store

    def rotate(
        self,
        new_envelope: Envelope,
        *,
        at_step: Callable[[str], None] = lambda step: None,
        facts: Mapping[str, bytes] | None = None,
    ) -> None:
        """Seals every living key anew under that envelope and replaces the file. Ids and tombstones stay.

        Older copies of the store stay as they were: they are noise once the old master key is destroyed, which is for
        the caller to do (rotate_master does it all where the master key is a file). Killed before it returns, the store
        is whole, under the old master key or under the new one. at_step hears "new store written" and "store replaced".
        facts: for a store made before 0.4, what each key is for from now on (key id -> facts); keys that are about
        nobody are left out. ValueError for a store that binds facts already: nothing is ever bound to others.
        """
        with locked(self.folder, exclusive=True):
            self.rotate_locked(new_envelope, at_step, facts)

    def rotate_locked(
        self, new_envelope: Envelope, at_step: Callable[[str], None], facts: Mapping[str, bytes] | None = None
    ) -> None:
        """As `rotate`, for a caller inside the keys room that holds the folder's lock already."""
        with told_as_refusals(self._path):
            with opened(self._path, os.O_RDONLY) as fd:
                header, old = file.read_header(fd, self._envelope, self._key)
                slots = file.read_slots(fd, header).copy()
            if (header.version == file.WITHOUT_FACTS) != (facts is not None):
                raise ValueError("facts are given once, to a store that has none")
            new = file.StoreKey.new(new_envelope, header.store_id)
            dead = np.flatnonzero(file.are_dead(slots, old, header))
            grown = replace(file.advanced(header, destroying=True), version=file.VERSION, dead=len(dead))
            renewed = replace(grown, master_id=new_envelope.id, wrapped=new.wrapped)
            alive = np.flatnonzero(slots["destroyed"] == 0)
            keys = file.open_slots(slots[alive], old, header)
            # A key that did not open before will not open after; it keeps its place, and get() goes on saying so.
            living = [key for key in keys if key is not None]
            opened_ = alive[np.array([key is not None for key in keys], np.bool_)]
            if facts is not None:
                bound = [facts.get(key_id) for key_id in file.ids_of(slots[opened_])]
                said = [file.NO_FACTS if one is None else file.facts_digest(one) for one in bound]
                slots["facts"][opened_] = np.frombuffer(b"".join(said), f"V{file.FACTS_BYTES}")
            file.seal_slots(slots, opened_, new, renewed, living)
            slots[dead] = file.bury(slots[dead], slots["destroyed"][dead].tolist(), new, renewed)
            self._replace_file(file.page_of(renewed, new) * 2 + slots.tobytes(), at_step)
        self._envelope, self._key = new_envelope, new

    def __repr__(self) -> str:
        return f"KeyStore({self.folder})"

    def _count_tombstones(self, view: _View) -> None:
        """Raises KeyStoreBroken where there are fewer than there were: a slot was put back from an older copy."""
        slots = file.read_slots(view.fd, view.header)
        dead = int(np.count_nonzero(file.are_dead(slots[slots["destroyed"] != 0], view.key, view.header)))
        if dead < view.header.dead:
            raise KeyStoreBroken(
                f"{view.header.dead} keys were destroyed, and only {dead} of them still are: the store was altered.",
                "Put the key store back from its own backup.",
            )
        if dead > view.header.dead and view.header.version != file.WITHOUT_FACTS:  # a crash came before they counted
            file.write_header(view.fd, file.advanced(view.header, died=dead - view.header.dead), view.key)

    @property
    def _path(self) -> Path:
        return self.folder / "store"

    @contextmanager
    def _view(self, *, exclusive: bool = False) -> Iterator[_View]:
        if not self.folder.is_dir():
            raise KeyStoreBroken(
                f"The key store's folder {self.folder} is missing.", "Put it back from its own backup."
            )
        with (
            locked(self.folder, exclusive=exclusive),
            told_as_refusals(self._path),
            opened(self._path, os.O_RDWR if exclusive else os.O_RDONLY) as fd,
        ):
            header, self._key = file.read_header(fd, self._envelope, self._key)
            if header.generation < self._least_generation:
                raise KeyStoreBroken(
                    f"The key store is an older copy (generation {header.generation}, and {self._least_generation} has "
                    "been seen): keys destroyed since then would be back.",
                    "Put back the newest key store.",
                )
            self._least_generation = header.generation
            yield _View(fd, header, self._key)

    def _add(
        self, kind: KeyKind, keys: Sequence[bytes], at: datetime, facts: Sequence[bytes] | None
    ) -> list[tuple[str, bytes]]:
        if any(len(key) != KEY_BYTES for key in keys):
            raise ValueError(f"a key is {KEY_BYTES} bytes")
        if not keys:
            return []
        with self._view(exclusive=True) as view:
            slots = file.new_slots(view.key, view.header, kind, keys, at, facts)
            end = file.SLOTS_AT + view.header.count * file.SLOT_BYTES
            try:
                os.ftruncate(view.fd, end)  # what a crash left behind the last slot
                write_all(view.fd, slots.tobytes(), end)
                os.fsync(view.fd)
            except OSError:
                with suppress(OSError):
                    os.ftruncate(view.fd, end)
                raise
            # Only now do the slots count.
            file.write_header(view.fd, file.advanced(view.header, added=len(keys)), view.key)
        return list(zip(file.ids_of(slots), keys, strict=True))

    def _all_slots(self) -> file.Slots:
        with self._view() as view:
            return file.read_slots(view.fd, view.header)

    def _slots_of(self, view: _View, ids: Sequence[str]) -> tuple[file.Slots, NDArray[np.bool_]]:
        """For each id the slot it names, and whether that slot is really its own."""
        raw = bytes_of(ids)
        numbers = np.ascontiguousarray(raw[:, 12:]).view(">u4").ravel().astype(np.int64)
        known = numbers < view.header.count
        if not view.header.count:
            return np.zeros(len(ids), file.SLOT), known
        reachable = np.where(known, numbers, 0)
        if len(ids) <= max(_FEW, view.header.count // _FEW):
            slots = file.read_slots(view.fd, view.header, reachable.tolist())
        else:
            slots = file.read_slots(view.fd, view.header)[reachable]
        known &= (slots.view(np.uint8).reshape(-1, file.SLOT_BYTES)[:, :16] == raw).all(axis=1)
        return slots, known

    def _replace_file(self, data: bytes, at_step: Callable[[str], None] = lambda step: None) -> None:
        beside = self.folder / "store.new"
        remove(beside)  # a rotation that was cut off
        write_new(beside, data)
        at_step("new store written")
        beside.rename(self._path)
        sync_folder(self.folder)
        at_step("store replaced")

    def _close_to_others(self) -> None:
        """Modes are repaired, not refused: the store is sealed, so nobody learned a key by reading it."""
        for path, mode in ((self.folder, 0o700), (self._path, 0o600)):
            with told_as_refusals(path):
                if stat.S_IMODE(path.stat().st_mode) & 0o077:
                    path.chmod(mode)
