"""Collections and appearances under their seals: what was edited outside Kenbaar is noticed where it is read."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from kenbaar.collections import Appearance, Collection
from kenbaar.errors import ArchiveBroken
from kenbaar.keys import RecordSeal, canonical
from kenbaar.storage._collection_rows import (
    APPEARANCE,
    SEEN,
    appearance_facts,
    appearance_of,
    collection_facts,
    is_rejected,
    rejections_where,
)
from kenbaar.storage._database import Database
from kenbaar.storage._tables import appearances, collections, covers, hidden, rejections, roster, tracks

log = logging.getLogger(__name__)


class SealedCollections:
    """What of a CollectionStore reads, writes and checks seals."""

    def __init__(self, database: Database, seal: RecordSeal) -> None:
        """seal: of collections and appearances; a collection that was edited is refused, an appearance that was
        edited is nobody's."""
        self._db, self._seal = database, seal

    def _collections(self, query: sa.Select[Any]) -> Iterator[Collection]:
        with self._db.read() as c:
            for collection, seal in self._unsealed(c, query):
                if not self._seal.holds(seal, *collection_facts(collection)):
                    raise ArchiveBroken(
                        f"What is on record about the collection {collection.name!r} (its mode, its roster) was "
                        "edited, so nothing is done with it.",
                        "Put back a good copy of the database.",
                    )
                yield collection

    def _unsealed(self, c: sa.Connection, query: sa.Select[Any]) -> Iterator[tuple[Collection, bytes | None]]:
        """Collections as they stand there, with their seals."""
        for row in c.execute(query).mappings().all():
            on = sa.select(roster.c.subject).where(roster.c.collection == row["name"]).order_by(roster.c.subject)
            said = {name: value for name, value in row.items() if name != "seal"}
            yield Collection(**said, roster=tuple(c.execute(on).scalars())), row["seal"]

    def protecting(self) -> list[bytes]:
        """Every row that protects somebody, as it stands there."""
        columns = [rejections.c[n] for n in ("digest", "subject", "x_min", "y_min", "x_max", "y_max", "at_s")]
        with self._db.read() as c:
            told = [canonical(*collection_facts(found)) for found in self._all_unsealed(c)]
            rows = c.execute(sa.select(*columns).order_by(*columns[:6], rejections.c.id)).all()
            gone = c.execute(sa.select(hidden.c.digest, hidden.c.subject).order_by(*hidden.primary_key)).all()
            covered = c.execute(sa.select(covers.c.digest, covers.c.face).order_by(*covers.primary_key)).all()
        return [*told, *(repr(tuple(row)).encode() for row in (*rows, *gone, *covered))]

    def _all_unsealed(self, c: sa.Connection) -> list[Collection]:
        return [found for found, _ in self._unsealed(c, sa.select(collections).order_by(collections.c.name))]

    def unsealed(self) -> list[Collection]:
        """All collections by name as they stand there, edited or not: to seal them, and to look."""
        with self._db.read() as c:
            return self._all_unsealed(c)

    def edited(self) -> list[str]:
        """What was edited, one sentence each."""
        told = []
        with self._db.read() as c:
            names = list(c.execute(sa.select(collections.c.name).order_by(collections.c.name)).scalars())
            rows = c.execute(SEEN).all()
        for name in names:
            try:
                list(self._collections(sa.select(collections).where(collections.c.name == name)))
            except ArchiveBroken as err:
                told.append(err.what)
        for seal, digest, *columns in rows:
            appearance = appearance_of(*columns)
            if not self._seal.holds(seal, *appearance_facts(appearance, digest)):
                told.append(
                    f"What is on record about {appearance.subject} on face {appearance.n} of item {appearance.item} "
                    "was edited; it shows and finds nobody."
                )
        return told

    def seal_all(self) -> None:
        """Seals collections and appearances as they stand there: once, in an archive made before there were seals."""
        with self._db.write() as c:
            for collection, _ in list(self._unsealed(c, sa.select(collections))):
                seal = self._seal.seal(*collection_facts(collection))
                c.execute(sa.update(collections).where(collections.c.name == collection.name).values(seal=seal))
            for _, digest, *columns in c.execute(SEEN).all():
                seen = appearance_of(*columns)
                this = sa.and_(appearances.c.item == seen.item, appearances.c.n == seen.n)
                c.execute(
                    sa.update(appearances).where(this).values(seal=self._seal.seal(*appearance_facts(seen, digest)))
                )

    def _collection_row(self, collection: Collection) -> dict[str, Any]:
        row = {n: getattr(collection, n) for n in collections.c.keys() if n != "seal"}  # noqa: SIM118  # no dict
        return {**row, "seal": self._seal.seal(*collection_facts(collection))}

    def _appearance_row(self, appearance: Appearance, digest: str | None) -> dict[str, Any]:
        row = {n: getattr(appearance, n) for n in ("item", "n", *(c.name for c in APPEARANCE))}
        return {**row, "seal": self._seal.seal(*appearance_facts(appearance, digest))}

    def _sound(self, c: sa.Connection, where: sa.ColumnElement[bool]) -> list[Appearance]:
        """The appearances that this is true of, by item and track; without those that were edited or rejected."""
        found = []
        rows = c.execute(SEEN.where(where).order_by(tracks.c.item, tracks.c.n)).all()
        rejected = rejections_where(c, rejections.c.digest.in_({row[1] for row in rows if row[1]})) if rows else []
        for seal, digest, *columns in rows:
            appearance = appearance_of(*columns)
            if not self._seal.holds(seal, *appearance_facts(appearance, digest)):
                log.warning("an appearance in item %s was edited: it counts for nothing", appearance.item)
            elif not is_rejected(appearance, digest, rejected):
                found.append(appearance)
        return found
