"""Workers share looking for courses too, and tell one another what they found and what they left."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "searches",
        sa.Column("run", sa.String(60), primary_key=True),
        sa.Column("route", sa.String(60), primary_key=True),
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("courses", sa.JSON(), nullable=False),
        sa.Column("done", sa.Boolean(), nullable=False),
        sa.Column("told", sa.Text()),
    )
    op.add_column("groups", sa.Column("left", sa.JSON()))
    op.add_column("groups", sa.Column("still", sa.Integer()))
