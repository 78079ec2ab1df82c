from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kenbaar.errors import KeyDestroyed, SealBroken, TemplateUnreadable, WrongCode
from kenbaar.keys import new_data_key, open_template, seal, seal_template, unseal, unwrap_data_key, wrap_data_key

KEY = bytes(range(32))
PACK, OTHER_PACK = "sha256:" + "a" * 64, "sha256:" + "b" * 64
keys = st.binary(min_size=32, max_size=32)


def sealed_for_anna() -> bytes:
    return seal_template(KEY, b"template", subject="s-anna0001", pack=PACK, version=1)


@given(key=keys, plaintext=st.binary(max_size=2000), subject=st.text(), pack=st.text(), version=st.integers(0, 2**63))
def test_what_is_sealed_opens_for_the_same_subject_pack_and_version(
    key: bytes, plaintext: bytes, subject: str, pack: str, version: int
) -> None:
    sealed = seal_template(key, plaintext, subject=subject, pack=pack, version=version)
    assert len(sealed) == len(plaintext) + 29
    assert open_template(key, sealed, subject=subject, pack=pack, version=version) == plaintext


@pytest.mark.parametrize("bit", range((29 + 8) * 8))
def test_any_flipped_bit_is_refused(bit: int) -> None:
    sealed = bytearray(sealed_for_anna())
    sealed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(TemplateUnreadable):
        open_template(KEY, bytes(sealed), subject="s-anna0001", pack=PACK, version=1)


@pytest.mark.parametrize("length", range(29 + 8))
def test_a_seal_cut_short_is_refused(length: int) -> None:
    with pytest.raises(TemplateUnreadable):
        open_template(KEY, sealed_for_anna()[:length], subject="s-anna0001", pack=PACK, version=1)


@pytest.mark.parametrize(
    "other",
    [{"subject": "s-bert0001"}, {"pack": OTHER_PACK}, {"version": 2}, {"subject": "s-anna0001" + PACK, "pack": ""}],
)
def test_another_subject_pack_or_version_is_refused(other: dict[str, Any]) -> None:
    with pytest.raises(TemplateUnreadable):
        open_template(KEY, sealed_for_anna(), **{"subject": "s-anna0001", "pack": PACK, "version": 1, **other})


def test_fields_that_join_to_the_same_letters_are_not_the_same() -> None:
    sealed = seal_template(KEY, b"x", subject="ab", pack="c", version=1)
    with pytest.raises(TemplateUnreadable):
        open_template(KEY, sealed, subject="a", pack="bc", version=1)


def test_two_subjects_sealed_templates_cannot_be_swapped() -> None:
    anna, bert = new_data_key(), new_data_key()
    sealed = {
        key: seal_template(key, b"face", subject=subject, pack=PACK, version=1)
        for key, subject in ((anna, "s-anna0001"), (bert, "s-bert0001"))
    }
    with pytest.raises(TemplateUnreadable, match="s-anna0001"):
        open_template(anna, sealed[bert], subject="s-anna0001", pack=PACK, version=1)


def test_the_same_template_sealed_twice_looks_different() -> None:
    assert sealed_for_anna() != sealed_for_anna()


def test_a_template_is_not_opened_as_something_else() -> None:
    with pytest.raises(SealBroken):
        unseal(KEY, sealed_for_anna(), b"")


@given(key=keys, plaintext=st.binary(max_size=500), aad=st.binary(max_size=100), other=st.binary(max_size=100))
def test_the_generic_seal_opens_with_its_own_key_and_aad_alone(
    key: bytes, plaintext: bytes, aad: bytes, other: bytes
) -> None:
    sealed = seal(key, plaintext, aad)
    assert unseal(key, sealed, aad) == plaintext
    with pytest.raises(SealBroken):
        unseal(bytes(b ^ 1 for b in key), sealed, aad)
    if other != aad:
        with pytest.raises(SealBroken):
            unseal(key, sealed, other)


@given(at=st.integers(0), bit=st.integers(0, 7), plaintext=st.binary(max_size=100))
def test_any_flipped_bit_of_a_generic_seal_is_refused(at: int, bit: int, plaintext: bytes) -> None:
    sealed = bytearray(seal(KEY, plaintext, b"entry"))
    sealed[at % len(sealed)] ^= 1 << bit
    with pytest.raises(SealBroken):
        unseal(KEY, bytes(sealed), b"entry")


@pytest.mark.parametrize("length", [0, 16, 24, 31, 33])
def test_a_key_that_is_not_256_bits_is_a_mistake(length: int) -> None:
    with pytest.raises(ValueError):
        seal(bytes(length), b"", b"")
    with pytest.raises(ValueError):
        open_template(bytes(length), sealed_for_anna(), subject="s-anna0001", pack=PACK, version=1)
    with pytest.raises(ValueError):
        wrap_data_key(bytes(length), KEY)
    with pytest.raises(ValueError):
        wrap_data_key(KEY, bytes(length))
    with pytest.raises(ValueError):
        unwrap_data_key(bytes(length), bytes(40))


def test_a_data_key_is_wrapped_as_rfc_3394_section_4_6_prints_it() -> None:
    data_key = bytes.fromhex("00112233445566778899AABBCCDDEEFF000102030405060708090A0B0C0D0E0F")
    wrapped = bytes.fromhex("28C9F404C4B810F4CBCCB35CFB87F8263F5786E2D80ED326CBC7F0E71A99F43BFB988B9B7A02DD21")
    assert wrap_data_key(KEY, data_key) == wrapped
    assert unwrap_data_key(KEY, wrapped) == data_key


@given(purpose_key=keys, data_key=keys, bit=st.integers(0, 319))
def test_a_wrapped_key_opens_with_its_own_key_alone_and_not_with_a_bit_flipped(
    purpose_key: bytes, data_key: bytes, bit: int
) -> None:
    wrapped = wrap_data_key(purpose_key, data_key)
    assert unwrap_data_key(purpose_key, wrapped) == data_key
    with pytest.raises(KeyDestroyed):
        unwrap_data_key(bytes(b ^ 1 for b in purpose_key), wrapped)
    flipped = bytearray(wrapped)
    flipped[bit // 8] ^= 1 << bit % 8
    with pytest.raises(KeyDestroyed):
        unwrap_data_key(purpose_key, bytes(flipped))


@pytest.mark.parametrize("wrapped", [b"", bytes(8), bytes(39), bytes(40), bytes(48)])
def test_what_is_no_wrapped_key_is_refused_as_the_caller_says(wrapped: bytes) -> None:
    with pytest.raises(KeyDestroyed):
        unwrap_data_key(KEY, wrapped)
    with pytest.raises(WrongCode):
        unwrap_data_key(KEY, wrapped, otherwise=WrongCode)


def test_a_wrapped_key_of_another_length_is_refused() -> None:
    from cryptography.hazmat.primitives.keywrap import aes_key_wrap

    with pytest.raises(KeyDestroyed):
        unwrap_data_key(KEY, aes_key_wrap(KEY, bytes(16)))
