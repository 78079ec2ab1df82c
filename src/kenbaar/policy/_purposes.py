"""What a person can agree to: one row per purpose, with everything that follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

Granter = Literal["subject", "guardian"]


@dataclass(frozen=True, slots=True)
class SentenceRow:
    """What agreeing means, in one language; with a channel, {channel} is its name."""

    sentence: str
    channel_sentence: str | None = None


@dataclass(frozen=True, slots=True)
class PurposeRow:
    """One purpose, which is agreed to by itself.

    name: as it is written on the command line, in receipts and in the ledger.
    sentence: what agreeing means, in the person's own voice; stands in the notice and in the receipt. With a channel
    `channel_sentence` does, where {channel} is its name; None: the purpose has no channels.
    translated: the same sentences in other languages; with the notice they are what somebody agreed to.
    short, channel_short: the same in few words, for the export.
    compares_faces: a template is made, and faces are compared with it. swept: those in the organisation's collections.
    finds: its owner may ask which pictures they are in. shows: their face may stay visible in published copies.
    asked: they may be the answer when somebody asks with a photo. names: their name is published.
    public: what is done with it reaches the public.
    granters: who may agree to it.
    term, broader: what receipts call it, and the purpose of the Data Privacy Vocabulary (DPV 2) that it narrows.
    """

    name: str
    sentence: str
    short: str
    compares_faces: bool
    term: str
    broader: str
    channel_sentence: str | None = None
    channel_short: str | None = None
    finds: bool = False
    shows: bool = False
    asked: bool = False
    swept: bool = False
    names: bool = False
    public: bool = False
    granters: frozenset[Granter] = frozenset({"subject", "guardian"})
    translated: Mapping[str, SentenceRow] = field(default_factory=dict)


_ROWS = (
    PurposeRow(
        name="find",
        sentence="Find me my own pictures: compare the faces in them with mine, and show what is found to me.",
        short="Find me my own pictures.",
        compares_faces=True,
        finds=True,
        swept=True,
        translated={
            "nl": SentenceRow(
                "Vind mijn eigen foto's voor mij: vergelijk de gezichten daarop met het mijne, en laat mij zien wat er "
                "gevonden is."
            )
        },
        term="kb:FindMyOwnImages",
        broader="dpv:ServiceProvision",
    ),
    PurposeRow(
        name="show",
        sentence="My face may stay visible in all published copies. Without this, it is covered there.",
        short="My face may stay visible in published copies.",
        channel_sentence="My face may stay visible in published copies for the channel {channel}. "
        "Without this, it is covered there.",
        channel_short="My face may stay visible in copies published for {channel}.",
        compares_faces=True,
        shows=True,
        swept=True,
        public=True,
        translated={
            "nl": SentenceRow(
                "Mijn gezicht mag zichtbaar blijven in alle gepubliceerde kopieën. Zonder dit wordt het daar bedekt.",
                "Mijn gezicht mag zichtbaar blijven in kopieën die voor het kanaal {channel} zijn gepubliceerd. "
                "Zonder dit wordt het daar bedekt.",
            )
        },
        term="kb:Publish",
        broader="dpv:PublicRelations",
    ),
    PurposeRow(
        name="name",
        sentence="My name may stand in the caption of a picture I am in.",
        short="My name may stand in captions.",
        compares_faces=False,
        names=True,
        public=True,
        translated={"nl": SentenceRow("Mijn naam mag staan in het bijschrift van een foto waar ik op sta.")},
        term="kb:NameInCaptions",
        broader="dpv:PublicRelations",
    ),
    PurposeRow(
        name="ask",
        sentence="When a colleague inside the organisation asks who is in a picture, I may be the answer: the faces "
        "in it are compared with mine, two other colleagues decide, and then my name and the pictures that are known "
        "of me are told. Each time is shown to me.",
        short="I may be the answer when a colleague asks who is in a picture.",
        compares_faces=True,
        asked=True,
        translated={
            "nl": SentenceRow(
                "Als een collega binnen de organisatie vraagt wie er op een foto staat, mag ik het antwoord zijn: de "
                "gezichten daarop worden met het mijne vergeleken, twee andere collega's beslissen, en dan worden mijn "
                "naam en de foto's die van mij bekend zijn verteld. Elke keer wordt mij dat getoond."
            )
        },
        term="kb:TagInsideOrganisation",
        broader="dpv:ServiceProvision",
    ),
)
PURPOSES: Mapping[str, PurposeRow] = MappingProxyType({row.name: row for row in _ROWS})
