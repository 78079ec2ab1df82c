"""Publishing: copies in which only those are visible who agreed to it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from kenbaar.acts._act import NO_PROGRESS, Progress, act
from kenbaar.acts._json import HIDDEN
from kenbaar.archive import Archive
from kenbaar.consent import SHOWING, Purpose
from kenbaar.errors import NotFound
from kenbaar.media import begin_reading, digest_bytes, digest_file
from kenbaar.policy import Actor, Permission
from kenbaar.publish import Copy, Sound


@dataclass(frozen=True, slots=True)
class PublishRequest:
    """Which collection, into which folder, for which channel. mask_doubtful: instead of holding such photos back.

    number_names: copies are called 000001.jpg and so on; what originals and their folders are called stays here.
    sound: of videos: left out, kept, or a reason to hold the video back: people are known by their voice, too.
    """

    name: str
    out: Path
    channel: str
    mask_doubtful: bool = False
    workers: int | None = None
    number_names: bool = False
    sound: Sound = "mute"


@dataclass(frozen=True, slots=True)
class HeldRow:
    """A photo that was not published."""

    path: str
    why: str


@dataclass(frozen=True, slots=True)
class PublishAnswer:
    """What is in the folder now (published, masked, visible), what is held back, and what this run did.

    reduced: copies that are smaller than their originals (more than max_full_megapixels, a setting).
    named: copies whose name holds a word of the name of somebody invited or enrolled.
    """

    published: int
    held: tuple[HeldRow, ...]
    masked: int
    visible: int
    written: int
    replaced: int
    unchanged: int
    removed: int
    manifest: Path
    reduced: int
    named: tuple[str, ...]


@act("publish", Permission.PUBLISH)
def publish(archive: Archive, actor: Actor, request: PublishRequest, progress: Progress = NO_PROGRESS) -> PublishAnswer:
    """Brings a folder to what consent allows now. Cancelled, what is there stays right; run again, it goes on."""
    begin_reading(archive.limits)  # while the pack is opened
    report = archive.publisher.publish(
        actor,
        request.name,
        request.out,
        request.channel,
        archive.pack,
        archive.limits,
        say=lambda done, total, seconds: progress.report("publish", done, total, seconds),
        mask_doubtful=request.mask_doubtful,
        number_names=request.number_names,
        sound=request.sound,
        engine=archive.engine(request.workers),
        cancelled=progress.cancelled,
    )
    return PublishAnswer(
        published=report.published,
        held=tuple(HeldRow(h.path, h.why) for h in report.held),
        masked=report.masked,
        visible=report.visible,
        written=report.written,
        replaced=report.replaced,
        unchanged=report.unchanged,
        removed=report.removed,
        manifest=report.manifest,
        reduced=report.reduced,
        named=report.named,
    )


@dataclass(frozen=True, slots=True)
class PlanPublicationRequest:
    """Which collection, for which channel."""

    name: str
    channel: str


@dataclass(frozen=True, slots=True)
class PlanPublicationAnswer:
    """What a publication would do, as far as the records tell: photos copied, faces covered, faces left
    visible, and of how many people those are."""

    collection: str
    channel: str
    photos: int
    covered: int
    visible: int
    people: int


@act("publish plan", Permission.PUBLISH)
def plan_publication(archive: Archive, actor: Actor, request: PlanPublicationRequest) -> PlanPublicationAnswer:
    """A dry run: nothing is opened, compared or written. Raises NotFound, UsageError for what is no channel."""
    Purpose(SHOWING[0], request.channel)
    name, store = archive.collections.get(request.name).name, archive.collections.store
    shown: set[tuple[str, int]] = set()
    people = set()
    for subject in archive.consents.may_show(request.channel):
        for item, appearance in store.appearances_of(subject):
            hides = item.digest is not None and any(h.subject == subject for h in store.hidden(item.digest))
            if item.collection == name and appearance.certain_enough_to_show and not hides:
                shown.add((item.id, appearance.n))
                people.add(subject)
    tally = store.tally(name)
    photos = store.count(name).get("present", 0)
    return PlanPublicationAnswer(name, request.channel, photos, tally.tracks - len(shown), len(shown), len(people))


@dataclass(frozen=True, slots=True)
class ListCopiesRequest:
    """Of which collection; None: all."""

    name: str | None = None


@dataclass(frozen=True, slots=True)
class CopyListRow:
    """One published copy. copy: its id. to_come_down: it shows somebody who may not be shown there any more."""

    copy: str
    path: Path
    collection: str
    channel: str
    item: str
    made_at: datetime
    masked: int
    visible: int
    to_come_down: bool


@dataclass(frozen=True, slots=True)
class ListCopiesAnswer:
    """Every copy that is out, by path."""

    copies: tuple[CopyListRow, ...]


@act("copies list", Permission.READ)
def list_copies(archive: Archive, actor: Actor, request: ListCopiesRequest) -> ListCopiesAnswer:
    """Which copies are out, and which of them must be made again. Who is in them is not told."""
    rows, allowed = [], dict[str, frozenset[str]]()
    for copy in archive.publisher.copies.all():
        if request.name is None or copy.collection == request.name:
            if copy.channel not in allowed:
                allowed[copy.channel] = archive.consents.may_show(copy.channel)
            hidden = archive.collections.store.hidden(copy.source_digest) if copy.showing else []
            covered = any(c.since > copy.made_at for c in archive.collections.store.covers(copy.source_digest))
            down = covered or not set(copy.showing) <= allowed[copy.channel] - {h.subject for h in hidden}
            rows.append(
                CopyListRow(
                    copy_id(copy), Path(copy.path), copy.collection, copy.channel, copy.item, copy.made_at,
                    copy.masked, copy.visible, down,
                )
            )  # fmt: skip
    return ListCopiesAnswer(tuple(rows))


@dataclass(frozen=True, slots=True)
class ShowCopyRequest:
    """Which copy, by its id."""

    copy: str


@dataclass(frozen=True, slots=True)
class ShowCopyAnswer:
    """A copy's bytes, as they are out; of a video none, and path says where they lie. kind: their media type."""

    copy: str
    item: str
    kind: str
    data: bytes = field(default=b"", repr=False, metadata=HIDDEN)
    path: Path | None = field(default=None, repr=False, metadata=HIDDEN)


_KINDS = {
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".mov": "video/quicktime",
    ".webm": "video/webm",
    ".mkv": "video/x-matroska",
}


@act("copies show", Permission.READ)
def show_copy(archive: Archive, actor: Actor, request: ShowCopyRequest) -> ShowCopyAnswer:
    """One copy as it lies there. Raises NotFound where it is gone or is another file than was written."""
    found = next((c for c in archive.publisher.copies.all() if copy_id(c) == request.copy), None)
    path = Path(found.path) if found else None
    gone = NotFound("There is no such copy, or it is another file than was written.", "Publish again.")
    if found is None or path is None or not path.is_file():
        raise gone
    kind = _KINDS.get(path.suffix.lower(), "application/octet-stream")
    if kind.startswith("video/"):
        if digest_file(path) != found.copy_digest:
            raise gone
        return ShowCopyAnswer(request.copy, found.item, kind, path=path)
    data = path.read_bytes()
    if digest_bytes(data) != found.copy_digest:
        raise gone
    return ShowCopyAnswer(request.copy, found.item, kind, data)


def copy_id(copy: Copy) -> str:
    """An id for the address of a copy: its path says what it is called."""
    return "c-" + hashlib.sha256(copy.path.encode("utf-8", "surrogateescape")).hexdigest()[:20]
