"""The transparency report: made, signed, and counted again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from kenbaar.acts._act import act
from kenbaar.acts._json import as_json
from kenbaar.archive import Archive, verify_ledger_of
from kenbaar.consent import sign_manifest, verify_manifest
from kenbaar.disk import write_atomically
from kenbaar.errors import Unusable, UsageError
from kenbaar.policy import Actor, Permission
from kenbaar.rights import TRANSPARENCY, Transparency, count_acts, transparency_page
from kenbaar.text import json_text, read_json

_MOST_BYTES = 1 << 22


@dataclass(frozen=True, slots=True)
class ReportRequest:
    """Of which days, both included. out: an HTML page; the signed figures go beside it, as .json."""

    first: date
    last: date
    out: Path | None = None


@dataclass(frozen=True, slots=True)
class ReportAnswer:
    """The figures, and the head of the ledger they were counted from. signature: a JWS over all the rest."""

    format: str
    organisation: str
    made_at: datetime
    checkpoint: str
    figures: Transparency
    signature: str
    page: Path | None
    data: Path | None


@act("report transparency", Permission.READ)
def report_transparency(archive: Archive, actor: Actor, request: ReportRequest) -> ReportAnswer:
    """What was done in these days, counted from the ledger. Raises UsageError, Unusable."""
    if request.first > request.last:
        raise UsageError("The first day is after the last.", "Give --from and --to the other way round.")
    page = request.out
    data = page.with_suffix(".json") if page else None
    for target in (page, data):
        if target:
            archive.refuse_target(target)
    if page and page.suffix not in (".html", ".htm"):
        raise UsageError("The report is a page.", "Give --out a name that ends in .html.")
    head = archive.ledger.checkpoint()
    told = count_acts(archive.journal.acts(), request.first, request.last, head.size)
    made_at, organisation = archive.journal.now(), archive.consents.organisation
    signed = sign_manifest(
        {
            "format": TRANSPARENCY,
            "organisation": organisation,
            "made_at": made_at.isoformat(),
            "checkpoint": head.text,
            "figures": as_json(told),
        },
        archive.consents.signer,
    )
    if page and data:
        write_atomically(data, json_text(signed, indent=2).encode())
        bases = {name: row.words for name, row in archive.searches.bases().items()}
        write_atomically(page, transparency_page(told, organisation, bases, data.name))
    return ReportAnswer(TRANSPARENCY, organisation, made_at, head.text, told, signed["signature"], page, data)


@dataclass(frozen=True, slots=True)
class VerifyReportRequest:
    """The signed figures of a report, as a file."""

    file: Path


@dataclass(frozen=True, slots=True)
class VerifyReportAnswer:
    """Whether the report is this archive's and each figure is what the ledger gives. problems: what is not."""

    ok: bool
    problems: tuple[str, ...]


@act("report verify", Permission.READ)
def verify_report(archive: Archive, actor: Actor, request: VerifyReportRequest) -> VerifyReportAnswer:
    """Counts again. Raises ReceiptBroken where the file was altered, Unusable where it is none."""
    try:
        with request.file.open("rb") as file:
            untrusted = read_json(file.read(_MOST_BYTES))
    except (OSError, ValueError) as err:
        raise Unusable("That file is no transparency report.", "Give the .json beside the page.") from err
    if not isinstance(untrusted, Mapping) or untrusted.get("format") != TRANSPARENCY:
        raise Unusable("That file is no transparency report.", "Give the .json beside the page.")
    signer = archive.consents.signer
    signed = verify_manifest(untrusted, {signer.kid: signer.public_jwk()})
    if not signed.trusted:
        return VerifyReportAnswer(False, ("It is signed, and not by this archive.",))
    problems = tuple(_problems(archive, signed.payload))
    return VerifyReportAnswer(not problems, problems)


def _problems(archive: Archive, said: Mapping[str, Any]) -> list[str]:
    figures, ledger = said["figures"], verify_ledger_of(archive.settings, said["checkpoint"])
    if not ledger.ok:
        return list(ledger.problems)
    first, last = (date.fromisoformat(figures[name]) for name in ("first", "last"))
    again = as_json(count_acts(archive.journal.acts(), first, last, int(figures["entries"])))
    return [f"{name} is not what the ledger gives." for name in again if again[name] != figures.get(name)]
