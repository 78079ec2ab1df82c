"""The archive itself: made, checked, its keys rotated, its settings told."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from kenbaar.acts._act import NO_PROGRESS, Progress, act
from kenbaar.acts._json import HIDDEN, IF_GIVEN
from kenbaar.acts._stop import reporting
from kenbaar.archive import Archive, CollectionToSeal, ConsentToSeal, create_archive, seal_archive
from kenbaar.keys import disable_core_dumps
from kenbaar.policy import Actor, Permission
from kenbaar.settings import Settings, settable


@dataclass(frozen=True, slots=True)
class InitRequest:
    """Whose archive, and where they are (a row of policy's jurisdictions)."""

    organisation: str = ""
    jurisdiction: str = "eu"


@dataclass(frozen=True, slots=True)
class InitAnswer:
    """The new archive. kid: of the key that its receipts are signed with."""

    home: Path
    jurisdiction: str
    kid: str


@act("init", Permission.SET_UP)
def init(settings: Settings, actor: Actor, request: InitRequest) -> InitAnswer:
    """Makes a new archive in the home folder. Raises UsageError where there is one already."""
    disable_core_dumps()
    organisation = request.organisation or "this organisation"
    archive = create_archive(actor, settings, organisation, request.jurisdiction)
    try:
        return InitAnswer(settings.home, request.jurisdiction, archive.signer.kid)
    finally:
        archive.close()


@dataclass(frozen=True, slots=True)
class SealRequest:
    """confirmed: seal what the records say; otherwise only tell it."""

    confirmed: bool = False


@dataclass(frozen=True, slots=True)
class SealAnswer:
    """What the records of this archive allow, and whether it is sealed now. accept: its own threshold; null: none."""

    organisation: str
    jurisdiction: str
    consents: tuple[ConsentToSeal, ...]
    collections: tuple[CollectionToSeal, ...]
    appearances: int
    accept: float | None
    sealed: bool


@act("seal", Permission.SET_UP)
def seal(settings: Settings, actor: Actor, request: SealRequest) -> SealAnswer:
    """Seals an archive made before 0.4 with what it holds that day, once. Raises UsageError where it is sealed."""
    disable_core_dumps()
    found = seal_archive(actor, settings, confirmed=request.confirmed)
    return SealAnswer(
        found.organisation,
        found.jurisdiction,
        found.consents,
        found.collections,
        found.appearances,
        found.accept,
        request.confirmed,
    )


@dataclass(frozen=True, slots=True)
class CheckRequest:
    """Everything in the home folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingRow:
    """What should not be there. offset, encoding: of a vector's bytes in that file."""

    path: Path | None
    offset: int | None = field(default=None, metadata=IF_GIVEN)
    encoding: str | None = field(default=None, metadata=IF_GIVEN)
    why: str


@dataclass(frozen=True, slots=True)
class CheckAnswer:
    """How much was looked through, and what was found that should not be there."""

    files: int
    bytes: int
    vectors: int
    findings: tuple[FindingRow, ...]
    derived: tuple[str, ...]
    clean: bool = field(default=False, metadata=HIDDEN)


@act("check", Permission.PROVE)
def check(archive: Archive, actor: Actor, request: CheckRequest, progress: Progress = NO_PROGRESS) -> CheckAnswer:
    """Proves that nothing of strangers is stored, and that no record contradicts another."""
    report = archive.check(actor, say=reporting(progress, "check"))
    verified = archive.ledger.verify()
    found = [FindingRow(path=f.path, offset=f.offset, encoding=f.encoding, why=f.why) for f in report.residue.findings]
    found += [FindingRow(path=None, why=problem) for problem in (*report.problems, *verified.problems)]
    return CheckAnswer(
        files=report.residue.files,
        bytes=report.residue.bytes,
        vectors=report.residue.vectors,
        findings=tuple(found),
        derived=tuple(report.derived),
        clean=report.clean and verified.ok,
    )


@dataclass(frozen=True, slots=True)
class ClockRequest:
    """confirm: this machine's time is right; otherwise it is only told."""

    confirm: bool = False


@dataclass(frozen=True, slots=True)
class ClockAnswer:
    """machine: what this machine says the time is. last: the hour of the last act here. Both ISO 8601, UTC.

    in_doubt: the machine is too far ahead to be acted on, still. overdue: consents past their date by the machine's
    time that are not ended. ended: consents that ended because it was confirmed now.
    """

    machine: str
    last: str | None
    in_doubt: bool
    overdue: int
    ended: int
    words: str = field(default="", metadata=HIDDEN)


@act("clock", Permission.SET_UP)
def clock(archive: Archive, actor: Actor, request: ClockRequest) -> ClockAnswer:
    """What time it is here, and whether that may be acted on; confirmed, it may, and whose date has passed is ended."""
    ended = (archive.confirm_clock(actor) if request.confirm else None) or 0
    here = archive.journal.clock
    doubt, last = here.doubt(), archive.ledger.last_at
    return ClockAnswer(
        machine=here.now().isoformat() if doubt is None else doubt.machine.isoformat(),
        last=None if last is None else last.isoformat(),
        in_doubt=doubt is not None,
        overdue=archive.overdue(),
        ended=ended,
        words="" if doubt is None else doubt.words,
    )


@dataclass(frozen=True, slots=True)
class RotateRequest:
    """The master key."""


@dataclass(frozen=True, slots=True)
class RotateAnswer:
    """How many keys are living, under a new master key."""

    living: int


@act("keys rotate", Permission.SET_UP)
def rotate_keys(archive: Archive, actor: Actor, request: RotateRequest) -> RotateAnswer:
    """Wraps all living keys under a new master key and destroys the old one: old copies become noise."""
    return RotateAnswer(archive.rotate_keys(actor))


@dataclass(frozen=True, slots=True)
class SettingsRequest:
    """All of them."""


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One setting. value: "***" where it may hold a password."""

    name: str
    value: str | int
    default: str | int
    unit: str
    help: str


@dataclass(frozen=True, slots=True)
class SettingsAnswer:
    """Where the archive and the cache are, and every setting."""

    home: Path
    cache: Path
    settings: tuple[SettingRow, ...]


@act("settings", Permission.READ)
def show_settings(settings: Settings, actor: Actor, request: SettingsRequest) -> SettingsAnswer:
    """Every setting: its value, its default, its unit, what it does."""
    rows = []
    for name, (default, unit, help_, secret) in settable().items():
        value = getattr(settings, name)
        rows.append(SettingRow(name, "***" if secret and value else value, default, unit, help_))  # type: ignore[arg-type]
    return SettingsAnswer(settings.home, settings.cache, tuple(rows))
