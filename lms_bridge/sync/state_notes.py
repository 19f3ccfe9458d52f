"""What processes leave for one another, a short line by topic and name: runs end, and whoever serves wants to know.

In the table of what was told to whom, under names that no channel can have.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from lms_bridge.sync import state_schema as tables
from lms_bridge.sync.intent import Note, Topic
from lms_bridge.sync.state_engine import Store, adding

_T = tables.told


class Notes:
    """Shares the store of a `State`, and lives as long."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def all(self, topic: Topic) -> Mapping[str, Note]:
        query = sa.select(_T.c.subject, _T.c.status, _T.c.at).where(_T.c.channel == topic.value)
        with self._store.transaction() as connection:
            return {name: Note(text, at) for name, text, at in connection.execute(query)}

    def find(self, topic: Topic, name: str) -> Note | None:
        query = sa.select(_T.c.status, _T.c.at).where(_T.c.channel == topic.value, _T.c.subject == name)
        with self._store.transaction() as connection:
            row = connection.execute(query).first()
            return Note(*row) if row is not None else None

    def put(self, topic: Topic, notes: Mapping[str, str], now: datetime) -> None:
        """In place of what was noted by these names."""
        self._add(topic, notes, now, counting=False)

    def count(self, topic: Topic, more: Mapping[str, int], now: datetime) -> None:
        """Added to what others counted by these names, at the same moment as well."""
        self._add(topic, {name: str(number) for name, number in more.items()}, now, counting=True)

    def _add(self, topic: Topic, notes: Mapping[str, str], now: datetime, *, counting: bool) -> None:
        rows = [{"channel": topic.value, "subject": name, "status": text, "at": now} for name, text in notes.items()]
        if rows:
            with self._store.transaction() as connection:
                connection.execute(_put(connection.dialect.name, counting=counting), rows)


def _put(dialect: str, *, counting: bool) -> Any:
    new = adding(dialect, _T)
    text: Any = new.excluded.status
    if counting:
        total = sa.cast(_T.c.status, sa.BigInteger) + sa.cast(new.excluded.status, sa.BigInteger)
        text = sa.cast(total, sa.String)
    return new.on_conflict_do_update(
        index_elements=[_T.c.channel, _T.c.subject], set_={"status": text, "at": new.excluded.at}
    )
