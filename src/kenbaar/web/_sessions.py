"""Who is signed in: sessions in this process's memory, and what each of them holds."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from kenbaar.keys import CodeSession
from kenbaar.policy import Actor

IDLE_S = 30 * 60  # without a click (OWASP ASVS 5.0, 7.3.1: said in the docs, and the same for everybody)
LONGEST_S = 12 * 3600  # from signing in (7.3.2)
KEY_S = 15 * 60  # how long a key that a person brought along stays open without a click
FRESH_S = 5 * 60  # how long a proof of who it is counts for what cannot be undone
MOST = (
    20_000  # sessions at once; beyond, the longest unused one of nobody ends, and of somebody only where there is none
)

Kind = Literal["nobody", "person", "staff"]


@dataclass(slots=True)
class Session:
    """One browser. csrf: what its forms must carry. token: of an invitation it opened. key: what a person's code opens.

    code_link: the token with which a new code is made. way_in: the code or passkey it was signed in with, which must
    still be good; None: a key or a passphrase.
    pointed_copy: a published copy that was handed in, to point at oneself in.
    flash: sentences for the next page. proved_at: when whoever it is last showed it, in the clock of the store.
    challenge: what a passkey is asked to sign, and when it was made.
    """

    csrf: str
    made_at: float
    seen_at: float
    kind: Kind = "nobody"
    actor: Actor | None = None
    key: CodeSession | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    code_link: str | None = field(default=None, repr=False)
    way_in: str | None = None
    pointed_copy: str | None = None
    language: str | None = None
    proved_at: float = 0.0
    challenge: tuple[bytes, float] | None = field(default=None, repr=False)
    flash: list[str] = field(default_factory=list)

    def take_challenge(self, now: float, longest_s: float) -> bytes | None:
        """The challenge that a passkey was asked to sign, once, and not for longer than that."""
        given, self.challenge = self.challenge, None
        return given[0] if given is not None and now - given[1] <= longest_s else None

    def forget_key(self) -> None:
        """The person's key is not here any more."""
        if self.key is not None:
            self.key.close()
        self.key = None

    def has_csrf(self, given: str) -> bool:
        """Whether a form carries this session's own word."""
        return hmac.compare_digest(self.csrf.encode(), given.encode("utf-8", "replace"))


class Sessions:
    """All sessions of one server. The browser's cookie is kept here as its digest alone."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._by_digest: dict[bytes, Session] = {}

    def open(self, cookie: str | None) -> Session | None:
        """The session of that cookie, if it is not over."""
        with self._lock:
            session = self._by_digest.get(_digest(cookie)) if cookie else None
            if session is None or cookie is None:
                return None
            now = self._clock()
            if now - session.seen_at > IDLE_S or now - session.made_at > LONGEST_S:
                self._drop(_digest(cookie))
                return None
            if now - session.seen_at > KEY_S:
                session.forget_key()
            session.seen_at = now
            return session

    def begin(self, before: Session | None = None, cookie: str | None = None) -> tuple[str, Session]:
        """A new session and its cookie. before, cookie: the one that it takes the place of, with its language."""
        now, value = self._clock(), secrets.token_urlsafe(32)
        session = Session(csrf=secrets.token_urlsafe(24), made_at=now, seen_at=now)
        if before is not None:
            session.language, session.flash = before.language, before.flash
        with self._lock:
            if cookie:
                self._drop(_digest(cookie))
            while len(self._by_digest) >= MOST:
                self._drop(min(self._by_digest, key=self._least_missed))
            self._by_digest[_digest(value)] = session
        return value, session

    def end(self, cookie: str | None) -> None:
        """It is over, and what it held is forgotten."""
        if cookie:
            with self._lock:
                self._drop(_digest(cookie))

    def end_all_of(self, actor: Actor, but: Session | None = None) -> None:
        """Every session of that person or account is over, but that one."""
        with self._lock:
            for digest in [d for d, s in self._by_digest.items() if s.actor == actor and s is not but]:
                self._drop(digest)

    def now(self) -> float:
        """The clock of all sessions, s."""
        return self._clock()

    def prove(self, session: Session) -> None:
        """Whoever it is has just shown it."""
        session.proved_at = self._clock()

    def is_fresh(self, session: Session) -> bool:
        """Whether who it is was shown a moment ago."""
        return session.proved_at > 0 and self._clock() - session.proved_at <= FRESH_S

    def close(self) -> None:
        """All are over."""
        with self._lock:
            for digest in list(self._by_digest):
                self._drop(digest)

    def _least_missed(self, digest: bytes) -> tuple[bool, float]:
        session = self._by_digest[digest]
        return (session.kind != "nobody", session.seen_at)

    def _drop(self, digest: bytes) -> None:
        if (session := self._by_digest.pop(digest, None)) is not None:
            session.forget_key()


def _digest(cookie: str) -> bytes:
    return hashlib.sha256(cookie.encode("utf-8", "replace")).digest()
