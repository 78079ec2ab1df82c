"""Alembic's entry for the archive store: runs on the connection that kenbaar.storage hands over."""

from alembic import context

from kenbaar.storage import _tables

context.configure(
    connection=context.config.attributes["connection"], target_metadata=_tables.archive, render_as_batch=True
)
with context.begin_transaction():
    context.run_migrations()
