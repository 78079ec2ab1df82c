"""A sweep from start to end: open the gallery, note the files, analyse what is due, write what was learned."""

from __future__ import annotations

import hashlib
import logging
import os
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from itertools import islice, zip_longest
from pathlib import Path

from kenbaar.collections import (
    Appearance,
    Collection,
    Collections,
    EmbeddingPermit,
    Item,
    ItemAnalysis,
    Moment,
    Track,
    TrackPath,
)
from kenbaar.consent import Consents, Sessions
from kenbaar.disk import lock_file
from kenbaar.engines import Engine, Failure, never
from kenbaar.errors import Busy, Unusable
from kenbaar.ledger import Journal
from kenbaar.media import PhotoLimits
from kenbaar.policy import Actor, Event
from kenbaar.sweep._analyse import Barred, KnownFaces, PhotoAnalysis
from kenbaar.sweep._compared import PackInUse, open_galleries
from kenbaar.sweep._plan import PassedOverCount, due_items, note_files
from kenbaar.sweep._tasks import AnalysePhotos, AnalysisTask, OlderPack
from kenbaar.sweep._video import VideoAnalysis

log = logging.getLogger(__name__)

APART = "apart"  # beside the grants an item was compared with: not with all of them at once
ANALYSIS = "5"  # raised whenever an analysis would find other faces or landmarks in the same photo: all are then due
BATCH = 32  # results written in one transaction; also how far a withdrawal may be behind, with BATCH_S
BATCH_S = 1.0  # s: a result waits at most this long to be written (and a withdrawal to be heard)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file or folder that could not be read, and why."""

    path: str
    why: str


@dataclass(frozen=True, slots=True)
class SweepProgress:
    """Where a sweep is. seconds: since its first photo."""

    done: int
    total: int
    seconds: float


@dataclass(frozen=True, slots=True)
class SweepReport:
    """What a sweep did. photos, videos, faces, appearances, unknown: of all that is there now; the rest: of this run.

    unknown: faces compared that matched nobody (0 where nothing is compared): a number, about nobody.
    links: links that lead out of the collection's folder, and were passed over.
    passed_over: files that are no photos Kenbaar opens, by kind.
    without_code: people who hold their own key and did not open a session, so they were not compared.
    older_pack: people who were compared with a pack they enrolled with earlier, until they renew.
    other_pack: people whose template is of a model pack that is not at hand, so they could not be compared.
    """

    photos: int
    videos: int
    faces: int
    appearances: int
    unknown: int
    undecided: int
    unreadable: tuple[Unreadable, ...]
    analysed: int
    skipped: int
    moved: int
    missing: int
    links: int
    passed_over: tuple[PassedOverCount, ...]
    seconds: float
    without_code: int
    older_pack: int
    other_pack: int


class Sweeps:
    """Sweeps the collections of one archive, one sweep per collection at a time."""

    def __init__(
        self,
        consents: Consents,
        collections: Collections,
        journal: Journal,
        locks: Path,
    ) -> None:
        self.consents, self.collections = consents, collections
        self.journal, self.locks = journal, locks

    def sweep(
        self,
        actor: Actor,
        name: str,
        pack: PackInUse,
        *,
        older: Sequence[PackInUse] = (),
        sessions: Sessions,
        engine: Engine,
        limits: PhotoLimits,
        say: Callable[[SweepProgress], None],
        cancelled: Callable[[], bool] = never,
    ) -> SweepReport:
        """Analyses everything in the collection that is new, changed, or not yet compared with who is enrolled now.

        older: packs that people enrolled with before this one was in use; those people are found with their own.
        Can be killed or cancelled at any moment and run again: what was written stays, nothing is written twice.
        cancelled: asked between photos; after a yes the report tells what was done until then.
        """
        started = time.monotonic()
        collection = self.collections.get(name)
        permit = self.collections.permit(collection)
        if not os.path.isdir(collection.source):  # noqa: PTH112  # Path.is_dir raises where a folder above is closed
            raise Unusable(
                "The source folder of this collection is not there.", "Mount it or put it back; nothing was changed."
            )
        with _alone(self.locks, name):
            run = _SweepUnderWay(self, actor, collection, permit, (pack, *older), sessions)
            try:
                return run.go(engine, limits, say, cancelled, started)
            finally:
                for compared in run.by_pack:
                    compared.gallery.wipe()


class _SweepUnderWay:
    """One sweep under way."""

    def __init__(
        self,
        room: Sweeps,
        actor: Actor,
        collection: Collection,
        permit: EmbeddingPermit,
        packs: Sequence[PackInUse],
        sessions: Sessions,
    ) -> None:
        self.room, self.actor, self.collection, self.permit = room, actor, collection, permit
        self.store = room.collections.store
        compares = permit.scope == "all"
        recognisable = room.consents.recognisable() if compares else {}
        wanted = {s for s in recognisable if permit.only is None or s in permit.only}
        self.by_pack = open_galleries(room.consents, packs, wanted, permit.only if compares else (), sessions)
        self.compared = frozenset(s for c in self.by_pack for s in c.gallery.subjects)
        self.without_code = (wanted - self.compared) & room.consents.store.self_held()
        with_template = room.consents.templates.subjects() if wanted - self.compared else set()
        self.other_pack = (wanted - self.compared - self.without_code) & with_template
        self.grants_of = {s: recognisable.get(s, frozenset()) for s in self.compared}
        self.grants = frozenset[str]().union(*self.grants_of.values())
        self.key_generation = room.consents.keys.generation
        self.gone: frozenset[str] = frozenset()
        self.analysed_with = (
            f"{packs[0].digest} look {ANALYSIS} {'all' if compares else 'none'}"  # "look": as archives have it
        )
        self.in_force = frozenset[str]().union(*recognisable.values())
        self.known = dict(self.store.galleries())
        self.analysed = self.moved = self.undecided = 0
        self.unreadable: list[Unreadable] = []

    def go(
        self,
        engine: Engine,
        limits: PhotoLimits,
        say: Callable[[SweepProgress], None],
        cancelled: Callable[[], bool],
        started: float,
    ) -> SweepReport:
        room, name = self.room, self.collection.name
        held_by_themselves = sorted(self.compared & room.consents.store.self_held())
        entry = room.journal.record(
            Event.SWEEP,
            self.actor,
            collection=name,
            mode=self.permit.mode,
            gallery=self._gallery_digest(self.compared_with),
            subjects=len(self.compared),
            held_by_themselves=held_by_themselves,
        )
        for one in self.by_pack:
            one.gallery.recorded(entry)
        found = note_files(self.collection, self.store, secrets.token_hex(8), room.journal.writing)
        self.unreadable += [Unreadable(f.relative, f.why) for f in found.unreadable]
        compares = self.permit.scope == "all"
        done = (
            tuple(d for d, with_ in self.known.items() if self.compared_with <= with_)
            if compares and self.grants
            else None
        )
        total = sum(1 for _ in due_items(self.collection, self.store, self.analysed_with, done))
        due = due_items(self.collection, self.store, self.analysed_with, done)
        first, *rest = self.by_pack
        older = tuple(OlderPack(c.pack.folder, c.gallery, c.threshold) for c in rest)
        work = AnalysePhotos(first.pack.folder, limits, self.permit, first.gallery, first.threshold, older)
        analysing = time.monotonic()
        log.info("sweep: %d items due, %d people compared, %d packs", total, len(self.compared), len(self.by_pack))
        say(SweepProgress(0, total, 0.0))
        if total:
            items: dict[str, Item] = {}

            def write(batch: list[tuple[AnalysisTask, PhotoAnalysis | VideoAnalysis | Failure]]) -> None:
                self._write([(items.pop(task.key), result) for task, result in batch])
                self.analysed += len(batch)
                say(SweepProgress(self.analysed, total, time.monotonic() - analysing))

            batches = _Batches(write)
            engine.map(work, self._tasks(due, items), batches.add, cancelled)
            batches.flush()
        log.info("sweep: %d analysed, %d unreadable, %d moved", self.analysed, len(self.unreadable), self.moved)
        tally = self.store.tally(name)
        report = SweepReport(
            photos=tally.photos,
            videos=tally.videos,
            faces=tally.tracks,
            appearances=tally.appearances,
            unknown=tally.tracks - tally.appearances if compares else 0,
            undecided=self.undecided,
            unreadable=tuple(self.unreadable),
            analysed=self.analysed,
            skipped=max(0, found.files - self.analysed),
            moved=self.moved,
            missing=max(0, found.missing - self.moved),
            links=found.links,
            passed_over=found.passed_over,
            seconds=time.monotonic() - started,
            without_code=len(self.without_code),
            older_pack=sum(len(c.gallery) for c in self.by_pack[1:]),
            other_pack=len(self.other_pack),
        )
        room.journal.record(Event.SWEEP_END, self.actor, collection=name, photos=report.photos, looked=self.analysed)
        return report

    def _tasks(self, due: Iterator[Item], items: dict[str, Item]) -> Iterator[AnalysisTask]:
        while page := list(islice(due, BATCH)):
            rejections = self.store.rejections(*{item.digest for item in page if item.digest})
            for item in page:
                items[item.id] = item
                barred = tuple(Barred(r.subject, r.digest) for r in rejections if r.digest == item.digest)
                file = self.collection.file(item.path)
                known, new = (
                    (None, frozenset[str]()) if item.kind == "video" else (self._known(item), self._new_since(item))
                )
                yield AnalysisTask(item.id, file, barred, self.gone, known, new, item.kind)

    @property
    def compared_with(self) -> frozenset[str]:
        """What an item is compared with in this run: the grants of the galleries, and the levels of the thresholds."""
        if not self.grants:
            return self.grants
        first, *rest = self.by_pack
        return self.grants | {first.levels, *(f"{c.pack.digest}/{c.levels}" for c in rest)}

    def _known(self, item: Item) -> KnownFaces | None:
        """The item's faces, where an analysis like this one found them all: they are embedded again, not detected."""
        if item.state != "present" or item.analysed_with != self.analysed_with or self.permit.scope != "all":
            return None
        tracks = self.store.tracks(item.id)
        landmarks = tuple(t.key.landmarks for t in tracks if t.key.landmarks is not None and not t.by_hand)
        if not tracks or len(landmarks) < len(tracks) or None in (item.digest, item.width, item.height):
            return None
        boxes = tuple(track.box for track in tracks)
        return KnownFaces(item.digest or "", item.width or 0, item.height or 0, boxes, landmarks)

    def _new_since(self, item: Item) -> frozenset[str]:
        """Who is in the gallery now and was not when the item was compared, if all that was then still holds.

        Empty where that cannot be said: levels moved, somebody of then is not in it now, or has another grant.
        """
        before = self.known.get(item.compared_with or "", frozenset())
        if self.gone or not before < self.compared_with or not self.compared_with - before <= self.grants:
            return frozenset()
        new = frozenset(s for s, grants in self.grants_of.items() if not grants <= before)
        return new if all(before.isdisjoint(self.grants_of[s]) for s in new) else frozenset()

    def _compared_before(self, item: Item) -> frozenset[str]:
        """What else the item was compared with, that still counts: analysed so, at these levels, grants in force."""
        before = self.known.get(item.compared_with or "", frozenset())
        if item.analysed_with != self.analysed_with or not self.compared_with - self.grants <= before:
            return frozenset()
        still = before & self.in_force
        return still | {APART} if still - self.compared_with else still

    def _write(self, batch: list[tuple[Item, PhotoAnalysis | VideoAnalysis | Failure]]) -> None:
        """One transaction of results, after asking once more who still agrees."""
        room, results = self.room, []
        with room.journal.writing():
            self._hear_withdrawals()
            now = room.journal.now()
            failures = [(item, result) for item, result in batch if isinstance(result, Failure)]
            self.unreadable += [Unreadable(item.path, f"{result.what} {result.do}") for item, result in failures]
            self.store.mark_unreadable([(item, f"{result.what} {result.do}") for item, result in failures])
            analyses = [(item, found) for item, found in batch if not isinstance(found, Failure)]
            rejected = {(r.digest, r.subject) for r in self.store.rejections(*{found.digest for _, found in analyses})}
            new = [found.digest for item, found in analyses if item.digest is None]
            gone = self.store.missing_by_digest(self.collection.name, new) if new else {}
            for item, _ in failures:
                log.debug("item %s: not analysed", item.id)
            for item, found in analyses:
                self.undecided += found.undecided
                item = self._moved(item, gone.pop(found.digest, None) if item.digest is None else None)
                tracks, paths = _tracks_of(item, found)
                log.debug("item %s: %d faces, %d recognised", item.id, len(tracks), len(found.recognised))
                if isinstance(found, VideoAnalysis) and found.problems:
                    why = f"This video was looked at as far as it decodes: {'; '.join(found.problems)}."
                    self.unreadable.append(Unreadable(item.path, f"{why} Copy it again from where it came from."))
                seen = tuple(
                    Appearance(s.subject, tracks[s.n], s.band, "recognised", now)
                    for s in found.recognised
                    if s.subject not in self.gone and (found.digest, s.subject) not in rejected
                )
                analysed = replace(
                    item,
                    state="present",
                    digest=found.digest,
                    width=found.width,
                    height=found.height,
                    taken_at=found.taken_at,
                    analysed_with=self.analysed_with,
                    compared_with=self._keep(self._compared_before(item) | self.compared_with),
                    why=None,
                )
                only = found.only if isinstance(found, PhotoAnalysis) else None
                results.append(ItemAnalysis(analysed, tracks, seen, only or self.compared, paths))
            self.store.write_analyses(results)

    def _hear_withdrawals(self) -> None:
        """Keys may have been destroyed since the last batch: those people are out, from here on."""
        generation = self.room.consents.keys.generation
        if generation == self.key_generation:
            return
        self.key_generation = generation
        recognisable = self.room.consents.recognisable()
        self.gone = frozenset(s for s in self.compared if s not in recognisable)
        log.info("sweep: %d people withdrew while it ran", len(self.gone))
        self.grants = frozenset(g for s in self.compared for g in recognisable.get(s, ()))
        self.in_force = frozenset[str]().union(*recognisable.values())
        self.room.collections.permit(
            self.room.collections.get(self.collection.name)
        )  # refuses where a roster is no longer whole

    def _moved(self, item: Item, gone: Item | None) -> Item:
        """A new file with the content of one that is gone is that one, moved."""
        if gone is None:
            return item
        self.store.take_over(gone, item)
        self.moved += 1
        return replace(gone, path=item.path, size_bytes=item.size_bytes, mtime_ns=item.mtime_ns)

    def _keep(self, grants: frozenset[str]) -> str:
        digest = self._gallery_digest(grants)
        if digest not in self.known:
            self.store.keep_gallery(digest, grants)
            self.known[digest] = grants
        return digest

    @staticmethod
    def _gallery_digest(grants: frozenset[str]) -> str:
        return hashlib.sha256("\n".join(sorted(grants)).encode()).hexdigest()


def _tracks_of(item: Item, found: PhotoAnalysis | VideoAnalysis) -> tuple[tuple[Track, ...], tuple[TrackPath, ...]]:
    """The faces of an item as they are kept, and of a video where they are through time."""
    if isinstance(found, VideoAnalysis):
        tracks = tuple(
            Track(item.id, n, Moment(t.box, t.landmarks, t.at_s), t.start_s, t.end_s, path=t.path.digest)
            for n, t in enumerate(found.tracks)
        )
        return tracks, tuple(t.path for t in found.tracks)
    faces = enumerate(zip_longest(found.faces, found.landmarks))
    return tuple(Track(item.id, n, Moment(box, points)) for n, (box, points) in faces), ()


class _Batches:
    """Results to be written together: at most BATCH, none older than BATCH_S when the next one arrives."""

    def __init__(
        self, write: Callable[[list[tuple[AnalysisTask, PhotoAnalysis | VideoAnalysis | Failure]]], None]
    ) -> None:
        self._write = write
        self._batch: list[tuple[AnalysisTask, PhotoAnalysis | VideoAnalysis | Failure]] = []
        self._since = time.monotonic()

    def add(self, task: AnalysisTask, result: PhotoAnalysis | VideoAnalysis | Failure) -> None:
        """One more; written with the others when it is time."""
        self._batch.append((task, result))
        if len(self._batch) >= BATCH or time.monotonic() - self._since >= BATCH_S:
            self.flush()

    def flush(self) -> None:
        """What is left."""
        batch, self._batch, self._since = self._batch, [], time.monotonic()
        if batch:
            self._write(batch)


@contextmanager
def _alone(locks: Path, name: str) -> Iterator[None]:
    """Holds the collection for one sweep; the second is refused. The lock goes with the process, however it ends."""
    locks.mkdir(mode=0o700, parents=True, exist_ok=True)
    with ExitStack() as held:
        try:
            held.enter_context(lock_file(locks / hashlib.sha256(name.encode()).hexdigest()[:16], wait=False))
        except OSError as err:
            raise Busy("This collection is being swept already.", "Wait for that sweep to end, or stop it.") from err
        yield
