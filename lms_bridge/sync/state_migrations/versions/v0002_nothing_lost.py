"""What merging, undoing, reviewing, erasing and watching need to remember."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    _records()
    _conflicts()
    _before_images()
    _routes()


def _records() -> None:
    with op.batch_alter_table("records") as records:
        records.add_column(sa.Column("base_title", sa.Text(), nullable=False, server_default=""))
        records.add_column(sa.Column("base_fields", sa.JSON()))
        records.add_column(sa.Column("parent", sa.Text()))
        records.add_column(sa.Column("fields", sa.JSON(), nullable=False, server_default="{}"))
        records.add_column(sa.Column("fidelity", sa.JSON(), nullable=False, server_default="{}"))
        records.add_column(sa.Column("hidden", sa.Boolean(), nullable=False, server_default=sa.false()))


def _conflicts() -> None:
    # They are found anew by the next run, with both sides.
    op.drop_table("conflicts")
    op.create_table(
        "conflicts",
        sa.Column("route", sa.String(60), primary_key=True),
        sa.Column("place", sa.Text(), primary_key=True),
        sa.Column("key", sa.Text(), primary_key=True),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("course", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("found", sa.DateTime(timezone=True), nullable=False),
        sa.Column("url", sa.Text()),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("sides", sa.JSON()),
    )


def _before_images() -> None:
    op.create_table(
        "images",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("run", sa.String(60), nullable=False),
        sa.Column("route", sa.String(60), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("action", sa.String(20), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("before", sa.JSON()),
        sa.Column("record_before", sa.JSON()),
        sa.Column("digest_after", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(["run", "route"], ["runs.run", "runs.route"], ondelete="CASCADE"),
    )
    op.create_index("images_run", "images", ["run", "route"])
    op.create_index("images_key", "images", ["key"])


def _routes() -> None:
    op.create_table(
        "cursors",
        sa.Column("route", sa.String(60), primary_key=True),
        sa.Column("cursor", sa.Text(), nullable=False),
    )
    op.create_table(
        "doings",
        sa.Column("route", sa.String(60), primary_key=True),
        sa.Column("run", sa.String(60), nullable=False),
        sa.Column("process", sa.Text(), nullable=False),
        sa.Column("stage", sa.String(20), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("beat", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "forgotten",
        sa.Column("route", sa.String(60), primary_key=True),
        sa.Column("mark", sa.String(16), primary_key=True),
        sa.Column("forgotten", sa.DateTime(timezone=True), nullable=False),
    )
