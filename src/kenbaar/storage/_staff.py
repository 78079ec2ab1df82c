"""kenbaar.staff's StaffStore on SQLAlchemy, sealed."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import sqlalchemy as sa

from kenbaar.errors import ArchiveBroken
from kenbaar.keys import RecordSeal, canonical
from kenbaar.staff import StaffAccount
from kenbaar.storage._database import Database
from kenbaar.storage._tables import staff as table

_COLUMNS = tuple(f.name for f in fields(StaffAccount))


class SqlStaffStore:
    """Accounts of staff. See kenbaar.staff.StaffStore."""

    def __init__(self, database: Database, seal: RecordSeal) -> None:
        """seal: of each account's row; one that was edited is refused."""
        self._db, self._seal = database, seal

    def put(self, account: StaffAccount) -> None:
        """Keeps it, in place of what was known of it."""
        row = {name: getattr(account, name) for name in _COLUMNS}
        with self._db.write() as c:
            c.execute(sa.delete(table).where(table.c.id == account.id))
            c.execute(sa.insert(table).values(**row, seal=self._seal.seal(*_facts(account))))

    def get(self, account: str) -> StaffAccount | None:
        """One account, or None. ArchiveBroken where it was edited."""
        return next(iter(self._accounts(table.c.id == account)), None)

    def by_token(self, token_hash: str) -> StaffAccount | None:
        """The account that this token was made for, and that nobody accepted yet."""
        return next(iter(self._accounts(table.c.token_hash == token_hash)), None)

    def all(self) -> list[StaffAccount]:
        """Every account, the oldest first."""
        return self._accounts(sa.true())

    def protecting(self) -> list[bytes]:
        """The rows of accounts that were ended, as they stand there."""
        return [canonical(*_facts(account)) for account, _ in self._rows(table.c.ended_at.is_not(None))]

    def edited(self) -> list[str]:
        """What was edited, one sentence each."""
        return [
            _edited_words(account)
            for account, seal in self._rows(sa.true())
            if not self._seal.holds(seal, *_facts(account))
        ]

    def _accounts(self, where: sa.ColumnElement[bool]) -> list[StaffAccount]:
        found = []
        for account, seal in self._rows(where):
            if not self._seal.holds(seal, *_facts(account)):
                raise ArchiveBroken(_edited_words(account), "Put back a good copy of the database.")
            found.append(account)
        return found

    def _rows(self, where: sa.ColumnElement[bool]) -> list[tuple[StaffAccount, bytes | None]]:
        query = sa.select(table).where(where).order_by(table.c.invited_at, table.c.id)
        with self._db.read() as c:
            rows: list[dict[str, Any]] = [dict(row) for row in c.execute(query).mappings()]
        return [(StaffAccount(**{name: row[name] for name in _COLUMNS}), row["seal"]) for row in rows]


def _facts(account: StaffAccount) -> tuple[Any, ...]:
    return ("staff", *(getattr(account, name) for name in _COLUMNS))


def _edited_words(account: StaffAccount) -> str:
    return (
        f"What is on record about the account {account.id} (its role, its end date) was edited, so nobody acts by it."
    )
