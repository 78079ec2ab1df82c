"""What a passkey's answer must be, one condition at a time. The device is software here, so that it can be wrong."""

from __future__ import annotations

import hashlib
import json
import os
import struct
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from webauthn.helpers import bytes_to_base64url

from kenbaar.access import Credential
from kenbaar.errors import SignInRefused, UsageError
from kenbaar.web._passkeys import CHALLENGE_S, Passkeys
from kenbaar.web._sessions import Session

ORIGIN, RP = "https://pictures.example", "pictures.example"
PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


@dataclass
class SoftwareDevice:
    """An ES256 authenticator (WebAuthn Level 3, 6.1 and 6.5). What it states can be changed."""

    flags: int = PRESENT | VERIFIED
    origin: str = ORIGIN
    rp: str = RP
    count: int = 7
    id: bytes = b"device-1"
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def _client(self, kind: str, challenge: bytes) -> bytes:
        said = {"type": kind, "challenge": bytes_to_base64url(challenge), "origin": self.origin, "crossOrigin": False}
        return json.dumps(said).encode()

    def _data(self, flags: int, more: bytes = b"") -> bytes:
        return hashlib.sha256(self.rp.encode()).digest() + struct.pack(">BI", flags, self.count) + more

    @property
    def public_key(self) -> bytes:
        numbers = self.key.public_key().public_numbers()
        return cbor2.dumps({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)})

    def registers(self, challenge: bytes) -> dict[str, Any]:
        attested = bytes(16) + struct.pack(">H", len(self.id)) + self.id + self.public_key
        data = self._data(self.flags | ATTESTED, attested)
        made = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        response = {"clientDataJSON": self._client("webauthn.create", challenge), "attestationObject": made}
        return self._answer(response)

    def signs(self, challenge: bytes) -> dict[str, Any]:
        data, client = self._data(self.flags), self._client("webauthn.get", challenge)
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))
        return self._answer({"clientDataJSON": client, "authenticatorData": data, "signature": signature})

    def _answer(self, response: dict[str, bytes]) -> dict[str, Any]:
        told = {name: bytes_to_base64url(value) for name, value in response.items()}
        id_ = bytes_to_base64url(self.id)
        return {"credential": {"id": id_, "rawId": id_, "type": "public-key", "response": told}}

    def as_kept(self, count: int = 0) -> Credential:
        now = datetime.now(UTC)
        return Credential("w-1", "s-1", "passkey", "", now, "", self.id, self.public_key, count)


@pytest.fixture
def passkeys() -> Passkeys:
    return Passkeys(ORIGIN)


def test_a_device_that_does_everything_right_is_kept_and_signs_in(passkeys: Passkeys) -> None:
    device, challenge = SoftwareDevice(), os.urandom(32)
    credential_id, public_key, count = passkeys.created(device.registers(challenge), challenge)
    assert (credential_id, public_key, count) == (device.id, device.public_key, 7)
    assert passkeys.signed(device.signs(challenge), challenge, device.as_kept(count=6)) == 7


@pytest.mark.parametrize(
    "wrong",
    [
        {"flags": PRESENT},  # nobody showed the device who they are
        {"flags": VERIFIED},  # nobody was there
        {"origin": "https://elsewhere.example"},
        {"origin": "http://pictures.example"},
        {"rp": "elsewhere.example"},
    ],
    ids=str,
)
def test_a_device_that_states_anything_else_is_neither_kept_nor_signs_in(
    passkeys: Passkeys, wrong: dict[str, Any]
) -> None:
    good, challenge = SoftwareDevice(), os.urandom(32)
    device = replace(good, **wrong)
    with pytest.raises(UsageError):
        passkeys.created(device.registers(challenge), challenge)
    with pytest.raises(SignInRefused):
        passkeys.signed(device.signs(challenge), challenge, good.as_kept())


def test_another_challenge_is_refused(passkeys: Passkeys) -> None:
    device, challenge = SoftwareDevice(), os.urandom(32)
    with pytest.raises(UsageError):
        passkeys.created(device.registers(os.urandom(32)), challenge)
    with pytest.raises(SignInRefused):
        passkeys.signed(device.signs(os.urandom(32)), challenge, device.as_kept())


@pytest.mark.parametrize("kept", [7, 8, 4_000_000_000])
def test_a_count_that_does_not_grow_is_a_copied_device(passkeys: Passkeys, kept: int) -> None:
    device, challenge = SoftwareDevice(count=7), os.urandom(32)
    with pytest.raises(SignInRefused):
        passkeys.signed(device.signs(challenge), challenge, device.as_kept(count=kept))


def test_another_devices_signature_is_refused(passkeys: Passkeys) -> None:
    device, thief, challenge = SoftwareDevice(), SoftwareDevice(), os.urandom(32)
    with pytest.raises(SignInRefused):
        passkeys.signed(thief.signs(challenge), challenge, device.as_kept())


def test_what_signs_in_registers_nothing_and_the_other_way_round(passkeys: Passkeys) -> None:
    device, challenge = SoftwareDevice(), os.urandom(32)
    with pytest.raises(UsageError):
        passkeys.created(device.signs(challenge), challenge)
    with pytest.raises(SignInRefused):
        passkeys.signed(device.registers(challenge), challenge, device.as_kept())


def test_a_challenge_is_taken_once_and_for_five_minutes() -> None:
    session = Session("csrf", 0.0, 0.0)
    session.challenge = (b"one", 100.0)
    assert session.take_challenge(100.0 + CHALLENGE_S, CHALLENGE_S) == b"one"
    assert session.take_challenge(101.0, CHALLENGE_S) is None, "it is used"
    session.challenge = (b"two", 100.0)
    assert session.take_challenge(100.1 + CHALLENGE_S, CHALLENGE_S) is None, "it is over"
    assert session.take_challenge(101.0, CHALLENGE_S) is None, "and was taken all the same"
