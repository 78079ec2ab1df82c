"""Error rates, measured on people who agreed to it, and the threshold that follows."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from kenbaar.acts._act import NO_PROGRESS, Progress, act
from kenbaar.acts._json import HIDDEN, WHOLE
from kenbaar.archive import open_archive, photo_limits
from kenbaar.errors import Cancelled, TooFewPeople, UsageError, WrongModelPack
from kenbaar.keys import disable_core_dumps
from kenbaar.matching import Threshold
from kenbaar.measure import (
    Adopted,
    Evaluation,
    Report,
    adopt,
    adopted_for,
    looser,
    pack_default,
    picture_examples,
    read_people,
    report_data,
    report_folder,
    write_report,
)
from kenbaar.measure import evaluate as measure
from kenbaar.modelpack import find_pack, load_pack, read_manifest
from kenbaar.policy import Actor, Permission
from kenbaar.settings import Settings

FEWEST_MEASURED = 10  # people


@dataclass(frozen=True, slots=True)
class EvaluateRequest:
    """folder: one folder for each person who agreed to be measured. target: where the report goes; None: a new folder.

    consent: who declares that all of them agreed to be measured, and how; it stands in the report.
    adopt: the FPIR whose threshold becomes the archive's own. examples: show the worst as pictures in the report.
    """

    folder: Path
    consent: str
    target: Path | None = None
    splits: int | None = None
    seed: int = 1
    data: str = ""
    pack: str | None = None
    examples: bool = False
    adopt: float | None = None


@dataclass(frozen=True, slots=True)
class EvaluateAnswer:
    """The report's figures (docs/evaluate.md); beside them what only a terminal is told."""

    report: Report = field(metadata=WHOLE)
    told: Evaluation | None = field(default=None, metadata=HIDDEN)
    people_folder: Path = field(default=Path(), metadata=HIDDEN)
    page: Path = field(default=Path(), metadata=HIDDEN)
    adopted: Adopted | None = field(default=None, metadata=HIDDEN)
    looser: str | None = field(default=None, metadata=HIDDEN)


@act("evaluate", Permission.SET_UP)
def evaluate(
    settings: Settings, actor: Actor, request: EvaluateRequest, progress: Progress = NO_PROGRESS
) -> EvaluateAnswer:
    """Measures; nothing of the people is kept. Cancelled, vectors are overwritten and no report is left."""
    disable_core_dumps()
    if not request.consent.strip():
        raise UsageError(
            "Nobody declared that the people in these folders agreed to be measured.",
            'Say who declares it, and how they agreed: --consent "A. Jansen: 15 volunteers signed on 2026-11-20".',
        )
    place, threshold = _pack_and_threshold(settings, request.pack, needs_archive=request.adopt is not None)
    people = read_people(request.folder)
    if len(people.names) < FEWEST_MEASURED:
        raise TooFewPeople(
            f"There are {len(people.names)} people in this folder, and fewer than {FEWEST_MEASURED} give no rate: that "
            "would be comparing somebody with somebody.",
            f"Measure at least {FEWEST_MEASURED} people who agreed to it.",
        )
    limits = photo_limits(settings)
    pack = load_pack(place, threads=len(os.sched_getaffinity(0)))

    def say(step: str, done: int, total: int, seconds: float) -> None:
        progress.report(step, done, total, seconds)
        stop_if_cancelled()

    def stop_if_cancelled() -> None:
        if progress.cancelled():
            raise Cancelled("Stopped.", "Nothing was kept; run it again to measure.")

    def on_disk() -> str:
        return load_pack(place).digest  # every file's digest, not the manifest's alone

    with report_folder(request.target, datetime.now(UTC)) as report:
        told = measure(
            people, pack, threshold, limits, pack_name=pack.name, detail_side=pack.manifest.detector.long_side,
            on_disk=on_disk, say=say, splits=request.splits, seed=request.seed, adopt=request.adopt, data=request.data,
            consent=request.consent.strip(),
        )  # fmt: skip
        stop_if_cancelled()
        pictures = picture_examples(told.worst, people.folder, pack, limits) if request.examples else ()
        page = write_report(told, report, pictures)
    adopted, words = _adopted(settings, actor, told) if request.adopt is not None else (None, None)
    return EvaluateAnswer(report_data(told, page), told, people.folder, page, adopted, words)


def _pack_and_threshold(settings: Settings, pack: str | None, *, needs_archive: bool) -> tuple[Path, Threshold]:
    """The pack to measure and the threshold in force with it: the archive's where there is one, else the pack's own."""
    place = find_pack(settings.cache, pack or settings.pack)
    default = pack_default(read_manifest(place))
    if not needs_archive and not (settings.home / "archive.db").exists():
        return place, default
    with open_archive(settings) as archive:
        in_force = archive.threshold
    if in_force.pack == default.pack:
        return place, in_force
    if needs_archive:
        raise WrongModelPack(
            "The archive uses another pack than the one to be measured, and thresholds do not carry over.",
            "Leave --pack out, or set the archive to that pack first.",
        )
    return place, default


def _adopted(settings: Settings, actor: Actor, told: Evaluation) -> tuple[Adopted, str | None]:
    """Makes the measured threshold the archive's, or says why not; and whether it is looser than the one before."""
    with open_archive(settings) as archive:
        before = adopted_for(archive.consents.store, told.pack)
        default = pack_default(read_manifest(archive.packs.folder))
        adopted = adopt(actor, told, archive.consents.store, archive.journal, default)
    return adopted, looser(adopted.threshold, before.threshold) if before is not None else None
