"""What a person can agree to, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from kenbaar.errors import UsageError
from kenbaar.policy import PURPOSES, PurposeRow

COMPARING = tuple(name for name, row in PURPOSES.items() if row.compares_faces)  # a template is made for these
RECOGNISING = tuple(name for name, row in PURPOSES.items() if row.swept)  # faces in collections are compared for these
FINDING = tuple(name for name, row in PURPOSES.items() if row.finds)  # who agreed may ask for their pictures
ASKED = tuple(name for name, row in PURPOSES.items() if row.asked)  # who agreed may be the answer to a photo
SHOWING = tuple(name for name, row in PURPOSES.items() if row.shows)  # who agreed may stay visible
ENGLISH = "en"  # what every sentence is written in first
_CHANNEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?")  # it stands in file names and in ledger entries


@dataclass(frozen=True, slots=True)
class Purpose:
    """One thing a person can agree to, by itself: a row of policy's purposes, in one channel of it or in all.

    channel: only for a purpose that has channels; None is every channel. Raises UsageError for anything else.
    """

    kind: str
    channel: str | None = None

    def __post_init__(self) -> None:
        if self.kind not in PURPOSES:
            raise UsageError("There is no such purpose.", f"Use {_written(PURPOSES)}.")
        if self.channel is not None and (self.row.channel_sentence is None or not _CHANNEL.fullmatch(self.channel)):
            with_channel = [name for name, row in PURPOSES.items() if row.channel_sentence]
            raise UsageError(
                f"Only {' and '.join(with_channel)} has a channel, and a channel is a short word.",
                f"Write it like {with_channel[0]}:web, in lower-case letters, digits and dashes, at most 32.",
            )

    def __str__(self) -> str:
        return f"{self.kind}:{self.channel}" if self.channel else self.kind

    @classmethod
    def parse(cls, text: str) -> Purpose:
        """The purpose written like `find` or `show:web`; UsageError for anything else."""
        kind, colon, channel = text.partition(":")
        if kind not in PURPOSES or bool(colon) != bool(channel):
            raise UsageError("There is no such purpose.", f"Use {_written(PURPOSES)}.")
        return cls(kind, channel or None)

    @property
    def row(self) -> PurposeRow:
        """What follows from it."""
        return PURPOSES[self.kind]

    @property
    def sentence(self) -> str:
        """What agreeing to this purpose means, in the person's own voice."""
        return self.sentence_in(ENGLISH)

    def sentence_in(self, language: str) -> str:
        """The same in that language."""
        words = self.row if language == ENGLISH else self.row.translated[language]
        if self.channel and words.channel_sentence:
            return words.channel_sentence.format(channel=self.channel)
        return words.sentence

    @property
    def short(self) -> str:
        """The same in few words."""
        if self.channel and self.row.channel_short:
            return self.row.channel_short.format(channel=self.channel)
        return self.row.short

    def allows_show_on(self, channel: str) -> bool:
        """True where this purpose lets a face stay visible in copies for that channel."""
        return self.row.shows and self.channel in (None, channel)


def _written(rows: Mapping[str, PurposeRow]) -> str:
    """find, show, show:CHANNEL, name or ask."""
    ways = [way for name, row in rows.items() for way in (name, *([f"{name}:CHANNEL"] if row.channel_sentence else []))]
    return f"{', '.join(ways[:-1])} or {ways[-1]}"
