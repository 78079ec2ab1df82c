"""Tokens of accounts, by which programs act: made, listed, ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from kenbaar.acts._act import act
from kenbaar.archive import Archive
from kenbaar.consent import last_day
from kenbaar.policy import Actor, Permission
from kenbaar.staff import StaffToken


@dataclass(frozen=True, slots=True)
class MakeTokenRequest:
    """What a program may do with this account's token, and until which day."""

    scopes: tuple[str, ...]
    until: date


@dataclass(frozen=True, slots=True)
class MakeTokenAnswer:
    """A new token of the account. token: shown once, kept nowhere. until: the last day."""

    id: str
    account: str
    scopes: tuple[str, ...]
    until: date
    token: str = field(repr=False)


@act("staff token", Permission.READ)
def make_token(archive: Archive, actor: Actor, request: MakeTokenRequest) -> MakeTokenAnswer:
    """Makes a token of the account that acts. Raises StaffRefused, UsageError."""
    made = archive.tokens.make(actor, request.scopes, request.until)
    return MakeTokenAnswer(made.row.id, made.row.account, made.row.scopes, last_day(made.row.until), made.token)


@dataclass(frozen=True, slots=True)
class ListTokensRequest:
    """Those of this account; of all accounts, for whoever may end accounts."""


@dataclass(frozen=True, slots=True)
class TokenRow:
    """One token. state: active or ended, which it also is with its account. until: the last day."""

    id: str
    account: str
    scopes: tuple[str, ...]
    state: str
    until: date


@dataclass(frozen=True, slots=True)
class ListTokensAnswer:
    """Tokens, the oldest first."""

    tokens: tuple[TokenRow, ...]


@act("staff tokens", Permission.READ)
def list_tokens(archive: Archive, actor: Actor, request: ListTokensRequest) -> ListTokensAnswer:
    """By what programs act here."""
    return ListTokensAnswer(tuple(_row(archive, token) for token in archive.tokens.of(actor)))


@dataclass(frozen=True, slots=True)
class EndTokenRequest:
    """Which token ends: its id, not itself."""

    id: str


@act("staff token end", Permission.READ)
def end_token(archive: Archive, actor: Actor, request: EndTokenRequest) -> TokenRow:
    """Ends a token of one's own, or anybody's for whoever may end accounts. Raises NotFound."""
    return _row(archive, archive.tokens.end(actor, request.id))


def _row(archive: Archive, token: StaffToken) -> TokenRow:
    now, account = archive.journal.now(), archive.staff.colleague(token.account)
    living = token.is_living(now) and account is not None and account.is_living(now)
    return TokenRow(token.id, token.account, token.scopes, "active" if living else "ended", last_day(token.until))
