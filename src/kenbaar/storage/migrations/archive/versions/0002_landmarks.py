"""where the landmarks of each face are, so that one more enrolment needs no new search for faces"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("faces", sa.Column("landmarks", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("faces", schema=None) as batch_op:
        batch_op.drop_column("landmarks")
