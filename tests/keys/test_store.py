from __future__ import annotations

import shutil
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kenbaar.errors import KeyDestroyed, KeyStoreBroken, NoSpace, UsageError
from kenbaar.keys import FileMasterKey, KeyKind, KeyStore, create_with_master, open_with_master
from tests.e2e.unsealed import to_first_form
from tests.keys.other_process import InAnotherProcess


def reopened(home: Path, **remembered: object) -> KeyStore:
    return open_with_master(home / "keys", home / "master.key", **remembered)  # type: ignore[arg-type]


def sealed_bytes(home: Path, key_id: str) -> bytes:
    """Where a key lies in the file, sealed: the last 8 hex digits of its id say the slot."""
    raw = (home / "keys" / "store").read_bytes()
    at = 8192 + int(key_id[-8:], 16) * 128
    assert raw[at : at + 16].hex() == key_id[2:]
    return raw[at + 40 : at + 100]


def test_a_key_put_in_comes_out_of_the_store_opened_again(home: Path, store: KeyStore, now: datetime) -> None:
    key_id, key = store.add(KeyKind.PURPOSE, at=now)
    assert len(key) == 32
    assert reopened(home).get(key_id) == key


def test_a_key_can_be_brought_along(store: KeyStore, now: datetime) -> None:
    key_id, key = store.add("signing", at=now, key=bytes(range(32)))
    assert store.get(key_id) == key == bytes(range(32))


def test_a_key_of_another_length_is_not_taken(store: KeyStore, now: datetime) -> None:
    with pytest.raises(ValueError):
        store.add("purpose", at=now, key=bytes(16))


def test_a_time_without_a_zone_is_not_taken(store: KeyStore) -> None:
    with pytest.raises(ValueError):
        store.add("purpose", at=datetime(2026, 1, 1))


def test_keys_are_told_apart_by_kind(store: KeyStore, now: datetime) -> None:
    purpose, share = store.add("purpose", at=now)[0], store.add("share", at=now)[0]
    assert (store.ids("purpose"), store.ids("share"), store.ids("log")) == ([purpose], [share], [])
    assert store.ids() == [purpose, share]
    with pytest.raises(ValueError):
        store.add("everything", at=now)


def test_no_two_keys_or_ids_are_the_same(store: KeyStore, now: datetime) -> None:
    made = store.add_many("purpose", 500, at=now)
    assert len({key_id for key_id, _ in made}) == len({key for _, key in made}) == len(store) == 500


def test_many_keys_come_in_the_order_asked_for(store: KeyStore, now: datetime) -> None:
    made = dict(store.add_many("purpose", 200, at=now))
    wanted = list(reversed(made))
    assert list(store.get_many(wanted).items()) == [(key_id, made[key_id]) for key_id in wanted]
    assert store.get_many([]) == {} and store.alive([]) == set()


def test_a_destroyed_key_is_refused_and_its_neighbours_are_not(home: Path, store: KeyStore, now: datetime) -> None:
    made = store.add_many("purpose", 3, at=now)
    assert store.destroy([made[1][0]], at=now) == 1
    for one in (store, reopened(home)):
        with pytest.raises(KeyDestroyed):
            one.get(made[1][0])
        assert one.get_many([key_id for key_id, _ in made]) == dict([made[0], made[2]])
        assert one.alive([key_id for key_id, _ in made]) == {made[0][0], made[2][0]}


def test_nothing_of_a_destroyed_key_is_left_in_the_file(home: Path, store: KeyStore, now: datetime) -> None:
    key_id, _ = store.add("purpose", at=now)
    sealed = sealed_bytes(home, key_id)
    assert any(sealed)
    store.destroy([key_id], at=now)
    raw = (home / "keys" / "store").read_bytes()
    assert not any(sealed_bytes(home, key_id)[12 + 16 :])  # behind the tombstone's own seal: nonce and tag
    for start in range(0, len(sealed) - 8):  # not even eight bytes of it in a row
        assert sealed[start : start + 8] not in raw


def test_the_key_itself_is_nowhere_in_the_folder(home: Path, store: KeyStore, now: datetime) -> None:
    _, key = store.add("purpose", at=now)
    for path in home.rglob("*"):
        if path.is_file():
            assert key[:8] not in path.read_bytes()


def test_a_tombstone_keeps_the_id_and_the_time(home: Path, store: KeyStore, now: datetime) -> None:
    first, second = store.add("purpose", at=now)[0], store.add("share", at=now)[0]
    later = now + timedelta(days=3, microseconds=7)
    store.destroy([second], at=later)
    assert reopened(home).destroyed() == {second: later}
    assert reopened(home).ids() == [first]


def test_a_key_made_for_facts_opens_with_these_alone(home: Path, store: KeyStore, now: datetime) -> None:
    key_id, key = store.add("purpose", at=now, facts=b"s-1 find until 2027")
    other = store.add("purpose", at=now, facts=b"s-2 find until 2027")[0]
    for one in (store, reopened(home)):
        assert one.open_for([(key_id, b"s-1 find until 2027")]) == {key_id: key}
        assert one.open_for([(key_id, b"s-1 find until 2098"), (other, b"s-1 find until 2027")]) == {}
        with pytest.raises(KeyStoreBroken):  # what it is for was not brought
            one.get(key_id)
    assert store.open_for([("k-" + "0" * 32, b"")]) == {}


def test_a_destroyed_key_opens_for_nothing(store: KeyStore, now: datetime) -> None:
    key_id = store.add("purpose", at=now, facts=b"s-1")[0]
    store.destroy([key_id], at=now)
    assert store.open_for([(key_id, b"s-1")]) == {}


def test_destroying_again_changes_neither_the_count_nor_the_time(store: KeyStore, now: datetime) -> None:
    key_id = store.add("purpose", at=now)[0]
    assert store.destroy([key_id, key_id], at=now) == 1
    generation = store.generation
    assert store.destroy([key_id], at=now + timedelta(days=1)) == 0
    assert store.destroyed() == {key_id: now} and store.generation == generation


def test_what_never_was_here_is_not_called_destroyed(home: Path, store: KeyStore, now: datetime) -> None:
    other = create_with_master(home / "else" / "keys", home / "else" / "master.key")
    foreign = other.add("purpose", at=now)[0]
    store.add("purpose", at=now)
    for key_id in (foreign, foreign[:-8] + "00000009"):
        with pytest.raises(KeyStoreBroken, match="never held"):
            store.get(key_id)
        with pytest.raises(KeyStoreBroken, match="never held"):
            store.get_many([key_id])
        assert store.alive([key_id]) == set()
        assert store.destroy([key_id], at=now) == 0
    assert len(store) == 1


@pytest.mark.parametrize("not_an_id", ["", "k-", "x-" + "0" * 32, "k-" + "g" * 32, "k-" + "0" * 33, "k-" + " " * 32])
def test_what_is_not_a_key_id_is_refused_with_a_sentence(store: KeyStore, not_an_id: str) -> None:
    with pytest.raises(KeyStoreBroken):
        store.get(not_an_id)


def test_the_generation_grows_with_destruction_and_not_with_keys_added(store: KeyStore, now: datetime) -> None:
    before = store.generation
    key_id = store.add("purpose", at=now)[0]
    assert store.generation == before
    store.destroy([key_id], at=now)
    assert store.generation == before + 1


@pytest.mark.parametrize("year", [1970, 1901, 2026, 9999])
def test_the_clock_does_not_matter_to_destruction(store: KeyStore, year: int) -> None:
    at = datetime(year, 1, 1, tzinfo=UTC)
    key_id = store.add("purpose", at=datetime(2026, 1, 1, tzinfo=UTC))[0]
    store.destroy([key_id], at=at)
    assert store.alive([key_id]) == set() and abs(store.destroyed()[key_id] - at) <= timedelta(microseconds=1)


def test_another_process_sees_a_key_added_and_a_key_destroyed(
    home: Path, store: KeyStore, now: datetime, in_another_process: InAnotherProcess
) -> None:
    kept, ended = store.add("purpose", at=now)[0], store.add("purpose", at=now)[0]
    done = in_another_process(f"store.destroy(['{ended}'], at=now); print(store.add('share', at=now)[0])")
    assert done.returncode == 0, done.stderr
    assert store.alive([kept, ended]) == {kept}
    with pytest.raises(KeyDestroyed):
        store.get(ended)
    assert len(store.get(done.stdout.strip())) == 32


def test_threads_adding_at_once_lose_nothing(home: Path, store: KeyStore, now: datetime) -> None:
    made: list[tuple[str, bytes]] = []

    def add() -> None:
        mine = KeyStore.open(home / "keys", FileMasterKey(home / "master.key"))
        made.extend([mine.add("purpose", at=now) for _ in range(10)] + [store.add("share", at=now) for _ in range(10)])

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 80 == len(store)
    assert store.get_many([key_id for key_id, _ in made]) == dict(made)


def test_an_older_copy_is_refused_by_who_remembers_the_generation(home: Path, store: KeyStore, now: datetime) -> None:
    key_id = store.add("purpose", at=now)[0]
    shutil.copy(home / "keys" / "store", home / "yesterday")
    store.destroy([key_id], at=now)
    seen = store.generation
    shutil.copy(home / "yesterday", home / "keys" / "store")
    with pytest.raises(KeyStoreBroken, match="older copy"):
        reopened(home, least_generation=seen)
    with pytest.raises(KeyStoreBroken, match="older copy"):
        store.get(key_id)  # a process that was running all the time remembers by itself


def test_another_archives_store_is_refused(home: Path, store: KeyStore) -> None:
    with pytest.raises(KeyStoreBroken, match="not this archive's"):
        reopened(home, store_id="0" * 32)
    assert reopened(home, store_id=store.id).id == store.id


def test_a_missing_store_is_told_from_an_empty_one(home: Path, store: KeyStore) -> None:
    assert len(store) == 0 and bool(store)
    (home / "keys" / "store").unlink()
    for act in (lambda: reopened(home), lambda: store.ids(), lambda: store.get("k-" + "0" * 32)):
        with pytest.raises(KeyStoreBroken, match="missing"):
            act()
    shutil.rmtree(home / "keys")
    for act in (lambda: reopened(home), lambda: store.ids()):
        with pytest.raises(KeyStoreBroken, match="missing"):
            act()


def test_a_store_is_never_made_over_another(home: Path, store: KeyStore, now: datetime) -> None:
    key_id, key = store.add("purpose", at=now)
    with pytest.raises(UsageError):
        create_with_master(home / "keys", home / "master.key")
    with pytest.raises(UsageError):
        KeyStore.create(home / "keys", FileMasterKey(home / "master.key"))
    assert store.get(key_id) == key


def test_making_a_store_goes_on_where_it_was_killed(home: Path) -> None:
    (home / "master.key").touch()
    first_id = create_with_master(home / "keys", home / "master.key").id
    (home / "keys" / "store").unlink()  # killed after the master key and before the store
    master = (home / "master.key").read_bytes()
    again = create_with_master(home / "keys", home / "master.key")
    assert again.id != first_id and (home / "master.key").read_bytes() == master


def test_a_store_whose_master_key_is_gone_does_not_get_a_new_one(home: Path, store: KeyStore) -> None:
    (home / "master.key").unlink()
    with pytest.raises(KeyStoreBroken, match="master key"):
        create_with_master(home / "keys", home / "master.key")
    assert not (home / "master.key").exists()


def test_the_master_key_may_not_lie_in_the_stores_folder(home: Path) -> None:
    with pytest.raises(ValueError):
        create_with_master(home / "keys", home / "keys" / "master.key")


def test_files_are_for_their_owner_alone_and_the_stores_are_made_so_again(home: Path, store: KeyStore) -> None:
    paths = [home / "keys" / "store", home / "keys" / "lock", home / "master.key"]
    assert [path.stat().st_mode & 0o777 for path in paths] == [0o600] * 3
    assert (home / "keys").stat().st_mode & 0o777 == 0o700
    (home / "keys" / "store").chmod(0o644)
    (home / "keys").chmod(0o755)
    reopened(home)
    assert (home / "keys" / "store").stat().st_mode & 0o777 == 0o600
    assert (home / "keys").stat().st_mode & 0o777 == 0o700


def test_a_store_that_is_a_symbolic_link_is_refused(home: Path, store: KeyStore) -> None:
    (home / "keys" / "store").rename(home / "elsewhere")
    (home / "keys" / "store").symlink_to(home / "elsewhere")
    with pytest.raises(KeyStoreBroken):
        reopened(home)


def test_on_a_full_disk_no_key_is_added_and_every_key_can_still_be_destroyed(
    home: Path, store: KeyStore, now: datetime, in_another_process: InAnotherProcess
) -> None:
    made = store.add_many("purpose", 4, at=now)
    done = in_another_process(
        "size = (home / 'keys' / 'store').stat().st_size\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100, size + 100))\n"
        "try: store.add_many('purpose', 5, at=now)\n"
        f"except KenbaarError as err: print(type(err).__name__, store.destroy(['{made[2][0]}'], at=now))\n"
    )
    assert done.stdout.split() == [NoSpace.__name__, "1"], done.stderr
    assert store.alive([key_id for key_id, _ in made]) == {made[i][0] for i in (0, 1, 3)}
    assert (home / "keys" / "store").stat().st_size == 8192 + 4 * 128


def test_no_repr_shows_a_key(store: KeyStore, now: datetime) -> None:
    key_id, key = store.add("purpose", at=now)
    assert key.hex() not in repr(store) and repr(key)[2:-1] not in repr(store)
    store.destroy([key_id], at=now)
    with pytest.raises(KeyDestroyed) as refusal:
        store.get(key_id)
    assert key_id in str(refusal.value) and refusal.value.exit_code == 3


def test_a_new_store_binds_facts_and_one_of_before_only_once_it_was_rotated_with_them(
    home: Path, store: KeyStore, now: datetime
) -> None:
    assert store.binds_facts is True
    about, nobodys = store.add("purpose", at=now)[0], store.add("signing", at=now)[0]
    keys = store.get_many([about, nobodys])
    to_first_form(home)
    before = reopened(home)
    assert before.binds_facts is False
    before.rotate(FileMasterKey(home / "master.key"), facts={about: b"s-1"})
    after = reopened(home)
    assert after.binds_facts is True
    assert after.open_for([(about, b"s-1")]) == {about: keys[about]}
    assert after.open_for([(about, b"s-2")]) == {}
    assert after.get(nobodys) == keys[nobodys]
    with pytest.raises(ValueError):
        after.rotate(FileMasterKey(home / "master.key"), facts={about: b"s-2"})


def test_what_was_destroyed_before_a_crash_counts_once_the_store_is_opened_again(
    home: Path, store: KeyStore, now: datetime
) -> None:
    """Killed after a key was destroyed and before the store counted it: put back later, it is missed all the same."""
    key_id, place = store.add("purpose", at=now)[0], home / "keys" / "store"
    whole = place.read_bytes()
    store.destroy([key_id], at=now)
    place.write_bytes(whole[:8192] + place.read_bytes()[8192:])
    assert reopened(home).alive([key_id]) == set()
    place.write_bytes(place.read_bytes()[:8192] + whole[8192:])
    with pytest.raises(KeyStoreBroken):
        reopened(home)
