"""The audit trail, what was told to whom, and the digests of what each write found and left."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_REFUSED = "the audit trail is only ever added to"


def upgrade() -> None:
    op.create_table(
        "trail",
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("deed", sa.String(30), nullable=False),
        sa.Column("route", sa.String(60), nullable=False),
        sa.Column("run", sa.String(60), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("before", sa.String(64), nullable=False),
        sa.Column("after", sa.String(64), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("chained", sa.String(64), nullable=False),
    )
    op.create_index("trail_run", "trail", ["run", "route"])
    op.create_index("trail_at", "trail", ["at"])
    op.create_table(
        "told",
        sa.Column("channel", sa.String(60), primary_key=True),
        sa.Column("subject", sa.String(200), primary_key=True),
        sa.Column("status", sa.String(40), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
    op.add_column("runs", sa.Column("role", sa.String(20)))
    op.add_column("runs", sa.Column("actor", sa.Text()))
    op.add_column("outcomes", sa.Column("digest_before", sa.String(64)))
    op.add_column("outcomes", sa.Column("digest_after", sa.String(64)))
    _only_add()


def _only_add() -> None:
    """A slip, or a tool that knows no better, cannot change it. Who owns the database can; the chain tells that."""
    if op.get_bind().dialect.name == "sqlite":
        for event in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER trail_no_{event.lower()} BEFORE {event} ON trail "
                f"BEGIN SELECT RAISE(ABORT, '{_REFUSED}'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION trail_only_added() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_REFUSED}'; END $$"
    )
    op.execute(
        "CREATE TRIGGER trail_only_added BEFORE UPDATE OR DELETE OR TRUNCATE ON trail "
        "FOR EACH STATEMENT EXECUTE FUNCTION trail_only_added()"
    )
