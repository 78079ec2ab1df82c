"""Signed notes and checkpoints, against the Go reference implementation's published note and by refusal."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kenbaar.errors import LedgerBroken
from kenbaar.ledger import Checkpoint, VerifierKey, open_note, sign_note
from kenbaar.ledger._tree import EMPTY_ROOT

# The published test vector of golang.org/x/mod/sumdb/note, which the C2SP spec describes.
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_SEED = base64.b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
GO_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
GO_LINE = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
GO_NOTE = f"{GO_TEXT}\n{GO_LINE}"


class GoSigner:
    def __init__(self) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(GO_SEED)
        self.public_bytes = self._key.public_key().public_bytes_raw()

    def sign(self, data: bytes) -> bytes:
        return self._key.sign(data)


def test_the_published_note_opens_with_its_published_key() -> None:
    assert open_note(GO_NOTE, [VerifierKey.parse(GO_KEY)]) == GO_TEXT


def test_signing_the_published_text_gives_the_published_note() -> None:
    assert sign_note(GO_TEXT, "PeterNeumann", GoSigner()) == GO_NOTE


def test_a_verifier_key_is_written_as_it_was_read() -> None:
    assert str(VerifierKey.parse(GO_KEY)) == GO_KEY


@pytest.mark.parametrize(
    "text",
    [
        "",
        "PeterNeumann",
        GO_KEY[1:],
        GO_KEY[:-1],
        GO_KEY.replace("c74f20a3", "c74f20a4"),
        GO_KEY.replace("c74f20a3", "C74F20A3"),
        GO_KEY.replace("PeterNeumann", "Peter Neumann"),
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",  # another algorithm, its hash right
    ],
)
def test_a_mangled_verifier_key_is_refused(text: str) -> None:
    with pytest.raises(LedgerBroken):
        VerifierKey.parse(text)


@pytest.mark.parametrize(
    "note",
    [
        "",
        GO_TEXT,
        GO_NOTE.replace("cryptography", "cryptographY"),
        GO_NOTE[:-1],
        GO_NOTE.replace("—", "-"),
        GO_NOTE.replace("— PeterNeumann", "—PeterNeumann"),
        GO_NOTE.replace("— PeterNeumann", "— Peter Neumann"),
        GO_NOTE.replace("\n\n", "\n"),
        GO_NOTE.replace("problem,\n", "problem,\r\n"),
        GO_NOTE.replace("JnAM=", "JnAN="),  # the same signature in a second base64 spelling
        GO_NOTE.replace("x08go", "y08go"),  # a key we do not know, and no other
        GO_NOTE + "\n",
        GO_NOTE + "— other AAAA\n",
        GO_NOTE + "\udc80\n",
        f"{GO_TEXT}\n{GO_LINE * 101}",
        "x" * 1_000_001,
    ],
)
def test_a_mangled_note_is_refused(note: str) -> None:
    with pytest.raises(LedgerBroken):
        open_note(note, [VerifierKey.parse(GO_KEY)])


def test_signatures_of_unknown_keys_are_passed_over() -> None:
    witness = "— witness.example " + base64.b64encode(b"\x01\x02\x03\x04" + b"\x05" * 72).decode() + "\n"
    assert open_note(GO_NOTE + witness, [VerifierKey.parse(GO_KEY)]) == GO_TEXT


def test_a_false_signature_of_a_known_key_spoils_the_note_even_beside_a_true_one() -> None:
    raw = base64.b64decode(GO_LINE.split(" ")[2])
    false = "— PeterNeumann " + base64.b64encode(raw[:4] + b"\x00" * 64).decode() + "\n"
    with pytest.raises(LedgerBroken):
        open_note(GO_NOTE + false, [VerifierKey.parse(GO_KEY)])


def test_a_checkpoint_is_the_note_the_spec_describes(signer: Any) -> None:
    """The expected text is put together here from the spec's sentences, without our code."""
    body = "example.org/photos\n3\n" + base64.b64encode(b"r" * 32).decode() + "\n"
    key_id = hashlib.sha256(b"example.org/photos\n\x01" + signer.public_bytes).digest()[:4]
    signature = base64.b64encode(key_id + signer.sign(body.encode())).decode()
    made = Checkpoint.sign("example.org/photos", 3, b"r" * 32, signer)
    assert made.text == f"{body}\n— example.org/photos {signature}\n"
    assert Checkpoint.read(made.text, VerifierKey("example.org/photos", signer.public_bytes)) == made


def test_a_checkpoint_signed_by_somebody_else_is_refused(signer: Any, stranger: Any) -> None:
    text = Checkpoint.sign("example.org/photos", 0, EMPTY_ROOT, stranger).text
    with pytest.raises(LedgerBroken):
        Checkpoint.read(text, VerifierKey("example.org/photos", signer.public_bytes))


@pytest.mark.parametrize(
    "body",
    [
        "example.org/other\n3\n{root}\n",
        "example.org/photos\n03\n{root}\n",
        "example.org/photos\n-3\n{root}\n",
        "example.org/photos\n٣\n{root}\n",
        "example.org/photos\n3\nAAAA\n",
        "example.org/photos\n3\n",
        "example.org/photos\n3\n{root}\nextension\n",
        "example.org/photos\n99999999999999999999\n{root}\n",
    ],
)
def test_a_rightly_signed_note_that_is_no_checkpoint_is_refused(body: str, signer: Any) -> None:
    note = sign_note(body.format(root=base64.b64encode(b"r" * 32).decode()), "example.org/photos", signer)
    with pytest.raises(LedgerBroken):
        Checkpoint.read(note, VerifierKey("example.org/photos", signer.public_bytes))
