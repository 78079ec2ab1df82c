"""who is visible in no copy of one content"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.create_table(
        "hidden",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["subject"], ["subjects.id"]),
        sa.PrimaryKeyConstraint("digest", "subject"),
    )
    op.create_index("ix_hidden_subject", "hidden", ["subject"])


def downgrade() -> None:
    op.drop_table("hidden")
