"""Receipts: kept in files, printed again, and verified offline."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from kenbaar.acts._act import act
from kenbaar.acts._json import HIDDEN
from kenbaar.archive import Archive, open_archive
from kenbaar.consent import Signed, VerifiedReceipt, describe_receipt, verify_manifest, verify_receipt
from kenbaar.disk import write_atomically
from kenbaar.errors import KenbaarError, ReceiptBroken, Unusable
from kenbaar.policy import Actor, Permission
from kenbaar.settings import Settings
from kenbaar.text import read_json


def keep_receipt(path: Path, text: str) -> Path | None:
    """The receipt in a file; None where there is no room for it. What was done is done and must be told all the same:
    a recovery code is shown once, and a withdrawal's list of copies is needed now."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomically(path, f"{text}\n".encode("ascii"))
    except (OSError, KenbaarError):
        return None
    return path


@dataclass(frozen=True, slots=True)
class PrintReceiptsRequest:
    """Whose receipts."""

    subject: str


@dataclass(frozen=True, slots=True)
class ReceiptRow:
    """One signed receipt. jws: its text."""

    kind: str
    at: datetime
    jws: str


@dataclass(frozen=True, slots=True)
class PrintReceiptsAnswer:
    """The receipts kept for somebody, oldest first."""

    receipts: tuple[ReceiptRow, ...]


@act("receipt print", Permission.READ, own=True)
def print_receipts(archive: Archive, actor: Actor, request: PrintReceiptsRequest) -> PrintReceiptsAnswer:
    """The receipts kept for somebody, also after they left."""
    return PrintReceiptsAnswer(tuple(ReceiptRow(*row) for row in archive.consents.store.receipts_of(request.subject)))


@dataclass(frozen=True, slots=True)
class VerifyReceiptRequest:
    """A receipt's file, or a manifest.json."""

    file: Path


@dataclass(frozen=True, slots=True)
class VerifyReceiptAnswer:
    """What was not altered. trusted: this archive's key signed it; False: whose key that is cannot be told here."""

    ok: bool
    kind: Literal["consent", "destruction", "manifest"]
    trusted: bool
    kid: str
    payload: Mapping[str, Any]
    words: str = field(default="", metadata=HIDDEN)


@act("receipt verify", Permission.READ)
def verify_receipt_file(settings: Settings, actor: Actor, request: VerifyReceiptRequest) -> VerifyReceiptAnswer:
    """Whether a receipt or manifest was altered, and who signed it. Works offline, and without an archive.

    Raises ReceiptBroken where it was, Unusable where it cannot be read.
    """
    try:
        text = request.file.read_text("utf-8", errors="replace")
    except OSError as err:
        raise Unusable(f"The file cannot be read ({err.strerror}).", "Check its name and permissions.") from err
    known = _own_keys(settings)
    verified: Signed | VerifiedReceipt
    kind: Literal["consent", "destruction", "manifest"]
    if text.lstrip().startswith("{"):
        kind, verified = "manifest", verify_manifest(_json_object(text), known)
        words = f"A manifest of {len(verified.payload.get('files', ()))} published copies."
    else:
        receipt = verify_receipt(text, known)
        kind, verified, words = receipt.kind, receipt, describe_receipt(receipt)
    return VerifyReceiptAnswer(True, kind, verified.trusted, verified.kid, dict(verified.payload), words)


def _json_object(text: str) -> dict[str, Any]:
    """The JSON object in a file; one that cannot be read is no manifest."""
    try:
        found = read_json(text)
    except (ValueError, RecursionError) as err:
        raise ReceiptBroken("This manifest is cut off or altered.", "Publish again, or ask for a new copy.") from err
    return found if isinstance(found, dict) else {}


def _own_keys(settings: Settings) -> dict[str, dict[str, str]] | None:
    """This archive's public key by kid, where there is an archive that opens; a receipt can be checked without one."""
    with suppress(KenbaarError), open_archive(settings) as archive:
        return {archive.signer.kid: archive.signer.public_jwk()}
    return None
