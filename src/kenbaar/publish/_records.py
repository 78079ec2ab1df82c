"""The record of copies: what went where, showing whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Copy:
    """One published file. render_key: everything its pixels depend on; showing: subjects visible in it."""

    path: str
    collection: str
    item: str
    folder: str
    channel: str
    source_digest: str
    copy_digest: str
    render_key: str
    masked: int
    visible: int
    made_at: datetime
    showing: tuple[str, ...] = ()


class CopyStore(Protocol):
    """Where the record lies. Each call is one transaction."""

    def of_folder(self, folder: str) -> dict[str, Copy]:
        """path -> copy, of every collection in one folder."""

    def all(self) -> list[Copy]:
        """Every copy, by path."""

    def announce(self, copies: Sequence[Copy]) -> None:
        """These are about to be put in place: until `placed`, old and new people count as shown by each path."""

    def placed(self, copies: Sequence[Copy]) -> None:
        """These are in place now, and show the people they name and nobody else."""

    def drop(self, paths: Sequence[str]) -> None:
        """These files are gone."""

    def showing(self, subject: str) -> list[Copy]:
        """Published copies that still show this person, by path."""
