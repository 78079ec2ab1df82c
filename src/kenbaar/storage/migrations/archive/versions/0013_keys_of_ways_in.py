"""each way to sign in has a key of its own; those made before have none, and are made anew"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.execute("DELETE FROM credentials")
    op.add_column("credentials", sa.Column("until", sa.DateTime(), nullable=True))
    op.add_column("credentials", sa.Column("key_id", sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    op.execute("DELETE FROM credentials WHERE kind = 'link'")
    op.drop_column("credentials", "key_id")
    op.drop_column("credentials", "until")
