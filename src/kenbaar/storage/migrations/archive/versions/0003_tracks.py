"""faces become tracks: of a photo, tracks of one moment; appearances and rejections point at tracks

Down keeps everything a photo archive has: the older version knows no videos (they go), one appearance of a person in an
item and one rejection of a person for each content (the newest stays, as it was in that version).
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_BOX = ("x_min", "y_min", "x_max", "y_max")


def upgrade() -> None:
    op.execute("ALTER TABLE items RENAME COLUMN looked_with TO analysed_with")
    op.execute("ALTER TABLE items RENAME COLUMN looked_for TO compared_with")
    op.execute("ALTER TABLE items ADD COLUMN kind TEXT DEFAULT 'photo' NOT NULL")

    op.create_table(
        "tracks",
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("start_s", sa.Float(), nullable=True),
        sa.Column("end_s", sa.Float(), nullable=True),
        sa.Column("at_s", sa.Float(), nullable=True),
        *_box_columns(),
        sa.Column("landmarks", sa.LargeBinary(), nullable=True),
        sa.Column("by_hand", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(["item"], ["items.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("item", "n"),
    )
    # What no detector found has no landmarks where the other faces of its photo have them.
    others = "EXISTS (SELECT 1 FROM faces AS o WHERE o.item = f.item AND o.landmarks IS NOT NULL)"
    op.execute(
        f"INSERT INTO tracks (item, n, {', '.join(_BOX)}, landmarks, by_hand)"  # noqa: S608  # our own names alone
        f" SELECT item, n, {', '.join(_BOX)}, landmarks, landmarks IS NULL AND {others} FROM faces AS f"
    )

    _set_aside("appearances", "subject")
    op.create_table(
        "appearances",
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        *_how_columns(),
        sa.ForeignKeyConstraint(["item", "n"], ["tracks.item", "tracks.n"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["subject"], ["subjects.id"]),
        sa.PrimaryKeyConstraint("item", "n"),
    )
    op.create_index("ix_appearances_subject", "appearances", ["subject"])
    op.execute(
        "INSERT INTO appearances (item, n, subject, band, how, seen_at)"
        " SELECT a.item, a.n, a.subject, a.band, a.how, a.seen_at FROM appearances_before AS a"
        " JOIN tracks AS t ON t.item = a.item AND t.n = a.n"  # one without a face was never shown to anybody
    )
    op.drop_table("appearances_before")
    op.drop_table("faces")

    _set_aside("rejections", "subject")
    op.create_table(
        "rejections",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        *_box_columns(),
        sa.Column("at_s", sa.Float(), nullable=True),
        sa.Column("rejected_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["subject"], ["subjects.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_rejections_digest", "rejections", ["digest"])
    op.create_index("ix_rejections_subject", "rejections", ["subject"])
    kept = f"digest, subject, {', '.join(_BOX)}, rejected_at"
    op.execute(f"INSERT INTO rejections ({kept}) SELECT {kept} FROM rejections_before")  # noqa: S608  # our own names
    op.drop_table("rejections_before")


def downgrade() -> None:
    op.execute("DELETE FROM items WHERE kind <> 'photo'")

    _set_aside("appearances", "subject")
    op.create_table(
        "appearances",
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        *_how_columns(),
        sa.ForeignKeyConstraint(["item"], ["items.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["subject"], ["subjects.id"]),
        sa.PrimaryKeyConstraint("item", "subject"),
        sa.UniqueConstraint("item", "n"),
    )
    op.create_index("ix_appearances_subject", "appearances", ["subject"])
    op.execute(
        "INSERT INTO appearances (item, subject, n, band, how, seen_at)"
        " SELECT item, subject, n, band, how, seen_at FROM appearances_before AS a"
        " WHERE n = (SELECT MIN(b.n) FROM appearances_before AS b WHERE b.item = a.item AND b.subject = a.subject)"
    )
    op.drop_table("appearances_before")

    op.create_table(
        "faces",
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        *_box_columns(),
        sa.Column("landmarks", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["item"], ["items.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("item", "n"),
    )
    kept = f"item, n, {', '.join(_BOX)}, landmarks"
    op.execute(f"INSERT INTO faces ({kept}) SELECT {kept} FROM tracks")  # noqa: S608  # our own names alone
    op.drop_table("tracks")

    _set_aside("rejections", "subject")
    op.drop_index("ix_rejections_digest", "rejections_before")
    op.create_table(
        "rejections",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        *_box_columns(),
        sa.Column("rejected_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["subject"], ["subjects.id"]),
        sa.PrimaryKeyConstraint("digest", "subject"),
    )
    op.create_index("ix_rejections_subject", "rejections", ["subject"])
    kept = f"digest, subject, {', '.join(_BOX)}, rejected_at"
    op.execute(
        f"INSERT INTO rejections ({kept}) SELECT {kept} FROM rejections_before AS r"  # noqa: S608  # our own names alone
        " WHERE id = (SELECT MAX(s.id) FROM rejections_before AS s WHERE s.digest = r.digest AND s.subject = r.subject)"
    )
    op.drop_table("rejections_before")

    op.execute("ALTER TABLE items DROP COLUMN kind")
    op.execute("ALTER TABLE items RENAME COLUMN compared_with TO looked_for")
    op.execute("ALTER TABLE items RENAME COLUMN analysed_with TO looked_with")


def _set_aside(table: str, indexed: str) -> None:
    """Makes room for a table of that name with other keys; its rows are in `table`_before until it is dropped."""
    op.drop_index(f"ix_{table}_{indexed}", table)
    op.rename_table(table, f"{table}_before")


def _box_columns() -> list[sa.Column[int]]:
    return [sa.Column(side, sa.Integer(), nullable=False) for side in _BOX]


def _how_columns() -> list[sa.Column[object]]:
    return [
        sa.Column("band", sa.Text(), nullable=False),
        sa.Column("how", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.DateTime(), nullable=False),
    ]
