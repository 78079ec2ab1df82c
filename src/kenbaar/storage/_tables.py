"""The tables. Every column that could point at a person says so; no column holds a vector, a score or a picture."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import TypeDecorator


class Utc(TypeDecorator[datetime]):
    """An aware UTC datetime, stored without zone, so that SQLite and PostgreSQL give the same back."""

    impl = sa.DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        """Aware to naive UTC; a naive time is a bug."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without zone")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        """Naive UTC to aware."""
        return None if value is None else value.replace(tzinfo=UTC)


archive = sa.MetaData()
templates = sa.MetaData()

meta = sa.Table(
    "meta",
    archive,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
    sa.Column("seal", sa.LargeBinary),
)

subjects = sa.Table(
    "subjects",
    archive,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),  # identity; emptied when the person leaves
    sa.Column("guardian", sa.Text),  # identity of a minor's guardian; emptied likewise
    sa.Column("holder", sa.Text, nullable=False),
    sa.Column("invited_at", Utc, nullable=False),
    sa.Column("enrolled_at", Utc),
    sa.Column("left_at", Utc),
    sa.Column("log_key", sa.Text),  # key id in the key store, not a key
    sa.Column("salt", sa.LargeBinary),  # for the recovery code; no secret
)

invitations = sa.Table(
    "invitations",
    archive,
    sa.Column("token_hash", sa.Text, primary_key=True),
    sa.Column("subject", sa.ForeignKey("subjects.id"), nullable=False),
    sa.Column("purposes", sa.Text, nullable=False),
    sa.Column("until", Utc, nullable=False),
    sa.Column("expires_at", Utc, nullable=False),
    sa.Column("used_at", Utc),
)

grants = sa.Table(
    "grants",
    archive,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("subject", sa.ForeignKey("subjects.id"), nullable=False, index=True),
    sa.Column("purpose", sa.Text, nullable=False, index=True),
    sa.Column("key_id", sa.Text, nullable=False, unique=True),
    sa.Column("wrapped_key", sa.LargeBinary),  # the data key under the purpose key; emptied when the grant ends
    sa.Column("given_at", Utc, nullable=False),
    sa.Column("until", Utc, nullable=False),
    sa.Column("ended_at", Utc),
    sa.Column("end_reason", sa.Text),
    sa.Column("pack", sa.Text, nullable=False, server_default=""),
    sa.Column("template", sa.Text, nullable=False, server_default=""),  # digest of the sealed template
)

receipts = sa.Table(
    "receipts",
    archive,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("subject", sa.ForeignKey("subjects.id"), nullable=False, index=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("made_at", Utc, nullable=False),
    sa.Column("jws", sa.Text, nullable=False),
)

collections = sa.Table(
    "collections",
    archive,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("mode", sa.Text, nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("officer", sa.Text),
    sa.Column("added_at", Utc, nullable=False),
    sa.Column("seal", sa.LargeBinary),  # of name, mode, reason, officer, roster and links
    sa.Column("follow_links", sa.Boolean, nullable=False),
)

roster = sa.Table(
    "roster",
    archive,
    sa.Column("collection", sa.ForeignKey("collections.name"), primary_key=True),
    sa.Column("subject", sa.ForeignKey("subjects.id"), primary_key=True),
)

items = sa.Table(
    "items",
    archive,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("collection", sa.ForeignKey("collections.name"), nullable=False),
    sa.Column("path", sa.Text, nullable=False),  # relative to the source, as media.encode_name writes it
    sa.Column("digest", sa.Text, index=True),
    sa.Column("width", sa.Integer),
    sa.Column("height", sa.Integer),
    sa.Column("size_bytes", sa.BigInteger, nullable=False),
    sa.Column("mtime_ns", sa.BigInteger, nullable=False),
    sa.Column("taken_at", Utc),
    sa.Column("state", sa.Text, nullable=False),  # new | present | missing | unreadable
    sa.Column("why", sa.Text),
    sa.Column("seen_run", sa.Text),
    sa.Column("analysed_with", sa.Text),  # pack digest + mode that found the faces; none: not since it changed
    sa.Column("compared_with", sa.Text),  # digest of the set of grants compared with (galleries.digest)
    sa.Column("kind", sa.Text, nullable=False, server_default="photo"),  # photo | video
    sa.UniqueConstraint("collection", "path"),
)

tracks = sa.Table(  # geometry alone: where faces are, and when; nothing of who they are is kept of strangers
    "tracks",
    archive,
    sa.Column("item", sa.ForeignKey("items.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("n", sa.Integer, primary_key=True),
    sa.Column("start_s", sa.Float),  # seconds; none of a photo
    sa.Column("end_s", sa.Float),
    sa.Column("at_s", sa.Float),  # the moment that box and landmarks are of
    sa.Column("x_min", sa.Integer, nullable=False),
    sa.Column("y_min", sa.Integer, nullable=False),
    sa.Column("x_max", sa.Integer, nullable=False),
    sa.Column("y_max", sa.Integer, nullable=False),
    sa.Column("landmarks", sa.LargeBinary),  # five points (faces.Landmarks.packed), where faces are compared
    sa.Column("by_hand", sa.Boolean, nullable=False, server_default=sa.false()),  # a person drew it or pointed at it
    sa.Column("path_digest", sa.Text),  # of steps; sealed with whoever appears there
    sa.Column("steps", sa.LargeBinary),  # where the face is in a video (collections.TrackPath.packed)
)

appearances = sa.Table(
    "appearances",
    archive,
    sa.Column("item", sa.Text, primary_key=True),
    sa.Column("n", sa.Integer, primary_key=True),
    sa.Column("subject", sa.ForeignKey("subjects.id"), nullable=False, index=True),
    sa.Column("band", sa.Text, nullable=False),  # strong | possible | by hand
    sa.Column("how", sa.Text, nullable=False),  # recognised | claimed | by hand
    sa.Column("seen_at", Utc, nullable=False),
    sa.Column("said_by", sa.Text),  # an account: through which it was said by hand
    sa.Column("confirmed_by", sa.Text),  # another account
    sa.Column("seal", sa.LargeBinary),  # of the content's digest, the face's place and moments, and what stands here
    sa.ForeignKeyConstraint(["item", "n"], ["tracks.item", "tracks.n"], ondelete="CASCADE"),
)

rejections = sa.Table(  # "this is not me": by content, so that it survives a rename and another analysis
    "rejections",
    archive,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("digest", sa.Text, nullable=False, index=True),
    sa.Column("subject", sa.ForeignKey("subjects.id"), nullable=False, index=True),
    sa.Column("x_min", sa.Integer, nullable=False),
    sa.Column("y_min", sa.Integer, nullable=False),
    sa.Column("x_max", sa.Integer, nullable=False),
    sa.Column("y_max", sa.Integer, nullable=False),
    sa.Column("at_s", sa.Float),
    sa.Column("rejected_at", Utc, nullable=False),
)

hidden = sa.Table(  # "do not show me here": by content, so that it survives a rename and another analysis
    "hidden",
    archive,
    sa.Column("digest", sa.Text, primary_key=True),
    sa.Column("subject", sa.ForeignKey("subjects.id"), primary_key=True, index=True),
    sa.Column("since", Utc, nullable=False),
)

covers = sa.Table(  # places in a content that are covered in every copy, whoever is there and whatever they agreed to
    "covers",
    archive,
    sa.Column("digest", sa.Text, primary_key=True),
    sa.Column("face", sa.Text, primary_key=True),  # as Rejection.face has it
    sa.Column("since", Utc, nullable=False),
)

subject_requests = sa.Table(  # what people asked for by law
    "subject_requests",
    archive,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("received_at", Utc, nullable=False),
    sa.Column("due", sa.Date, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, index=True),
    sa.Column("contact", sa.Text, nullable=False),
    sa.Column("words", sa.Text, nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("answer", sa.Text),
    sa.Column("closed_at", Utc),
    sa.Column("closed_by", sa.Text),
    sa.Column("item", sa.Text),
    sa.Column("digest", sa.Text),
    sa.Column("x", sa.Integer),
    sa.Column("y", sa.Integer),
    sa.Column("seal", sa.LargeBinary),  # of everything that stands here
)

galleries = sa.Table(  # which grants a sweep compared with: ids only
    "galleries", archive, sa.Column("digest", sa.Text, primary_key=True), sa.Column("grants", sa.Text, nullable=False)
)

copies = sa.Table(
    "copies",
    archive,
    sa.Column("path", sa.Text, primary_key=True),  # absolute path of the published file
    sa.Column("collection", sa.ForeignKey("collections.name"), nullable=False),
    sa.Column("item", sa.Text, nullable=False, index=True),
    sa.Column("folder", sa.Text, nullable=False, index=True),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("source_digest", sa.Text, nullable=False),
    sa.Column("copy_digest", sa.Text, nullable=False),
    sa.Column("render_key", sa.Text, nullable=False),
    sa.Column("masked", sa.Integer, nullable=False),
    sa.Column("visible", sa.Integer, nullable=False),
    sa.Column("made_at", Utc, nullable=False),
)

copy_subjects = sa.Table(
    "copy_subjects",
    archive,
    sa.Column("path", sa.ForeignKey("copies.path", ondelete="CASCADE"), primary_key=True),
    sa.Column("subject", sa.ForeignKey("subjects.id"), primary_key=True, index=True),
)

staff = sa.Table(  # accounts of the organisation's own people
    "staff",
    archive,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("subject", sa.Text),  # who they are themselves, where they enrolled
    sa.Column("trial", sa.Boolean, nullable=False),
    sa.Column("approved_by", sa.Text, nullable=False),
    sa.Column("invited_at", Utc, nullable=False),
    sa.Column("until", Utc, nullable=False),
    sa.Column("token_hash", sa.Text, unique=True),  # emptied when it is accepted
    sa.Column("accepted_at", Utc),
    sa.Column("salt", sa.LargeBinary),  # of the passphrase; no secret
    sa.Column("verifier", sa.LargeBinary),  # of the passphrase (Argon2id)
    sa.Column("ended_at", Utc),
    sa.Column("seal", sa.LargeBinary),  # of everything that stands here
)

credentials = sa.Table(  # what people and staff sign in with: digests and public keys
    "credentials",
    archive,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("owner", sa.Text, nullable=False, index=True),  # a subject or an account
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("digest", sa.Text, nullable=False, unique=True),
    sa.Column("made_at", Utc, nullable=False),
    sa.Column("label", sa.Text, nullable=False),
    sa.Column("credential_id", sa.LargeBinary),
    sa.Column("public_key", sa.LargeBinary),
    sa.Column("sign_count", sa.Integer, nullable=False),
    sa.Column("wrapped", sa.LargeBinary),  # a recovery code, which only its owner's device opens
    sa.Column("until", Utc),  # of a link with which a new code is made
    sa.Column("key_id", sa.Text, nullable=False, server_default=""),  # made for this row; goes with it
    sa.Column("seal", sa.LargeBinary),  # of everything that stands here
)

staff_tokens = sa.Table(  # by which programs act with an account; of the token itself there is a hash alone
    "staff_tokens",
    archive,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("account", sa.Text, nullable=False),
    sa.Column("scopes", sa.Text, nullable=False),  # a space between them
    sa.Column("token_hash", sa.Text, nullable=False, unique=True),
    sa.Column("made_at", Utc, nullable=False),
    sa.Column("until", Utc, nullable=False),
    sa.Column("ended_at", Utc),
    sa.Column("seal", sa.LargeBinary),  # of everything that stands here
)

cases = sa.Table(  # "who is this?": all that is asked and answered is sealed; closed, the row stays without it
    "cases",
    archive,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("opened_at", Utc, nullable=False),
    sa.Column("expires_at", Utc, nullable=False),
    sa.Column("key_id", sa.Text, nullable=False, unique=True),  # of its newest state alone; the one before is destroyed
    sa.Column("sealed", sa.LargeBinary, nullable=False),
)

case_photos = sa.Table(
    "case_photos",
    archive,
    sa.Column("case", sa.ForeignKey("cases.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("n", sa.Integer, primary_key=True),
    sa.Column("sealed", sa.LargeBinary, nullable=False),  # under a key that the case's sealed state holds
)

sealed_portraits = sa.Table(  # of people who may be asked about: to be compared with by eye, in an open case alone
    "sealed_portraits",
    templates,
    sa.Column("subject", sa.Text, primary_key=True),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
)

sealed_templates = sa.Table(
    "sealed_templates",
    templates,
    sa.Column("subject", sa.Text, primary_key=True),
    sa.Column("pack", sa.Text, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
)
