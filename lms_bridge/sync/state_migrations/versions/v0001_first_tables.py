"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    _what_stands_where()
    _what_is_under_way()
    _what_runs_did()


def _what_stands_where() -> None:
    op.create_table(
        "places",
        sa.Column("route", sa.String(60), primary_key=True),
        sa.Column("place", sa.Text(), primary_key=True),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("container", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("course", sa.Text()),
        sa.Column("listed", sa.DateTime(timezone=True)),
    )
    op.create_table(
        "records",
        sa.Column("route", sa.String(60), primary_key=True),
        sa.Column("place", sa.Text(), primary_key=True),
        sa.Column("key", sa.Text(), primary_key=True),
        sa.Column("destination", sa.String(60), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("base", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("course", sa.Text(), nullable=False),
        sa.Column("url", sa.Text()),
        sa.Column("drifted", sa.Boolean(), nullable=False),
        sa.Column("deleted", sa.Boolean(), nullable=False),
    )
    op.create_index("records_destination", "records", ["destination"])


def _what_is_under_way() -> None:
    op.create_table(
        "intents",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("route", sa.String(60), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("run", sa.String(60), nullable=False),
        sa.Column("action", sa.String(20), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("opened", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("intents_route", "intents", ["route", "place", "key"])
    op.create_table(
        "waiting",
        sa.Column("route", sa.String(60), primary_key=True),
        sa.Column("place", sa.Text(), primary_key=True),
        sa.Column("key", sa.Text(), primary_key=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("course", sa.Text(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "conflicts",
        sa.Column("route", sa.String(60), primary_key=True),
        sa.Column("place", sa.Text(), primary_key=True),
        sa.Column("key", sa.Text(), primary_key=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("course", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
    )


def _what_runs_did() -> None:
    op.create_table(
        "runs",
        sa.Column("run", sa.String(60), primary_key=True),
        sa.Column("route", sa.String(60), primary_key=True),
        sa.Column("destination", sa.String(60), nullable=False),
        sa.Column("started", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended", sa.DateTime(timezone=True)),
        sa.Column("checksum", sa.String(64), nullable=False),
        sa.Column("exit_code", sa.Integer()),
        sa.Column("summary", sa.JSON(), nullable=False),
    )
    op.create_index("runs_started", "runs", ["route", "started"])
    op.create_table(
        "outcomes",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("run", sa.String(60), nullable=False),
        sa.Column("route", sa.String(60), nullable=False),
        sa.Column("action", sa.String(20), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("course", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("version_before", sa.Text()),
        sa.Column("version_after", sa.Text()),
        sa.Column("cause", sa.Text()),
        sa.Column("location", sa.Text()),
        sa.Column("next_step", sa.Text()),
        sa.ForeignKeyConstraint(["run", "route"], ["runs.run", "runs.route"], ondelete="CASCADE"),
    )
    op.create_index("outcomes_key", "outcomes", ["key"])
    op.create_index("outcomes_run", "outcomes", ["run", "route"])
