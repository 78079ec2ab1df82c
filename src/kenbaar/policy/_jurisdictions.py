"""Where an organisation is, and what the law there asks of it: one row per jurisdiction, with all its consequences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from kenbaar.policy._bases import BasisRow, bases

KeyHolder = Literal["organisation", "subject"]


@dataclass(frozen=True, slots=True)
class LawRow:
    """What a receipt cites.

    title: the law, in words. context: the prefix that its articles are written with, and what it stands for.
    consent: what consent rests on. biometric: that, too, where a template of a face is made. rights: what the person
    may ask for. profile: the record profile of the DPV guide to ISO/IEC TS 27560.
    """

    title: str
    context: Mapping[str, str] = field(default_factory=dict)
    consent: tuple[str, ...] = ()
    biometric: tuple[str, ...] = ()
    rights: tuple[str, ...] = ("kb:Withdraw", "kb:Export", "kb:Correct")
    profile: str = "https://w3id.org/dpv/schema/dpv-27560#record"


@dataclass(frozen=True, slots=True)
class JurisdictionRow:
    """One jurisdiction.

    name: as `kenbaar init` takes it. words: who belongs to it. location: as receipts write it (DPV locations).
    refused_modes: modes of a collection that are not allowed there, each with the reason.
    holder: who holds somebody's key where nobody chose.
    longest_days: how long a consent may hold at most; None: as long as was agreed. minor_under: the age from which
    somebody agrees alone; minor_days: how long a consent holds at most that somebody gave for a minor.
    retention: when what was agreed to is destroyed, as receipts say it.
    law: what receipts cite. bases: on what somebody may ask who is in a photo.
    """

    name: str
    words: str
    location: str
    law: LawRow
    holder: KeyHolder
    retention: str
    bases: Mapping[str, BasisRow] = field(default_factory=lambda: bases(consent="", request=""))
    refused_modes: Mapping[str, str] = field(default_factory=dict)
    longest_days: int | None = None
    minor_under: int = 18
    minor_days: int = 365  # what a minor agreed to is asked again within a year


# EDPB Guidelines 3/2019, 84: comparing passers-by "on the fly" needs an exception under Art. 9(2) GDPR for each of
# them. The UK GDPR has the same article; in Switzerland Art. 6(7) revFADP asks for the express consent of each.
_NOT_TRANSIENT = {"transient": "it makes templates of people who did not agree (EDPB Guidelines 3/2019 §84)"}
_KEYS_DESTROYED = "the key is destroyed at withdrawal or at the end date"

_GDPR_BASES = bases(
    consent="Art. 9(2)(a) GDPR",
    request="Art. 9(2)(a) and 15 GDPR",
    archive="Art. 9(2)(j) and 89 GDPR",
    research="Art. 9(2)(j) and 89 GDPR",
    journalism="Art. 85 GDPR",
    vital_interests="Art. 9(2)(c) GDPR",
)
_UK_BASES = bases(
    consent="Art. 9(2)(a) UK GDPR",
    request="Art. 9(2)(a) and 15 UK GDPR",
    archive="Art. 9(2)(j) UK GDPR; Data Protection Act 2018, section 19",
    research="Art. 9(2)(j) UK GDPR; Data Protection Act 2018, section 19",
    journalism="Data Protection Act 2018, schedule 2, part 5",
    vital_interests="Art. 9(2)(c) UK GDPR",
)
_SWISS_BASES = bases(
    consent="Art. 6(7) revFADP",
    request="Art. 25 revFADP",
    archive="Art. 31(2)(e) revFADP",
    research="Art. 31(2)(e) revFADP",
    journalism="Art. 31(2)(d) revFADP",
    vital_interests="Art. 31(1) revFADP",
)
_OTHER_BASES = bases(consent="", request="", archive="", research="", journalism="", vital_interests="", own_work="")

_GDPR = LawRow(
    title="General Data Protection Regulation (EU) 2016/679",
    consent=("eu-gdpr:A6-1-a",),
    biometric=("eu-gdpr:A9-2-a",),
    rights=(
        "eu-gdpr:A7-3",
        "eu-gdpr:A15",
        "eu-gdpr:A16",
        "eu-gdpr:A17",
        "eu-gdpr:A18",
        "eu-gdpr:A20",
        "eu-gdpr:A77",
    ),
    profile="https://w3id.org/dpv/schema/dpv-27560#record-eu-gdpr",
)
_GDPR_IN_THE_EEA = LawRow(  # the same regulation: Decision of the EEA Joint Committee No 154/2018, Annex XI
    title="General Data Protection Regulation (EU) 2016/679, as in the EEA Agreement, Annex XI",
    consent=_GDPR.consent,
    biometric=_GDPR.biometric,
    rights=_GDPR.rights,
    profile=_GDPR.profile,
)
_UK_GDPR = LawRow(  # the retained regulation, with the same numbers (Data Protection Act 2018, section 3(10))
    title="UK GDPR, with the Data Protection Act 2018",
    context={"uk-gdpr": "urn:kenbaar:law:uk-gdpr:"},
    consent=("uk-gdpr:A6-1-a",),
    biometric=("uk-gdpr:A9-2-a",),
    rights=(
        "uk-gdpr:A7-3",
        "uk-gdpr:A15",
        "uk-gdpr:A16",
        "uk-gdpr:A17",
        "uk-gdpr:A18",
        "uk-gdpr:A20",
        "uk-gdpr:A77",
    ),
)
_FADP = LawRow(  # SR 235.1, in force since 1 September 2023
    title="Swiss Federal Act on Data Protection (revFADP)",
    context={"ch-fadp": "urn:kenbaar:law:ch-fadp:"},
    consent=("ch-fadp:A6-6",),
    biometric=("ch-fadp:A6-7-a",),  # express consent for sensitive data, which Art. 5(c)(4) says biometric data is
    rights=("ch-fadp:A25", "ch-fadp:A28", "ch-fadp:A32"),
)
_NO_LAW = LawRow(title="the consent itself")
_ILLINOIS = LawRow(
    title="Biometric Information Privacy Act (740 ILCS 14)",
    context={"us-il": "urn:kenbaar:law:740-ilcs-14:"},
    biometric=("us-il:15-b",),
)
_TEXAS = LawRow(
    title="Texas Business and Commerce Code, section 503.001",
    context={"us-tx": "urn:kenbaar:law:tex-bus-com-503-001:"},
    biometric=("us-tx:b",),
)
_WASHINGTON = LawRow(
    title="Revised Code of Washington, chapter 19.375",
    context={"us-wa": "urn:kenbaar:law:rcw-19-375:"},
    biometric=("us-wa:020",),
)

_ROWS = (
    JurisdictionRow(
        name="eu",
        words="the European Union",
        location="loc:EU",
        law=_GDPR,
        bases=_GDPR_BASES,
        holder="subject",  # EDPB Opinion 11/2024: only the person's own key holds up for one-to-many searches
        retention=_KEYS_DESTROYED,
        refused_modes=_NOT_TRANSIENT,
    ),
    JurisdictionRow(
        name="eea",
        words="Iceland, Liechtenstein, Norway",
        location="loc:EEA",
        law=_GDPR_IN_THE_EEA,
        bases=_GDPR_BASES,
        holder="subject",
        retention=_KEYS_DESTROYED,
        refused_modes=_NOT_TRANSIENT,
    ),
    JurisdictionRow(
        name="uk",
        words="the United Kingdom",
        location="loc:GB",
        law=_UK_GDPR,
        bases=_UK_BASES,
        holder="organisation",
        retention=_KEYS_DESTROYED,
        refused_modes=_NOT_TRANSIENT,
    ),
    JurisdictionRow(
        name="ch",
        words="Switzerland",
        location="loc:CH",
        law=_FADP,
        bases=_SWISS_BASES,
        holder="organisation",
        retention=_KEYS_DESTROYED,
        refused_modes=_NOT_TRANSIENT,
    ),
    JurisdictionRow(
        name="us",
        words="the United States, but for the three below",
        location="loc:US",
        law=_NO_LAW,
        bases=_OTHER_BASES,
        holder="organisation",
        retention=_KEYS_DESTROYED,
    ),
    JurisdictionRow(
        name="us-il",
        words="Illinois",
        location="loc:US-IL",
        law=_ILLINOIS,
        bases=_OTHER_BASES,
        holder="organisation",
        retention=_KEYS_DESTROYED + ", after three years at most (740 ILCS 14/15(a))",
        longest_days=3 * 365,  # 740 ILCS 14/15(a): destroyed at the latest 3 years after the last interaction
    ),
    JurisdictionRow(
        name="us-tx",
        words="Texas",
        location="loc:US-TX",
        law=_TEXAS,
        bases=_OTHER_BASES,
        holder="organisation",
        retention=_KEYS_DESTROYED,
    ),
    JurisdictionRow(
        name="us-wa",
        words="Washington",
        location="loc:US-WA",
        law=_WASHINGTON,
        bases=_OTHER_BASES,
        holder="organisation",
        retention=_KEYS_DESTROYED,
    ),
    JurisdictionRow(
        name="other",
        words="none of these",
        location="kb:Elsewhere",
        law=_NO_LAW,
        bases=_OTHER_BASES,
        holder="organisation",
        retention=_KEYS_DESTROYED,
    ),
)
JURISDICTIONS: Mapping[str, JurisdictionRow] = MappingProxyType({row.name: row for row in _ROWS})
