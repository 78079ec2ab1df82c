"""kenbaar.publish's CopyStore on SQLAlchemy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from kenbaar.publish import Copy
from kenbaar.storage._database import Database
from kenbaar.storage._tables import copies as table
from kenbaar.storage._tables import copy_subjects


class SqlCopyStore:
    """Published files and who is visible in them. See kenbaar.publish.CopyStore."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def of_folder(self, folder: str) -> dict[str, Copy]:
        """path -> copy, of every collection in one folder."""
        found = self._copies(sa.select(table).where(table.c.folder == folder))
        return {copy.path: copy for copy in found}

    def all(self) -> list[Copy]:
        """Every copy, by path."""
        return self._copies(sa.select(table))

    def announce(self, copies: Sequence[Copy]) -> None:
        """Until `placed`, old and new people count as shown by each path."""
        self._put(copies, replace_people=False)

    def placed(self, copies: Sequence[Copy]) -> None:
        """These are in place now."""
        self._put(copies, replace_people=True)

    def _put(self, copies: Sequence[Copy], *, replace_people: bool) -> None:
        with self._db.write() as c:
            for copy in copies:
                values = {n: getattr(copy, n) for n in table.c.keys()}  # noqa: SIM118  # a ColumnCollection, not a dict
                if not c.execute(sa.update(table).where(table.c.path == copy.path).values(**values)).rowcount:
                    c.execute(sa.insert(table).values(**values))
                if replace_people:
                    c.execute(sa.delete(copy_subjects).where(copy_subjects.c.path == copy.path))
                here = set(
                    c.execute(sa.select(copy_subjects.c.subject).where(copy_subjects.c.path == copy.path)).scalars()
                )
                if new := [{"path": copy.path, "subject": s} for s in copy.showing if s not in here]:
                    c.execute(sa.insert(copy_subjects), new)

    def drop(self, paths: Sequence[str]) -> None:
        """These files are gone."""
        with self._db.write() as c:
            c.execute(sa.delete(copy_subjects).where(copy_subjects.c.path.in_(list(paths))))
            c.execute(sa.delete(table).where(table.c.path.in_(list(paths))))

    def showing(self, subject: str) -> list[Copy]:
        """Published copies that still show this person, by path."""
        join = table.join(copy_subjects, copy_subjects.c.path == table.c.path)
        return self._copies(sa.select(table).select_from(join).where(copy_subjects.c.subject == subject))

    def _copies(self, query: sa.Select[Any]) -> list[Copy]:
        with self._db.read() as c:
            rows = c.execute(query.order_by(table.c.path)).mappings().all()
            shown: dict[str, list[str]] = {row["path"]: [] for row in rows}
            people = (
                sa.select(copy_subjects).where(copy_subjects.c.path.in_(list(shown))).order_by(copy_subjects.c.subject)
            )
            for path, subject in c.execute(people):
                shown[path].append(subject)
        return [Copy(**row, showing=tuple(shown[row["path"]])) for row in rows]
