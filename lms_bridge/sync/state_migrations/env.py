"""Alembic's entry: runs the migrations on the connection that `state_versions` opened. No alembic.ini is needed."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], render_as_batch=True)
context.run_migrations()
