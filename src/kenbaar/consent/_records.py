"""Subjects, invitations and grants as values, and the store that keeps them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Literal, NamedTuple, Protocol

from kenbaar.consent._facts import grant_facts
from kenbaar.consent._purpose import Purpose

Holder = Literal["organisation", "subject"]


@dataclass(frozen=True, slots=True)
class Subject:
    """A person who was invited. Everybody else in the house knows them by `id` alone.

    name, guardian: identity, empty once they left. salt: for their recovery code; no secret.
    log_key: id of the key under which the ledger's acts about them are sealed.
    """

    id: str
    name: str = field(repr=False)
    holder: Holder
    invited_at: datetime
    guardian: str | None = field(default=None, repr=False)
    enrolled_at: datetime | None = None
    left_at: datetime | None = None
    log_key: str | None = None
    salt: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Invitation:
    """An offer to enrol: only the hash of its token is kept. purposes are offered, never ticked for the person."""

    token_hash: str
    subject: str
    purposes: tuple[Purpose, ...]
    until: datetime
    expires_at: datetime
    used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """One purpose one person agreed to: the data key wrapped under a key made for that person and purpose alone.

    until: exclusive, always there. A grant is in force while now < until, ended_at is None, and its key opens for the
    facts that stand here (consent._facts). pack, template: digests of the model pack and of the sealed template; ""
    where no face is compared.
    """

    id: str
    subject: str
    purpose: Purpose
    key_id: str
    wrapped_key: bytes | None = field(repr=False)
    given_at: datetime
    until: datetime
    ended_at: datetime | None = None
    end_reason: str | None = None
    pack: str = ""
    template: str = ""

    def facts(self, subject: Subject) -> bytes:
        """What its key is for. subject: the person it is of."""
        return grant_facts(
            subject=self.subject,
            purpose=str(self.purpose),
            given_at=self.given_at,
            until=self.until,
            holder=subject.holder,
            log_key=subject.log_key,
            pack=self.pack,
            template=self.template,
        )


class GrantKey(NamedTuple):
    """What opening needs of a grant that has not ended, and nothing more: galleries have a hundred thousand of them.

    facts: what its key is for. template: digest of the sealed template it opens.
    """

    grant: str
    subject: str
    purpose: Purpose
    key_id: str
    wrapped_key: bytes
    facts: bytes
    template: str


@dataclass(frozen=True, slots=True)
class SealedTemplate:
    """A subject's template as it lies on disk: noise without the data key."""

    subject: str
    pack: str
    version: int
    sealed: bytes = field(repr=False)

    @property
    def digest(self) -> str:
        """Of the sealed bytes: the grants that open this template, and no other, say it."""
        return sha256(self.sealed).hexdigest()


class ConsentStore(Protocol):
    """Where the records lie. Each call is one transaction; nothing is half-written."""

    def add_invited(self, subject: Subject, invitation: Invitation) -> None:
        """A new subject with their invitation."""

    def invitation(self, token_hash: str) -> Invitation | None:
        """The invitation with that token's hash."""

    def enrol(self, subject: Subject, token_hash: str, at: datetime, grants: Sequence[Grant]) -> None:
        """Spends the invitation, keeps the grants and the subject's enrolment: all or nothing."""

    def invitations_of(self, subject: str) -> list[Invitation]:
        """Every invitation of that person, used ones too, the first to expire first."""

    def add_invitation(self, invitation: Invitation) -> None:
        """One more invitation of somebody who is there."""

    def renew(
        self,
        subject: Subject,
        token_hash: str,
        at: datetime,
        grants: Sequence[Grant],
        replaced: Sequence[Grant],
    ) -> None:
        """As enrol(), and ends the grants that are replaced: all or nothing."""

    def subject(self, subject: str) -> Subject | None:
        """One subject, or None."""

    def subjects(self) -> list[Subject]:
        """Everybody who was invited, by id."""

    def grants_of(self, subject: str) -> list[Grant]:
        """All grants of one person, living and ended, by time and purpose."""

    def grant_keys(self, kinds: Sequence[str], at: datetime) -> list[GrantKey]:
        """Of grants not ended, date not passed, purpose of one of the kinds; by subject, then purpose."""

    def self_held(self) -> frozenset[str]:
        """Everybody who holds their own key."""

    def overdue(self, at: datetime) -> list[Grant]:
        """Grants not marked ended whose date has passed."""

    def unended_keys(self) -> dict[str, str]:
        """key id -> subject of every grant not marked ended."""

    def end_grants(self, grants: Sequence[Grant], at: datetime, reason: str) -> None:
        """Marks them ended and empties their wrapped keys."""

    def ways_in(self, subject: str) -> list[str]:
        """The keys of what somebody signs in with (kenbaar.access)."""

    def forget(self, subject: str, at: datetime) -> None:
        """Empties name and guardian, drops invitations and what they sign in with, and marks the person as gone."""

    def keep_receipt(self, subject: str, kind: str, at: datetime, jws: str) -> None:
        """Keeps a signed receipt."""

    def receipts_of(self, subject: str) -> list[tuple[str, datetime, str]]:
        """(kind, made at, JWS) of one person, oldest first."""

    def unended(self) -> list[Grant]:
        """Every grant not marked ended, by subject and purpose."""

    def note(self, name: str) -> str | None:
        """A fact about the archive as a whole (organisation, jurisdiction, ...). ArchiveBroken where it was edited."""

    def sealed_facts(self) -> list[str]:
        """Such facts, name and value in turn, by name, as they stand there: those that acts change, not those that
        every writer notes."""

    def set_notes(self, **notes: str) -> None:
        """Keeps such facts, sealed."""


class PortraitStore(Protocol):
    """Where sealed reference portraits lie, one row for each person who left one (consent._sealed_portraits)."""

    def put(self, subject: str, sealed: bytes) -> None:
        """Keeps it in place of what lay there, which leaves no byte."""

    def get(self, subject: str) -> bytes | None:
        """That person's row."""

    def delete(self, subjects: Sequence[str]) -> int:
        """Removes the portraits of these people, to the last byte; returns how many there were."""

    def subjects(self) -> set[str]:
        """Everybody a portrait lies here for."""


class TemplateStore(Protocol):
    """Where sealed templates lie, apart from names and from keys."""

    def put(self, template: SealedTemplate) -> None:
        """Keeps one, beside earlier versions of the same subject and pack, or in place of the same version."""

    def get(self, subject: str, pack: str) -> SealedTemplate | None:
        """One person's template for one pack, the newest."""

    def for_pack(self, pack: str) -> Iterator[SealedTemplate]:
        """All templates of one pack, by subject and version."""

    def packs_of(self, subject: str) -> list[SealedTemplate]:
        """All templates of one person."""

    def delete_others(self, kept: SealedTemplate) -> None:
        """Removes all templates of that person but this."""

    def delete_one(self, template: SealedTemplate) -> None:
        """Removes this one."""

    def packs(self) -> set[str]:
        """The digests of all packs a template here is of."""

    def delete(self, subjects: Sequence[str]) -> int:
        """Removes all templates of these people; returns how many there were."""

    def subjects(self) -> set[str]:
        """Everybody a sealed template lies here for."""
