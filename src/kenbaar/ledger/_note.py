"""Signed notes (C2SP signed-note): a text, a blank line, and signature lines, read strictly.

— <name> base64(key id, 4 bytes + Ed25519 signature, 64 bytes)
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from kenbaar.errors import LedgerBroken

_ED25519 = b"\x01"  # C2SP signed-note: signature type identifier
_MAX_NOTE_CHARS = 1_000_000  # ours; the spec asks for some limit
_MAX_SIGNATURES = 100  # the spec: at least 16
_NAME = re.compile(r"[^\s+\x00-\x1f\x7f]+")


class Signer(Protocol):
    """What the ledger needs of a signing key; keys.SigningKey is one."""

    @property
    def public_bytes(self) -> bytes:
        """The Ed25519 public key, 32 bytes (RFC 8032)."""

    def sign(self, data: bytes, /) -> bytes:
        """The Ed25519 signature of these bytes, 64 bytes."""


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A named Ed25519 public key; its text form is `name+hash+base64`, safe to print and to hand out."""

    name: str
    public_bytes: bytes

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name) or len(self.public_bytes) != 32:
            raise LedgerBroken(
                "This is not the name and public key of a signer.",
                "Use a name without spaces and plus signs, and an Ed25519 public key of 32 bytes.",
            )

    @property
    def key_id(self) -> bytes:
        """Four bytes that tell keys of one name apart: SHA-256(name, newline, type, public key), cut."""
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.public_bytes).digest()[:4]

    def __str__(self) -> str:
        encoded = base64.b64encode(_ED25519 + self.public_bytes).decode()
        return f"{self.name}+{self.key_id.hex()}+{encoded}"

    @classmethod
    def parse(cls, text: str) -> VerifierKey:
        """The key written as `name+hash+base64`; LedgerBroken where any part does not fit the others."""
        name, _, rest = text.partition("+")
        key_hash, _, encoded = rest.partition("+")
        decoded = decode_base64(encoded)
        if decoded is None or len(decoded) != 33 or decoded[:1] != _ED25519:
            raise _bad_key()
        key = cls(name, decoded[1:])
        if key.key_id.hex() != key_hash:
            raise _bad_key()
        return key

    def verifies(self, data: bytes, signature: bytes) -> bool:
        """True where this key signed exactly these bytes."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public_bytes).verify(signature, data)
        except InvalidSignature:
            return False
        return True


def sign_note(text: str, name: str, signer: Signer) -> str:
    """The text (ending in a newline) as a note signed under this name."""
    key = VerifierKey(name, signer.public_bytes)
    _check_text(text)
    encoded = base64.b64encode(key.key_id + signer.sign(text.encode())).decode()
    return f"{text}\n— {name} {encoded}\n"


def open_note(untrusted_note: str, keys: Collection[VerifierKey]) -> str:
    """The note's text, once one of these keys is known to have signed it; LedgerBroken otherwise.

    Signatures of keys we do not know are passed over, as the spec asks; a false one of a key we know is not.
    """
    if len(untrusted_note) > _MAX_NOTE_CHARS:
        raise _bad_note("is too long")
    _check_text(untrusted_note)
    text, blank, signatures = untrusted_note.rpartition("\n\n")
    if not blank or not signatures:
        raise _bad_note("has no signature")
    text += "\n"
    lines = signatures[:-1].split("\n")
    if len(lines) > _MAX_SIGNATURES:
        raise _bad_note("has too many signatures")
    known = {(key.name, key.key_id): key for key in keys}
    trusted = False
    for line in lines:
        name, signature = _read_signature(line)
        key = known.get((name, signature[:4]))
        if key is None:
            continue
        if not key.verifies(text.encode(), signature[4:]):
            raise _bad_note("carries a signature that is not its own")
        trusted = True
    if not trusted:
        raise _bad_note("is not signed by the key it should be signed by")
    return text


def decode_base64(text: str) -> bytes | None:
    """The bytes of standard base64 in its one canonical spelling; None for any other text."""
    try:
        decoded = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return decoded if base64.b64encode(decoded).decode() == text else None


def _read_signature(line: str) -> tuple[str, bytes]:
    dash, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    signature = decode_base64(encoded)
    if dash != "—" or not _NAME.fullmatch(name) or signature is None or len(signature) < 5:
        raise _bad_note("has a signature line that cannot be read")
    return name, signature


def _check_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as err:
        raise _bad_note("is not valid UTF-8") from err
    if not text.endswith("\n") or any(c < " " and c != "\n" for c in text):
        raise _bad_note("has control characters, or does not end with a line end")


def _bad_note(why: str) -> LedgerBroken:
    return LedgerBroken(f"This signed note {why}.", "Use the checkpoint exactly as it was printed, with its own key.")


def _bad_key() -> LedgerBroken:
    return LedgerBroken("This is not a verifier key.", "Copy the whole line, `name+hash+base64`, as it was printed.")
