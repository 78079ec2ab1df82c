"""Publishing: copies in which only those are visible who agreed to it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kenbaar.acts._act import NO_PROGRESS, Progress, act
from kenbaar.archive import Archive
from kenbaar.media import begin_reading
from kenbaar.policy import Actor, Permission


@dataclass(frozen=True, slots=True)
class PublishRequest:
    """Which collection, into which folder, for which channel. mask_doubtful: instead of holding such photos back.

    number_names: copies are called 000001.jpg and so on; what originals and their folders are called stays here.
    """

    name: str
    out: Path
    channel: str
    mask_doubtful: bool = False
    workers: int | None = None
    number_names: bool = False


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
