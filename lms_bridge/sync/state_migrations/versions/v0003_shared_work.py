"""Runs that several workers share: their groups of places, and what a destination bears from all of them together."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "shared_runs",
        sa.Column("run", sa.String(60), primary_key=True),
        sa.Column("route", sa.String(60), primary_key=True),
        sa.Column("opened", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended", sa.DateTime(timezone=True)),
        sa.Column("rest", sa.JSON()),
    )
    op.create_table(
        "groups",
        sa.Column("run", sa.String(60), primary_key=True),
        sa.Column("route", sa.String(60), primary_key=True),
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("places", sa.JSON(), nullable=False),
        sa.Column("done", sa.Boolean(), nullable=False),
    )
    op.create_table(
        "budgets",
        sa.Column("destination", sa.String(60), primary_key=True),
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("level", sa.Float(), nullable=False),
        sa.Column("filled", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_until", sa.DateTime(timezone=True)),
    )
