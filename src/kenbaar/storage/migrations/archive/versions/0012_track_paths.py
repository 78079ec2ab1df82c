"""where a face of a video is at each moment it was looked at"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.add_column("tracks", sa.Column("path_digest", sa.Text(), nullable=True))
    op.add_column("tracks", sa.Column("steps", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    op.drop_column("tracks", "steps")
    op.drop_column("tracks", "path_digest")
