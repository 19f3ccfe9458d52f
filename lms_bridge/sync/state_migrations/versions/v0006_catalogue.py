"""What people look items up by: their tags, drafts of the source, and what nobody sees before it is approved."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "tags",
        sa.Column("route", sa.String(60), primary_key=True),
        sa.Column("key", sa.Text(), primary_key=True),
        sa.Column("tag", sa.Text(), primary_key=True),
        sa.Column("folded", sa.Text(), nullable=False),
    )
    op.create_index("tags_looked_up", "tags", ["folded", "route", "key"])
    op.create_table(
        "drafts",
        sa.Column("route", sa.String(60), primary_key=True),
        sa.Column("key", sa.Text(), primary_key=True),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("course", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
    )
    op.add_column("records", sa.Column("unseen", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.drop_index("records_looked_at", "records")
    seen = ["route", "course", "kind", "title", "key", "drifted", "deleted", "hidden", "unseen"]
    op.create_index("records_looked_at", "records", seen)
