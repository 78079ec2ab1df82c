"""Publishing a collection: plan, mask, check, record who is visible, and only then give the file its name."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from kenbaar.collections import Collection, Collections, Item, ItemState
from kenbaar.consent import SHOWING, Consents, Purpose
from kenbaar.disk import placed_below, remove_below, written_below
from kenbaar.engines import Engine, Failure, InProcessEngine, never
from kenbaar.errors import KenbaarError, Unusable
from kenbaar.ledger import Journal
from kenbaar.media import (
    PhotoLimits,
    leads_out,
)
from kenbaar.modelpack import ModelPack
from kenbaar.policy import Actor, Event
from kenbaar.publish._folder import Numbers, checked_folder, copy_name, holds_name, publishing_alone, remove_leftovers
from kenbaar.publish._make import MadeCopy
from kenbaar.publish._manifest import copies_in_manifest, write_manifest
from kenbaar.publish._place import Place
from kenbaar.publish._plan import Planned, is_reduced, plan_copy, plan_video_copy
from kenbaar.publish._records import Copy, CopyStore
from kenbaar.publish._tasks import CopyTask, MakeCopies
from kenbaar.publish._video import Sound

log = logging.getLogger(__name__)

BATCH = 16  # copies put in place together: two transactions each
ASK_AGAIN_S = 10.0  # s: an end date that passes while a long publication runs is heard this soon
_COPIED: tuple[ItemState, ...] = ("present", "new", "unreadable")  # every file that is there: copied, or held


@dataclass(frozen=True, slots=True)
class Held:
    """A photo that was not published, and why."""

    path: str
    why: str


@dataclass(frozen=True, slots=True)
class PublishReport:
    """What is in the folder now (published, masked, visible, reduced) and what this run did.

    reduced: copies smaller than their originals, which are too large to be decoded at full size (PhotoLimits).
    named: copies whose name or folder holds a word of the name of somebody invited or enrolled, below the folder.
    """

    published: int
    held: tuple[Held, ...]
    masked: int
    visible: int
    written: int
    replaced: int
    unchanged: int
    removed: int
    manifest: Path
    reduced: int = 0
    named: tuple[str, ...] = ()


class Publisher:
    """Publishes the collections of one archive and remembers every copy."""

    def __init__(
        self,
        consents: Consents,
        collections: Collections,
        copies: CopyStore,
        journal: Journal,
        home: Path,
    ) -> None:
        self.consents, self.collections, self.copies = consents, collections, copies
        self.journal, self.home = journal, home

    def publish(
        self,
        actor: Actor,
        name: str,
        out: Path,
        channel: str,
        pack: ModelPack,
        limits: PhotoLimits,
        *,
        say: Callable[[int, int, float], None],
        mask_doubtful: bool = False,
        number_names: bool = False,
        sound: Sound = "mute",
        engine: Engine | None = None,
        cancelled: Callable[[], bool] = never,
    ) -> PublishReport:
        """Brings OUT to what consent allows now. Run it again after a withdrawal: what is affected is replaced.

        sound: of videos: left out, kept, or a reason to hold the video back: people are known by their voice, too.
        number_names: copies are called 000001.jpg and so on, in no folders of their own; one keeps its number.
        engine: where copies are made; None makes them all here.
        cancelled: asked between copies; after a yes nothing more is made, and what this run had not come to stays as
        it was, but for what shows somebody who may not be shown any more.

        A photo that cannot be proven right is held back, and an older copy of it is taken away. Files in OUT that are
        no copies of this collection are left as they are. Raises Busy where somebody else publishes there now.
        """
        Purpose(SHOWING[0], channel)  # refuses what no grant could be for
        collection = self.collections.get(name)
        folder = checked_folder(out, Path(collection.source), self.home)
        with publishing_alone(folder):
            run = _PublicationUnderWay(
                self, actor, collection, folder, channel, pack, limits, mask_doubtful, number_names, sound
            )
            return run.go(engine or InProcessEngine(), say, cancelled)


class _PublicationUnderWay:
    """One publication under way."""

    def __init__(
        self,
        room: Publisher,
        actor: Actor,
        collection: Collection,
        folder: Path,
        channel: str,
        pack: ModelPack,
        limits: PhotoLimits,
        mask_doubtful: bool,
        number_names: bool,
        sound: Sound,
    ) -> None:
        self.actor = actor
        self.tell: Callable[[], None] = lambda: None
        self.room, self.collection, self.folder, self.channel = room, collection, folder, channel
        self.pack, self.limits, self.mask_doubtful = pack, limits, mask_doubtful
        self.sound: Sound = sound
        self.store = room.collections.store
        ours = copies_in_manifest(folder, room.consents.signer)
        self.place = Place(folder, collection.name, room.copies.of_folder(str(folder)), ours)
        kept = {copy.item: self.place.below(copy) for copy in self.place.before.values()}
        self.numbers = Numbers(kept, self.place.is_free) if number_names else None
        self.held: list[Held] = []
        self.held_items: set[str] = set()
        self.current: dict[str, Copy] = {}
        self.taken: set[str] = set()
        self.reduced: set[str] = set()
        self.asked_for: dict[int, Planned] = {}
        self.made: list[tuple[Planned, MadeCopy | Failure]] = []
        self.asked: tuple[int, datetime, frozenset[str]] | None = None
        self.written = self.replaced = self.unchanged = 0

    def go(
        self, engine: Engine, say: Callable[[int, int, float], None], cancelled: Callable[[], bool]
    ) -> PublishReport:
        import time

        room, started = self.room, time.monotonic()
        name, channel = self.collection.name, self.channel
        room.journal.record(Event.PUBLISH, self.actor, collection=name, channel=channel)
        remove_leftovers(self.folder)
        counts = self.store.count(self.collection.name)
        total = sum(counts.get(s, 0) for s in _COPIED)
        self.tell = lambda: say(len(self.current) + len(self.held), total, time.monotonic() - started)
        self.tell()
        pack, out = self.pack, self.folder
        work = MakeCopies(self.limits, pack.folder, pack.digest, pack, out, self.sound)
        engine.map(work, self._tasks(), self._made, cancelled)
        self._put_made_in_place()
        removed = self._take_away_the_rest()
        log.info(
            "publication: %d written, %d unchanged, %d held, %d removed",
            self.written, self.unchanged, len(self.held), removed,
        )  # fmt: skip
        manifest = write_manifest(
            self.folder,
            self.channel,
            [(self.place.below(copy), copy) for copy in (*self.current.values(), *self.place.others.values())],
            room.consents,
            room.journal.act_time(),
        )
        visible = {s for copy in self.current.values() for s in copy.showing}
        for subject in sorted(visible):
            n = sum(subject in copy.showing for copy in self.current.values())
            room.journal.record(Event.SHOWN, self.actor, subject=subject, channel=self.channel, copies=n)
        return PublishReport(
            published=len(self.current),
            held=tuple(sorted(self.held, key=lambda h: h.path)),
            masked=sum(c.masked for c in self.current.values()),
            visible=sum(c.visible for c in self.current.values()),
            written=self.written,
            replaced=self.replaced,
            unchanged=self.unchanged,
            removed=removed,
            manifest=manifest,
            reduced=len(self.reduced & set(self.current)),
            named=self._named(),
        )

    def _pages(self) -> Iterator[list[Item]]:
        after = ""
        while page := self.store.items(self.collection.name, _COPIED, after, BATCH):
            yield page
            after = page[-1].path

    def _tasks(self) -> Iterator[CopyTask]:
        """The copies to make; what is held back or there already is noted and passed over."""
        for page in self._pages():
            for item in page:
                if (planned := self._to_make(item)) is not None:
                    source = self.collection.file(item.path)
                    reveals = tuple(box for box, _ in planned.reveals)
                    digest = item.digest or ""
                    self.asked_for[len(self.taken)] = planned
                    tracks = planned.tracks if item.kind == "video" else None
                    yield CopyTask(len(self.taken), source, digest, planned.faces, reveals, self.mask_doubtful, tracks)
            self.tell()

    def _made(self, task: CopyTask, made: MadeCopy | Failure) -> None:
        """One copy, or why there is none; put in place with others when there are enough."""
        self.made.append((self.asked_for.pop(task.key), made))
        if len(self.made) >= BATCH:
            self._put_made_in_place()

    def _put_made_in_place(self) -> None:
        made, self.made = self.made, []
        with ExitStack() as beside:
            self._put_in_place([ready for each in made if (ready := self._ready(*each, beside)) is not None])
        self.tell()

    def _to_make(self, item: Item) -> Planned | None:
        if item.state == "unreadable":
            self._hold(item, f"the sweep could not read it. {item.why or ''}".strip())
            return None
        if item.state == "new" or item.digest is None:
            self._hold(item, "it was not swept yet; run `kenbaar sweep` first")
            return None
        if self._leads_out(item):
            self._hold(item, "a link leads there out of the collection's folder; put the file itself there")
            return None
        try:
            planned = self._plan(item)
        except KenbaarError as err:
            self._hold(item, f"{err.what} {err.do}")
            return None
        if str(planned.target) in self.taken:
            self._hold(item, "another photo's copy has the same name; rename one of the originals")
            return None
        self.taken.add(str(planned.target))
        if why := self.place.taken_by(planned.target):
            self._hold(item, why)
            return None
        if is_reduced(item, self.limits):
            self.reduced.add(str(planned.target))
        old = self.place.before.get(str(planned.target))
        if old is not None and old.render_key == planned.render_key and self.place.holds(old):
            self.current[old.path] = old
            self.unchanged += 1
            return None
        return planned

    def _ready(
        self, planned: Planned, made: MadeCopy | Failure, beside: ExitStack
    ) -> tuple[Planned, MadeCopy, Callable[[], None]] | None:
        """The finished, checked file beside its place, and what puts it there; None where it is held back."""
        if isinstance(made, Failure):
            self._hold(planned.item, f"{made.what} {made.do}")
            return None
        log.debug("item %s: %d masks, %d revealed", planned.item.id, made.masked, len(made.revealed))
        if not made.check.clean:
            log.warning("item %s: its copy is held, the check found something", planned.item.id)
            self._hold(planned.item, "; ".join(made.check.problems()))
            if made.part is not None:
                made.part.unlink(missing_ok=True)
            return None
        below = str(planned.target.relative_to(self.folder))
        if made.part is not None:
            place = placed_below(made.part.name, self.folder, below)
        else:
            place = written_below(made.data, self.folder, below)
        try:
            return planned, made, beside.enter_context(place)
        except FileNotFoundError:
            raise Unusable("The folder for the copies is gone.", "Put it back, then publish again.") from None
        except NotADirectoryError:
            self._hold(planned.item, "a file or a link lies where its folder would be; move it away")
            return None

    def _name(self, item: Item) -> str:
        """Where its copy goes, below the folder."""
        return copy_name(item.path) if self.numbers is None else self.numbers.name(item.id, item.path)

    def _plan(self, item: Item) -> Planned:
        hidden = self._hidden(item)
        covers = self.store.covers(item.digest) if item.digest else []
        appearing = [
            a
            for a in self.store.appearances_in(item.id)
            if a.subject not in hidden and not any(cover.touches(a.box) for cover in covers)
        ]
        tracks = self.store.tracks(item.id)
        faces = tuple(track.box for track in tracks) + tuple(cover.box for cover in covers)
        target = self.folder / self._name(item)
        depends_on = self.pack.digest, self.mask_doubtful, self.limits
        if item.kind == "video":
            paths = self.store.paths(item.id)
            return plan_video_copy(
                item, target, tracks, paths, appearing, self._may_show(), self.pack.digest, covers, sound=self.sound
            )
        return plan_copy(item, target, faces, appearing, self._may_show(), *depends_on)

    def _hidden(self, item: Item) -> frozenset[str]:
        """Who said that they are not to be visible in this content."""
        return frozenset(h.subject for h in self.store.hidden(item.digest)) if item.digest else frozenset()

    def _named(self) -> tuple[str, ...]:
        people = [person.name for person in self.room.consents.store.subjects()]
        below = sorted(self.place.below(copy) for copy in self.current.values())
        return tuple(path for path in below if holds_name(path, people))

    def _may_show(self) -> frozenset[str]:
        """Who may be visible now: asked anew when a key was destroyed, and every few seconds for the date."""
        generation, now = self.room.consents.keys.generation, self.room.journal.now()
        if self.asked is None or self.asked[0] != generation or (now - self.asked[1]).total_seconds() > ASK_AGAIN_S:
            self.asked = (generation, now, self.room.consents.may_show(self.channel))
        return self.asked[2]

    def _hold(self, item: Item, why: str) -> None:
        self.held.append(Held(item.path, why))
        self.held_items.add(item.id)

    def _put_in_place(self, ready: Sequence[tuple[Planned, MadeCopy, Callable[[], None]]]) -> None:
        """1. who will be visible is on record  2. the files get their names  3. the record says what is there now.

        Between 1 and 3 both the old and the new people count as shown: a kill never hides a copy from a withdrawal.
        Whoever withdrew while the page was made is noticed under the lock: their photo is held for the next run.
        """
        if not ready:
            return
        room = self.room
        with room.journal.writing():
            may_show, now = self._may_show(), room.journal.act_time()
            copies: list[tuple[Copy, Callable[[], None]]] = []
            for planned, rendered, put in ready:
                showing = [(box, s) for box, s in planned.reveals if box in rendered.revealed]
                hidden, covers = self._hidden(planned.item), self.store.covers(planned.item.digest or "")
                covered = any(cover.touches(box) for box, _ in showing for cover in covers)
                if any(s not in may_show for _, s in showing):
                    self._hold(planned.item, "somebody in it withdrew just now; publish again")
                    continue
                if covered or any(s in hidden for _, s in showing):
                    self._hold(planned.item, "somebody in it asked just now not to be seen; publish again")
                    continue
                copies.append((self._copy(planned, rendered, tuple(s for _, s in showing), now), put))
            room.copies.announce([copy for copy, _ in copies])
            for _, put in copies:
                put()
            room.copies.placed([copy for copy, _ in copies])
        for copy, _ in copies:
            self.current[copy.path] = copy
            self.written += 1
            self.replaced += copy.path in self.place.before

    def _copy(self, planned: Planned, rendered: MadeCopy, showing: tuple[str, ...], now: datetime) -> Copy:
        return Copy(
            path=str(planned.target),
            collection=self.collection.name,
            item=planned.item.id,
            folder=str(self.folder),
            channel=self.channel,
            source_digest=planned.item.digest or "",
            copy_digest=rendered.digest,
            render_key=planned.render_key,
            masked=rendered.masked,
            visible=len(showing),
            made_at=now,
            showing=tuple(sorted(set(showing))),
        )

    def _take_away_the_rest(self) -> int:
        """Copies that this run could not prove right any more: their photo is held, gone, or somebody in it left."""
        may_show = self._may_show()
        made = {copy.item for copy in self.current.values()}
        gone = []
        for path, copy in self.place.before.items():
            if path in self.current:
                continue
            item = self.store.item(copy.item)
            there = {a.subject for a in self.store.appearances_in(copy.item)} & may_show
            there -= self._hidden(item) if item is not None else frozenset()
            if (
                copy.item in self.held_items
                or copy.item in made  # under another name now
                or copy.channel != self.channel
                or set(copy.showing) - there
                or self._leads_out(item)
            ):
                remove_below(self.folder, self.place.below(copy))
                gone.append(path)
            else:
                self.current[path] = copy  # its original is gone, and nothing in it is wrong
        self.room.copies.drop(gone)
        return len(gone)

    def _leads_out(self, item: Item | None) -> bool:
        """Whether it is reached by a link out of the collection's folder, and so is not the collection's."""
        if item is None or self.collection.follow_links:
            return False
        return leads_out(Path(self.collection.source), self.collection.file(item.path).path)
