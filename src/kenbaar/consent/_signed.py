"""JWS with one algorithm, Ed25519 (RFC 9864), over canonical JSON (RFC 8785), checkable offline.

The header carries the public key and its thumbprint as `kid` (RFC 7638). So a copy shows by itself that nothing was
altered since somebody signed it; that it was the archive, only the archive's own list of keys can tell.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import rfc8785

from kenbaar.errors import ReceiptBroken, UsageError
from kenbaar.text import read_json

_ALGORITHM = "Ed25519"
_MANIFEST = "kenbaar-manifest+jws"
_MAX_RECEIPT_CHARS = 1_000_000  # ours: a receipt is some 10,000 characters
_MAX_PAYLOAD_BYTES = 1 << 28  # ours: the manifest of a million copies
_HEADER_MEMBERS = {"alg", "typ", "kid", "jwk"}


class ReceiptSigner(Protocol):
    """What signing needs of a key; keys.SigningKey is one."""

    def private_jwk(self) -> dict[str, str]:
        """The Ed25519 key pair as a JWK (RFC 8037), for the JWS library alone."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A payload whose signature holds. trusted: by a key of the archive's own list, not just by any key."""

    typ: str
    payload: Mapping[str, Any] = field(repr=False)
    kid: str
    trusted: bool


def canonical(payload: Mapping[str, Any]) -> bytes:
    """The RFC 8785 bytes of a JSON object; UsageError where it is none."""
    try:
        return rfc8785.dumps(dict(payload))
    except (rfc8785.CanonicalizationError, ValueError, TypeError, RecursionError) as err:
        raise UsageError("This cannot be signed: it is not plain JSON.", "Pass texts, numbers and lists only.") from err


def sign_jws(payload: Mapping[str, Any], typ: str, signer: ReceiptSigner) -> str:
    """The payload as JWS compact text of this type."""
    from joserfc import jws
    from joserfc.jwk import OKPKey

    key = OKPKey.import_key({**signer.private_jwk()})
    public = key.as_dict(private=False)
    jwk = {name: public[name] for name in ("kty", "crv", "x")}
    header = {"alg": _ALGORITHM, "typ": typ, "kid": key.thumbprint(), "jwk": jwk}
    return jws.serialize_compact(header, canonical(payload), key, algorithms=[_ALGORITHM])


def open_jws(
    untrusted_text: str, types: Collection[str], trusted_keys: Mapping[str, Mapping[str, str]] | None
) -> Signed:
    """The signed payload; ReceiptBroken where it was altered, is of another type or algorithm, or is no JWS at all.

    trusted_keys: public JWKs by kid, the archive's own. None or a kid that is not among them: trusted is False.
    """
    text = untrusted_text.strip()
    if not text or len(text) > _MAX_RECEIPT_CHARS:
        raise _broken("is empty, or far too long for a receipt")
    return _open(text, types, trusted_keys)


def sign_manifest(payload: Mapping[str, Any], signer: ReceiptSigner) -> dict[str, Any]:
    """The payload with a `signature` member: a detached JWS (RFC 7515 appendix F) over the canonical rest."""
    if "signature" in payload:
        raise UsageError("This manifest is signed already.", "Sign what it says, without its signature.")
    header, _, signature = sign_jws(payload, _MANIFEST, signer).split(".")
    return {**payload, "signature": f"{header}..{signature}"}


def verify_manifest(
    untrusted_manifest: Mapping[str, Any], trusted_keys: Mapping[str, Mapping[str, str]] | None = None
) -> Signed:
    """The manifest without its signature, once that holds; ReceiptBroken otherwise."""
    from joserfc.util import urlsafe_b64encode

    rest = {name: value for name, value in untrusted_manifest.items() if name != "signature"}
    signature = untrusted_manifest.get("signature")
    if not isinstance(signature, str) or signature.count(".") != 2 or ".." not in signature:
        raise _broken("is not signed")
    try:
        payload = rfc8785.dumps(rest)
    except (rfc8785.CanonicalizationError, ValueError, TypeError, RecursionError) as err:
        raise _broken("is not plain JSON") from err
    header, _, tail = signature.split(".")
    return _open(f"{header}.{urlsafe_b64encode(payload).decode()}.{tail}", [_MANIFEST], trusted_keys)


def _open(text: str, types: Collection[str], trusted_keys: Mapping[str, Mapping[str, str]] | None) -> Signed:
    from joserfc import jws
    from joserfc.errors import JoseError
    from joserfc.jwk import OKPKey
    from joserfc.util import urlsafe_b64decode, urlsafe_b64encode

    registry = jws.JWSRegistry(algorithms=[_ALGORITHM])
    registry.max_header_length, registry.max_payload_length = 4096, _MAX_PAYLOAD_BYTES
    try:
        untrusted = jws.extract_compact(text.encode(), registry=registry)
        jwk, kid = _check_header(untrusted.headers(), types)
        key = OKPKey.import_key({**jwk})
        if key.thumbprint() != kid:
            raise _broken("names another key than the one it carries")
        signature = untrusted.segments["signature"]
        if urlsafe_b64encode(urlsafe_b64decode(signature)) != signature:  # one signature, one spelling
            raise _broken("was altered")
        if not jws.validate_compact(untrusted, key, registry=registry):
            raise _broken("was altered")
        payload = read_json(untrusted.payload)
        if not isinstance(payload, dict) or rfc8785.dumps(payload) != untrusted.payload:
            raise _broken("is not written in the one canonical way")
    except (JoseError, rfc8785.CanonicalizationError, ValueError, TypeError, KeyError, RecursionError) as err:
        raise _broken("was altered, or was never a receipt") from err
    return Signed(untrusted.headers()["typ"], payload, kid, kid in (trusted_keys or {}))


def _check_header(header: Mapping[str, Any], types: Collection[str]) -> tuple[dict[str, str], str]:
    jwk = header.get("jwk")
    if header.get("alg") != _ALGORITHM:
        raise _broken("is signed with another algorithm than Ed25519")
    if header.get("typ") not in types:
        raise _broken("is of another kind")
    if set(header) != _HEADER_MEMBERS or not isinstance(jwk, dict) or set(jwk) != {"kty", "crv", "x"}:
        raise _broken("has a header that no receipt has")
    if jwk["kty"] != "OKP" or jwk["crv"] != _ALGORITHM or not isinstance(header["kid"], str):
        raise _broken("carries another kind of key")
    return jwk, header["kid"]


def _broken(why: str) -> ReceiptBroken:
    return ReceiptBroken(f"This receipt {why}.", "Use the file exactly as it was handed out, or ask for a new copy.")
