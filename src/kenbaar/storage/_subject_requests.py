"""kenbaar.subject_requests' RequestStore on SQLAlchemy, sealed."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import sqlalchemy as sa

from kenbaar.errors import ArchiveBroken
from kenbaar.keys import RecordSeal
from kenbaar.storage._database import Database
from kenbaar.storage._tables import subject_requests as table
from kenbaar.subject_requests import SubjectRequest

_COLUMNS = tuple(f.name for f in fields(SubjectRequest))


class SqlRequestStore:
    """What people asked for. See kenbaar.subject_requests.RequestStore."""

    def __init__(self, database: Database, seal: RecordSeal) -> None:
        """seal: of each row; one that was edited is refused."""
        self._db, self._seal = database, seal

    def put(self, request: SubjectRequest) -> None:
        """Keeps it, in place of what was known of it."""
        row = {name: getattr(request, name) for name in _COLUMNS}
        with self._db.write() as c:
            c.execute(sa.delete(table).where(table.c.id == request.id))
            c.execute(sa.insert(table).values(**row, seal=self._seal.seal(*_facts(request))))

    def get(self, request: str) -> SubjectRequest | None:
        """One by its id. ArchiveBroken where it was edited."""
        return next(iter(self._requests(table.c.id == request)), None)

    def all(self) -> list[SubjectRequest]:
        """Every request, the one due first at the beginning."""
        return self._requests(sa.true())

    def delete(self, ids: list[str]) -> None:
        """They are gone."""
        if ids:
            with self._db.write() as c:
                c.execute(sa.delete(table).where(table.c.id.in_(ids)))
            self._db.scrub()

    def edited(self) -> list[str]:
        """What was edited, one sentence each."""
        return [_edited(r) for r, seal in self._rows(sa.true()) if not self._seal.holds(seal, *_facts(r))]

    def _requests(self, where: sa.ColumnElement[bool]) -> list[SubjectRequest]:
        found = []
        for request, seal in self._rows(where):
            if not self._seal.holds(seal, *_facts(request)):
                raise ArchiveBroken(_edited(request), "Put back a good copy of the database.")
            found.append(request)
        return found

    def _rows(self, where: sa.ColumnElement[bool]) -> list[tuple[SubjectRequest, bytes | None]]:
        query = sa.select(table).where(where).order_by(table.c.due, table.c.id)
        with self._db.read() as c:
            rows: list[dict[str, Any]] = [dict(row) for row in c.execute(query).mappings()]
        return [(SubjectRequest(**{name: row[name] for name in _COLUMNS}), row["seal"]) for row in rows]


def _facts(request: SubjectRequest) -> tuple[Any, ...]:
    due = request.due.isoformat()
    return ("request", due, *(getattr(request, name) for name in _COLUMNS if name != "due"))


def _edited(request: SubjectRequest) -> str:
    return f"What is on record about the request {request.id} was edited."
