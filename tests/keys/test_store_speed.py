"""How fast, as ratios within one run: the machine does not matter."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kenbaar.keys import KeyStore, create_with_master, open_with_master

MANY = 100_000


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, bytes]]:
    home = tmp_path_factory.mktemp("large")
    store = create_with_master(home / "keys", home / "master.key")
    return home, dict(store.add_many("purpose", MANY, at=datetime(2026, 1, 1, tzinfo=UTC)))


def best_of(times: int, act: Callable[[], object]) -> float:
    def once() -> float:
        start = time.perf_counter()
        act()
        return time.perf_counter() - start

    return min(once() for _ in range(times))


def bare_opens(n: int) -> Callable[[], object]:
    cipher, nonce = AESGCM(os.urandom(32)), os.urandom(12)
    sealed = [cipher.encrypt(nonce, os.urandom(32), bytes(48)) for _ in range(n)]
    return lambda: [cipher.decrypt(nonce, one, bytes(48)) for one in sealed]


def test_a_hundred_thousand_keys_cost_little_more_than_opening_them(large: tuple[Path, dict[str, bytes]]) -> None:
    home, made = large
    ids = list(made)

    def load() -> None:
        assert open_with_master(home / "keys", home / "master.key").get_many(ids) == made

    assert best_of(3, load) < 6 * best_of(3, bare_opens(MANY))


def test_destroying_one_takes_no_longer_among_a_hundred_thousand_than_among_ten(
    large: tuple[Path, dict[str, bytes]], tmp_path: Path, now: datetime
) -> None:
    home, made = large
    little = create_with_master(tmp_path / "keys", tmp_path / "master.key")
    few = [key_id for key_id, _ in little.add_many("purpose", 10, at=now)]
    many = list(made)[-10:]

    def destroying(store: KeyStore, ids: list[str]) -> Callable[[], object]:
        left = iter(ids)
        return lambda: store.destroy([next(left)], at=now)

    in_large = best_of(8, destroying(open_with_master(home / "keys", home / "master.key"), many))
    in_little = best_of(8, destroying(little, few))
    assert in_large < 5 * in_little + 0.005
    for key_id in many:
        made.pop(key_id, None)
