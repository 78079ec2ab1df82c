"""kenbaar.access's CredentialStore on SQLAlchemy, sealed."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import sqlalchemy as sa

from kenbaar.access import Credential
from kenbaar.errors import ArchiveBroken
from kenbaar.keys import RecordSeal
from kenbaar.storage._database import Database
from kenbaar.storage._tables import credentials as table

_COLUMNS = tuple(f.name for f in fields(Credential))


class SqlCredentialStore:
    """What people and staff sign in with. See kenbaar.access.CredentialStore."""

    def __init__(self, database: Database, seal: RecordSeal) -> None:
        """seal: of each row; one that was edited is refused."""
        self._db, self._seal = database, seal

    def put(self, credential: Credential) -> None:
        """Keeps it, in place of what was known of it."""
        row = {name: getattr(credential, name) for name in _COLUMNS}
        with self._db.write() as c:
            c.execute(sa.delete(table).where(table.c.id == credential.id))
            c.execute(sa.insert(table).values(**row, seal=self._seal.seal(*_facts(credential))))

    def by_digest(self, digest: str) -> Credential | None:
        """The one with that digest. ArchiveBroken where it was edited."""
        return next(iter(self._credentials(table.c.digest == digest)), None)

    def of(self, owner: str) -> list[Credential]:
        """All of one person or account, the oldest first."""
        return self._credentials(table.c.owner == owner)

    def delete(self, ids: list[str]) -> None:
        """They sign nobody in any more."""
        with self._db.write() as c:
            c.execute(sa.delete(table).where(table.c.id.in_(ids)))

    def all(self) -> list[Credential]:
        """Everybody's, edited or not."""
        return [found for found, _ in self._rows(sa.true())]

    def edited(self) -> list[str]:
        """What was edited, one sentence each."""
        return [
            _edited_words(found) for found, seal in self._rows(sa.true()) if not self._seal.holds(seal, *_facts(found))
        ]

    def _credentials(self, where: sa.ColumnElement[bool]) -> list[Credential]:
        found = []
        for credential, seal in self._rows(where):
            if not self._seal.holds(seal, *_facts(credential)):
                raise ArchiveBroken(_edited_words(credential), "Put back a good copy of the database.")
            found.append(credential)
        return found

    def _rows(self, where: sa.ColumnElement[bool]) -> list[tuple[Credential, bytes | None]]:
        query = sa.select(table).where(where).order_by(table.c.made_at, table.c.id)
        with self._db.read() as c:
            rows: list[dict[str, Any]] = [dict(row) for row in c.execute(query).mappings()]
        return [(Credential(**{name: row[name] for name in _COLUMNS}), row["seal"]) for row in rows]


def _facts(credential: Credential) -> tuple[Any, ...]:
    return ("credential", *(getattr(credential, name) for name in _COLUMNS))


def _edited_words(credential: Credential) -> str:
    return f"What {credential.owner} signs in with ({credential.id}) was edited, so nobody is signed in by it."
