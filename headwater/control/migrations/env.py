"""Run by Alembic: hands it the connection that ``control.migrate`` opened."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
with context.begin_transaction():
    context.run_migrations()
