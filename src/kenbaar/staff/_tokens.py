"""Tokens: by which a program acts with somebody's account, in part of what the account may, until a day."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol

from kenbaar.errors import NotFound, SignInRefused, StaffRefused, UsageError
from kenbaar.keys import CROCKFORD, new_token, token_hash
from kenbaar.ledger import Journal, require_permission
from kenbaar.policy import ROLES, TOKEN_SCOPES, Actor, Event
from kenbaar.staff._records import StaffAccount

PREFIX = "kt_"
LONGEST = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class StaffToken:
    """One token. id: "t-" and 8 characters. account: with which it acts. scopes: what it may, sorted.

    token_hash: of the token itself, which is kept nowhere. until: exclusive.
    """

    id: str
    account: str
    scopes: tuple[str, ...]
    token_hash: str = field(repr=False)
    made_at: datetime
    until: datetime
    ended_at: datetime | None = None

    def is_living(self, at: datetime) -> bool:
        """Whether it can be used then; its account must be living too."""
        return self.ended_at is None and at < self.until


class TokenStore(Protocol):
    """Where tokens lie, sealed: one that was edited is refused (ArchiveBroken)."""

    def put(self, token: StaffToken) -> None:
        """Keeps it, in place of what was known of it."""

    def get(self, token: str) -> StaffToken | None:
        """One by its id, or None."""

    def by_hash(self, token_hash: str) -> StaffToken | None:
        """The token with that hash, or None."""

    def all(self) -> list[StaffToken]:
        """Every token, the oldest first."""

    def protecting(self) -> list[bytes]:
        """The rows of tokens that were ended, as they stand there."""

    def edited(self) -> list[str]:
        """What was edited, one sentence each."""


@dataclass(frozen=True, slots=True)
class MadeToken:
    """A new token. token: shown once, kept nowhere."""

    row: StaffToken
    token: str = field(repr=False)


class Tokens:
    """The tokens of one archive."""

    def __init__(self, store: TokenStore, journal: Journal, colleague: Callable[[str], StaffAccount | None]) -> None:
        """colleague: whose an account is, by its id."""
        self.store, self._journal, self._colleague = store, journal, colleague

    def make(self, actor: Actor, scopes: Iterable[str], until: date) -> MadeToken:
        """A token of the account that acts. Raises StaffRefused, UsageError."""
        require_permission(Event.STAFF_TOKEN, actor, None)
        now, wanted = self._journal.now(), tuple(sorted(set(scopes)))
        account = self._colleague(actor.name) if actor.kind == "staff" else None
        if account is None:
            raise StaffRefused("A token belongs to an account: somebody answers for what it does.", "Use --as ACCOUNT.")
        may = {str(permission) for permission in ROLES[account.role].may}
        if not wanted or (refused := [s for s in wanted if s not in TOKEN_SCOPES or s not in may]):
            raise UsageError(
                f"No token of this account has {' or '.join(refused) if wanted else 'no scope'}.",
                f"Use {', '.join(s for s in TOKEN_SCOPES if s in may)}.",
            )
        if not now.date() <= until < (now + LONGEST).date():
            raise UsageError(
                f"The end date {until} has passed, or is more than a year away.", "Give --until a day within a year."
            )
        token = new_token(PREFIX)
        end = datetime.combine(until, time.min, UTC) + timedelta(days=1)
        id_ = "t-" + "".join(secrets.choice(CROCKFORD) for _ in range(8))
        row = StaffToken(id_, account.id, wanted, token_hash(token), now, min(end, account.until))
        with self._journal.writing():
            self._journal.record(
                Event.STAFF_TOKEN, actor, staff=account.id, token=id_, scopes=list(wanted), until=row.until.isoformat()
            )
            self.store.put(row)
        return MadeToken(row, token)

    def open(self, token: str) -> tuple[StaffToken, Actor]:
        """What a token may, and who acts by it. One sentence for whatever is wrong. Raises SignInRefused."""
        row, now = self.store.by_hash(token_hash(token)), self._journal.now()
        account = self._colleague(row.account) if row is not None else None
        if row is None or account is None or not row.is_living(now) or not account.is_living(now):
            raise SignInRefused(
                "That token opens nothing: it is not known here, or it is over, or its account is.",
                "Make a new one: `kenbaar staff token --as ACCOUNT`.",
            )
        return row, Actor("staff", account.id, account.role)

    def of(self, actor: Actor) -> list[StaffToken]:
        """Those of the account that acts; of all accounts, for whoever says who has one."""
        everybodys = actor.role is not None and Event.STAFF_END.value.needs in ROLES[actor.role].may
        return [row for row in self.store.all() if everybodys or row.account == actor.name]

    def end(self, actor: Actor, token_id: str) -> StaffToken:
        """Ends a token, from its next use on: one's own, or anybody's for whoever may end accounts. Raises NotFound."""
        require_permission(Event.STAFF_TOKEN_END, actor, None)
        row = next((row for row in self.of(actor) if row.id == token_id), None)
        if row is None or row.ended_at is not None:
            raise NotFound("There is no such token to be ended.", "See `kenbaar staff tokens`.")
        with self._journal.writing(in_doubt=True):
            self._journal.record(Event.STAFF_TOKEN_END, actor, staff=row.account, token=row.id)
            return self._ended(row, self._journal.act_time())

    def replay(self, token_id: str, at: datetime) -> None:
        """An end that the ledger tells and the records do not know: the records are a backup."""
        row = self.store.get(token_id)
        if row is not None and row.ended_at is None:
            self._ended(row, at)

    def _ended(self, row: StaffToken, at: datetime) -> StaffToken:
        ended = replace(row, ended_at=at)
        self.store.put(ended)
        return ended
