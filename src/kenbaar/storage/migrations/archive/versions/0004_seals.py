"""what a grant's key is for stands in its row; notes, collections and appearances carry a seal

The values come with `kenbaar seal`, which looks through an archive once: until then the archive opens nothing.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_SEALED = ("meta", "collections", "appearances")


def upgrade() -> None:
    for column in ("pack", "template"):
        op.add_column("grants", sa.Column(column, sa.Text(), server_default="", nullable=False))
    for table in _SEALED:
        op.add_column(table, sa.Column("seal", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    for table in _SEALED:
        op.drop_column(table, "seal")
    for column in ("template", "pack"):
        op.drop_column("grants", column)
