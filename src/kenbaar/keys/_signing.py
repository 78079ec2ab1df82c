"""The organisation's signature under receipts, manifests and checkpoints: Ed25519."""

from __future__ import annotations

import base64
import hashlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_SEED_BYTES = 32


class SigningKey:
    """An Ed25519 key pair (RFC 8032) made from a 32-byte seed, which the key store keeps as kind `signing`."""

    def __init__(self, seed: bytes) -> None:
        """The pair that this seed always makes."""
        if len(seed) != _SEED_BYTES:
            raise ValueError(f"an Ed25519 seed is {_SEED_BYTES} bytes, not {len(seed)}")
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self.public_bytes: bytes = self._private.public_key().public_bytes_raw()

    @property
    def kid(self) -> str:
        """The key's id: its JWK thumbprint (RFC 7638, SHA-256, base64url without padding, 43 characters)."""
        # RFC 7638 3.2: the required members in order of their names, no white space; RFC 8037 2: crv, kty, x.
        canonical = f'{{"crv":"Ed25519","kty":"OKP","x":"{_base64url(self.public_bytes)}"}}'
        return _base64url(hashlib.sha256(canonical.encode()).digest())

    def public_jwk(self) -> dict[str, str]:
        """The public key as a JWK (RFC 8037), with its kid. Safe to publish."""
        return {"kty": "OKP", "crv": "Ed25519", "x": _base64url(self.public_bytes), "kid": self.kid}

    def private_jwk(self) -> dict[str, str]:
        """The key pair as a JWK: for handing to the JWS library, in memory. Never log, store or send it."""
        return {**self.public_jwk(), "d": _base64url(self._private.private_bytes_raw())}

    def sign(self, message: bytes) -> bytes:
        """The signature, 64 bytes; the same for the same message."""
        return self._private.sign(message)

    def __repr__(self) -> str:
        return f"SigningKey(kid={self.kid})"


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
