"""Taking consent back, and taking everything along."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from kenbaar.acts._act import NO_PROGRESS, Progress, act
from kenbaar.acts._json import HIDDEN
from kenbaar.acts._receipts import keep_receipt
from kenbaar.acts._stop import reporting
from kenbaar.archive import Archive
from kenbaar.consent import Code, Purpose, attempted, open_sessions
from kenbaar.policy import Actor, Event, Permission


@dataclass(frozen=True, slots=True)
class WithdrawRequest:
    """Whose consent. purpose: only this one; None: all of it. No code: taking back is as easy as giving."""

    subject: str
    purpose: str | None = None


@dataclass(frozen=True, slots=True)
class CopyRow:
    """A published copy that still shows the person."""

    path: Path
    collection: str
    item: str
    folder: Path
    channel: str


@dataclass(frozen=True, slots=True)
class WithdrawAnswer:
    """What was destroyed, and which copies have to be made again. left: nothing is kept about this person any more.

    scrubbed: nor in the databases' own logs. False: another program still reads them; the next command finishes it.
    """

    keys_destroyed: int
    copies: tuple[CopyRow, ...]
    subject: str
    purposes: tuple[str, ...]
    left: bool
    receipt: Path | None
    scrubbed: bool
    place: Path = field(default=Path(), metadata=HIDDEN)  # where the receipt was to be


@act("withdraw", Permission.SPEAK_FOR, own=True)
def withdraw(archive: Archive, actor: Actor, request: WithdrawRequest) -> WithdrawAnswer:
    """Takes consent back: the keys are destroyed. No reason is asked."""
    purpose = Purpose.parse(request.purpose) if request.purpose else None
    with attempted(archive.consents, Event.WITHDRAW, actor, request.subject):
        departure = archive.leaving.withdraw(actor, request.subject, purpose)
    place = archive.settings.home / "receipts" / f"{request.subject}-destruction-{departure.entry}.jws"
    return WithdrawAnswer(
        keys_destroyed=departure.keys_destroyed,
        copies=tuple(CopyRow(Path(c.path), c.collection, c.item, Path(c.folder), c.channel) for c in departure.copies),
        subject=request.subject,
        purposes=departure.purposes,
        left=departure.left,
        receipt=keep_receipt(place, departure.receipt),
        scrubbed=archive.scrub(),
        place=place,
    )


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """Of whom, and into which zip. codes: theirs, where they hold their own key."""

    subject: str
    out: Path
    codes: tuple[Code, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class ExportAnswer:
    """What the zip holds."""

    out: Path
    pictures: int
    acts: int
    receipts: int


@act("export", Permission.SPEAK_FOR, own=True)
def export(archive: Archive, actor: Actor, request: ExportRequest, progress: Progress = NO_PROGRESS) -> ExportAnswer:
    """Everything held about somebody, as a zip to read and to import. Cancelled, no file is left."""
    archive.refuse_target(request.out)
    sessions = open_sessions(archive.consents, request.codes, Event.EXPORT, actor, request.subject)
    report = archive.exporter.export(actor, request.subject, request.out, sessions, say=reporting(progress, "export"))
    return ExportAnswer(request.out, report.pictures, report.acts, report.receipts)
