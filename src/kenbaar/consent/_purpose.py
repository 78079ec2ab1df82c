"""What a person can agree to, and nothing else."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, get_args

from kenbaar.errors import UsageError

PurposeKind = Literal["find", "show", "name", "ask"]
_CHANNEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?")  # it stands in file names and in ledger entries


@dataclass(frozen=True, slots=True)
class Purpose:
    """One thing a person can agree to, by itself.

    find: find me my own pictures. show: my face may stay visible in published copies, in one channel or in all.
    name: my name may stand in captions. ask: I may be answered when a colleague asks who is in a picture.
    channel: only for show; None is every channel.
    """

    kind: PurposeKind
    channel: str | None = None

    def __post_init__(self) -> None:
        if self.kind not in get_args(PurposeKind):
            raise UsageError("There is no such purpose.", "Use find, show, show:CHANNEL, name or ask.")
        if self.channel is not None and (self.kind != "show" or not _CHANNEL.fullmatch(self.channel)):
            raise UsageError(
                "Only show has a channel, and a channel is a short word.",
                "Write it like show:web, in lower-case letters, digits and dashes, at most 32.",
            )

    def __str__(self) -> str:
        return f"{self.kind}:{self.channel}" if self.channel else self.kind

    @classmethod
    def parse(cls, text: str) -> Purpose:
        """The purpose written like `find` or `show:web`; UsageError for anything else."""
        kind, colon, channel = text.partition(":")
        for known in get_args(PurposeKind):
            if kind == known and bool(colon) == bool(channel):
                return cls(known, channel or None)
        raise UsageError("There is no such purpose.", "Use find, show, show:CHANNEL, name or ask.")

    def allows_show_on(self, channel: str) -> bool:
        """True where this purpose lets a face stay visible in copies for that channel."""
        return self.kind == "show" and self.channel in (None, channel)
