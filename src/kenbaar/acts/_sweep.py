"""Sweeping a collection: who in it agreed to be found."""

from __future__ import annotations

from dataclasses import dataclass, field

from kenbaar.acts._act import NO_PROGRESS, Progress, act
from kenbaar.acts._json import HIDDEN
from kenbaar.archive import Archive
from kenbaar.consent import Code, open_sessions
from kenbaar.measure import doubling_warning
from kenbaar.media import PASSED_OVER_KINDS
from kenbaar.policy import Actor, Event, Permission
from kenbaar.sweep import PassedOverCount


@dataclass(frozen=True, slots=True)
class SweepRequest:
    """Which collection. workers: processes; None: as the settings say. codes: of people who hold their own key."""

    name: str
    workers: int | None = None
    codes: tuple[Code, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class UnreadableRow:
    """A file or folder that could not be read."""

    path: str
    why: str


@dataclass(frozen=True, slots=True)
class PassedOverRow:
    """Files that were not opened.

    kind: raw, video, picture, document, archive, sidecar, audio, no_ending, other, hidden or server. endings: what
    their names end in. what: the kind in words, after the number. do: what to do about them.
    """

    kind: str
    files: int
    endings: tuple[str, ...]
    what: str
    do: str


@dataclass(frozen=True, slots=True)
class SweepAnswer:
    """What is there now (photos to unknown), and what this run did (sweep.SweepReport says more).

    links: links that lead out of the folder and were passed over. passed_over: all files that were not opened, by kind.
    """

    photos: int
    videos: int
    faces: int
    appearances: int
    unknown: int
    unreadable: tuple[UnreadableRow, ...]
    seconds: float
    undecided: int
    looked: int
    skipped: int
    moved: int
    missing: int
    links: int
    passed_over: tuple[PassedOverRow, ...]
    without_code: int
    older_pack: int
    other_pack: int
    warning: str | None = field(default=None, metadata=HIDDEN)  # more people can be found than were measured


@act("sweep", Permission.COLLECT)
def sweep(archive: Archive, actor: Actor, request: SweepRequest, progress: Progress = NO_PROGRESS) -> SweepAnswer:
    """Finds who in a collection agreed to be found. Stopped at any moment, run again, nothing is done twice."""
    warning = doubling_warning(archive.consents.store, len(archive.consents.recognisable()), archive.threshold)
    if warning:
        progress.report(warning, 0, 0, 0.0)
    report = archive.sweeps.sweep(
        actor,
        request.name,
        archive.packs.in_use(),
        older=archive.packs.older(),
        sessions=open_sessions(archive.consents, request.codes, Event.SWEEP, actor),
        engine=archive.engine(request.workers),
        limits=archive.limits,
        say=lambda p: progress.report("sweep", p.done, p.total, p.seconds),
        cancelled=progress.cancelled,
    )
    return SweepAnswer(
        photos=report.photos,
        videos=report.videos,
        faces=report.faces,
        appearances=report.appearances,
        unknown=report.unknown,
        unreadable=tuple(UnreadableRow(u.path, u.why) for u in report.unreadable),
        seconds=round(report.seconds, 3),
        undecided=report.undecided,
        looked=report.analysed,
        skipped=report.skipped,
        moved=report.moved,
        missing=report.missing,
        links=report.links,
        passed_over=tuple(_row(p) for p in report.passed_over),
        without_code=report.without_code,
        older_pack=report.older_pack,
        other_pack=report.other_pack,
        warning=warning,
    )


def _row(count: PassedOverCount) -> PassedOverRow:
    kind = PASSED_OVER_KINDS[count.kind]
    what = kind.one if count.files == 1 else kind.many
    return PassedOverRow(count.kind, count.files, count.endings, what, kind.do)
