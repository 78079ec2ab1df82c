from __future__ import annotations

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from joserfc import jws
from joserfc.jwk import OKPKey

from kenbaar.keys import SigningKey

# RFC 8037 appendix A: A.1 and A.2 the key, A.3 its thumbprint, A.4 a signature
SEED = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
RFC_SIGNED = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"
RFC_SIGNATURE = bytes.fromhex(
    "860c98d2297f3060a33f42739672d61b53cf3adefed3d3c672f320dc021b411e"
    "9d59b8628dc351e248b88b29468e0e41855b0fb7d83bb15be902bfccb8cd0a02"
)


def public_key(key: SigningKey) -> OKPKey:
    return OKPKey.import_key({**key.public_jwk()})


def test_key_thumbprint_and_signature_are_those_of_rfc_8037() -> None:
    key = SigningKey(SEED)
    assert key.public_jwk()["x"] == "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    assert key.kid == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k" == public_key(key).thumbprint()
    assert key.sign(RFC_SIGNED) == RFC_SIGNATURE


def test_a_signature_holds_for_its_own_message_alone() -> None:
    key = SigningKey(bytes(32))
    public = Ed25519PublicKey.from_public_bytes(key.public_bytes)
    public.verify(key.sign(b"receipt"), b"receipt")
    with pytest.raises(InvalidSignature):
        public.verify(key.sign(b"receipt"), b"receipt!")


def test_the_jws_library_signs_with_the_private_and_verifies_with_the_public_key() -> None:
    key = SigningKey(SEED)
    token = jws.serialize_compact(
        {"alg": "Ed25519"}, b"{}", OKPKey.import_key({**key.private_jwk()}), algorithms=["Ed25519"]
    )
    assert jws.deserialize_compact(token, public_key(key), algorithms=["Ed25519"]).payload == b"{}"


def test_the_public_key_and_the_repr_do_not_show_the_seed() -> None:
    key = SigningKey(SEED)
    assert "d" not in key.public_jwk()
    assert key.private_jwk()["d"] not in repr(key) + str(key.public_jwk())


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_a_seed_of_another_length_is_a_mistake(length: int) -> None:
    with pytest.raises(ValueError):
        SigningKey(bytes(length))
