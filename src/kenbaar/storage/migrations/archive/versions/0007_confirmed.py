"""who said by hand whose face it is, and who confirmed it; without the second nobody is shown by it"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    for column in ("said_by", "confirmed_by"):
        op.add_column("appearances", sa.Column(column, sa.Text(), nullable=True))


def downgrade() -> None:
    for column in ("confirmed_by", "said_by"):
        op.drop_column("appearances", column)
