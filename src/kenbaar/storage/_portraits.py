"""kenbaar.consent's PortraitStore on SQLAlchemy, in the database of the templates."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from kenbaar.storage._database import Database
from kenbaar.storage._tables import sealed_portraits as table


class SqlPortraitStore:
    """Sealed bytes by subject. See kenbaar.consent.PortraitStore."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def put(self, subject: str, sealed: bytes) -> None:
        """Keeps it in place of what lay there, which leaves no byte."""
        with self._db.write() as c:
            replaced = c.execute(sa.delete(table).where(table.c.subject == subject)).rowcount
            c.execute(sa.insert(table).values(subject=subject, sealed=sealed))
        if replaced:
            self._db.scrub()

    def get(self, subject: str) -> bytes | None:
        """That person's row."""
        with self._db.read() as c:
            return c.execute(sa.select(table.c.sealed).where(table.c.subject == subject)).scalar()

    def delete(self, subjects: Sequence[str]) -> int:
        """Removes the portraits of these people, to the last byte; returns how many there were."""
        with self._db.write() as c:
            gone = c.execute(sa.delete(table).where(table.c.subject.in_(list(subjects)))).rowcount
        if gone:
            self._db.scrub()
        return gone

    def subjects(self) -> set[str]:
        """Everybody a portrait lies here for."""
        with self._db.read() as c:
            return set(c.execute(sa.select(table.c.subject)).scalars())
