from __future__ import annotations

import base64
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kenbaar.errors import KeyStoreBroken, UsageError
from kenbaar.keys import Envelope, FileMasterKey, KeyStore


@pytest.fixture
def master(home: Path) -> FileMasterKey:
    return FileMasterKey.create(home / "master.key")


def test_what_it_wraps_it_unwraps_and_so_does_the_file_read_again(home: Path, master: FileMasterKey) -> None:
    envelope: Envelope = FileMasterKey(home / "master.key")
    assert envelope.unwrap(master.wrap(b"k" * 32, b"here"), b"here") == b"k" * 32
    assert envelope.id == master.id


def test_another_context_is_refused(master: FileMasterKey) -> None:
    with pytest.raises(KeyStoreBroken):
        master.unwrap(master.wrap(b"k" * 32, b"here"), b"there")


def test_another_master_key_is_refused(home: Path, master: FileMasterKey) -> None:
    other = FileMasterKey.create(home / "other.key")
    assert other.id != master.id
    with pytest.raises(KeyStoreBroken):
        other.unwrap(master.wrap(b"k" * 32, b"here"), b"here")


@given(bit=st.integers(0, (12 + 32 + 16) * 8 - 1))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_flipped_bit_is_refused(master_of_module: FileMasterKey, bit: int) -> None:
    blob = bytearray(master_of_module.wrap(b"k" * 32, b"here"))
    blob[bit // 8] ^= 1 << bit % 8
    with pytest.raises(KeyStoreBroken):
        master_of_module.unwrap(bytes(blob), b"here")


@pytest.fixture(scope="module")
def master_of_module(tmp_path_factory: pytest.TempPathFactory) -> FileMasterKey:
    return FileMasterKey.create(tmp_path_factory.mktemp("m") / "master.key")


@pytest.mark.parametrize("blob", [b"", b"short", bytes(27)])
def test_what_is_too_short_is_refused_with_a_sentence(master: FileMasterKey, blob: bytes) -> None:
    with pytest.raises(KeyStoreBroken):
        master.unwrap(blob, b"here")


def test_an_existing_file_is_never_written_over(home: Path, master: FileMasterKey) -> None:
    before = (home / "master.key").read_bytes()
    with pytest.raises(UsageError):
        FileMasterKey.create(home / "master.key")
    assert (home / "master.key").read_bytes() == before


def test_a_missing_file_is_said_to_be_missing(home: Path) -> None:
    with pytest.raises(KeyStoreBroken, match="missing"):
        _ = FileMasterKey(home / "master.key").id


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o666, 0o644])
def test_a_master_key_others_may_read_is_refused_and_a_rotation_advised(
    home: Path, master: FileMasterKey, mode: int
) -> None:
    (home / "master.key").chmod(mode)
    with pytest.raises(KeyStoreBroken, match="keys rotate"):
        _ = master.id
    (home / "master.key").chmod(0o400)  # stricter is welcome
    assert master.id


def test_a_symbolic_link_is_refused(home: Path, master: FileMasterKey) -> None:
    (home / "link").symlink_to(home / "master.key")
    with pytest.raises(KeyStoreBroken):
        _ = FileMasterKey(home / "link").id


def test_every_altered_character_of_the_file_is_found(home: Path, master: FileMasterKey) -> None:
    text = (home / "master.key").read_bytes()
    assert text.startswith(b"kenbaar master key 1\nid m-") and len(text.splitlines()) == 3
    for at in range(len(text)):
        for other in (b"A", b"b", b"\n", b"\xff", bytes([text[at] ^ 1]), bytes([text[at] + 1])):
            changed = text[:at] + other + text[at + 1 :]
            if changed != text:
                (home / "master.key").write_bytes(changed)
                with pytest.raises(KeyStoreBroken, match="not a whole master key"):
                    _ = master.id
    (home / "master.key").write_bytes(text + b"\n")
    with pytest.raises(KeyStoreBroken, match="not a whole master key"):
        _ = master.id
    for length in range(len(text)):
        (home / "master.key").write_bytes(text[:length])
        with pytest.raises(KeyStoreBroken, match="not a whole master key"):
            _ = master.id


def test_a_foreign_master_key_does_not_open_the_store(home: Path, store: KeyStore) -> None:
    FileMasterKey.create(home / "other.key")
    with pytest.raises(KeyStoreBroken, match="another archive's"):
        KeyStore.open(home / "keys", FileMasterKey(home / "other.key"))


def test_neither_repr_nor_refusal_shows_the_key(home: Path, master: FileMasterKey) -> None:
    secret = (home / "master.key").read_text().split()[-1]
    (home / "master.key").write_text((home / "master.key").read_text().replace("id m-", "id m-0"))
    with pytest.raises(KeyStoreBroken) as refusal:
        _ = master.id
    for shown in (repr(master), str(refusal.value), repr(refusal.value), repr(refusal.value.__cause__)):
        assert secret not in shown and base64.b64decode(secret).hex() not in shown
