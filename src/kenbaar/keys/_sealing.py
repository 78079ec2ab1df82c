"""Bytes nobody can read or change without their key: AES-256-GCM, bound to what they belong to."""

from __future__ import annotations

import os
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kenbaar.errors import SealBroken, TemplateUnreadable

KEY_BYTES = 32
_AES_256_GCM = b"\x01"  # first byte of everything sealed; another algorithm gets another byte
_NONCE_BYTES = 12  # 96 bits, random: NIST SP 800-38D 8.2.2. A data key seals one template, so two nonces never meet.
_SHORTEST_BYTES = 1 + _NONCE_BYTES + 16  # algorithm, nonce, tag
_TEMPLATE = b"kenbaar template"
_PORTRAIT = b"kenbaar portrait"
_GENERIC = b"kenbaar seal"


def new_data_key() -> bytes:
    """32 random bytes: the key that one template is sealed with."""
    return os.urandom(KEY_BYTES)


def length_prefixed(*fields: bytes) -> bytes:
    """The fields joined so that no other fields join to the same bytes: each after its length, uint32 big-endian."""
    return b"".join([part for field in fields for part in (len(field).to_bytes(4, "big"), field)])


def seal(key: bytes, plaintext: bytes, aad: bytes) -> bytes:
    """Algorithm byte, random nonce (12), ciphertext, tag (16): 29 bytes more than the plaintext. key: 32 bytes.

    aad: what the bytes belong to. It is not in the result; `unseal` needs the same.
    """
    return _seal(key, plaintext, _AES_256_GCM + length_prefixed(_GENERIC, aad))


def unseal(key: bytes, sealed: bytes, aad: bytes) -> bytes:
    """What was sealed. SealBroken where the key or the aad is another's, or one bit was changed."""
    plaintext = _unseal(key, sealed, _AES_256_GCM + length_prefixed(_GENERIC, aad))
    if plaintext is None:
        raise SealBroken(
            "Sealed bytes do not open: they were altered, moved, or belong to another key.",
            "Put back the files as they were, from one and the same backup.",
        )
    return plaintext


def seal_template(data_key: bytes, plaintext: bytes, *, subject: str, pack: str, version: int) -> bytes:
    """A template's bytes (see pack_vectors) sealed for this subject, this pack's digest and this version of it.

    data_key: 32 bytes, used for nothing else (see new_data_key).
    """
    return _seal(data_key, plaintext, _belongs_to(subject, pack, version))


def open_template(data_key: bytes, sealed: bytes, *, subject: str, pack: str, version: int) -> bytes:
    """The template's bytes. TemplateUnreadable where anything is another's, or a bit was changed."""
    plaintext = _unseal(data_key, sealed, _belongs_to(subject, pack, version))
    if plaintext is None:
        raise TemplateUnreadable(
            f"The template of {subject}, version {version}, does not open: it was altered or swapped, "
            "or made by another pack.",
            f"Put the archive back from one backup, or withdraw {subject} and let them enrol again.",
        )
    return plaintext


def seal_portrait(key: bytes, jpeg: bytes, *, subject: str) -> bytes:
    """A reference portrait's file sealed for this subject. key: 32 bytes, used for nothing else (see new_data_key)."""
    return _seal(key, jpeg, _AES_256_GCM + length_prefixed(_PORTRAIT, subject.encode()))


def open_portrait(key: bytes, sealed: bytes, *, subject: str) -> bytes | None:
    """The portrait's file; None where the key or the portrait is another's, or one bit was changed."""
    return _unseal(key, sealed, _AES_256_GCM + length_prefixed(_PORTRAIT, subject.encode()))


def _belongs_to(subject: str, pack: str, version: int) -> bytes:
    return _OF_TEMPLATES + length_prefixed(subject.encode()) + _of_pack(pack, version)


_OF_TEMPLATES = _AES_256_GCM + length_prefixed(_TEMPLATE)


@lru_cache(64)
def _of_pack(pack: str, version: int) -> bytes:
    return length_prefixed(pack.encode(), version.to_bytes(8, "big"))


def _seal(key: bytes, plaintext: bytes, aad: bytes) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    return _AES_256_GCM + nonce + _cipher(key).encrypt(nonce, plaintext, aad)


def _unseal(key: bytes, sealed: bytes, aad: bytes) -> bytes | None:
    if len(sealed) < _SHORTEST_BYTES or sealed[:1] != _AES_256_GCM:
        return None
    try:
        return _cipher(key).decrypt(sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :], aad)
    except InvalidTag:
        return None


def _cipher(key: bytes) -> AESGCM:
    if len(key) != KEY_BYTES:  # AESGCM would take 16 and 24 as well
        raise ValueError(f"a sealing key is {KEY_BYTES} bytes, not {len(key)}")
    return AESGCM(key)
