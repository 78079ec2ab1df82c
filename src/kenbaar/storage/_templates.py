"""kenbaar.consent's TemplateStore on SQLAlchemy, in a database of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import sqlalchemy as sa

from kenbaar.consent import SealedTemplate
from kenbaar.storage._database import Database
from kenbaar.storage._tables import sealed_templates as table

_ROWS = 500  # templates read at a time


class SqlTemplateStore:
    """Sealed bytes by subject and pack. See kenbaar.consent.TemplateStore."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def put(self, template: SealedTemplate) -> None:
        """Keeps one, beside earlier versions of the same subject and pack, or in place of the same version."""
        with self._db.write() as c:
            c.execute(sa.delete(table).where(*_this(template)))
            c.execute(
                sa.insert(table).values(
                    subject=template.subject, pack=template.pack, version=template.version, sealed=template.sealed
                )
            )

    def get(self, subject: str, pack: str) -> SealedTemplate | None:
        """One person's template for one pack, the newest."""
        query = sa.select(table).where(table.c.subject == subject, table.c.pack == pack)
        with self._db.read() as c:
            row = c.execute(query.order_by(table.c.version.desc())).first()
        return None if row is None else SealedTemplate(*row)

    def for_pack(self, pack: str) -> Iterator[SealedTemplate]:
        """All templates of one pack, by subject and version."""
        query = sa.select(table).where(table.c.pack == pack).order_by(table.c.subject, table.c.version)
        with self._db.read() as c:
            for rows in c.execute(query).partitions(_ROWS):
                for row in rows:
                    yield SealedTemplate(*row)

    def packs_of(self, subject: str) -> list[SealedTemplate]:
        """All templates of one person."""
        with self._db.read() as c:
            return [SealedTemplate(*row) for row in c.execute(sa.select(table).where(table.c.subject == subject))]

    def delete_others(self, kept: SealedTemplate) -> None:
        """Removes all templates of that person but this."""
        with self._db.write() as c:
            c.execute(sa.delete(table).where(table.c.subject == kept.subject, sa.not_(sa.and_(*_this(kept)))))
        self._db.scrub()

    def delete_one(self, template: SealedTemplate) -> None:
        """Removes this one."""
        with self._db.write() as c:
            c.execute(sa.delete(table).where(*_this(template)))
        self._db.scrub()

    def packs(self) -> set[str]:
        """The digests of all packs a template here is of."""
        with self._db.read() as c:
            return set(c.execute(sa.select(table.c.pack).distinct()).scalars())

    def delete(self, subjects: Sequence[str]) -> int:
        """Removes all templates of these people; returns how many there were."""
        with self._db.write() as c:
            gone = c.execute(sa.delete(table).where(table.c.subject.in_(list(subjects)))).rowcount
        self._db.scrub()
        return gone

    def subjects(self) -> set[str]:
        """Everybody a sealed template lies here for."""
        with self._db.read() as c:
            return set(c.execute(sa.select(table.c.subject)).scalars())


def _this(template: SealedTemplate) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        table.c.subject == template.subject,
        table.c.pack == template.pack,
        table.c.version == template.version,
    )
