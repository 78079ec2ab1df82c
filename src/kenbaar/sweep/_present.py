"""Somebody is here, with a photo of themselves: their pictures in one collection, this once, and nothing is kept."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kenbaar.collections import Collection, Collections, EmbeddingPermit, item_id
from kenbaar.consent import Consents, attempted
from kenbaar.engines import Engine, Failure, never
from kenbaar.errors import Cancelled, ModeRefused, Unusable
from kenbaar.faces import Box
from kenbaar.ledger import Journal, require_permission
from kenbaar.matching import Band
from kenbaar.media import FileBelow, PhotoFile, PhotoLimits, UnreadableFolder, walk_photos
from kenbaar.policy import Actor, Event
from kenbaar.sweep._analyse import PhotoAnalysis
from kenbaar.sweep._compared import PackInUse
from kenbaar.sweep._reanalyse import steady_threshold
from kenbaar.sweep._run import SweepProgress, Unreadable
from kenbaar.sweep._tasks import AnalysePhotos, AnalysisTask
from kenbaar.sweep._video import VideoAnalysis

PAGE = 500  # ids looked up at a time


@dataclass(frozen=True, slots=True)
class SeenHere:
    """One picture they are in, as it was seen just now: on record is nothing of it.

    item: the photo's id, where a sweep has noted it or would. faces: all in it; n: theirs among these.
    """

    item: str
    path: str
    file: FileBelow
    digest: str
    faces: tuple[Box, ...]
    n: int
    band: Band
    when: datetime | None

    @property
    def box(self) -> Box:
        """Where their face is."""
        return self.faces[self.n]


@dataclass(frozen=True, slots=True)
class PresentReport:
    """What was found for somebody who is here. compared: photos that were looked through; unreadable: those not."""

    pictures: tuple[SeenHere, ...] = field(repr=False)
    compared: int
    unreadable: tuple[Unreadable, ...]


class PresentSearches:
    """Finds the pictures of people who are here and agreed just now, in one archive."""

    def __init__(self, consents: Consents, collections: Collections, journal: Journal) -> None:
        self.consents, self.collections, self.journal = consents, collections, journal

    def find(
        self,
        actor: Actor,
        name: str,
        read_own: Callable[[], NDArray[np.float32]],
        pack: PackInUse,
        *,
        engine: Engine,
        limits: PhotoLimits,
        say: Callable[[SweepProgress], None],
        cancelled: Callable[[], bool] = never,
    ) -> PresentReport:
        """The pictures in a collection that show who is here, by path. Their consent is for this once.

        1. the mode must let all faces be compared   2. their photo is read: read_own() -> their vectors, (1, d)
        3. what they agreed to is in the ledger, and nothing of who they are   4. the collection is compared with them,
        as a sweep compares, and nothing is written   5. their vectors are overwritten, however it ended
        Raises NotFound, RoleRefused; ModeRefused before their photo is opened; EnrolmentRefused for a photo that will
        not do; Cancelled, and then nothing is told.
        """
        with attempted(self.consents, Event.SPOKEN, actor, None):
            require_permission(Event.SPOKEN, actor, None)
            collection = self.collections.get(name)
            permit = self._permit(collection)  # 1
            found = list(walk_photos(Path(collection.source), follow_links=collection.follow_links))
            files = [entry for entry in found if isinstance(entry, PhotoFile)]
            gallery = self.consents.spoken_gallery(read_own(), pack.digest)  # 2
        try:
            with self.journal.writing():
                gallery.recorded(
                    self.journal.record(Event.SPOKEN, actor, collection=name, mode=permit.mode, pictures=len(files))
                )  # 3
            threshold = steady_threshold(pack.threshold, len(gallery))
            work = AnalysePhotos(pack.folder, limits, permit, gallery, threshold)
            seen, unreadable = self._compare(work, collection, files, engine, say, cancelled)  # 4
        finally:
            gallery.wipe()  # 5
        closed = [Unreadable(e.relative, e.why) for e in found if isinstance(e, UnreadableFolder)]
        return PresentReport(tuple(seen), len(files) - len(unreadable), (*closed, *unreadable))

    def _permit(self, collection: Collection) -> EmbeddingPermit:
        permit = self.collections.permit(collection)
        if permit.scope != "all":
            raise ModeRefused(
                f"In mode {collection.mode} not all faces may be compared, so nobody is found by a photo there.",
                "Look with them instead: `kenbaar collection show NAME --sheet FILE` shows every photo with all faces "
                "covered. Roster and transient are the modes in which faces are compared, where they are allowed.",
            )
        if not os.path.isdir(collection.source):  # noqa: PTH112  # Path.is_dir raises where a folder above is closed
            raise Unusable("The source folder of this collection is not there.", "Mount it or put it back.")
        return permit

    def _compare(
        self,
        work: AnalysePhotos,
        collection: Collection,
        files: list[PhotoFile],
        engine: Engine,
        say: Callable[[SweepProgress], None],
        cancelled: Callable[[], bool],
    ) -> tuple[list[SeenHere], list[Unreadable]]:
        """Every photo, with that one person. What else is in it goes with the worker's answer."""
        seen: list[SeenHere] = []
        unreadable: list[Unreadable] = []
        ids, started, done = self._ids(collection, files), time.monotonic(), 0
        say(SweepProgress(0, len(files), 0.0))

        def take(task: AnalysisTask, result: PhotoAnalysis | VideoAnalysis | Failure) -> None:
            nonlocal done
            done += 1
            assert not isinstance(result, VideoAnalysis)  # photos alone are asked for here
            if isinstance(result, Failure):
                unreadable.append(Unreadable(task.key, f"{result.what} {result.do}"))
            else:
                seen.extend(
                    SeenHere(
                        ids[task.key], task.key, task.path, result.digest, result.faces, r.n, r.band, result.taken_at
                    )
                    for r in result.recognised
                )
            say(SweepProgress(done, len(files), time.monotonic() - started))

        tasks: Iterable[AnalysisTask] = (AnalysisTask(f.relative, collection.file(f.relative)) for f in files)
        engine.map(work, tasks, take, cancelled)
        if cancelled():
            raise Cancelled("Stopped.", "Nothing was kept; run it again to look.")
        return sorted(seen, key=lambda s: (s.path, s.n)), unreadable

    def _ids(self, collection: Collection, files: list[PhotoFile]) -> dict[str, str]:
        """The ids of the photos by path; of those no sweep has seen, the ones that they would get."""
        ids = {f.relative: item_id(collection.name, f.relative) for f in files}
        for first in range(0, len(files), PAGE):
            page = [f.relative for f in files[first : first + PAGE]]
            known = self.collections.store.items_by_path(collection.name, page)
            ids |= {path: item.id for path, item in known.items()}
        return ids
