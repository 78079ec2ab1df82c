"""One-time tokens: handed to one person, kept by their hash alone."""

from __future__ import annotations

import hashlib
import secrets


def new_token(prefix: str) -> str:
    """192 random bits as text. prefix: letters: a dash at its beginning would look like an option."""
    return prefix + secrets.token_urlsafe(24)


def token_hash(token: str) -> str:
    """SHA-256 of a token, hex: tokens carry 192 random bits, so a plain hash is enough."""
    return hashlib.sha256(token.strip().encode("utf-8", "surrogatepass")).hexdigest()
