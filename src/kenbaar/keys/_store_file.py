"""The key store's file: two copies of a header, then one slot of fixed size for each key there ever was.

    0      header, 4096 bytes        both copies say the same; one may be torn by a crash, never both,
    4096   header again              because the first is on the disk before the second is touched
    8192   slot 0, slot 1, ...       128 bytes each, so that none lies across two disk sectors

A slot's key is sealed with the store key, and the store key lies in the header, wrapped by the envelope. So the
envelope (a KMS perhaps) is asked once per opening, not once per key. The number of a slot is part of its key's id:
nothing has to be searched, however many keys there are. What lies behind the last slot the header counts was never
finished, and is nothing.

What a key is for is part of what opens it: a digest of those facts is associated data of the slot, and whoever opens it
brings the facts again. A tombstone is sealed too: the time, under the store key. A slot whose bits were changed is
neither a key nor a tombstone.

Version 1 (before 0.4) had neither: its slots open without facts. Such a store is only read to be sealed (rotate).
"""

from __future__ import annotations

import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import sha256

import numpy as np
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from numpy.typing import NDArray

from kenbaar.disk import read_all, write_all
from kenbaar.errors import KeyStoreBroken
from kenbaar.keys._envelope import KEY_BYTES, NONCE_BYTES, Envelope
from kenbaar.keys._sealing import length_prefixed

MAGIC = b"KBKEYS\r\n"  # \r\n: a transfer that "repairs" line ends shows at once
VERSION = 2
WITHOUT_FACTS = 1  # the version before, whose slots open whatever the records say
HEADER_BYTES = 4096
SLOTS_AT = 2 * HEADER_BYTES
TAG_BYTES = 16
_FIXED = struct.Struct(">8sHHH16sQQQ")  # magic, version, lengths of master id and wrapped key, store id, three counters
_SEAL_AT = _FIXED.size
_TEXTS_AT = _SEAL_AT + NONCE_BYTES + TAG_BYTES
_DEAD = struct.Struct(">Q")  # how many tombstones there are, at the page's end

# Every byte is named, the zeros too: numpy does not copy what lies between fields.
SLOT = np.dtype(
    {
        "names": ["serial", "number", "kind", "zeros", "created", "destroyed", "nonce", "sealed", "facts"],
        "formats": ["V12", ">u4", "u1", "V7", "<i8", "<i8", f"V{NONCE_BYTES}", f"V{KEY_BYTES + TAG_BYTES}", "V28"],
        "offsets": [0, 12, 16, 17, 24, 32, 40, 52, 100],
        "itemsize": 128,
    }
)
SLOT_BYTES = SLOT.itemsize
DESTROYED_AT = 32  # before it lie id, kind and created, which stay for good
KEY_AT = 40  # nonce, sealed key and facts, to the end of the slot: what destruction overwrites
FACTS_BYTES = 28  # of the SHA-256 of what the key is for
NO_FACTS = bytes(FACTS_BYTES)  # of keys that are about nobody: signing, log
_TOMBSTONE_BYTES = NONCE_BYTES + TAG_BYTES  # a dead slot: nonce and tag over id, kind, created, destroyed; then zeros
Slots = NDArray[np.void]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BROKEN = "Put back the key store that belongs to this archive; it has its own backup, apart from the archive's."


class KeyKind(StrEnum):
    """What a key is for."""

    PURPOSE = "purpose"  # opens one person's grant for one purpose; the organisation holds it
    SHARE = "share"  # the organisation's half where the person holds the key
    SIGNING = "signing"  # seed of an Ed25519 key pair
    LOG = "log"  # opens what a ledger entry says
    CASE = "case"  # opens one state of one case: the photos somebody asked about, and what was answered
    ACCESS = "access"  # of one way to sign in: it is good for nothing once its key is destroyed
    RECORDS = "records"  # seals the archive's records, so that an edited one is noticed


KIND_CODES = {  # never reused
    KeyKind.PURPOSE: 1,
    KeyKind.SHARE: 2,
    KeyKind.SIGNING: 3,
    KeyKind.LOG: 4,
    KeyKind.RECORDS: 5,
    KeyKind.CASE: 6,
    KeyKind.ACCESS: 7,
}


@dataclass(frozen=True, slots=True)
class Header:
    """What the store says about itself. Authenticated with the store key, so that no byte of it can be changed.

    sequence grows with every change; generation with those that destroy or rotate; count: slots that count; dead: how
    many of them are tombstones at least, so that no destroyed key comes back by itself from an older copy.
    version: of the file's form, VERSION or WITHOUT_FACTS.
    """

    store_id: bytes
    master_id: str
    wrapped: bytes
    sequence: int
    generation: int
    count: int
    dead: int = 0
    version: int = VERSION


@dataclass(frozen=True, slots=True)
class StoreKey:
    """The key that seals the slots, opened. `wrapped` says which one it is."""

    wrapped: bytes
    cipher: AESGCM

    @classmethod
    def new(cls, envelope: Envelope, store_id: bytes) -> StoreKey:
        """A fresh one, wrapped by that envelope."""
        key = AESGCM.generate_key(8 * KEY_BYTES)
        return cls(envelope.wrap(key, _context(store_id, envelope.id)), AESGCM(key))


def read_header(fd: int, envelope: Envelope, known: StoreKey | None) -> tuple[Header, StoreKey]:
    """The newest whole header, and the store key: `known` if that is still the one, so that no envelope is asked.

    KeyStoreBroken where no copy is whole, or the master key is another.
    """
    copies = [read_all(fd, HEADER_BYTES, at) for at in (0, HEADER_BYTES)]
    parsed = sorted(
        ((header, page) for page in copies if (header := parse(page)) is not None), key=lambda pair: -pair[0].sequence
    )
    if not parsed:
        raise KeyStoreBroken(
            "The key store's header was altered: it is not a key store, or not one of this version.", _BROKEN
        )
    refusal: KeyStoreBroken | None = None
    for header, page in parsed:
        try:
            key = known if known is not None and known.wrapped == header.wrapped else _open(header, envelope)
        except KeyStoreBroken as err:
            refusal = refusal or err
            continue
        try:
            key.cipher.decrypt(
                page[_SEAL_AT : _SEAL_AT + NONCE_BYTES], page[_SEAL_AT + NONCE_BYTES : _TEXTS_AT], _sealed_part(page)
            )
        except InvalidTag as err:
            refusal = refusal or _caused(KeyStoreBroken("The key store's header was altered.", _BROKEN), err)
            continue
        if os.fstat(fd).st_size < SLOTS_AT + header.count * SLOT_BYTES:
            raise KeyStoreBroken("The key store was cut short: keys are missing at its end.", _BROKEN)
        return header, key
    assert refusal is not None  # the loop ran, and did not return
    raise refusal


def parse(page: bytes) -> Header | None:
    """What a header page says, unproven; None where it is none."""
    if len(page) != HEADER_BYTES:
        return None
    magic, version, master_bytes, wrapped_bytes, store_id, sequence, generation, count = _FIXED.unpack_from(page)
    wrapped_at = _TEXTS_AT + master_bytes
    if magic != MAGIC or version not in (VERSION, WITHOUT_FACTS) or wrapped_at + wrapped_bytes > HEADER_BYTES:
        return None
    try:
        master_id = page[_TEXTS_AT:wrapped_at].decode()
    except UnicodeDecodeError:
        return None
    wrapped = page[wrapped_at : wrapped_at + wrapped_bytes]
    (dead,) = _DEAD.unpack_from(page, HEADER_BYTES - _DEAD.size)
    return Header(store_id, master_id, wrapped, sequence, generation, count, dead, version)


def page_of(header: Header, key: StoreKey) -> bytes:
    """The header as 4096 bytes, sealed."""
    texts = header.master_id.encode() + header.wrapped
    room = HEADER_BYTES - _TEXTS_AT - _DEAD.size
    if len(texts) > room:
        raise ValueError(f"the envelope's id and blob are {len(texts)} bytes, more than {room}")
    counters = header.sequence, header.generation, header.count
    fixed = _FIXED.pack(
        MAGIC, header.version, len(header.master_id.encode()), len(header.wrapped), header.store_id, *counters
    )
    page = bytearray((fixed + bytes(_TEXTS_AT - _SEAL_AT) + texts).ljust(HEADER_BYTES, b"\0"))
    _DEAD.pack_into(page, HEADER_BYTES - _DEAD.size, header.dead)
    nonce = os.urandom(NONCE_BYTES)
    page[_SEAL_AT:_TEXTS_AT] = nonce + key.cipher.encrypt(nonce, b"", _sealed_part(page))
    return bytes(page)


def write_header(fd: int, header: Header, key: StoreKey) -> None:
    """Both copies; the first is on the disk before the second is touched, the second when this returns."""
    page = page_of(header, key)
    for at in (0, HEADER_BYTES):
        write_all(fd, page, at)
        os.fsync(fd)


def are_dead(slots: Slots, key: StoreKey, header: Header) -> NDArray[np.bool_]:
    """For each slot, whether it is a whole tombstone. One that was changed, or torn while it was written, is not."""
    rows = np.ascontiguousarray(slots).view(np.uint8).reshape(-1, SLOT_BYTES)
    if header.version == WITHOUT_FACTS:
        return np.asarray((slots["destroyed"] != 0) & ~rows[:, KEY_AT:].any(axis=1), np.bool_)
    dead = np.asarray((slots["destroyed"] != 0) & ~rows[:, KEY_AT + _TOMBSTONE_BYTES :].any(axis=1), np.bool_)
    for i in np.flatnonzero(dead).tolist():
        row = rows[i].tobytes()
        nonce, tag = row[KEY_AT : KEY_AT + NONCE_BYTES], row[KEY_AT + NONCE_BYTES : KEY_AT + _TOMBSTONE_BYTES]
        try:
            key.cipher.decrypt(nonce, tag, _gone(header.store_id, row))
        except InvalidTag:
            dead[i] = False
    return dead


def overwrite_slots(fd: int, slots: Slots, destroyed: Sequence[int], key: StoreKey, header: Header) -> None:
    """Tombstones in the place of these slots: that time (micros), sealed, and zeros over key and facts, in one write
    for each; on the disk on return."""
    buried = bury(slots, destroyed, key, header).view(np.uint8).reshape(-1, SLOT_BYTES)
    for number, row in zip(slots["number"].tolist(), buried, strict=True):
        write_all(fd, row[DESTROYED_AT:].tobytes(), SLOTS_AT + number * SLOT_BYTES + DESTROYED_AT)
    if len(slots):
        os.fsync(fd)


def bury(slots: Slots, destroyed: Sequence[int], key: StoreKey, header: Header) -> Slots:
    """These slots as tombstones of that time (micros)."""
    dead = slots.copy()
    dead["destroyed"] = destroyed
    rows = dead.view(np.uint8).reshape(-1, SLOT_BYTES)
    rows[:, KEY_AT:] = 0
    if header.version == WITHOUT_FACTS:
        return dead
    for row in rows:
        nonce = os.urandom(NONCE_BYTES)
        tag = key.cipher.encrypt(nonce, b"", _gone(header.store_id, row.tobytes()))
        row[KEY_AT : KEY_AT + _TOMBSTONE_BYTES] = np.frombuffer(nonce + tag, np.uint8)
    return dead


def read_slots(fd: int, header: Header, numbers: Sequence[int] | None = None) -> Slots:
    """The slots as they are on the disk now: those numbers (all below header.count), or all of them."""
    if numbers is None:
        return np.frombuffer(read_all(fd, header.count * SLOT_BYTES, SLOTS_AT), SLOT)
    return np.frombuffer(b"".join(read_all(fd, SLOT_BYTES, SLOTS_AT + n * SLOT_BYTES) for n in numbers), SLOT)


def new_slots(
    key: StoreKey, header: Header, kind: KeyKind, keys: Sequence[bytes], at: datetime, facts: Sequence[bytes] | None
) -> Slots:
    """Slots for these keys, to follow the last one, each under a new id, for these facts; None: about nobody."""
    slots = np.zeros(len(keys), SLOT)
    slots["serial"] = np.frombuffer(os.urandom(12 * len(keys)), "V12")
    slots["number"] = np.arange(header.count, header.count + len(keys))
    slots["kind"] = KIND_CODES[kind]
    slots["created"] = micros(at)
    if facts is not None:
        slots["facts"] = np.frombuffer(b"".join(map(facts_digest, facts)), f"V{FACTS_BYTES}")
    seal_slots(slots, np.arange(len(keys)), key, header, keys)
    return slots


def seal_slots(slots: Slots, which: NDArray[np.intp], key: StoreKey, header: Header, keys: Sequence[bytes]) -> None:
    """Seals keys[i] into slots[which[i]], in place, bound to the facts that stand there."""
    if not len(which):
        return
    nonces, bound = os.urandom(NONCE_BYTES * len(which)), _bound(slots[which], header)
    step, wide = NONCE_BYTES, len(bound) // len(which)
    encrypt = key.cipher.encrypt
    sealed = [
        encrypt(nonces[i * step : i * step + step], one, bound[i * wide : i * wide + wide])
        for i, one in enumerate(keys)
    ]
    slots["nonce"][which] = np.frombuffer(nonces, f"V{NONCE_BYTES}")
    slots["sealed"][which] = np.frombuffer(b"".join(sealed), f"V{KEY_BYTES + TAG_BYTES}")


def open_slots(slots: Slots, key: StoreKey, header: Header, facts: Sequence[bytes] | None = None) -> list[bytes | None]:
    """Each slot's key; None where it does not open. Nothing but the opening itself is done key by key.

    facts: what each key is said to be for, FACTS_BYTES each; None: what stands in the slots, for sealing them anew.
    """
    if not len(slots):
        return []
    nonces, sealed, bound = slots["nonce"].tobytes(), slots["sealed"].tobytes(), _bound(slots, header, facts)
    n, s, b = NONCE_BYTES, KEY_BYTES + TAG_BYTES, len(bound) // len(slots)
    decrypt = key.cipher.decrypt
    found: list[bytes | None] = []
    while len(found) < len(slots):
        try:
            for i in range(len(found), len(slots)):
                found.append(decrypt(nonces[i * n : i * n + n], sealed[i * s : i * s + s], bound[i * b : i * b + b]))
        except InvalidTag:
            found.append(None)
    if facts is not None:  # a digest damaged in the slot alone is noticed now, not when it is sealed anew with it
        stored = np.frombuffer(slots["facts"].tobytes(), np.uint8).reshape(-1, FACTS_BYTES)
        said = np.frombuffer(b"".join(facts), np.uint8).reshape(-1, FACTS_BYTES)
        for i in np.flatnonzero((stored != said).any(axis=1)).tolist():
            found[i] = None
    return found


def ids_of(slots: Slots) -> list[str]:
    """Key ids: `k-`, 24 random hex digits, 8 that say the slot."""
    digits = np.ascontiguousarray(slots).view(np.uint8).reshape(-1, SLOT_BYTES)[:, :16].tobytes().hex()
    return [f"k-{digits[i : i + 32]}" for i in range(0, len(digits), 32)]


def micros(at: datetime) -> int:
    """Microseconds since 1970, never 0 (which means never)."""
    if at.tzinfo is None:
        raise ValueError("a time is aware UTC")
    return (at - _EPOCH) // timedelta(microseconds=1) or 1


def moment(micros_: int) -> datetime:
    """The time that `micros` made a number of, UTC."""
    try:
        return _EPOCH + timedelta(microseconds=micros_)
    except OverflowError as err:
        raise KeyStoreBroken("The key store holds a time that never was: it was altered.", _BROKEN) from err


def advanced(header: Header, *, added: int = 0, destroying: bool = False, died: int = 0) -> Header:
    """The header after one more change."""
    return replace(
        header,
        sequence=header.sequence + 1,
        generation=header.generation + destroying,
        count=header.count + added,
        dead=header.dead + died,
    )


def facts_digest(facts: bytes) -> bytes:
    """What binds a slot to the facts its key is for: the first FACTS_BYTES of their SHA-256."""
    return sha256(facts).digest()[:FACTS_BYTES]


def _bound(slots: Slots, header: Header, facts: Sequence[bytes] | None = None) -> bytes:
    """The associated data of each slot, one after another: store, id, kind, created, not destroyed, facts."""
    rows = np.ascontiguousarray(slots).view(np.uint8).reshape(-1, SLOT_BYTES)
    store, end = len(header.store_id), DESTROYED_AT if header.version == WITHOUT_FACTS else KEY_AT
    with_facts = header.version != WITHOUT_FACTS
    bound = np.empty((len(slots), store + end + FACTS_BYTES * with_facts), np.uint8)
    bound[:, :store] = np.frombuffer(header.store_id, np.uint8)
    bound[:, store : store + end] = rows[:, :end]
    if with_facts:
        said = slots["facts"].tobytes() if facts is None else b"".join(facts)
        bound[:, store + end :] = np.frombuffer(said, np.uint8).reshape(-1, FACTS_BYTES)
    return bound.tobytes()


def _gone(store_id: bytes, row: bytes) -> bytes:
    """The associated data of a tombstone."""
    return length_prefixed(b"kenbaar tombstone", store_id, row[:KEY_AT])


def _open(header: Header, envelope: Envelope) -> StoreKey:
    if (here := envelope.id) != header.master_id:
        raise KeyStoreBroken(
            f"The key store is sealed under master key {header.master_id}, and the master key here is {here}: "
            "one of them is an older copy, or another archive's.",
            "Put back the key store that belongs to this master key. What the older one held stays closed.",
        )
    return StoreKey(
        header.wrapped, AESGCM(envelope.unwrap(header.wrapped, _context(header.store_id, header.master_id)))
    )


def _context(store_id: bytes, master_id: str) -> bytes:
    return length_prefixed(b"kenbaar key store", store_id, master_id.encode())


def _sealed_part(page: bytes | bytearray) -> bytes:
    return bytes(page[:_SEAL_AT] + page[_TEXTS_AT:])


def _caused(refusal: KeyStoreBroken, err: Exception) -> KeyStoreBroken:
    refusal.__cause__ = err
    return refusal
