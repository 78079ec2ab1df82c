"""What is kept of a passphrase: a verifier, which tells whether it is the one and nothing else."""

from __future__ import annotations

from cryptography.hazmat.primitives.constant_time import bytes_eq
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from kenbaar.keys._recovery import ARGON2_LANES, ARGON2_MEMORY_KIB, ARGON2_PASSES, SALT_BYTES

_VERIFIER_BYTES = 32


def passphrase_verifier(passphrase: str, salt: bytes) -> bytes:
    """32 bytes by Argon2id (64 MiB, some 0.1 s). salt: 16 random bytes of that account alone; no secret."""
    if len(salt) != SALT_BYTES:
        raise ValueError(f"a salt is {SALT_BYTES} bytes, not {len(salt)}")
    argon2 = Argon2id(
        salt=salt,
        length=_VERIFIER_BYTES,
        iterations=ARGON2_PASSES,
        lanes=ARGON2_LANES,
        memory_cost=ARGON2_MEMORY_KIB,
    )
    return argon2.derive(passphrase.encode("utf-8", "surrogatepass"))


def is_passphrase(passphrase: str, salt: bytes, verifier: bytes) -> bool:
    """Whether that is the passphrase this verifier is of; as slow where it is not."""
    return bytes_eq(passphrase_verifier(passphrase, salt), verifier)
