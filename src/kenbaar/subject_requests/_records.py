"""A request that somebody may make by law, as a value, and the store that keeps it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal, Protocol

RequestKind = Literal["access", "erasure", "correction", "objection"]
RequestState = Literal["open", "extended", "answered", "refused"]


@dataclass(frozen=True, slots=True)
class SubjectRequest:
    """One request. subject: who enrolled and asked; None: somebody who never enrolled.

    contact: where the answer goes, as they gave it; words: what they ask, in their own. due: the last day to answer.
    digest, item, x, y: of somebody who pointed at themselves in a published copy: the original's content, and the
    point, px of the upright original.
    """

    id: str
    kind: RequestKind
    received_at: datetime
    due: date
    state: RequestState = "open"
    subject: str | None = None
    contact: str = field(default="", repr=False)
    words: str = field(default="", repr=False)
    reason: str | None = field(default=None, repr=False)
    answer: str | None = field(default=None, repr=False)
    closed_at: datetime | None = None
    closed_by: str | None = None
    item: str | None = None
    digest: str | None = None
    x: int | None = None
    y: int | None = None

    @property
    def is_open(self) -> bool:
        """Whether it waits for an answer."""
        return self.state in ("open", "extended")

    def days_left(self, today: date) -> int:
        """Until the last day to answer; below 0: it is overdue."""
        return (self.due - today).days


class RequestStore(Protocol):
    """Where they lie, sealed: one that was edited is refused (ArchiveBroken)."""

    def put(self, request: SubjectRequest) -> None:
        """Keeps it, in place of what was known of it."""

    def get(self, request: str) -> SubjectRequest | None:
        """One by its id."""

    def all(self) -> list[SubjectRequest]:
        """Every request, the one due first at the beginning."""

    def delete(self, ids: list[str]) -> None:
        """They are gone."""

    def edited(self) -> list[str]:
        """What was edited, one sentence each."""
