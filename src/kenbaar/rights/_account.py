"""What an export says, as values: the page, data.json and the schema are these and nothing else.

Everything is picked by name. A ledger payload or a database row is never passed on whole: it may name somebody else.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from kenbaar.collections import Certainty, How
from kenbaar.matching import Threshold

FORMAT = "kenbaar-export/2"


@dataclass(frozen=True, slots=True)
class Person:
    """Who the export is for."""

    id: str
    name: str = field(repr=False)
    guardian: str | None = field(repr=False)
    holder: str
    invited_at: datetime
    enrolled_at: datetime | None


@dataclass(frozen=True, slots=True)
class ConsentRow:
    """One grant. until: the first moment it does not hold any more."""

    purpose: str
    meaning: str
    given_at: datetime
    until: datetime
    state: Literal["in force", "ended"]
    ended_at: datetime | None
    end_reason: str | None


@dataclass(frozen=True, slots=True)
class TemplateRow:
    """That a template is held, and where it stands in the zip."""

    file: str
    packs: tuple[str, ...]
    vectors: int


@dataclass(frozen=True, slots=True)
class PictureRow:
    """One photo the person is in. box: x_min, y_min, x_max, y_max of their face, px of the upright photo, half-open.

    file: their copy in the zip, everybody else covered; None where it could not be made: `why` says so.
    """

    item: str
    collection: str
    path: str
    taken_at: datetime | None
    width: int | None
    height: int | None
    digest: str | None
    face: int
    box: tuple[int, int, int, int]
    band: Certainty
    how: How
    seen_at: datetime
    file: str | None
    why: str | None


@dataclass(frozen=True, slots=True)
class ActRow:
    """One act from the ledger. entry: its number there; facts: those that concern them.

    by: the account or person that did it; actor: of what kind (operator, staff, subject, system), None in entries made
    before that was told; who: both, in words to the person.
    """

    entry: int
    at: datetime
    event: str
    meaning: str
    purpose: str | None
    by: str | None
    actor: str | None
    who: str
    facts: dict[str, str | int | bool | list[str]]


@dataclass(frozen=True, slots=True)
class RejectionRow:
    """A "this is not me"."""

    item: str
    box: tuple[int, int, int, int]
    rejected_at: datetime


@dataclass(frozen=True, slots=True)
class CopyRow:
    """A published file that shows them. file: below the folder it was published to."""

    file: str
    channel: str
    collection: str
    item: str
    made_at: datetime
    digest: str


@dataclass(frozen=True, slots=True)
class ReceiptRow:
    """A signed receipt in the zip."""

    file: str
    kind: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Account:
    """Everything held about one person. portrait: the file in the zip of the reference portrait they left.

    decision: the operating point in use, None where no pack is at hand. checkpoint: the ledger's signed head after this
    export was written there; kept elsewhere it finds later changes.
    """

    format: str
    made_at: datetime
    organisation: str
    jurisdiction: str
    subject: Person
    consents: tuple[ConsentRow, ...]
    template: TemplateRow | None
    portrait: str | None
    pictures: tuple[PictureRow, ...]
    rejections: tuple[RejectionRow, ...]
    rosters: tuple[str, ...]
    acts: tuple[ActRow, ...]
    copies: tuple[CopyRow, ...]
    receipts: tuple[ReceiptRow, ...]
    decision: Threshold | None
    checkpoint: str
