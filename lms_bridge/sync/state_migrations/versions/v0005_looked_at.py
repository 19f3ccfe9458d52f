"""What people page through: items by route, course, kind and title, and one item wherever it stands."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    seen = ["route", "course", "kind", "title", "key", "drifted", "deleted", "hidden"]
    op.create_index("records_looked_at", "records", seen)
    op.create_index("records_key", "records", ["key"])
