"""kenbaar.asking's CaseStore on SQLAlchemy."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from kenbaar.asking import SealedCase
from kenbaar.storage._database import Database
from kenbaar.storage._tables import case_photos, cases


class SqlCaseStore:
    """Sealed cases and their photos. See kenbaar.asking.CaseStore."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def add(self, case: SealedCase, photos: Sequence[bytes]) -> None:
        """A new case, with its sealed photos."""
        with self._db.write() as c:
            c.execute(sa.insert(cases).values(**_row(case)))
            for n, sealed in enumerate(photos):
                c.execute(sa.insert(case_photos).values(case=case.id, n=n, sealed=sealed))

    def get(self, case: str) -> SealedCase | None:
        """One case, or None."""
        with self._db.read() as c:
            row = c.execute(sa.select(cases).where(cases.c.id == case)).mappings().first()
        return None if row is None else SealedCase(**row)

    def all(self) -> list[SealedCase]:
        """Every case, oldest first."""
        with self._db.read() as c:
            rows = c.execute(sa.select(cases).order_by(cases.c.opened_at, cases.c.id)).mappings()
            return [SealedCase(**row) for row in rows]

    def replace(self, case: SealedCase) -> None:
        """The same case as it is now."""
        with self._db.write() as c:
            c.execute(sa.update(cases).where(cases.c.id == case.id).values(**_row(case)))

    def photo(self, case: str, n: int) -> bytes | None:
        """One of its photos, sealed; None where it has none."""
        query = sa.select(case_photos.c.sealed).where(case_photos.c.case == case, case_photos.c.n == n)
        with self._db.read() as c:
            sealed: bytes | None = c.execute(query).scalar()
        return sealed

    def photo_numbers(self, case: str) -> list[int]:
        """Which of its photos there are, in order."""
        query = sa.select(case_photos.c.n).where(case_photos.c.case == case).order_by(case_photos.c.n)
        with self._db.read() as c:
            return list(c.execute(query).scalars())

    def remove(self, case: str) -> None:
        """Removes the case and its photos, to the last byte."""
        with self._db.write() as c:
            c.execute(sa.delete(case_photos).where(case_photos.c.case == case))
            c.execute(sa.delete(cases).where(cases.c.id == case))
        self._db.scrub()


def _row(case: SealedCase) -> dict[str, object]:
    return {name: getattr(case, name) for name in ("id", "opened_at", "expires_at", "key_id", "sealed")}
