"""The tables of the state store, as the newest migration leaves them.

Apart from `state`, so that the migrations can be compared with it.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    Float,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
)
from sqlalchemy.engine import Dialect

metadata = MetaData()


class Moment(TypeDecorator[datetime]):
    """Aware moments. SQLite forgets zones, so everything is stored and given back in UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        moment: datetime = value
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


records = Table(
    "records",
    metadata,
    Column("route", String(60), primary_key=True),
    Column("place", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("destination", String(60), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("ref", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("version", Text, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("base", Text, nullable=False),
    Column("base_title", Text, nullable=False),
    Column("base_fields", JSON(none_as_null=True)),
    Column("title", Text, nullable=False),
    Column("course", Text, nullable=False),
    Column("parent", Text),
    Column("fields", JSON, nullable=False),
    Column("fidelity", JSON, nullable=False),
    Column("url", Text),
    Column("drifted", Boolean, nullable=False),
    Column("deleted", Boolean, nullable=False),
    Column("hidden", Boolean, nullable=False),
    Column("unseen", Boolean, nullable=False),
    Index("records_destination", "destination"),
    # All that a listing for people asks of a record: its row, with the text, is not read.
    Index("records_looked_at", "route", "course", "kind", "title", "key", "drifted", "deleted", "hidden", "unseen"),
    Index("records_key", "key"),
)

places = Table(
    "places",
    metadata,
    Column("route", String(60), primary_key=True),
    Column("place", Text, primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("container", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("course", Text),
    Column("listed", Moment()),
)

intents = Table(
    "intents",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("route", String(60), nullable=False),
    Column("place", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("run", String(60), nullable=False),
    Column("action", String(20), nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("opened", Moment(), nullable=False),
    Index("intents_route", "route", "place", "key"),
)

runs = Table(
    "runs",
    metadata,
    Column("run", String(60), primary_key=True),
    Column("route", String(60), primary_key=True),
    Column("destination", String(60), nullable=False),
    Column("started", Moment(), nullable=False),
    Column("ended", Moment()),
    Column("checksum", String(64), nullable=False),
    Column("exit_code", Integer),
    Column("summary", JSON, nullable=False),
    Column("role", String(20)),
    Column("actor", Text),
    Index("runs_started", "route", "started"),
)

outcomes = Table(
    "outcomes",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("run", String(60), nullable=False),
    Column("route", String(60), nullable=False),
    Column("action", String(20), nullable=False),
    Column("status", String(20), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("key", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("course", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("version_before", Text),
    Column("version_after", Text),
    Column("cause", Text),
    Column("location", Text),
    Column("next_step", Text),
    Column("digest_before", String(64)),
    Column("digest_after", String(64)),
    ForeignKeyConstraint(["run", "route"], ["runs.run", "runs.route"], ondelete="CASCADE"),
    Index("outcomes_run", "run", "route"),
    Index("outcomes_key", "key"),
)

waiting = Table(
    "waiting",
    metadata,
    Column("route", String(60), primary_key=True),
    Column("place", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("title", Text, nullable=False),
    Column("course", Text, nullable=False),
    Column("until", Moment(), nullable=False),
)

conflicts = Table(
    "conflicts",
    metadata,
    Column("route", String(60), primary_key=True),
    Column("place", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("title", Text, nullable=False),
    Column("course", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("found", Moment(), nullable=False),
    Column("url", Text),
    Column("fingerprint", String(64), nullable=False),
    Column("version", Text, nullable=False),
    Column("sides", JSON(none_as_null=True)),
)

tags = Table(
    "tags",
    metadata,
    Column("route", String(60), primary_key=True),
    Column("key", Text, primary_key=True),
    Column("tag", Text, primary_key=True),
    Column("folded", Text, nullable=False),
    Index("tags_looked_up", "folded", "route", "key"),
)

drafts = Table(
    "drafts",
    metadata,
    Column("route", String(60), primary_key=True),
    Column("key", Text, primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("course", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("origin", Text, nullable=False),
)

images = Table(
    "images",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("run", String(60), nullable=False),
    Column("route", String(60), nullable=False),
    Column("place", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("action", String(20), nullable=False),
    Column("ref", Text, nullable=False),
    Column("before", JSON(none_as_null=True)),
    Column("record_before", JSON(none_as_null=True)),
    Column("digest_after", String(64), nullable=False),
    ForeignKeyConstraint(["run", "route"], ["runs.run", "runs.route"], ondelete="CASCADE"),
    Index("images_run", "run", "route"),
    Index("images_key", "key"),
)

cursors = Table(
    "cursors",
    metadata,
    Column("route", String(60), primary_key=True),
    Column("cursor", Text, nullable=False),
)

doings = Table(
    "doings",
    metadata,
    Column("route", String(60), primary_key=True),
    Column("run", String(60), nullable=False),
    Column("process", Text, nullable=False),
    Column("stage", String(20), nullable=False),
    Column("done", Integer, nullable=False),
    Column("total", Integer, nullable=False),
    Column("since", Moment(), nullable=False),
    Column("beat", Moment(), nullable=False),
)

forgotten = Table(
    "forgotten",
    metadata,
    Column("route", String(60), primary_key=True),
    Column("mark", String(16), primary_key=True),
    Column("forgotten", Moment(), nullable=False),
)

shared_runs = Table(
    "shared_runs",
    metadata,
    Column("run", String(60), primary_key=True),
    Column("route", String(60), primary_key=True),
    Column("opened", Moment(), nullable=False),
    Column("ended", Moment()),
    Column("rest", JSON(none_as_null=True)),
)

groups = Table(
    "groups",
    metadata,
    Column("run", String(60), primary_key=True),
    Column("route", String(60), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("places", JSON, nullable=False),
    Column("done", Boolean, nullable=False),
    Column("left", JSON(none_as_null=True)),
    Column("still", Integer),
)

searches = Table(
    "searches",
    metadata,
    Column("run", String(60), primary_key=True),
    Column("route", String(60), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("courses", JSON, nullable=False),
    Column("done", Boolean, nullable=False),
    Column("told", Text),
)

budgets = Table(
    "budgets",
    metadata,
    Column("destination", String(60), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("level", Float, nullable=False),
    Column("filled", Moment(), nullable=False),
    Column("closed_until", Moment()),
)

trail = Table(
    "trail",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", Moment(), nullable=False),
    Column("role", String(20), nullable=False),
    Column("actor", Text, nullable=False),
    Column("deed", String(30), nullable=False),
    Column("route", String(60), nullable=False),
    Column("run", String(60), nullable=False),
    Column("key", Text, nullable=False),
    Column("before", String(64), nullable=False),
    Column("after", String(64), nullable=False),
    Column("about", Text, nullable=False),
    Column("chained", String(64), nullable=False),
    Index("trail_run", "run", "route"),
    Index("trail_at", "at"),
)

told = Table(
    "told",
    metadata,
    Column("channel", String(60), primary_key=True),
    Column("subject", String(200), primary_key=True),
    Column("status", String(40), nullable=False),
    Column("at", Moment(), nullable=False),
)
