"""kenbaar.collections' CollectionStore on SQLAlchemy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import Any

import sqlalchemy as sa

from kenbaar.collections import Appearance, Collection, Item, ItemState, LookResult, Rejection
from kenbaar.faces import Box
from kenbaar.storage._database import Database
from kenbaar.storage._tables import appearances, collections, faces, galleries, items, rejections, roster

_BOX = [faces.c.x_min, faces.c.y_min, faces.c.x_max, faces.c.y_max]
_ITEM = [items.c[n] for n in Item.__dataclass_fields__]


class SqlCollectionStore:
    """Collections, items, faces, appearances, rejections. See kenbaar.collections.CollectionStore for the promises."""

    def __init__(self, database: Database) -> None:
        self._db = database

    # -- collections -----------------------------------------------------------------------------------------------

    def add(self, collection: Collection) -> None:
        """Keeps a new collection with its roster."""
        with self._db.write() as c:
            c.execute(sa.insert(collections).values(**_collection_row(collection)))
            self._put_roster(c, collection)

    def change(self, collection: Collection) -> None:
        """Replaces mode, reason, officer and roster."""
        with self._db.write() as c:
            c.execute(
                sa.update(collections)
                .where(collections.c.name == collection.name)
                .values(**_collection_row(collection))
            )
            c.execute(sa.delete(roster).where(roster.c.collection == collection.name))
            self._put_roster(c, collection)

    def _put_roster(self, c: sa.Connection, collection: Collection) -> None:
        if collection.roster:
            c.execute(sa.insert(roster), [{"collection": collection.name, "subject": s} for s in collection.roster])

    def get(self, name: str) -> Collection | None:
        """One collection, or None."""
        return next((x for x in self._collections(sa.select(collections).where(collections.c.name == name))), None)

    def all(self) -> list[Collection]:
        """All collections, by name."""
        return list(self._collections(sa.select(collections).order_by(collections.c.name)))

    def _collections(self, query: sa.Select[Any]) -> Iterator[Collection]:
        with self._db.read() as c:
            for row in c.execute(query).mappings().all():
                on = c.execute(
                    sa.select(roster.c.subject).where(roster.c.collection == row["name"]).order_by(roster.c.subject)
                )
                yield Collection(**row, roster=tuple(on.scalars()))

    # -- items -----------------------------------------------------------------------------------------------------

    def items(
        self, collection: str, states: Sequence[ItemState] = ("present",), after: str = "", limit: int = 500
    ) -> list[Item]:
        """A page of items by path, after that path."""
        query = sa.select(*_ITEM).where(
            items.c.collection == collection, items.c.state.in_(states), items.c.path > after
        )
        with self._db.read() as c:
            return [Item(**row) for row in c.execute(query.order_by(items.c.path).limit(limit)).mappings()]

    def item(self, item: str) -> Item | None:
        """One item, or None."""
        with self._db.read() as c:
            row = c.execute(sa.select(*_ITEM).where(items.c.id == item)).mappings().first()
        return None if row is None else Item(**row)

    def items_by_path(self, collection: str, paths: Sequence[str]) -> dict[str, Item]:
        """The items at these paths."""
        query = sa.select(*_ITEM).where(items.c.collection == collection, items.c.path.in_(list(paths)))
        with self._db.read() as c:
            return {row["path"]: Item(**row) for row in c.execute(query).mappings()}

    def missing_by_digest(self, collection: str, digests: Sequence[str]) -> dict[str, Item]:
        """By content, of these contents: an item whose file is gone, the first by path."""
        query = sa.select(*_ITEM).where(
            items.c.collection == collection, items.c.state == "missing", items.c.digest.in_(list(digests))
        )
        with self._db.read() as c:
            rows = c.execute(query.order_by(items.c.path.desc())).mappings().all()
        return {row["digest"]: Item(**row) for row in rows}

    def count(self, collection: str) -> dict[str, int]:
        """state -> number of items."""
        query = (
            sa.select(items.c.state, sa.func.count()).where(items.c.collection == collection).group_by(items.c.state)
        )
        with self._db.read() as c:
            return {state: n for state, n in c.execute(query)}

    def see(self, run: str, new: Sequence[Item], unchanged: Sequence[str], changed: Sequence[Item]) -> None:
        """Notes that these files are there in this run."""
        with self._db.write() as c:
            if new:
                c.execute(sa.insert(items), [{**_item_row(i), "state": "new", "seen_run": run} for i in new])
            if unchanged:
                c.execute(sa.update(items).where(items.c.id.in_(list(unchanged))).values(seen_run=run))
            for item in changed:
                c.execute(
                    sa.update(items)
                    .where(items.c.id == item.id)
                    .values(
                        size_bytes=item.size_bytes, mtime_ns=item.mtime_ns, state="new", seen_run=run, looked_for=None
                    )
                )

    def mark_missing(self, collection: str, run: str) -> int:
        """Items not seen in this run become missing."""
        gone = sa.and_(
            items.c.collection == collection, items.c.state != "missing", items.c.seen_run.is_distinct_from(run)
        )
        with self._db.write() as c:
            never_read = sa.and_(gone, items.c.digest.is_(None))
            c.execute(sa.delete(items).where(never_read))
            return c.execute(sa.update(items).where(gone).values(state="missing")).rowcount

    def to_look(
        self, collection: str, looked_with: str, done: Sequence[str] | None, after: str, limit: int
    ) -> list[Item]:
        """A page of items that a sweep has to look at."""
        has_faces = sa.exists().where(faces.c.item == items.c.id)
        behind = sa.or_(items.c.looked_for.is_(None), items.c.looked_for.not_in(list(done or ())))
        not_compared = sa.false() if done is None else sa.and_(has_faces, behind)
        due = sa.or_(
            items.c.state == "new",
            sa.and_(
                items.c.state == "present", sa.or_(items.c.looked_with.is_distinct_from(looked_with), not_compared)
            ),
        )
        query = sa.select(*_ITEM).where(items.c.collection == collection, items.c.path > after, due)
        with self._db.read() as c:
            return [Item(**row) for row in c.execute(query.order_by(items.c.path).limit(limit)).mappings()]

    def finish_looks(self, results: Sequence[LookResult]) -> None:
        """Writes what was learned of these items, all or nothing."""
        of = [result.item.id for result in results]
        if not of:
            return
        with self._db.write() as c:
            now = c.execute(sa.select(items.c.id, items.c.digest).where(items.c.id.in_(of)))
            contents = {item: digest for item, digest in now}
            before = _boxes_by_item(c, of)
            known: dict[str, list[Appearance]] = {item: [] for item in of}
            for row in c.execute(sa.select(appearances).where(appearances.c.item.in_(of))).mappings():
                if row["n"] < len(before[row["item"]]):
                    known[row["item"]].append(Appearance(**row, box=before[row["item"]][row["n"]]))
            found, seen = [], []
            for result in results:
                item = result.item
                boxes, here = _with_what_was_known(result, known[item.id] if contents[item.id] == item.digest else [])
                found += [_face_row(item.id, n, *row) for n, row in enumerate(zip_longest(boxes, result.landmarks))]
                seen += [_appearance_row(a) for a in here]
            c.execute(sa.delete(appearances).where(appearances.c.item.in_(of)))
            c.execute(sa.delete(faces).where(faces.c.item.in_(of)))
            if found:
                c.execute(sa.insert(faces), found)
            if seen:
                c.execute(sa.insert(appearances), seen)
            update = sa.update(items).where(items.c.id == sa.bindparam("of_item"))
            rows = [{**_item_row(r.item), "state": "present", "why": None, "of_item": r.item.id} for r in results]
            c.execute(update.values({n: sa.bindparam(n) for n in Item.__dataclass_fields__}), rows)

    def mark_unreadable(self, unreadable: Sequence[tuple[Item, str]]) -> None:
        """These could not be read, and why."""
        with self._db.write() as c:
            for item, why in unreadable:
                c.execute(sa.delete(appearances).where(appearances.c.item == item.id))
                c.execute(sa.delete(faces).where(faces.c.item == item.id))
                values = {"state": "unreadable", "why": why, "digest": None, "looked_with": None, "looked_for": None}
                c.execute(sa.update(items).where(items.c.id == item.id).values(**values))

    def take_over(self, gone: Item, found: Item) -> None:
        """The file of `found` is the moved file of `gone`."""
        with self._db.write() as c:
            run = c.execute(sa.select(items.c.seen_run).where(items.c.id == found.id)).scalar()
            c.execute(sa.delete(items).where(items.c.id == found.id))
            values = {"path": found.path, "size_bytes": found.size_bytes, "mtime_ns": found.mtime_ns, "seen_run": run}
            c.execute(sa.update(items).where(items.c.id == gone.id).values(**values, state="present"))

    # -- faces and appearances -------------------------------------------------------------------------------------

    def faces(self, item: str) -> list[Box]:
        """All faces of one item, in order."""
        with self._db.read() as c:
            return [Box(*row) for row in c.execute(_boxes(item))]

    def faces_with_landmarks(self, item: str) -> list[tuple[Box, bytes | None]]:
        """The same, each with its landmarks where they are known."""
        query = _boxes(item).add_columns(faces.c.landmarks)
        with self._db.read() as c:
            return [(Box(*box), points and bytes(points)) for *box, points in c.execute(query)]

    def add_face(self, item: str, box: Box) -> int:
        """Adds a face that a person drew by hand; returns its number."""
        with self._db.write() as c:
            n = c.execute(sa.select(sa.func.count()).select_from(faces).where(faces.c.item == item)).scalar_one()
            c.execute(sa.insert(faces).values(**_face_row(item, n, box)))
            return int(n)

    def appearances_of(self, subject: str) -> list[tuple[Item, Appearance]]:
        """Where somebody appears, in items that are there, by collection and path."""
        query = _appearing(*_ITEM).where(appearances.c.subject == subject, items.c.state == "present")
        with self._db.read() as c:
            rows = c.execute(query.order_by(items.c.collection, items.c.path, appearances.c.n)).mappings().all()
        return [(Item(**{n: row[n] for n in Item.__dataclass_fields__}), _appearance(row)) for row in rows]

    def appearances_in(self, item: str) -> list[Appearance]:
        """Who appears in one item, by face."""
        with self._db.read() as c:
            rows = c.execute(_appearing().where(appearances.c.item == item).order_by(appearances.c.n)).mappings().all()
        return [_appearance(row) for row in rows]

    def put_appearance(self, appearance: Appearance) -> None:
        """Somebody said whose box it is."""
        with self._db.write() as c:
            same = sa.or_(appearances.c.n == appearance.n, appearances.c.subject == appearance.subject)
            c.execute(sa.delete(appearances).where(appearances.c.item == appearance.item, same))
            c.execute(sa.insert(appearances).values(**_appearance_row(appearance)))

    def reject(self, rejection: Rejection, item: str) -> None:
        """Keeps the rejection; drops that person's appearance in every item of that content."""
        here = sa.select(items.c.id).where(sa.or_(items.c.digest == rejection.digest, items.c.id == item))
        with self._db.write() as c:
            same = sa.and_(rejections.c.digest == rejection.digest, rejections.c.subject == rejection.subject)
            c.execute(sa.delete(rejections).where(same))
            box = dict(zip(("x_min", "y_min", "x_max", "y_max"), rejection.box.as_list(), strict=True))
            c.execute(
                sa.insert(rejections).values(
                    digest=rejection.digest, subject=rejection.subject, rejected_at=rejection.rejected_at, **box
                )
            )
            c.execute(
                sa.delete(appearances).where(appearances.c.subject == rejection.subject, appearances.c.item.in_(here))
            )

    def rejections(self, *digests: str) -> list[Rejection]:
        """Everybody who said of one of these contents: not me."""
        query = sa.select(rejections).where(rejections.c.digest.in_(digests))
        with self._db.read() as c:
            rows = c.execute(query.order_by(rejections.c.digest, rejections.c.subject)).all()
        return [Rejection(r.digest, r.subject, Box(r.x_min, r.y_min, r.x_max, r.y_max), r.rejected_at) for r in rows]

    def drop_person(self, subject: str, *, everything: bool) -> int:
        """Drops somebody's appearances (and with everything: rejections and roster places)."""
        with self._db.write() as c:
            n = c.execute(sa.delete(appearances).where(appearances.c.subject == subject)).rowcount
            if everything:
                c.execute(sa.delete(rejections).where(rejections.c.subject == subject))
        self._db.scrub()
        return n

    def people(self) -> set[str]:
        """Everybody who appears anywhere."""
        with self._db.read() as c:
            return set(c.execute(sa.select(appearances.c.subject).distinct()).scalars())

    # -- galleries and sums ----------------------------------------------------------------------------------------

    def keep_gallery(self, digest: str, grants: Iterable[str]) -> None:
        """Keeps which grants a gallery digest stands for."""
        with self._db.write() as c:
            if c.execute(sa.select(galleries.c.digest).where(galleries.c.digest == digest)).first() is None:
                c.execute(sa.insert(galleries).values(digest=digest, grants=" ".join(sorted(grants))))

    def galleries(self) -> Iterator[tuple[str, frozenset[str]]]:
        """digest -> grants of every gallery ever compared with."""
        with self._db.read() as c:
            for digest, grants in c.execute(sa.select(galleries).order_by(galleries.c.digest)).all():
                yield digest, frozenset(grants.split())

    def tally(self, collection: str) -> dict[str, int]:
        """faces, appearances and items of what is there now."""
        here = sa.and_(items.c.collection == collection, items.c.state == "present")
        with self._db.read() as c:
            n_items = c.execute(sa.select(sa.func.count()).select_from(items).where(here)).scalar_one()
            join = sa.select(sa.func.count()).where(here)
            n_faces = c.execute(join.select_from(items.join(faces, faces.c.item == items.c.id))).scalar_one()
            n_seen = c.execute(join.select_from(items.join(appearances, appearances.c.item == items.c.id))).scalar_one()
        return {"items": n_items, "faces": n_faces, "appearances": n_seen}


def _boxes(item: str) -> sa.Select[Any]:
    return sa.select(*_BOX).where(faces.c.item == item).order_by(faces.c.n)


def _boxes_by_item(c: sa.Connection, of: Sequence[str]) -> dict[str, list[Box]]:
    """The faces of each of these items, in order."""
    boxes: dict[str, list[Box]] = {item: [] for item in of}
    query = sa.select(faces.c.item, *_BOX).where(faces.c.item.in_(of)).order_by(faces.c.item, faces.c.n)
    for item, *box in c.execute(query):
        boxes[item].append(Box(*box))
    return boxes


def _with_what_was_known(result: LookResult, known: Sequence[Appearance]) -> tuple[list[Box], list[Appearance]]:
    """The item's faces and who is on them: what this look says, and of what was known what it does not replace, which
    is of people not compared now, and everything a person said."""
    boxes, stay = list(result.faces), []
    for appearance in known:
        if appearance.how == "recognised" and appearance.subject in result.compared:
            continue
        n = appearance.box.nearest(boxes)
        if n is None and appearance.how != "recognised":
            boxes.append(appearance.box)  # somebody pointed at it: it stays a face, whatever the detector says
            n = len(boxes) - 1
        if n is not None:
            stay.append(replace(appearance, n=n))
    taken, here = {a.n for a in stay}, {a.subject for a in stay}
    return boxes, stay + [a for a in result.appearances if a.n not in taken and a.subject not in here]


def _appearing(*columns: Any) -> sa.Select[Any]:
    """Appearances with their boxes (and the items' columns where wanted)."""
    on_face = sa.and_(faces.c.item == appearances.c.item, faces.c.n == appearances.c.n)
    join = appearances.join(faces, on_face).join(items, items.c.id == appearances.c.item)
    of_face = [appearances.c.subject, appearances.c.n, appearances.c.band, appearances.c.how, appearances.c.seen_at]
    return sa.select(*columns, appearances.c.item.label("of_item"), *of_face, *_BOX).select_from(join)


def _appearance(row: Any) -> Appearance:
    box = Box(row["x_min"], row["y_min"], row["x_max"], row["y_max"])
    return Appearance(row["of_item"], row["subject"], row["n"], box, row["band"], row["how"], row["seen_at"])


def _collection_row(collection: Collection) -> dict[str, Any]:
    return {n: getattr(collection, n) for n in collections.c.keys()}  # noqa: SIM118  # a ColumnCollection, not a dict


def _item_row(item: Item) -> dict[str, Any]:
    return {n: getattr(item, n) for n in Item.__dataclass_fields__}


def _face_row(item: str, n: int, box: Box, landmarks: bytes | None = None) -> dict[str, Any]:
    sides = {"x_min": box.x_min, "y_min": box.y_min, "x_max": box.x_max, "y_max": box.y_max}
    return {"item": item, "n": n, **sides, "landmarks": landmarks}


def _appearance_row(appearance: Appearance) -> dict[str, Any]:
    return {n: getattr(appearance, n) for n in ("item", "subject", "n", "band", "how", "seen_at")}
