from __future__ import annotations

import hashlib
import hmac
import itertools
import os
from datetime import datetime

import pytest
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from hypothesis import given
from hypothesis import strategies as st

from kenbaar.errors import KeyDestroyed, WrongCode
from kenbaar.keys import (
    CROCKFORD,
    KeyStore,
    RecoveryCode,
    derive_purpose_key,
    new_data_key,
    unwrap_data_key,
    wrap_data_key,
)

SALT, SHARE = bytes(range(16)), bytes(range(100, 132))
subjects = st.text(CROCKFORD, min_size=8, max_size=8).map("s-{}".format)
secrets = st.binary(min_size=16, max_size=16)


def code(subject: str = "s-4f7q2w9k", secret: bytes = bytes(range(16))) -> RecoveryCode:
    return RecoveryCode(subject, secret)


@given(subject=subjects, secret=secrets)
def test_a_code_that_was_printed_is_read_back_with_its_subject(subject: str, secret: bytes) -> None:
    printed = RecoveryCode(subject, secret).text
    read = RecoveryCode.parse(printed)
    assert printed.startswith("KB-") and len(printed) == 47
    assert read.subject == subject and read.text == printed


@given(subject=subjects, secret=secrets, data=st.data())
def test_case_spaces_dashes_and_look_alike_letters_are_forgiven(
    subject: str, secret: bytes, data: st.DataObject
) -> None:
    printed = RecoveryCode(subject, secret).text
    typed = ""
    for char in printed[3:]:
        options = {"0": "0oO", "1": "1iIlL", "-": ["-", "", " ", " - ", "–", "\n"]}.get(char, [char, char.lower()])
        typed += data.draw(st.sampled_from(list(options)))
    typed = data.draw(st.sampled_from(["KB-", "kb", "", " Kb "])) + typed
    assert RecoveryCode.parse(typed).text == printed


def test_every_single_wrong_character_is_found() -> None:
    chars = code().text[3:].replace("-", "")
    for at, other in itertools.product(range(36), CROCKFORD.upper()):
        if other != chars[at]:
            with pytest.raises(WrongCode):
                RecoveryCode.parse(chars[:at] + other + chars[at + 1 :])


@given(subject=subjects, secret=secrets)
def test_every_two_characters_that_changed_places_are_found(subject: str, secret: bytes) -> None:
    chars = RecoveryCode(subject, secret).text[3:].replace("-", "")
    for one, two in itertools.combinations(range(36), 2):
        if chars[one] != chars[two]:
            swapped = list(chars)
            swapped[one], swapped[two] = swapped[two], swapped[one]
            with pytest.raises(WrongCode):
                RecoveryCode.parse("".join(swapped))


@given(st.text(max_size=80) | st.text("KB-" + CROCKFORD + "ilou", min_size=30, max_size=50))
def test_whatever_is_typed_is_a_code_or_is_refused(text: str) -> None:
    try:
        assert RecoveryCode.parse(text).subject
    except WrongCode as refusal:
        assert refusal.exit_code == 3


def test_a_refusal_does_not_repeat_what_was_typed() -> None:
    typed = code().text
    for wrong in (typed[:-1], typed[:-1] + "U", typed[:-1] + ("2" if typed[-1] != "2" else "3")):
        with pytest.raises(WrongCode) as refusal:
            RecoveryCode.parse(wrong)
        assert typed[13:17] not in repr(refusal.value)


def test_a_check_that_holds_does_not_excuse_bits_too_many() -> None:
    chars = "4f7q2w9k" + "z" + "0" * 25
    number = sum(CROCKFORD.index(char) * 32**place for place, char in enumerate(reversed(chars)))
    check = CROCKFORD[number % 1021 // 32] + CROCKFORD[number % 1021 % 32]
    with pytest.raises(WrongCode):
        RecoveryCode.parse(chars + check)


@pytest.mark.parametrize("length", [0, 1, 35, 37, 38, 40])
def test_a_code_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(WrongCode, match="letters and digits"):
        RecoveryCode.parse("2" * length)


def test_a_new_code_takes_its_bits_from_the_generator_given() -> None:
    asked = []
    made = RecoveryCode.new("s-4f7q2w9k", lambda size: asked.append(size) or b"\x07" * size)  # type: ignore[func-returns-value]
    assert asked == [16] and made.text == code(secret=b"\x07" * 16).text
    assert RecoveryCode.new("s-4f7q2w9k", os.urandom).text != RecoveryCode.new("s-4f7q2w9k", os.urandom).text


@pytest.mark.parametrize("subject", ["", "anna", "s-4f7q2w9", "s-4f7q2w9kk", "s-4F7Q2W9K", "s-4f7q2wil"])
def test_a_code_for_what_is_no_subject_id_is_a_mistake(subject: str) -> None:
    with pytest.raises(ValueError):
        RecoveryCode(subject, bytes(16))


def test_the_key_is_hkdf_of_argon2id_of_the_secret_as_the_documentation_says() -> None:
    stretched = Argon2id(salt=SALT, length=32, iterations=3, lanes=4, memory_cost=65536).derive(bytes(range(16)))
    info = b"".join(len(f).to_bytes(4, "big") + f for f in (b"kenbaar purpose key", b"find", b"s-4f7q2w9k"))
    extracted = hmac.digest(SHARE, stretched, hashlib.sha256)
    assert derive_purpose_key(code(), SALT, SHARE, "find") == hmac.digest(extracted, info + b"\x01", hashlib.sha256)


def test_a_session_gives_the_same_keys_as_deriving_one_by_one_and_each_purpose_its_own() -> None:
    with code().open_session(SALT) as session:
        keys = {purpose: session.purpose_key(SHARE, purpose) for purpose in ("find", "show:website", "show", "name")}
    assert keys["find"] == derive_purpose_key(code(), SALT, SHARE, "find")
    assert len(set(keys.values())) == 4


def test_every_ingredient_matters() -> None:
    usual = derive_purpose_key(code(), SALT, SHARE, "find")
    others = [
        derive_purpose_key(code(secret=bytes(16)), SALT, SHARE, "find"),
        derive_purpose_key(code(subject="s-00000000"), SALT, SHARE, "find"),
        derive_purpose_key(code(), bytes(16), SHARE, "find"),
        derive_purpose_key(code(), SALT, bytes(32), "find"),
        derive_purpose_key(code(), SALT, SHARE, "show"),
    ]
    assert len({usual, *others}) == 6


def test_once_the_share_is_destroyed_the_code_alone_opens_nothing(store: KeyStore, now: datetime) -> None:
    share_id, share = store.add("share", at=now)
    grant = wrap_data_key(derive_purpose_key(code(), SALT, share, "find"), new_data_key())
    store.destroy([share_id], at=now)
    with pytest.raises(KeyDestroyed):
        store.get(share_id)
    with pytest.raises(WrongCode):
        unwrap_data_key(derive_purpose_key(code(), SALT, bytes(32), "find"), grant, otherwise=WrongCode)


def test_a_closed_session_derives_nothing() -> None:
    session = code().open_session(SALT)
    session.close()
    with pytest.raises(ValueError):
        session.purpose_key(SHARE, "find")


@pytest.mark.parametrize(("salt", "share"), [(bytes(15), SHARE), (SALT, bytes(31)), (b"", SHARE), (SALT, b"")])
def test_a_salt_or_share_of_another_length_is_a_mistake(salt: bytes, share: bytes) -> None:
    with pytest.raises(ValueError):
        derive_purpose_key(code(), salt, share, "find")


def test_no_repr_shows_the_code() -> None:
    one = code(secret=os.urandom(16))
    with one.open_session(SALT) as session:
        for shown in (repr(one), str(one), repr(session), str(session)):
            assert "s-4f7q2w9k" in shown and one.text not in shown and one.text[13:17] not in shown
