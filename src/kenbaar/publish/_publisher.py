"""Publishing a collection: plan, mask, check, record who is visible, and only then give the file its name."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from kenbaar.collections import Collection, Collections, Item, ItemState
from kenbaar.consent import SHOWING, Consents, Purpose, sign_manifest, verify_manifest
from kenbaar.disk import remove_below, written_below
from kenbaar.engines import Engine, Failure, InProcessEngine, never
from kenbaar.errors import KenbaarError, Unusable
from kenbaar.faces import Box
from kenbaar.ledger import Journal
from kenbaar.media import (
    FileBelow,
    PhotoLimits,
    digest_file,
    encode_name,
    leads_out,
)
from kenbaar.modelpack import ModelPack
from kenbaar.policy import Actor, Event
from kenbaar.publish._folder import Numbers, checked_folder, copy_name, holds_name, publishing_alone, remove_leftovers
from kenbaar.publish._make import MadeCopy
from kenbaar.publish._records import Copy, CopyStore
from kenbaar.publish._tasks import CopyTask, MakeCopies
from kenbaar.text import json_text, read_json

log = logging.getLogger(__name__)

RENDERER = "3"  # raised whenever the same plan gives other pixels or more is found: copies made before are made again
BATCH = 16  # copies put in place together: two transactions each
ASK_AGAIN_S = 10.0  # s: an end date that passes while a long publication runs is heard this soon
MANIFEST = "manifest.json"
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


@dataclass(frozen=True, slots=True)
class _Planned:
    """One item on its way out: who may be visible, where it goes, and the key to everything its pixels depend on."""

    item: Item
    target: Path
    reveals: tuple[tuple[Box, str], ...]
    faces: tuple[Box, ...]
    render_key: str


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
        engine: Engine | None = None,
        cancelled: Callable[[], bool] = never,
    ) -> PublishReport:
        """Brings OUT to what consent allows now. Run it again after a withdrawal: what is affected is replaced.

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
                self, actor, collection, folder, channel, pack, limits, mask_doubtful, number_names
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
    ) -> None:
        self.actor = actor
        self.tell: Callable[[], None] = lambda: None
        self.room, self.collection, self.folder, self.channel = room, collection, folder, channel
        self.pack, self.limits, self.mask_doubtful = pack, limits, mask_doubtful
        self.store = room.collections.store
        known = room.copies.of_folder(str(folder))
        self.before = {path: copy for path, copy in known.items() if copy.collection == collection.name}
        self.others = {path: copy for path, copy in known.items() if copy.collection != collection.name}
        self.ours = self._in_manifest()
        kept = {copy.item: self._below(copy) for copy in self.before.values()}
        self.numbers = Numbers(kept, self._is_free) if number_names else None
        self.held: list[Held] = []
        self.held_items: set[str] = set()
        self.current: dict[str, Copy] = {}
        self.taken: set[str] = set()
        self.reduced: set[str] = set()
        self.asked_for: dict[int, _Planned] = {}
        self.made: list[tuple[_Planned, MadeCopy | Failure]] = []
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
        engine.map(
            MakeCopies(self.limits, self.pack.folder, self.pack.digest, self.pack), self._tasks(), self._made, cancelled
        )
        self._put_made_in_place()
        removed = self._take_away_the_rest()
        log.info(
            "publication: %d written, %d unchanged, %d held, %d removed",
            self.written, self.unchanged, len(self.held), removed,
        )  # fmt: skip
        manifest = self._write_manifest()
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
                    yield CopyTask(len(self.taken), source, digest, planned.faces, reveals, self.mask_doubtful)
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

    def _to_make(self, item: Item) -> _Planned | None:
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
        if why := self._not_ours(planned.target):
            self._hold(item, why)
            return None
        if self._is_reduced(item):
            self.reduced.add(str(planned.target))
        old = self.before.get(str(planned.target))
        if old is not None and old.render_key == planned.render_key and self._is_there(old):
            self.current[old.path] = old
            self.unchanged += 1
            return None
        return planned

    def _ready(
        self, planned: _Planned, made: MadeCopy | Failure, beside: ExitStack
    ) -> tuple[_Planned, MadeCopy, Callable[[], None]] | None:
        """The finished, checked file beside its place, and what puts it there; None where it is held back."""
        if isinstance(made, Failure):
            self._hold(planned.item, f"{made.what} {made.do}")
            return None
        log.debug("item %s: %d masks, %d revealed", planned.item.id, made.masked, len(made.revealed))
        if not made.check.clean:
            log.warning("item %s: its copy is held, the check found something", planned.item.id)
            self._hold(planned.item, "; ".join(made.check.problems()))
            return None
        place = written_below(made.data, self.folder, str(planned.target.relative_to(self.folder)))
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

    def _is_free(self, name: str) -> bool:
        """Whether nothing in the folder is called that."""
        path = self.folder / name
        return str(path) not in self.before and str(path) not in self.others and not os.path.lexists(path)

    def _not_ours(self, target: Path) -> str | None:
        """Why a copy must not be put there: something lies there that is not the older copy of that photo."""
        path = str(target)
        if path in self.before:
            return None
        if path in self.others:
            return f"a copy from collection {self.others[path].collection!r} has its name; give another folder for OUT"
        if path not in self.ours and os.path.lexists(target):
            return "a file that Kenbaar did not write has its name; move that file away"
        return None

    def _is_there(self, copy: Copy) -> bool:
        """Whether that copy lies in the folder as it was put there, and not something else behind a link."""
        name = encode_name(self._below(copy))
        try:
            return not os.path.islink(copy.path) and digest_file(FileBelow(self.folder, name)) == copy.copy_digest  # noqa: PTH114
        except KenbaarError:
            return False

    def _in_manifest(self) -> frozenset[str]:
        """What the folder's own manifest says Kenbaar put there: a record put back from yesterday does not know it.

        Raises Unusable where the manifest there is not this archive's: then these are not its copies.
        """
        manifest = self.folder / MANIFEST
        if not os.path.lexists(manifest):
            return frozenset()
        try:
            if manifest.is_symlink() or not manifest.is_file():
                raise ValueError("no file of ours")
            signer = self.room.consents.signer
            signed = verify_manifest(read_json(manifest.read_bytes()), {signer.kid: signer.public_jwk()})
            if signed.trusted:
                return frozenset(str(self.folder / file["file"]) for file in signed.payload["files"])
        except (OSError, ValueError, RecursionError, KenbaarError, KeyError, TypeError, AttributeError):
            pass  # whatever it is, it is not ours
        raise Unusable(
            f"There is a {MANIFEST} in that folder that this archive did not write, or that was altered.",
            "Move it away, or give another folder for OUT.",
        )

    def _plan(self, item: Item) -> _Planned:
        may_show = self._may_show()
        appearing = [
            a for a in self.store.appearances_in(item.id) if a.subject in may_show and a.certain_enough_to_show
        ]
        reveals = tuple(sorted((a.box, a.subject) for a in appearing))
        faces = tuple(track.box for track in self.store.tracks(item.id))
        depends_on = [
            RENDERER, item.digest, self.pack.digest, self.mask_doubtful,
            [b.as_list() for b in faces], [(b.as_list(), s) for b, s in reveals],
        ]  # fmt: skip
        if self._is_reduced(item):
            depends_on.append(str(self.limits.max_full_pixels))
        key = hashlib.sha256(json.dumps(depends_on).encode()).hexdigest()
        return _Planned(item, self.folder / self._name(item), reveals, faces, key)

    def _named(self) -> tuple[str, ...]:
        people = [person.name for person in self.room.consents.store.subjects()]
        below = sorted(self._below(copy) for copy in self.current.values())
        return tuple(path for path in below if holds_name(path, people))

    def _is_reduced(self, item: Item) -> bool:
        """Whether its copy is made at reduced size."""
        return (item.width or 0) * (item.height or 0) > self.limits.max_full_pixels

    def _may_show(self) -> frozenset[str]:
        """Who may be visible now: asked anew when a key was destroyed, and every few seconds for the date."""
        generation, now = self.room.consents.keys.generation, self.room.journal.now()
        if self.asked is None or self.asked[0] != generation or (now - self.asked[1]).total_seconds() > ASK_AGAIN_S:
            self.asked = (generation, now, self.room.consents.may_show(self.channel))
        return self.asked[2]

    def _hold(self, item: Item, why: str) -> None:
        self.held.append(Held(item.path, why))
        self.held_items.add(item.id)

    def _put_in_place(self, ready: Sequence[tuple[_Planned, MadeCopy, Callable[[], None]]]) -> None:
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
                if any(s not in may_show for _, s in showing):
                    self._hold(planned.item, "somebody in it withdrew just now; publish again")
                    continue
                copies.append((self._copy(planned, rendered, tuple(s for _, s in showing), now), put))
            room.copies.announce([copy for copy, _ in copies])
            for _, put in copies:
                put()
            room.copies.placed([copy for copy, _ in copies])
        for copy, _ in copies:
            self.current[copy.path] = copy
            self.written += 1
            self.replaced += copy.path in self.before

    def _copy(self, planned: _Planned, rendered: MadeCopy, showing: tuple[str, ...], now: datetime) -> Copy:
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
            showing=tuple(sorted(showing)),
        )

    def _take_away_the_rest(self) -> int:
        """Copies that this run could not prove right any more: their photo is held, gone, or somebody in it left."""
        may_show = self._may_show()
        made = {copy.item for copy in self.current.values()}
        gone = []
        for path, copy in self.before.items():
            if path in self.current:
                continue
            there = {a.subject for a in self.store.appearances_in(copy.item)} & may_show
            if (
                copy.item in self.held_items
                or copy.item in made  # under another name now
                or copy.channel != self.channel
                or set(copy.showing) - there
                or self._leads_out(self.store.item(copy.item))
            ):
                remove_below(self.folder, self._below(copy))
                gone.append(path)
            else:
                self.current[path] = copy  # its original is gone, and nothing in it is wrong
        self.room.copies.drop(gone)
        return len(gone)

    def _below(self, copy: Copy) -> str:
        """Where that copy lies in the folder."""
        return str(Path(copy.path).relative_to(self.folder))

    def _leads_out(self, item: Item | None) -> bool:
        """Whether it is reached by a link out of the collection's folder, and so is not the collection's."""
        if item is None or self.collection.follow_links:
            return False
        return leads_out(Path(self.collection.source), self.collection.file(item.path).path)

    def _write_manifest(self) -> Path:
        """manifest.json: every copy in the folder with its digests, signed by the archive's key."""
        files = [
            {
                "file": self._below(c),
                "digest": c.copy_digest,
                "source_digest": c.source_digest,
                "masked": c.masked,
                "visible": c.visible,
                "channel": c.channel,
                "made_at": c.made_at.isoformat(),
            }
            for c in sorted([*self.current.values(), *self.others.values()], key=lambda c: c.path)
        ]
        payload = {
            "kind": "kenbaar-manifest",
            "organisation": self.room.consents.organisation,
            "channel": self.channel,
            "made_at": self.room.journal.act_time().isoformat(),
            "files": files,
        }
        signed = sign_manifest(payload, self.room.consents.signer)
        with written_below(json_text(signed, indent=1).encode(), self.folder, MANIFEST) as put:
            put()
        return self.folder / MANIFEST
