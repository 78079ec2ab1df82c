from __future__ import annotations

import shutil
import threading
from datetime import datetime
from pathlib import Path

import pytest

from kenbaar.errors import KeyDestroyed, KeyStoreBroken
from kenbaar.keys import STEPS, FileMasterKey, KeyStore, open_with_master, rotate_master
from tests.keys.other_process import InAnotherProcess


def opened(home: Path) -> KeyStore:
    return open_with_master(home / "keys", home / "master.key")


def files(home: Path) -> set[str]:
    return {str(path.relative_to(home)) for path in home.rglob("*") if path.is_file()}


def test_after_a_rotation_the_living_open_and_the_destroyed_stay_destroyed(
    home: Path, store: KeyStore, now: datetime
) -> None:
    made = store.add_many("purpose", 3, at=now)
    store.destroy([made[1][0]], at=now)
    master, generation, store_id = store.master_id, store.generation, store.id
    turned = rotate_master(home / "keys", home / "master.key")
    for one in (turned, store, opened(home)):  # `store` was open all the time
        assert one.get_many([key_id for key_id, _ in made]) == dict([made[0], made[2]])
        assert one.destroyed() == {made[1][0]: now}
        assert one.master_id != master and one.generation > generation and one.id == store_id
        with pytest.raises(KeyDestroyed):
            one.get(made[1][0])
    assert files(home) == {"keys/store", "keys/lock", "master.key"}


def test_yesterdays_store_put_back_after_a_rotation_opens_nothing(home: Path, store: KeyStore, now: datetime) -> None:
    key_id, _ = store.add("purpose", at=now)
    shutil.copytree(home / "keys", home / "yesterday")
    store.destroy([key_id], at=now)
    rotate_master(home / "keys", home / "master.key")
    shutil.rmtree(home / "keys")
    shutil.copytree(home / "yesterday", home / "keys")
    with pytest.raises(KeyStoreBroken, match="older copy"):
        opened(home)


def test_yesterdays_header_cannot_be_made_to_name_the_new_master_key(
    home: Path, store: KeyStore, now: datetime
) -> None:
    store.add("purpose", at=now)
    old_id, yesterday = store.master_id, (home / "keys" / "store").read_bytes()
    new_id = rotate_master(home / "keys", home / "master.key").master_id
    assert old_id.encode() in yesterday and len(old_id) == len(new_id)
    (home / "keys" / "store").write_bytes(yesterday.replace(old_id.encode(), new_id.encode()))
    with pytest.raises(KeyStoreBroken):
        opened(home)


def test_nothing_of_the_old_master_key_is_left_in_the_home(home: Path, store: KeyStore, now: datetime) -> None:
    old = (home / "master.key").read_bytes().split()[-1]
    rotate_master(home / "keys", home / "master.key")
    for path in home.rglob("*"):
        if path.is_file():
            assert old not in path.read_bytes()


def test_the_old_master_key_is_overwritten_where_it_lay(home: Path, store: KeyStore) -> None:
    (home / "same-file").hardlink_to(home / "master.key")
    length = (home / "master.key").stat().st_size
    rotate_master(home / "keys", home / "master.key")
    assert (home / "same-file").read_bytes() == bytes(length)


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_any_step_the_store_opens_and_the_dead_stay_dead(
    home: Path, store: KeyStore, now: datetime, in_another_process: InAnotherProcess, step: str
) -> None:
    made = store.add_many("purpose", 3, at=now)
    store.destroy([made[1][0]], at=now)
    old_master = store.master_id
    done = in_another_process(
        f"def at_step(step):\n    if step == {step!r}: os.kill(os.getpid(), signal.SIGKILL)\n"
        "rotate_master(home / 'keys', home / 'master.key', at_step=at_step)\n"
    )
    assert done.returncode == -9, done.stderr
    after = opened(home)
    assert after.get_many([key_id for key_id, _ in made]) == dict([made[0], made[2]])
    assert after.destroyed() == {made[1][0]: now}
    assert (after.master_id == old_master) == (STEPS.index(step) < STEPS.index("store replaced"))
    assert files(home) == {"keys/store", "keys/lock", "master.key"}  # no second master key is left lying about
    assert rotate_master(home / "keys", home / "master.key").get(made[0][0]) == made[0][1]


@pytest.mark.parametrize("left", [b"", b"kenbaar master key 1\nid m-", bytes(90)])
def test_a_new_master_key_half_written_is_taken_away(home: Path, store: KeyStore, now: datetime, left: bytes) -> None:
    key_id, key = store.add("purpose", at=now)
    (home / "master.key.new").write_bytes(left)
    (home / "master.key.new").chmod(0o600)
    (home / "keys" / "store.new").write_bytes(b"half of a st")
    assert opened(home).get(key_id) == key
    assert files(home) == {"keys/store", "keys/lock", "master.key"}


def test_an_old_master_key_half_overwritten_does_not_matter(
    home: Path, store: KeyStore, now: datetime, in_another_process: InAnotherProcess
) -> None:
    key_id, key = store.add("purpose", at=now)
    in_another_process(
        "def at_step(step):\n    if step == 'store replaced': os.kill(os.getpid(), signal.SIGKILL)\n"
        "rotate_master(home / 'keys', home / 'master.key', at_step=at_step)\n"
    )
    whole = (home / "master.key").read_bytes()
    (home / "master.key").write_bytes(bytes(40) + whole[40:])
    assert opened(home).get(key_id) == key


def test_where_neither_master_key_is_the_stores_nothing_is_thrown_away(home: Path, store: KeyStore) -> None:
    other = FileMasterKey.create(home / "other.key")
    (home / "master.key").unlink()
    (home / "other.key").rename(home / "master.key")
    FileMasterKey.create(home / "master.key.new")
    before = files(home)
    with pytest.raises(KeyStoreBroken):
        opened(home)
    assert files(home) == before and other.path == home / "other.key"


def test_a_rotation_that_finds_no_room_leaves_everything_as_it_was(
    home: Path, store: KeyStore, now: datetime, in_another_process: InAnotherProcess
) -> None:
    made = dict(store.add_many("purpose", 50, at=now))
    before = files(home), store.master_id, store.generation
    done = in_another_process(
        "resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000))\n"
        "try: rotate_master(home / 'keys', home / 'master.key')\n"
        "except KenbaarError as err: print(type(err).__name__)\n"
    )
    assert done.stdout.strip() == "NoSpace", done.stderr
    assert (files(home), store.master_id, store.generation) == before
    assert store.get_many(list(made)) == made


def test_an_error_in_the_middle_is_settled_at_once(home: Path, store: KeyStore, now: datetime) -> None:
    key_id, key = store.add("purpose", at=now)

    class PowerCut(Exception):
        pass

    for step in STEPS:

        def at_step(reached: str, step: str = step) -> None:
            if reached == step:
                raise PowerCut

        with pytest.raises(PowerCut):
            rotate_master(home / "keys", home / "master.key", at_step=at_step)
        assert opened(home).get(key_id) == key
    assert files(home) == {"keys/store", "keys/lock", "master.key"}


class InMemoryKms:
    """What a KMS does for us: it has the master keys, and lets nobody see them. Asked, it counts."""

    def __init__(self, name: str) -> None:
        self.name, self.asked, self._held = name, 0, dict[bytes, tuple[bytes, bytes]]()

    @property
    def id(self) -> str:
        return f"kms:{self.name}"

    def wrap(self, key: bytes, context: bytes) -> bytes:
        self._held[token := f"{self.name} {len(self._held)} ".encode().ljust(180, b".")] = key, context
        return token

    def unwrap(self, blob: bytes, context: bytes) -> bytes:
        self.asked += 1
        key, bound = self._held.get(blob, (b"", b""))
        if not key or bound != context:
            raise KeyStoreBroken("The KMS does not know this.", "Ask it for another.")
        return key


def test_a_kms_is_asked_once_per_opening_and_can_be_changed_for_another(home: Path, now: datetime) -> None:
    first, second = InMemoryKms("one"), InMemoryKms("two")
    store = KeyStore.create(home / "keys", first)
    made = dict(store.add_many("purpose", 300, at=now))
    store = KeyStore.open(home / "keys", first)
    first.asked = 0
    assert KeyStore.open(home / "keys", first).get_many(list(made)) == made and first.asked == 1
    store.rotate(second)
    assert store.get_many(list(made)) == made and store.master_id == "kms:two"
    assert KeyStore.open(home / "keys", second).get_many(list(made)) == made
    with pytest.raises(KeyStoreBroken, match="older copy, or another archive's"):
        KeyStore.open(home / "keys", first)


def test_keys_added_while_a_rotation_goes_on_are_not_lost(home: Path, now: datetime) -> None:
    kms = InMemoryKms("one")
    store = KeyStore.create(home / "keys", kms)
    store.add_many("purpose", 2000, at=now)
    made: list[tuple[str, bytes]] = []
    adding = threading.Thread(
        target=lambda: made.extend(KeyStore.open(home / "keys", kms).add("share", at=now) for _ in range(60))
    )
    adding.start()
    turns = 0
    while adding.is_alive() or not turns:
        store.rotate(kms)
        turns += 1
    adding.join()
    assert len(made) == 60 and store.get_many([key_id for key_id, _ in made]) == dict(made)
