"""The store after a crash at any byte, and after somebody changed any bit."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kenbaar.errors import KeyDestroyed, KeyStoreBroken
from kenbaar.keys import KeyStore, open_with_master

HEADER, SLOT = 4096, 128
FIRST_SLOT = 2 * HEADER


def put(home: Path, raw: bytes) -> KeyStore:
    (home / "keys" / "store").write_bytes(raw)
    return open_with_master(home / "keys", home / "master.key")


def raw_store(home: Path) -> bytes:
    return (home / "keys" / "store").read_bytes()


@pytest.mark.parametrize("beyond", [0, SLOT // 2])
def test_a_key_half_added_is_nothing_and_damages_nothing(
    home: Path, store: KeyStore, now: datetime, beyond: int
) -> None:
    made = dict(store.add_many("purpose", 2, at=now))
    before = raw_store(home)
    store.add_many("purpose", 2, at=now)
    added = raw_store(home)[len(before) :]
    for length in range(beyond, len(added) + 1, 1 if beyond == 0 else SLOT):
        torn = put(home, before + added[:length])
        assert torn.get_many(list(made)) == made and len(torn) == 2
    new_id, new_key = torn.add("share", at=now)
    assert torn.get_many([*made, new_id]) == {**made, new_id: new_key}
    assert len(raw_store(home)) == FIRST_SLOT + 3 * SLOT


def test_a_header_torn_anywhere_is_the_old_one_or_the_new_one(home: Path, store: KeyStore, now: datetime) -> None:
    made = dict(store.add_many("purpose", 2, at=now))
    before = raw_store(home)
    third = store.add("purpose", at=now)
    after = raw_store(home)
    changed = max(i for i in range(HEADER) if before[i] != after[i]) + 1
    for length in [*range(0, changed + 1), HEADER]:
        first = after[:length] + before[length:HEADER]
        assert set(put(home, first + before[HEADER : 2 * HEADER] + after[FIRST_SLOT:]).ids()) >= set(made)
        second = after[:length] + before[length:HEADER]  # the first copy is whole by then
        whole = put(home, after[:HEADER] + second + after[FIRST_SLOT:])
        assert whole.get_many([*made, third[0]]) == {**made, third[0]: third[1]}


@pytest.mark.parametrize("length", [*range(FIRST_SLOT, FIRST_SLOT + 3 * SLOT, 37), 0, 10, HEADER, FIRST_SLOT - 1])
def test_a_store_cut_short_is_refused(home: Path, store: KeyStore, now: datetime, length: int) -> None:
    store.add_many("purpose", 3, at=now)
    with pytest.raises(KeyStoreBroken):
        put(home, raw_store(home)[:length])


@pytest.mark.parametrize("from_the_end", [False, True])
def test_a_destruction_torn_at_any_byte_never_leaves_a_usable_key_nor_harms_a_neighbour(
    home: Path, store: KeyStore, now: datetime, from_the_end: int
) -> None:
    made = store.add_many("purpose", 3, at=now)
    key_id, _ = made[1]
    before = raw_store(home)
    store.destroy([key_id], at=now)
    after = raw_store(home)
    at = FIRST_SLOT + SLOT
    for length in range(1, SLOT + 1):
        split = SLOT - length if from_the_end else length
        pieces = (before, after) if from_the_end else (after, before)
        slot = pieces[0][at : at + split] + pieces[1][at + split : at + SLOT]
        torn = put(home, before[:at] + slot + before[at + SLOT :])  # the header counts it only when it is written
        assert torn.get_many([made[0][0], made[2][0]]) == dict([made[0], made[2]])
        if slot != before[at : at + SLOT]:
            with pytest.raises((KeyDestroyed, KeyStoreBroken)):
                torn.get(key_id)
        assert torn.destroy([key_id], at=now) in (0, 1)  # the withdrawal is done again, and is whole
        assert raw_store(home)[at : at + SLOT][40 + 12 + 16 :] == bytes(SLOT - 40 - 12 - 16)
        assert set(torn.destroyed()) == {key_id}


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bit=st.integers(32 * 8, SLOT * 8 - 1))
def test_a_bit_changed_by_itself_destroys_no_key_and_revives_none(
    home: Path, store: KeyStore, now: datetime, bit: int
) -> None:
    living, dead = store.add("purpose", at=now), store.add("purpose", at=now)
    store.destroy([dead[0]], at=now)
    whole = raw_store(home)
    for key_id in (living[0], dead[0]):
        raw = bytearray(whole)
        raw[FIRST_SLOT + int(key_id[-8:], 16) * SLOT + bit // 8] ^= 1 << bit % 8
        if key_id == dead[0]:
            with pytest.raises(KeyStoreBroken):
                put(home, bytes(raw))
        else:
            with pytest.raises(KeyStoreBroken):  # altered, and told so: not "destroyed"
                put(home, bytes(raw)).get(key_id)
        assert raw_store(home)[FIRST_SLOT:] == bytes(raw)[FIRST_SLOT:]  # nothing was overwritten
    put(home, whole)


def test_a_destroyed_key_put_back_from_an_older_copy_of_the_store_is_noticed(
    home: Path, store: KeyStore, now: datetime
) -> None:
    key_id, other = store.add("purpose", at=now)[0], store.add("purpose", at=now)[0]
    before = raw_store(home)
    store.destroy([key_id], at=now)
    after = bytearray(raw_store(home))
    after[FIRST_SLOT : FIRST_SLOT + SLOT] = before[FIRST_SLOT : FIRST_SLOT + SLOT]
    with pytest.raises(KeyStoreBroken):
        put(home, bytes(after))
    after[FIRST_SLOT + SLOT + 32] = 1  # and another one marked, so that the sum is right again
    with pytest.raises(KeyStoreBroken):
        put(home, bytes(after))
    assert other


def test_a_withdrawal_done_again_finishes_what_a_crash_of_another_process_left(
    home: Path, store: KeyStore, now: datetime
) -> None:
    key_id, _ = store.add("purpose", at=now)
    before = raw_store(home)
    store.destroy([key_id], at=now)
    after = raw_store(home)
    torn = after[FIRST_SLOT : FIRST_SLOT + 48] + before[FIRST_SLOT + 48 :]
    (home / "keys" / "store").write_bytes(before[:FIRST_SLOT] + torn)
    fresh = put(home, raw_store(home))
    with pytest.raises(KeyStoreBroken):
        fresh.get(key_id)
    assert fresh.destroy([key_id], at=now) == 0
    assert set(fresh.destroyed()) == {key_id} and not any(raw_store(home)[FIRST_SLOT + 40 + 12 + 16 :])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=st.integers(0, HEADER * 8 - 1), second=st.integers(0, HEADER * 8 - 1))
def test_no_bit_of_the_header_can_be_changed(home: Path, store: KeyStore, first: int, second: int) -> None:
    whole = raw_store(home)
    try:
        raw = bytearray(whole)
        raw[first // 8] ^= 1 << first % 8
        put(home, bytes(raw))  # one copy damaged: the other is used
        raw[HEADER + second // 8] ^= 1 << second % 8
        with pytest.raises(KeyStoreBroken):
            put(home, bytes(raw))
    finally:
        (home / "keys" / "store").write_bytes(whole)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bit=st.integers(0, SLOT * 8 - 1))
def test_a_bit_changed_in_a_slot_never_gives_another_key(home: Path, store: KeyStore, now: datetime, bit: int) -> None:
    key_id, _ = store.add("purpose", at=now)
    at = FIRST_SLOT + int(key_id[-8:], 16) * SLOT
    raw = bytearray(raw_store(home))
    raw[at + bit // 8] ^= 1 << bit % 8
    changed = put(home, bytes(raw))
    with pytest.raises(KeyStoreBroken):
        changed.get(key_id)


def test_a_time_that_never_was_is_told_with_a_sentence(home: Path, store: KeyStore, now: datetime) -> None:
    key_id, _ = store.add("purpose", at=now)
    store.destroy([key_id], at=now)
    raw = bytearray(raw_store(home))
    raw[FIRST_SLOT + 32 : FIRST_SLOT + 40] = b"\xff" * 7 + b"\x7f"
    with pytest.raises(KeyStoreBroken):
        put(home, bytes(raw)).destroyed()


def test_two_keys_that_changed_places_do_not_open(home: Path, store: KeyStore, now: datetime) -> None:
    made = store.add_many("purpose", 2, at=now)
    raw = bytearray(raw_store(home))
    one, two = FIRST_SLOT + 40, FIRST_SLOT + SLOT + 40
    raw[one : one + 60], raw[two : two + 60] = raw[two : two + 60], raw[one : one + 60]
    swapped = put(home, bytes(raw))
    for key_id, _ in made:
        with pytest.raises(KeyStoreBroken):
            swapped.get(key_id)


def test_one_altered_key_does_not_keep_the_others_from_opening_nor_from_rotating(
    home: Path, store: KeyStore, now: datetime
) -> None:
    made = store.add_many("purpose", 3, at=now)
    raw = bytearray(raw_store(home))
    raw[FIRST_SLOT + SLOT + 60] ^= 1
    altered = put(home, bytes(raw))
    from kenbaar.keys import rotate_master

    for one in (altered, rotate_master(home / "keys", home / "master.key")):
        assert one.get_many([made[0][0], made[2][0]]) == dict([made[0], made[2]])
        with pytest.raises(KeyStoreBroken, match=made[1][0]):
            one.get_many([key_id for key_id, _ in made])


@pytest.mark.parametrize("contents", [b"", b"\0" * FIRST_SLOT, b"not a key store\n" * 1024])
def test_something_else_in_the_stores_place_is_refused(home: Path, store: KeyStore, contents: bytes) -> None:
    with pytest.raises(KeyStoreBroken):
        put(home, contents)


WRITER = """
import sys
from datetime import datetime, UTC
from pathlib import Path
from kenbaar.keys import open_with_master
home = Path(sys.argv[1])
store = open_with_master(home / "keys", home / "master.key")
while True:
    made = store.add_many("purpose", 3, at=datetime.now(UTC))
    for key_id, key in made:
        print("added", key_id, key.hex(), flush=True)
    store.destroy([made[1][0]], at=datetime.now(UTC))
    print("destroyed", made[1][0], "-", flush=True)
"""


def test_killed_at_any_moment_what_was_answered_for_holds(home: Path, store: KeyStore) -> None:
    chance = random.Random(20261121)
    added: dict[str, bytes] = {}
    gone: set[str] = set()
    for _ in range(6):
        with (home / "said").open("w") as said:
            writer = subprocess.Popen([sys.executable, "-c", WRITER, str(home)], stdout=said)
            enough = chance.randrange(4, 40)
            while (home / "said").read_bytes().count(b"\n") < enough:
                time.sleep(0.001)
            time.sleep(chance.random() * 0.004)  # one turn of the writer takes about that long
            writer.kill()
            writer.wait()
        for line in (home / "said").read_text().splitlines():
            if len(fields := line.split()) == 3 and len(fields[1]) == 34:
                if fields[0] == "added" and len(fields[2]) == 64:
                    added[fields[1]] = bytes.fromhex(fields[2])
                elif fields[0] == "destroyed":
                    gone.add(fields[1])
        after = open_with_master(home / "keys", home / "master.key")
        kept = after.get_many(list(added))
        assert gone.isdisjoint(kept) and gone <= set(after.destroyed())
        assert all(added[key_id] == key for key_id, key in kept.items())
    # in each round at most one destruction was going on when the kill came, and may be there without an answer
    assert len(set(added) - set(kept) - gone) <= 6 <= len(gone)
