"""kenbaar.collections' CollectionStore on SQLAlchemy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress

import sqlalchemy as sa

from kenbaar.collections import (
    Appearance,
    Collection,
    Cover,
    Hidden,
    Item,
    ItemAnalysis,
    ItemState,
    Moment,
    Rejection,
    Tally,
    Track,
    TrackPath,
    merge_known,
    replaced_by,
)
from kenbaar.faces import Box
from kenbaar.storage._collection_rows import (
    APPEARANCE,
    ITEM,
    ON_TRACKS,
    TRACK,
    appearance_facts,
    appearance_of,
    drop_landmarks,
    face_text,
    is_rejected,
    item_row,
    rejection_row,
    rejections_where,
    track_of,
    track_row,
)
from kenbaar.storage._collection_seals import SealedCollections
from kenbaar.storage._tables import (
    appearances,
    collections,
    covers,
    galleries,
    hidden,
    items,
    rejections,
    roster,
    tracks,
)


class SqlCollectionStore(SealedCollections):
    """Collections, items, tracks, appearances, rejections. See kenbaar.collections.CollectionStore for the promises."""

    # -- collections -----------------------------------------------------------------------------------------------

    def add(self, collection: Collection) -> None:
        """Keeps a new collection with its roster."""
        with self._db.write() as c:
            c.execute(sa.insert(collections).values(**self._collection_row(collection)))
            self._put_roster(c, collection)

    def change(self, collection: Collection) -> None:
        """Replaces mode, reason, officer, roster and whether links are followed."""
        with self._db.write() as c:
            c.execute(
                sa.update(collections)
                .where(collections.c.name == collection.name)
                .values(**self._collection_row(collection))
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

    def count_appearances(self) -> int:
        """How many there are."""
        with self._db.read() as c:
            return int(c.execute(sa.select(sa.func.count()).select_from(appearances)).scalar_one())

    # -- items -----------------------------------------------------------------------------------------------------

    def items(
        self, collection: str, states: Sequence[ItemState] = ("present",), after: str = "", limit: int = 500
    ) -> list[Item]:
        """A page of items by path, after that path."""
        query = sa.select(*ITEM).where(
            items.c.collection == collection, items.c.state.in_(states), items.c.path > after
        )
        with self._db.read() as c:
            return [Item(**row) for row in c.execute(query.order_by(items.c.path).limit(limit)).mappings()]

    def item(self, item: str) -> Item | None:
        """One item, or None."""
        with self._db.read() as c:
            row = c.execute(sa.select(*ITEM).where(items.c.id == item)).mappings().first()
        return None if row is None else Item(**row)

    def items_by_path(self, collection: str, paths: Sequence[str]) -> dict[str, Item]:
        """The items at these paths."""
        query = sa.select(*ITEM).where(items.c.collection == collection, items.c.path.in_(list(paths)))
        with self._db.read() as c:
            return {row["path"]: Item(**row) for row in c.execute(query).mappings()}

    def missing_by_digest(self, collection: str, digests: Sequence[str]) -> dict[str, Item]:
        """By content, of these contents: an item whose file is gone, the first by path."""
        query = sa.select(*ITEM).where(
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

    def note_seen(self, run: str, new: Sequence[Item], unchanged: Sequence[str], changed: Sequence[Item]) -> None:
        """Notes that these files are there in this run."""
        with self._db.write() as c:
            if new:
                c.execute(sa.insert(items), [{**item_row(i), "state": "new", "seen_run": run} for i in new])
            if unchanged:
                c.execute(sa.update(items).where(items.c.id.in_(list(unchanged))).values(seen_run=run))
            for item in changed:
                c.execute(
                    sa.update(items)
                    .where(items.c.id == item.id)
                    .values(
                        size_bytes=item.size_bytes,
                        mtime_ns=item.mtime_ns,
                        state="new",
                        seen_run=run,
                        compared_with=None,
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

    def due_items(
        self, collection: str, analysed_with: str, done: Sequence[str] | None, after: str, limit: int
    ) -> list[Item]:
        """A page of items that a sweep has to analyse."""
        has_faces = sa.exists().where(tracks.c.item == items.c.id)
        behind = sa.or_(items.c.compared_with.is_(None), items.c.compared_with.not_in(list(done or ())))
        not_compared = sa.false() if done is None else sa.and_(has_faces, behind)
        other = items.c.analysed_with.is_distinct_from(analysed_with)
        due = sa.or_(items.c.state == "new", sa.and_(items.c.state == "present", sa.or_(other, not_compared)))
        query = sa.select(*ITEM).where(items.c.collection == collection, items.c.path > after, due)
        with self._db.read() as c:
            return [Item(**row) for row in c.execute(query.order_by(items.c.path).limit(limit)).mappings()]

    def write_analyses(self, analyses: Sequence[ItemAnalysis]) -> None:
        """Writes what was learned of these items, all or nothing."""
        of = [analysis.item.id for analysis in analyses]
        if not of:
            return
        with self._db.write() as c:
            now = c.execute(sa.select(items.c.id, items.c.digest).where(items.c.id.in_(of)))
            contents = {item: digest for item, digest in now}
            known: dict[str, list[Appearance]] = {item: [] for item in of}
            for appearance in self._sound(c, appearances.c.item.in_(of)):
                known[appearance.item].append(appearance)
            found, seen = [], []
            for analysis in analyses:
                item = analysis.item
                there, here = merge_known(analysis, known[item.id] if contents[item.id] == item.digest else [])
                matched = {appearance.n for appearance in here}
                paths = dict(enumerate(analysis.paths))
                found += [track_row(t, matched=t.n in matched, path=paths.get(t.n)) for t in there]
                seen += [self._appearance_row(appearance, item.digest) for appearance in here]
            c.execute(sa.delete(appearances).where(appearances.c.item.in_(of)))
            c.execute(sa.delete(tracks).where(tracks.c.item.in_(of)))
            if found:
                c.execute(sa.insert(tracks), found)
            if seen:
                c.execute(sa.insert(appearances), seen)
            update = sa.update(items).where(items.c.id == sa.bindparam("of_item"))
            rows = [{**item_row(a.item), "state": "present", "why": None, "of_item": a.item.id} for a in analyses]
            c.execute(update.values({n: sa.bindparam(n) for n in Item.__dataclass_fields__}), rows)

    def mark_unreadable(self, unreadable: Sequence[tuple[Item, str]]) -> None:
        """These could not be read, and why."""
        with self._db.write() as c:
            for item, why in unreadable:
                c.execute(sa.delete(appearances).where(appearances.c.item == item.id))
                c.execute(sa.delete(tracks).where(tracks.c.item == item.id))
                values = {"state": "unreadable", "why": why, "digest": None}
                values |= {"analysed_with": None, "compared_with": None}
                c.execute(sa.update(items).where(items.c.id == item.id).values(**values))

    def take_over(self, gone: Item, found: Item) -> None:
        """The file of `found` is the moved file of `gone`."""
        with self._db.write() as c:
            run = c.execute(sa.select(items.c.seen_run).where(items.c.id == found.id)).scalar()
            c.execute(sa.delete(items).where(items.c.id == found.id))
            values = {"path": found.path, "size_bytes": found.size_bytes, "mtime_ns": found.mtime_ns, "seen_run": run}
            c.execute(sa.update(items).where(items.c.id == gone.id).values(**values, state="present"))

    # -- tracks and appearances ------------------------------------------------------------------------------------

    def tracks(self, item: str) -> list[Track]:
        """All faces of one item, in order."""
        with self._db.read() as c:
            rows = c.execute(sa.select(*TRACK).where(tracks.c.item == item).order_by(tracks.c.n))
            return [track_of(*row) for row in rows]

    def paths(self, item: str) -> dict[int, TrackPath]:
        """n -> where the face of that track is, of a video's tracks."""
        query = sa.select(tracks.c.n, tracks.c.path_digest, tracks.c.steps).order_by(tracks.c.n)
        with self._db.read() as c:
            rows = c.execute(query.where(tracks.c.item == item, tracks.c.steps.is_not(None))).all()
        found = {}
        for n, digest, steps in rows:
            with suppress(ValueError):
                path = TrackPath.unpacked(steps)
                if path.digest == digest:
                    found[n] = path
        return found

    def add_track_by_hand(self, item: str, box: Box) -> Track:
        """Adds a face that a person drew on a photo."""
        with self._db.write() as c:
            n = c.execute(sa.select(sa.func.count()).select_from(tracks).where(tracks.c.item == item)).scalar_one()
            track = Track(item, int(n), Moment(box), by_hand=True)
            c.execute(sa.insert(tracks).values(**track_row(track, matched=False)))
            return track

    def appearances_of(self, subject: str) -> list[tuple[Item, Appearance]]:
        """Where somebody appears, in items that are there, by collection and path."""
        join = ON_TRACKS.join(items, items.c.id == tracks.c.item)
        of_item = [column.label(f"of_{column.name}") for column in ITEM]
        query = sa.select(appearances.c.seal, *APPEARANCE, *TRACK, *of_item).select_from(join)
        query = query.where(appearances.c.subject == subject, items.c.state == "present")
        width = 1 + len(APPEARANCE) + len(TRACK)
        with self._db.read() as c:
            rows = c.execute(query.order_by(items.c.collection, items.c.path, tracks.c.n)).all()
            rejected = rejections_where(c, rejections.c.subject == subject)
        found = [(row[0], Item(*row[width:]), appearance_of(*row[1:width])) for row in rows]
        sound = [(i, a) for seal, i, a in found if self._seal.holds(seal, *appearance_facts(a, i.digest))]
        return [(i, a) for i, a in sound if not is_rejected(a, i.digest, rejected)]

    def appearances_in(self, item: str) -> list[Appearance]:
        """Who appears in one item, by track."""
        with self._db.read() as c:
            return self._sound(c, appearances.c.item == item)

    def put_appearance(self, appearance: Appearance) -> None:
        """Somebody said whose face it is."""
        with self._db.write() as c:
            over = replaced_by(appearance, self._sound(c, appearances.c.item == appearance.item))
            digest = c.execute(sa.select(items.c.digest).where(items.c.id == appearance.item)).scalar()
            of_them = appearances.c.n.in_([a.n for a in over])
            c.execute(sa.delete(appearances).where(appearances.c.item == appearance.item, of_them))
            on_it = sa.and_(appearances.c.item == appearance.item, appearances.c.n == appearance.n)
            c.execute(sa.delete(appearances).where(on_it))  # edited ones too
            c.execute(sa.insert(appearances).values(**self._appearance_row(appearance, digest)))
            drop_landmarks(c)

    def drop_by_hand(self, collection: str) -> int:
        """Drops the appearances that were said by hand in that collection."""
        here = sa.select(items.c.id).where(items.c.collection == collection)
        with self._db.write() as c:
            said = sa.and_(appearances.c.how == "by hand", appearances.c.item.in_(here))
            dropped = c.execute(sa.delete(appearances).where(said)).rowcount
            drop_landmarks(c)
            return dropped

    def reject(self, rejected: Sequence[Rejection], item: str) -> None:
        """Keeps them; drops each person's appearances in that item and in every item of that content."""
        with self._db.write() as c:
            for rejection in rejected:
                row = rejection_row(rejection)
                same = [rejections.c[n].is_not_distinct_from(row[n]) for n in row if n != "rejected_at"]
                c.execute(sa.delete(rejections).where(*same))
                c.execute(sa.insert(rejections).values(**row))
                here = sa.or_(items.c.digest == rejection.digest, items.c.id == item)
                in_these = appearances.c.item.in_(sa.select(items.c.id).where(here))
                c.execute(sa.delete(appearances).where(appearances.c.subject == rejection.subject, in_these))
            drop_landmarks(c)

    def rejections(self, *digests: str) -> list[Rejection]:
        """Everybody who said of one of these contents: not me."""
        with self._db.read() as c:
            found = rejections_where(c, rejections.c.digest.in_(digests))
        return sorted(found, key=lambda r: (r.digest, r.subject, r.box))

    def hide(self, said: Hidden) -> None:
        """Keeps it."""
        with self._db.write() as c:
            _show_again(c, said.digest, said.subject)
            c.execute(sa.insert(hidden).values(digest=said.digest, subject=said.subject, since=said.since))

    def show_again(self, digest: str, subject: str) -> None:
        """They said otherwise: what was kept goes."""
        with self._db.write() as c:
            _show_again(c, digest, subject)

    def hidden(self, *digests: str) -> list[Hidden]:
        """Who is hidden in these contents."""
        query = sa.select(hidden).where(hidden.c.digest.in_(digests)).order_by(hidden.c.digest, hidden.c.subject)
        with self._db.read() as c:
            return [Hidden(**row) for row in c.execute(query).mappings()]

    def cover(self, cover: Cover) -> None:
        """Keeps it."""
        face = face_text(cover.box, cover.at_s)
        with self._db.write() as c:
            c.execute(sa.delete(covers).where(covers.c.digest == cover.digest, covers.c.face == face))
            c.execute(sa.insert(covers).values(digest=cover.digest, face=face, since=cover.since))

    def covers(self, digest: str) -> list[Cover]:
        """Which places are covered in that content."""
        with self._db.read() as c:
            rows = c.execute(sa.select(covers).where(covers.c.digest == digest).order_by(covers.c.face)).all()
        return [Cover(r.digest, box, r.since, at_s) for r in rows for box, at_s in [Rejection.read_face(r.face)]]

    def drop_person(self, subject: str, *, everything: bool) -> int:
        """Drops somebody's appearances (and with everything: rejections and roster places)."""
        with self._db.write() as c:
            n = c.execute(sa.delete(appearances).where(appearances.c.subject == subject)).rowcount
            if everything:
                c.execute(sa.delete(rejections).where(rejections.c.subject == subject))
                c.execute(sa.delete(hidden).where(hidden.c.subject == subject))
            drop_landmarks(c)
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

    def tally(self, collection: str) -> Tally:
        """What is there now, counted."""
        here = sa.and_(items.c.collection == collection, items.c.state == "present")
        with self._db.read() as c:
            by_kind = sa.select(items.c.kind, sa.func.count()).where(here).group_by(items.c.kind)
            kinds = {kind: n for kind, n in c.execute(by_kind)}
            join = sa.select(sa.func.count()).where(here)
            n_tracks = c.execute(join.select_from(items.join(tracks, tracks.c.item == items.c.id))).scalar_one()
            n_seen = c.execute(join.select_from(items.join(appearances, appearances.c.item == items.c.id))).scalar_one()
        return Tally(kinds.get("photo", 0), kinds.get("video", 0), n_tracks, n_seen)


def _show_again(c: sa.Connection, digest: str, subject: str) -> None:
    c.execute(sa.delete(hidden).where(hidden.c.digest == digest, hidden.c.subject == subject))
