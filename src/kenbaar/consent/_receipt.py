"""What a person takes home: a signed receipt of what they agreed to, and later one of what was destroyed.

Fields after ISO/IEC TS 27560:2023 as the W3C Data Privacy Vocabulary group spells them (guide consent-27560, DPV 2):
one receipt, one record per purpose. The person appears under their pseudonym only, a guardian only as "yes".
The schemas in schemas/*.json say which members must be there; verify_receipt holds receipts to them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cache
from importlib import resources
from typing import Any, Literal
from uuid import uuid4

from kenbaar.consent._notice import last_day, notice_digest
from kenbaar.consent._purpose import ENGLISH, Purpose
from kenbaar.consent._signed import ReceiptSigner, open_jws, sign_jws
from kenbaar.errors import ReceiptBroken, UsageError
from kenbaar.policy import JURISDICTIONS, JurisdictionRow, LawRow
from kenbaar.text import printable, read_json

ReceiptKind = Literal["consent", "destruction"]
_TYPES: dict[str, ReceiptKind] = {
    "kenbaar-consent-receipt+jws": "consent",
    "kenbaar-destruction-receipt+jws": "destruction",
}
_CONTEXT = {
    "dct": "http://purl.org/dc/terms/",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "dpv": "https://w3id.org/dpv#",
    "eu-gdpr": "https://w3id.org/dpv/legal/eu/gdpr#",
    "pd": "https://w3id.org/dpv/pd#",
    "ai": "https://w3id.org/dpv/ai#",
    "loc": "https://w3id.org/dpv/loc#",
    "kb": "urn:kenbaar:",
}
_RECEIPT_PROFILE = "https://w3id.org/dpv/schema/dpv-27560#receipt"
_DESTROYED = (
    "Key destroyed. What these keys sealed is noise in this archive and in every backup of it. A backup of the key "
    "store itself, made before, is noise once the master key has been rotated and its old copies are gone."
)


@dataclass(frozen=True, slots=True)
class ConsentFacts:
    """What a consent receipt states. notice: the very text that was read, in language.
    template: a face template was made.
    portrait: a reference portrait is kept.

    until: the first moment consent no longer holds (aware), always given. contact: how to reach the organisation.
    """

    organisation: str
    jurisdiction: str
    subject: str
    purposes: Sequence[Purpose]
    notice: str = field(repr=False)
    holder: Literal["organisation", "subject"]
    given_at: datetime
    until: datetime
    guardian: bool
    template: bool
    contact: str = ""
    portrait: bool = False
    language: str = ENGLISH


@dataclass(frozen=True, slots=True)
class DestructionFacts:
    """What a destruction receipt states. checkpoint: the ledger's signed head after the act; ledger_index: the act's.

    purposes: those that ended. rotated_by: the last day on which an old backup of the key store may exist, where known.
    """

    organisation: str
    subject: str
    key_ids: Sequence[str]
    purposes: Sequence[Purpose]
    destroyed_at: datetime
    ledger_index: int
    checkpoint: str = field(repr=False)
    rotated_by: date | None = None
    contact: str = ""


@dataclass(frozen=True, slots=True)
class VerifiedReceipt:
    """A receipt whose signature holds and whose members are all there.

    trusted: signed by a key in the list it was checked with. False says only that nobody altered it since signing.
    """

    kind: ReceiptKind
    payload: Mapping[str, Any] = field(repr=False)
    kid: str
    trusted: bool


def make_consent_receipt(facts: ConsentFacts, signer: ReceiptSigner) -> str:
    """The signed receipt of what was agreed to, as JWS text. UsageError without a purpose or an end after the start."""
    if not facts.purposes or not facts.given_at < facts.until:
        raise UsageError(
            "A consent has a purpose, and an end after its start.", "Name what was agreed to, and until when."
        )
    payload = {
        "@context": {**_CONTEXT, **_jurisdiction(facts).law.context},
        "@type": "dpv:ConsentReceipt",
        "dct:conformsTo": _RECEIPT_PROFILE,
        "dct:identifier": str(uuid4()),
        "dct:created": _moment(facts.given_at),
        "dct:publisher": _party(facts.organisation, facts.contact),
        "dpv:hasRecordOfActivity": [_record(facts, p) for p in sorted(set(facts.purposes), key=str)],
    }
    return sign_jws(payload, "kenbaar-consent-receipt+jws", signer)


def make_destruction_receipt(facts: DestructionFacts, signer: ReceiptSigner) -> str:
    """The signed receipt of destroyed keys, as JWS text. It says "key destroyed", never more than that."""
    if not facts.key_ids:
        raise UsageError("No key was destroyed, so there is nothing to confirm.", "Name the keys.")
    payload = {
        "@context": _CONTEXT,
        "@type": "kb:DestructionReceipt",
        "dct:conformsTo": "urn:kenbaar:destruction-receipt:1",
        "dct:identifier": str(uuid4()),
        "dct:created": _moment(facts.destroyed_at),
        "dct:publisher": _party(facts.organisation, facts.contact),
        "dpv:hasDataSubject": facts.subject,
        "kb:keysDestroyed": sorted(set(facts.key_ids)),
        "kb:purposesEnded": sorted({str(p) for p in facts.purposes}),
        "kb:statement": _DESTROYED,
        "kb:keyBackupsEnd": facts.rotated_by.isoformat()
        if facts.rotated_by
        else "at the next rotation of the master key",
        "kb:ledgerEntry": facts.ledger_index,
        "kb:ledgerCheckpoint": facts.checkpoint,
    }
    return sign_jws(payload, "kenbaar-destruction-receipt+jws", signer)


def verify_receipt(untrusted_text: str, trusted_kids: Mapping[str, Mapping[str, str]] | None = None) -> VerifiedReceipt:
    """The receipt, checked offline. ReceiptBroken where it was altered, is incomplete, or is no receipt.

    trusted_kids: the archive's public keys (JWK) by kid; a kid is a digest of its key, so the two cannot part.
    """
    signed = open_jws(untrusted_text, _TYPES, trusted_kids)
    kind = _TYPES[signed.typ]
    if missing := _missing(signed.payload, receipt_schema(kind), ""):
        raise ReceiptBroken(f"This receipt lacks what every receipt has ({missing}).", "Ask for a new copy.")
    return VerifiedReceipt(kind, signed.payload, signed.kid, signed.trusted)


def describe_receipt(receipt: VerifiedReceipt) -> str:
    """The receipt in plain words, for a terminal."""
    said = receipt.payload
    by = str(said["dct:publisher"]["dct:title"])
    lines = _describe_consent(said) if receipt.kind == "consent" else _describe_destruction(said)
    signature = "The signature holds, and it is this archive's."
    if not receipt.trusted:
        signature = "The signature holds: nothing was altered since. Whose key it is, this computer cannot tell."
    told = [f"{'Consent' if receipt.kind == 'consent' else 'Destruction'} receipt, by {by}", *lines, signature]
    return "\n".join(map(printable, told))  # a stranger may have written any of it


@cache
def receipt_schema(kind: ReceiptKind) -> dict[str, Any]:
    """The JSON Schema (2020-12) of this kind of receipt's payload."""
    text = resources.files("kenbaar.consent").joinpath(f"schemas/{kind}-receipt.json").read_text("utf-8")
    schema: dict[str, Any] = read_json(text)
    return schema


def _record(facts: ConsentFacts, purpose: Purpose) -> dict[str, Any]:
    row, place = purpose.row, _jurisdiction(facts)
    compared = facts.template and row.compares_faces
    data = ["pd:Picture", *(["pd:FacialPrint"] if compared else []), *(["pd:Name"] if row.names else [])]
    record = {
        # header
        "@type": "dpv:ConsentRecord",
        "dct:conformsTo": place.law.profile,
        "dct:identifier": str(uuid4()),
        "dpv:hasDataSubject": facts.subject,
        # processing
        "dpv:hasNotice": {
            "@type": "dpv:ConsentNotice",
            "dct:language": facts.language,
            "kb:digest": notice_digest(facts.notice),
        },
        "dpv:hasPurpose": {
            "@id": f"{row.term}/{purpose.channel}" if purpose.channel else row.term,
            "skos:broader": row.broader,
            "kb:purpose": str(purpose),
            "dct:description": purpose.sentence_in(facts.language),
        },
        "dpv:hasLegalBasis": _legal_basis(place.law, compared),
        "dpv:hasPersonalData": data,
        "dpv:hasTechnology": _technology(facts.holder) if compared else [],
        "dpv:hasStorageCondition": [
            {"@type": "dpv:StorageLocation", "dpv:hasLocation": "on the organisation's own computers"},
            {"@type": "dpv:StorageDuration", "dpv:hasDuration": f"P{max(1, (facts.until - facts.given_at).days)}D"},
            {
                "@type": "dpv:StorageDeletion",
                "dct:description": place.retention,
            },
        ],
        "dpv:hasRecipient": ["dpv:DataController", *(["dpv:Public"] if row.public else [])],
        "dpv:hasJurisdiction": place.location,
        "kb:law": place.law.title,
        "dpv:hasRight": list(place.law.rights),
        "dpv:hasConsentControl": {
            "@type": "dpv:WithdrawConsent",
            "dpv:isExercisedAt": facts.contact or facts.organisation,
            "dct:description": "Say so, at any time and without a reason. The keys are destroyed at once.",
        },
        "kb:keyHolder": facts.holder,
        "kb:guardian": "yes" if facts.guardian else "no",
        **({"kb:portrait": "kept" if facts.portrait else "none"} if row.asked else {}),
        # party
        "dpv:hasDataController": _party(facts.organisation, facts.contact),
        # event
        "dpv:hasConsentStatus": {
            "@type": "dpv:ConsentGiven",
            "dct:date": _moment(facts.given_at),
            "dct:valid": {"kb:from": _moment(facts.given_at), "kb:until": _moment(facts.until)},
            "dpv:isIndicatedBy": "kb:Guardian" if facts.guardian else "dpv:DataSubject",
        },
    }
    return record


def _jurisdiction(facts: ConsentFacts) -> JurisdictionRow:
    try:
        return JURISDICTIONS[facts.jurisdiction]
    except KeyError as err:
        raise UsageError(
            f"There is no jurisdiction {facts.jurisdiction!r}.", f"Choose one of {', '.join(JURISDICTIONS)}."
        ) from err


def _legal_basis(law: LawRow, compared: bool) -> list[str]:
    """Consent, by the articles it rests on: others, too, where a face template is made."""
    return ["dpv:ExplicitlyExpressedConsent", *law.consent, *(law.biometric if compared else ())]


def _technology(holder: str) -> list[str]:
    """Identification with the person's active part is called local, without it remote (AI Act, Annex III 1(a))."""
    kind = "ai:LocalBiometricIdentification" if holder == "subject" else "ai:RemoteBiometricIdentification"
    return ["ai:FaceRecognition", kind]


def _party(organisation: str, contact: str) -> dict[str, str]:
    return {"@type": "dpv:DataController", "dct:title": organisation, "dpv:hasContact": contact or organisation}


def _moment(at: datetime) -> str:
    if at.tzinfo is None:
        raise UsageError("This time has no zone.", "Pass an aware time, in UTC.")
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _missing(value: object, schema: Mapping[str, Any], path: str) -> str:
    """The first member that the schema requires and that is not there, or is of another type; "" where all are."""
    types = {"object": dict, "array": list, "string": str, "integer": int}
    empty = value in ("", []) and ("minLength" in schema or "minItems" in schema)
    if empty or not isinstance(value, types[schema["type"]]):
        return path or "all of it"
    if isinstance(value, dict):
        members: dict[str, Any] = schema.get("properties", {})
        for name in schema.get("required", []):
            if name not in value:
                return f"{path}/{name}"
        found = (_missing(value[name], rule, f"{path}/{name}") for name, rule in members.items() if name in value)
        return next(filter(None, found), "")
    if isinstance(value, list):
        return next(filter(None, (_missing(v, schema["items"], f"{path}/{i}") for i, v in enumerate(value))), "")
    return path if value != schema.get("const", value) else ""


def _describe_consent(said: Mapping[str, Any]) -> list[str]:
    records = said["dpv:hasRecordOfActivity"]
    first = records[0]
    until = _read_moment(first["dpv:hasConsentStatus"]["dct:valid"]["kb:until"])
    return [
        f"Given on {said['dct:created'][:10]} by subject {first['dpv:hasDataSubject']}"
        + (", with a guardian." if first["kb:guardian"] == "yes" else "."),
        "Agreed to:",
        *(f"  - {r['dpv:hasPurpose']['kb:purpose']}: {r['dpv:hasPurpose']['dct:description']}" for r in records),
        f"Holds up to and including {last_day(until):%Y-%m-%d}.",
        f"The key is held by the {first['kb:keyHolder']}.",
        *(["A portrait is kept, sealed, for those who decide who is in a photo."] if _keeps_portrait(records) else []),
        *([f"It rests on: {first['kb:law']}."] if "kb:law" in first else []),  # receipts made before have none
        f"To take it back: {first['dpv:hasConsentControl']['dpv:isExercisedAt']}.",
        f"The words that were read have the digest {first['dpv:hasNotice']['kb:digest']}.",
    ]


def _keeps_portrait(records: Sequence[Mapping[str, Any]]) -> bool:
    return any(r.get("kb:portrait") == "kept" for r in records)


def _describe_destruction(said: Mapping[str, Any]) -> list[str]:
    return [
        f"On {said['dct:created'][:10]}, for subject {said['dpv:hasDataSubject']}:",
        f"Keys destroyed: {', '.join(said['kb:keysDestroyed'])}",
        said["kb:statement"],
        f"Old backups of the key store end: {said['kb:keyBackupsEnd']}.",
        f"Taken down in the ledger as entry {said['kb:ledgerEntry']}.",
    ]


def _read_moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as err:
        raise ReceiptBroken("This receipt states a time that cannot be read.", "Ask for a new copy.") from err
