"""Keys that only the person holds: a printed recovery code, and what is derived from it."""

from __future__ import annotations

import re
from collections.abc import Callable
from types import TracebackType

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from kenbaar.errors import WrongCode
from kenbaar.keys._memory import wipe
from kenbaar.keys._sealing import length_prefixed

CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"  # crockford.com/base32.html: no i, l, o, u. Subject ids use it too.
SALT_BYTES = 16
SHARE_BYTES = 32
SECRET_BYTES = 16

# RFC 9106 section 4, the second recommended option (t=3, p=4, 64 MiB, 128-bit salt, 256-bit tag). The secret has 128
# random bits and could not be guessed without it either; this is for the day a random generator turns out to be weak.
ARGON2_MEMORY_KIB = 64 * 1024
ARGON2_PASSES = 3
ARGON2_LANES = 4
_DERIVED_BYTES = 32

_SUBJECT_CHARS, _SECRET_CHARS, _CHECK_CHARS = 8, 26, 2  # 40 bits; 2 zero bits and 128 bits; the check
_CODE_CHARS = _SUBJECT_CHARS + _SECRET_CHARS + _CHECK_CHARS  # 36: nine groups of four
_CHECK_PRIME = 1021  # largest prime under 32 ** 2: finds every wrong character and every two that changed places
_FORGIVEN = str.maketrans({"o": "0", "i": "1", "l": "1"})
_VALUE = {char: value for value, char in enumerate(CROCKFORD)}
_SUBJECT = re.compile(f"s-[{CROCKFORD}]{{{_SUBJECT_CHARS}}}")


class RecoveryCode:
    """The person's half of their keys: their subject id and 128 random bits. Shown once, never stored.

    As text: `KB-` and nine groups of four of Crockford's base32, the first two of which are the subject id.
    """

    def __init__(self, subject: str, secret: bytes) -> None:
        """subject: `s-` and 8 characters of CROCKFORD. secret: 16 bytes."""
        if not _SUBJECT.fullmatch(subject) or len(secret) != SECRET_BYTES:
            raise ValueError(f"a code is for a subject id (s- and 8 of {CROCKFORD}) and {SECRET_BYTES} secret bytes")
        self.subject = subject
        self._secret = bytearray(secret)

    @classmethod
    def new(cls, subject: str, random_bytes: Callable[[int], bytes]) -> RecoveryCode:
        """A new code. random_bytes: os.urandom, or what a test wants."""
        return cls(subject, random_bytes(SECRET_BYTES))

    @classmethod
    def parse(cls, untrusted_text: str) -> RecoveryCode:
        """The code somebody typed. Case, spaces, dashes, the KB- and O for 0, I or L for 1 do not matter.

        WrongCode where a character was mistyped, left out or swapped; nothing slow is done to find that out.
        """
        typed = re.sub(r"[\s\-‐‑‒–—_.]", "", untrusted_text).lower()
        if len(typed) == _CODE_CHARS + 2 and typed.startswith("kb"):
            typed = typed[2:]
        typed = typed.translate(_FORGIVEN)
        if len(typed) != _CODE_CHARS:
            raise WrongCode(
                f"The recovery code has {len(typed)} letters and digits, not {_CODE_CHARS}.",
                "Copy it again, all of it.",
            )
        if any(char not in _VALUE for char in typed):
            raise WrongCode("The recovery code has a character that codes do not use.", "Copy it again, with care.")
        body, check = _number(typed[:-_CHECK_CHARS]), _number(typed[-_CHECK_CHARS:])
        secret = _number(typed[_SUBJECT_CHARS:-_CHECK_CHARS])
        if body % _CHECK_PRIME != check or secret >> (8 * SECRET_BYTES):
            raise WrongCode("The recovery code has a typing error.", "Copy it again, with care.")
        return cls("s-" + typed[:_SUBJECT_CHARS], secret.to_bytes(SECRET_BYTES, "big"))

    @property
    def text(self) -> str:
        """What is printed for the person: 47 characters. Whoever has it can look for them, so never log or store it."""
        body = self.subject[2:] + _chars(int.from_bytes(self._secret, "big"), _SECRET_CHARS)
        chars = (body + _chars(_number(body) % _CHECK_PRIME, _CHECK_CHARS)).upper()
        return "KB-" + "-".join(chars[i : i + 4] for i in range(0, _CODE_CHARS, 4))

    def open_session(self, salt: bytes) -> CodeSession:
        """Runs Argon2id once (64 MiB, some 0.1 s); every purpose's key then comes from the session. salt: 16 bytes."""
        if len(salt) != SALT_BYTES:
            raise ValueError(f"a salt is {SALT_BYTES} bytes, not {len(salt)}")
        argon2 = Argon2id(
            salt=salt,
            length=_DERIVED_BYTES,
            iterations=ARGON2_PASSES,
            lanes=ARGON2_LANES,
            memory_cost=ARGON2_MEMORY_KIB,
        )
        return CodeSession(self.subject, bytearray(argon2.derive(bytes(self._secret))))

    def wipe(self) -> None:
        """Forgets the secret (best effort)."""
        wipe(self._secret)

    def __repr__(self) -> str:
        return f"RecoveryCode({self.subject})"


class CodeSession:
    """What one recovery code opens while its person is here. Close it (or use `with`) and it is forgotten."""

    def __init__(self, subject: str, stretched: bytearray) -> None:
        """Made by RecoveryCode.open_session. Takes over `stretched` and wipes it in the end."""
        self.subject = subject
        self._stretched: bytearray | None = stretched

    def purpose_key(self, share: bytes, purpose: str) -> bytes:
        """The 32-byte key of this person and purpose: HKDF-SHA256 (RFC 5869) of the code, salted by the share.

        share: 32 bytes from the key store (kind `share`). Once it is destroyed there, the code alone derives nothing.
        """
        if self._stretched is None:
            raise ValueError("this session is closed")
        if len(share) != SHARE_BYTES:
            raise ValueError(f"a share is {SHARE_BYTES} bytes, not {len(share)}")
        info = length_prefixed(b"kenbaar purpose key", purpose.encode(), self.subject.encode())
        return HKDF(SHA256(), length=_DERIVED_BYTES, salt=share, info=info).derive(bytes(self._stretched))

    def close(self) -> None:
        """Forgets what was derived (best effort)."""
        if self._stretched is not None:
            wipe(self._stretched)
        self._stretched = None

    def __enter__(self) -> CodeSession:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, err: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"CodeSession({self.subject})"


def derive_purpose_key(code: RecoveryCode, salt: bytes, share: bytes, purpose: str) -> bytes:
    """One purpose's key from a code, in one step. For several purposes open a session: Argon2id then runs once."""
    with code.open_session(salt) as session:
        return session.purpose_key(share, purpose)


def _number(chars: str) -> int:
    number = 0
    for char in chars:
        number = number * 32 + _VALUE[char]
    return number


def _chars(number: int, length: int) -> str:
    return "".join(CROCKFORD[number >> (5 * place) & 31] for place in reversed(range(length)))
