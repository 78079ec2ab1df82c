"""nobody is marked as somebody's look-alike any more: it is worked out in the opened gallery, and kept nowhere"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.drop_column("subjects", "look_alike")


def downgrade() -> None:
    op.add_column("subjects", sa.Column("look_alike", sa.Boolean(), server_default=sa.false(), nullable=False))
