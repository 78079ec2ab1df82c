"""kenbaar.consent's ConsentStore on SQLAlchemy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from kenbaar.consent import Grant, GrantKey, Invitation, Purpose, Subject, grant_facts_utc
from kenbaar.errors import ArchiveBroken
from kenbaar.keys import RecordSeal
from kenbaar.storage._database import Database
from kenbaar.storage._tables import (
    copy_subjects,
    credentials,
    grants,
    invitations,
    meta,
    receipts,
    subject_requests,
    subjects,
)

_NOTE = "note"
_COUNTERS = ("key_generation", "keys_made", "ledger_size", "protecting")  # every writer notes them


class SqlConsentStore:
    """Subjects, invitations, grants and receipts. See kenbaar.consent.ConsentStore for what each call promises."""

    def __init__(self, database: Database, seal: RecordSeal) -> None:
        """seal: of the archive's notes; what was edited is refused."""
        self._db, self._seal = database, seal

    def add_invited(self, subject: Subject, invitation: Invitation) -> None:
        """A new subject with their invitation."""
        with self._db.write() as c:
            c.execute(sa.insert(subjects).values(**_subject_row(subject)))
            c.execute(sa.insert(invitations).values(**_invitation_row(invitation)))

    def add_invitation(self, invitation: Invitation) -> None:
        """One more invitation of somebody who is there."""
        with self._db.write() as c:
            c.execute(sa.insert(invitations).values(**_invitation_row(invitation)))

    def invitations_of(self, subject: str) -> list[Invitation]:
        """Every invitation of that person, used ones too."""
        query = sa.select(invitations).where(invitations.c.subject == subject).order_by(invitations.c.expires_at)
        with self._db.read() as c:
            return [_invitation(row) for row in c.execute(query).mappings()]

    def invitation(self, token_hash: str) -> Invitation | None:
        """The invitation with that token's hash."""
        with self._db.read() as c:
            row = c.execute(sa.select(invitations).where(invitations.c.token_hash == token_hash)).mappings().first()
        if row is None:
            return None
        return _invitation(row)

    def enrol(self, subject: Subject, token_hash: str, at: datetime, grants_: Sequence[Grant]) -> None:
        """Spends the invitation, keeps grants and enrolment: all or nothing."""
        self.renew(subject, token_hash, at, grants_, ())

    def renew(
        self,
        subject: Subject,
        token_hash: str,
        at: datetime,
        grants_: Sequence[Grant],
        replaced: Sequence[Grant],
    ) -> None:
        """As enrol(), and ends the grants that are replaced: all or nothing."""
        with self._db.write() as c:
            _end_grants(c, replaced, at, "renewed")
            c.execute(sa.update(invitations).where(invitations.c.token_hash == token_hash).values(used_at=at))
            c.execute(sa.update(subjects).where(subjects.c.id == subject.id).values(**_subject_row(subject)))
            c.execute(sa.insert(grants), [_grant_row(g) for g in grants_])

    def subject(self, subject: str) -> Subject | None:
        """One subject, or None."""
        with self._db.read() as c:
            row = c.execute(sa.select(subjects).where(subjects.c.id == subject)).mappings().first()
        return None if row is None else Subject(**row)

    def subjects(self) -> list[Subject]:
        """Everybody who was invited, by id."""
        with self._db.read() as c:
            return [Subject(**row) for row in c.execute(sa.select(subjects).order_by(subjects.c.id)).mappings()]

    def grants_of(self, subject: str) -> list[Grant]:
        """All grants of one person, by time and purpose."""
        query = (
            sa.select(grants)
            .where(grants.c.subject == subject)
            .order_by(grants.c.given_at, grants.c.purpose, grants.c.id)
        )
        return list(self._grants(query))

    def grant_keys(self, kinds: Sequence[str], at: datetime) -> list[GrantKey]:
        """Of grants not ended, date not passed, of these kinds; by subject, then purpose."""
        of_kind = sa.or_(*(sa.or_(grants.c.purpose == k, grants.c.purpose.startswith(k + ":")) for k in kinds))
        g, s = grants.c, subjects.c
        given, until = (sa.type_coerce(at, sa.DateTime) for at in (g.given_at, g.until))  # UTC, as it is kept
        columns = (g.id, g.subject, g.purpose, g.key_id, g.wrapped_key, given, until, g.pack, g.template)
        query = sa.select(*columns, s.holder, s.log_key).join(subjects, s.id == g.subject)
        query = query.where(g.ended_at.is_(None), g.until > at, of_kind)
        with self._db.read() as c:
            rows = c.execute(query.order_by(g.subject, g.purpose, g.id)).all()
        purposes = {text: Purpose.parse(text) for text in {row[2] for row in rows}}
        return [
            GrantKey(
                id_, who, purposes[what], key, wrapped,
                grant_facts_utc(who, what, given_at, ends, holder, log_key, pack, template),
                template,
            )
            for id_, who, what, key, wrapped, given_at, ends, pack, template, holder, log_key in rows
        ]  # fmt: skip

    def unended(self) -> list[Grant]:
        """Every grant not marked ended, by subject and purpose."""
        query = sa.select(grants).where(grants.c.ended_at.is_(None))
        return list(self._grants(query.order_by(grants.c.subject, grants.c.purpose, grants.c.id)))

    def self_held(self) -> frozenset[str]:
        """Everybody who holds their own key."""
        return self._ids(subjects.c.holder == "subject")

    def _ids(self, which: sa.ColumnElement[bool]) -> frozenset[str]:
        with self._db.read() as c:
            return frozenset(c.execute(sa.select(subjects.c.id).where(which)).scalars())

    def overdue(self, at: datetime) -> list[Grant]:
        """Grants not marked ended whose date has passed."""
        return list(self._grants(sa.select(grants).where(grants.c.ended_at.is_(None), grants.c.until <= at)))

    def unended_keys(self) -> dict[str, str]:
        """key id -> subject of every grant not marked ended."""
        with self._db.read() as c:
            rows = c.execute(sa.select(grants.c.key_id, grants.c.subject).where(grants.c.ended_at.is_(None)))
            return {key_id: subject for key_id, subject in rows}

    def end_grants(self, ending: Sequence[Grant], at: datetime, reason: str) -> None:
        """Marks them ended and empties their wrapped keys."""
        with self._db.write() as c:
            _end_grants(c, ending, at, reason)

    def ways_in(self, subject: str) -> list[str]:
        """The keys of what somebody signs in with."""
        with self._db.read() as c:
            return list(c.execute(sa.select(credentials.c.key_id).where(credentials.c.owner == subject)).scalars())

    def forget(self, subject: str, at: datetime) -> None:
        """Empties name and guardian, drops invitations and what they sign in with, marks the person as gone."""
        with self._db.write() as c:
            c.execute(sa.delete(invitations).where(invitations.c.subject == subject))
            c.execute(sa.delete(credentials).where(credentials.c.owner == subject))
            c.execute(sa.delete(subject_requests).where(subject_requests.c.subject == subject))
            c.execute(
                sa.update(subjects)
                .where(subjects.c.id == subject)
                .values(name="", guardian=None, salt=None, left_at=at)
            )
        self._db.scrub()

    def keep_receipt(self, subject: str, kind: str, at: datetime, jws: str) -> None:
        """Keeps a signed receipt."""
        with self._db.write() as c:
            c.execute(sa.insert(receipts).values(subject=subject, kind=kind, made_at=at, jws=jws))

    def receipts_of(self, subject: str) -> list[tuple[str, datetime, str]]:
        """(kind, made at, JWS) of one person, oldest first."""
        query = sa.select(receipts.c.kind, receipts.c.made_at, receipts.c.jws).where(receipts.c.subject == subject)
        with self._db.read() as c:
            return [(kind, at, jws) for kind, at, jws in c.execute(query.order_by(receipts.c.id))]

    def shown_in_copies(self, subject: str) -> bool:
        """True where a published copy still shows this person."""
        with self._db.read() as c:
            return (
                c.execute(sa.select(copy_subjects.c.path).where(copy_subjects.c.subject == subject).limit(1)).first()
                is not None
            )

    def note(self, name: str) -> str | None:
        """A fact about the archive as a whole. ArchiveBroken where it was edited."""
        with self._db.read() as c:
            row = c.execute(sa.select(meta.c.value, meta.c.seal).where(meta.c.name == name)).first()
        if row is None:
            return None
        self._require(name, row.value, row.seal)
        return str(row.value)

    def require_notes(self) -> None:
        """Raises ArchiveBroken where any fact about the archive was edited."""
        with self._db.read() as c:
            for name, value, seal in c.execute(sa.select(meta.c.name, meta.c.value, meta.c.seal)).all():
                self._require(name, value, seal)

    def _require(self, name: str, value: str, seal: bytes | None) -> None:
        if not self._seal.holds(seal, _NOTE, name, value):
            raise ArchiveBroken(
                f"What is on record about this archive ({name}) was edited.", "Put back a good copy of the database."
            )

    def sealed_facts(self) -> list[str]:
        """Facts that acts change, name and value in turn, by name, as they stand there."""
        query = sa.select(meta.c.name, meta.c.value).where(meta.c.name.not_in(_COUNTERS)).order_by(meta.c.name)
        with self._db.read() as c:
            return [text for row in c.execute(query) for text in row]

    def unsealed_note(self, name: str) -> str | None:
        """A fact as it stands there, edited or not: to seal an archive made before there were seals, and to look."""
        with self._db.read() as c:
            return c.execute(sa.select(meta.c.value).where(meta.c.name == name)).scalar()

    def bind_templates(self, bound: Sequence[Grant]) -> None:
        """Keeps the pack and the template of each of these grants."""
        with self._db.write() as c:
            for grant in bound:
                row = sa.update(grants).where(grants.c.id == grant.id)
                c.execute(row.values(pack=grant.pack, template=grant.template))

    def seal_notes(self) -> None:
        """Seals all facts as they stand there."""
        with self._db.read() as c:
            notes = {name: value for name, value in c.execute(sa.select(meta.c.name, meta.c.value))}
        self.set_notes(**notes)

    def set_notes(self, **notes: str) -> None:
        """Keeps such facts."""
        with self._db.write() as c:
            c.execute(sa.delete(meta).where(meta.c.name.in_(list(notes))))
            rows = [{"name": n, "value": v, "seal": self._seal.seal(_NOTE, n, v)} for n, v in notes.items()]
            c.execute(sa.insert(meta), rows)

    def _grants(self, query: sa.Select[Any]) -> Iterator[Grant]:
        with self._db.read() as c:
            rows = c.execute(query).all()
        purposes: dict[str, Purpose] = {}
        for row in rows:
            purpose = purposes.get(row.purpose) or purposes.setdefault(row.purpose, Purpose.parse(row.purpose))
            yield Grant(
                row.id,
                row.subject,
                purpose,
                row.key_id,
                row.wrapped_key,
                row.given_at,
                row.until,
                row.ended_at,
                row.end_reason,
                row.pack,
                row.template,
            )


def _end_grants(c: sa.Connection, ending: Sequence[Grant], at: datetime, reason: str) -> None:
    if ending:
        these = sa.and_(grants.c.id.in_([g.id for g in ending]), grants.c.ended_at.is_(None))
        c.execute(sa.update(grants).where(these).values(ended_at=at, end_reason=reason, wrapped_key=None))


def _invitation(row: Any) -> Invitation:
    return Invitation(**{**row, "purposes": tuple(Purpose.parse(p) for p in row["purposes"].split())})


def _invitation_row(invitation: Invitation) -> dict[str, Any]:
    return {
        "token_hash": invitation.token_hash,
        "subject": invitation.subject,
        "purposes": " ".join(str(p) for p in invitation.purposes),
        "until": invitation.until,
        "expires_at": invitation.expires_at,
    }


def _subject_row(subject: Subject) -> dict[str, Any]:
    return {name: getattr(subject, name) for name in subjects.c.keys()}  # noqa: SIM118  # a ColumnCollection, not a dict


def _grant_row(grant: Grant) -> dict[str, Any]:
    return {**{name: getattr(grant, name) for name in grants.c.keys()}, "purpose": str(grant.purpose)}  # noqa: SIM118
