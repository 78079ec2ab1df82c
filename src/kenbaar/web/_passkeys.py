"""Passkeys (WebAuthn): made and checked by py_webauthn; challenges are used once, and for five minutes at most."""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import urlsplit

import webauthn
from webauthn.helpers import base64url_to_bytes, options_to_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from kenbaar.access import Credential
from kenbaar.errors import SignInRefused, UsageError
from kenbaar.text import read_json

CHALLENGE_S = 300.0
_MOST_WRAPPED = 200  # bytes of a recovery code sealed by a device: 12 of nonce, 47, 16 of tag
_NEVER = (ValueError, KeyError, TypeError, WebAuthnException)


class Passkeys:
    """Of one site."""

    def __init__(self, origin: str) -> None:
        self._origin, self._rp = origin, urlsplit(origin).hostname or "localhost"

    @property
    def salt(self) -> str:
        """What devices make a key of, with the prf extension (WebAuthn Level 3, 10.1.4): 32 bytes, hex. No secret."""
        return hashlib.sha256(f"kenbaar passkey v1\n{self._rp}".encode()).hexdigest()

    def creation(self, organisation: str, owner: str, name: str, known: list[Credential]) -> tuple[bytes, str]:
        """A challenge, and the options for the browser as JSON. name: what the device's list calls it."""
        options = webauthn.generate_registration_options(
            rp_id=self._rp,
            rp_name=organisation,
            user_id=hashlib.sha256(owner.encode()).digest(),
            user_name=name,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
            ),
            exclude_credentials=[PublicKeyCredentialDescriptor(c.credential_id) for c in known if c.credential_id],
        )
        return options.challenge, options_to_json(options)

    def request(self) -> tuple[bytes, str]:
        """A challenge, and the options with which any passkey of this site may answer."""
        options = webauthn.generate_authentication_options(
            rp_id=self._rp, user_verification=UserVerificationRequirement.REQUIRED
        )
        return options.challenge, options_to_json(options)

    def created(self, untrusted: Any, challenge: bytes) -> tuple[bytes, bytes, int]:
        """credential id, public key (COSE), sign count of a new passkey. Raises UsageError."""
        try:
            made = webauthn.verify_registration_response(
                credential=untrusted["credential"],
                expected_challenge=challenge,
                expected_rp_id=self._rp,
                expected_origin=self._origin,
                require_user_verification=True,
            )
        except _NEVER as err:
            raise UsageError("The passkey could not be made.", "Try once more, or go on without one.") from err
        return made.credential_id, made.credential_public_key, made.sign_count

    def signed(self, untrusted: Any, challenge: bytes, credential: Credential) -> int:
        """The new sign count of that passkey, if it signed this challenge. Raises SignInRefused."""
        try:
            checked = webauthn.verify_authentication_response(
                credential=untrusted["credential"],
                expected_challenge=challenge,
                expected_rp_id=self._rp,
                expected_origin=self._origin,
                credential_public_key=credential.public_key or b"",
                credential_current_sign_count=credential.sign_count,
                require_user_verification=True,
            )
        except _NEVER as err:
            raise refused() from err
        return checked.new_sign_count


def refused() -> SignInRefused:
    """One sentence for whatever is wrong with a passkey."""
    return SignInRefused("This passkey signs nobody in here.", "Use another way, or ask the organisation.")


def credential_id_of(untrusted: Any) -> bytes:
    """Which passkey answered. Raises SignInRefused."""
    try:
        return base64url_to_bytes(untrusted["credential"]["rawId"])
    except _NEVER as err:
        raise refused() from err


def wrapped_of(untrusted: Any) -> bytes | None:
    """A recovery code that the device sealed; None where there is none. Raises UsageError."""
    given = untrusted.get("wrapped") if isinstance(untrusted, dict) else None
    if given is None:
        return None
    try:
        wrapped = base64url_to_bytes(given)
    except _NEVER as err:
        raise UsageError("The passkey could not be made.", "Try once more, or go on without one.") from err
    if not 28 < len(wrapped) <= _MOST_WRAPPED:
        raise UsageError("The passkey could not be made.", "Try once more, or go on without one.")
    return wrapped


def options_with(options: str, **more: object) -> dict[str, Any]:
    """What a page gets: the options, and what else it needs."""
    return {"options": read_json(options.encode()), **more}
