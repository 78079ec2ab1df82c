"""landmarks stay of matched faces alone: of a stranger, ten numbers of a pack's choice could be a template"""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.execute(
        "UPDATE tracks SET landmarks = NULL WHERE NOT EXISTS"
        " (SELECT 1 FROM appearances AS a WHERE a.item = tracks.item AND a.n = tracks.n)"
    )


def downgrade() -> None:
    """What went is found again by the next sweep."""
