"""What is kept of a passphrase: as slow to guess as RFC 9106 recommends, and different for every account."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from kenbaar.keys import is_passphrase, passphrase_verifier

SALT, OTHER_SALT = bytes(range(16)), bytes(range(1, 17))
WORDS = "correct horse battery staple"


def test_a_guess_costs_three_passes_over_64_mib() -> None:
    """RFC 9106's second recommendation, said here once more: the other tests' cheaper codes do not reach this one."""
    argon2 = Argon2id(salt=SALT, length=32, iterations=3, lanes=4, memory_cost=64 * 1024)
    assert passphrase_verifier(WORDS, SALT) == argon2.derive(WORDS.encode())


def test_the_passphrase_is_known_again_and_nothing_near_it() -> None:
    verifier = passphrase_verifier(WORDS, SALT)
    assert is_passphrase(WORDS, SALT, verifier)
    for wrong in (WORDS.title(), f"{WORDS} ", ""):
        assert not is_passphrase(wrong, SALT, verifier)
    assert not is_passphrase(WORDS, OTHER_SALT, verifier)
    assert not is_passphrase(WORDS, SALT, b"")


@pytest.mark.parametrize("salt", [b"", SALT[:-1], SALT + b"\0"])
def test_a_salt_of_another_length_is_refused(salt: bytes) -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        passphrase_verifier(WORDS, salt)
