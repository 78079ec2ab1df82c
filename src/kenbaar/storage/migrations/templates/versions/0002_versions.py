"""versions of a template lie beside each other until the records name the new one"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_COLUMNS = "subject, pack, version, sealed"


def upgrade() -> None:
    _made_anew("subject", "pack", "version", rows="")


def downgrade() -> None:
    newest = (
        " WHERE version = (SELECT MAX(b.version) FROM sealed_templates_before AS b"
        " WHERE b.subject = a.subject AND b.pack = a.pack)"
    )
    _made_anew("subject", "pack", rows=newest)


def _made_anew(*key: str, rows: str) -> None:
    op.execute("ALTER TABLE sealed_templates RENAME TO sealed_templates_before")
    if op.get_bind().dialect.name == "postgresql":  # the name of its key goes with the table there
        op.execute("ALTER INDEX sealed_templates_pkey RENAME TO sealed_templates_before_pkey")
    op.create_table(
        "sealed_templates",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("pack", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint(*key),
    )
    op.execute(
        f"INSERT INTO sealed_templates ({_COLUMNS})"  # noqa: S608  # our own names alone
        f" SELECT {_COLUMNS} FROM sealed_templates_before AS a{rows}"
    )
    op.drop_table("sealed_templates_before")
