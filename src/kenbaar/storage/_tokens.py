"""kenbaar.staff's TokenStore on SQLAlchemy, sealed."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import sqlalchemy as sa

from kenbaar.errors import ArchiveBroken
from kenbaar.keys import RecordSeal, canonical
from kenbaar.staff import StaffToken
from kenbaar.storage._database import Database
from kenbaar.storage._tables import staff_tokens as table

_COLUMNS = tuple(f.name for f in fields(StaffToken))


class SqlTokenStore:
    """Tokens of accounts. See kenbaar.staff.TokenStore."""

    def __init__(self, database: Database, seal: RecordSeal) -> None:
        """seal: of each token's row; one that was edited is refused."""
        self._db, self._seal = database, seal

    def put(self, token: StaffToken) -> None:
        """Keeps it, in place of what was known of it."""
        row = {name: getattr(token, name) for name in _COLUMNS} | {"scopes": " ".join(token.scopes)}
        with self._db.write() as c:
            c.execute(sa.delete(table).where(table.c.id == token.id))
            c.execute(sa.insert(table).values(**row, seal=self._seal.seal(*_facts(token))))

    def get(self, token: str) -> StaffToken | None:
        """One by its id, or None. ArchiveBroken where it was edited."""
        return next(iter(self._tokens(table.c.id == token)), None)

    def by_hash(self, token_hash: str) -> StaffToken | None:
        """The token with that hash, or None."""
        return next(iter(self._tokens(table.c.token_hash == token_hash)), None)

    def all(self) -> list[StaffToken]:
        """Every token, the oldest first."""
        return self._tokens(sa.true())

    def protecting(self) -> list[bytes]:
        """The rows of tokens that were ended, as they stand there."""
        return [canonical(*_facts(token)) for token, _ in self._rows(table.c.ended_at.is_not(None))]

    def edited(self) -> list[str]:
        """What was edited, one sentence each."""
        return [_edited_words(t) for t, seal in self._rows(sa.true()) if not self._seal.holds(seal, *_facts(t))]

    def _tokens(self, where: sa.ColumnElement[bool]) -> list[StaffToken]:
        found = []
        for token, seal in self._rows(where):
            if not self._seal.holds(seal, *_facts(token)):
                raise ArchiveBroken(_edited_words(token), "Put back a good copy of the database.")
            found.append(token)
        return found

    def _rows(self, where: sa.ColumnElement[bool]) -> list[tuple[StaffToken, bytes | None]]:
        query = sa.select(table).where(where).order_by(table.c.made_at, table.c.id)
        with self._db.read() as c:
            rows: list[dict[str, Any]] = [dict(row) for row in c.execute(query).mappings()]
        return [
            (
                StaffToken(**{name: row[name] for name in _COLUMNS} | {"scopes": tuple(row["scopes"].split())}),
                row["seal"],
            )
            for row in rows
        ]


def _facts(token: StaffToken) -> tuple[Any, ...]:
    told = [getattr(token, name) for name in _COLUMNS if name != "scopes"]
    return ("staff token", *told, " ".join(token.scopes))


def _edited_words(token: StaffToken) -> str:
    return (
        f"What is on record about the token {token.id} (its account, its scopes, its end) was edited: it opens nothing."
    )
