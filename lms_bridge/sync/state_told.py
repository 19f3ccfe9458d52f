"""What was told to whom, so that nobody is told twice: by processes on several hosts as well."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime

import sqlalchemy as sa

from lms_bridge.sync import state_schema as tables
from lms_bridge.sync.state_engine import Store, at
from lms_bridge.sync.state_lease import lease

_TURN = "_telling"
"""No route's name begins so."""


class ToldStore:
    """Shares the store of a `State`, and lives as long."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @contextmanager
    def turn(self) -> Iterator[None]:
        """One process tells at a time; the others wait."""
        with lease(self._store.engine, _TURN, patient=True):
            yield

    def known(self, channel: str) -> Mapping[str, tuple[str, datetime]]:
        t = tables.told
        with self._store.transaction() as connection:
            rows = connection.execute(sa.select(t.c.subject, t.c.status, t.c.at).where(t.c.channel == channel))
            return {subject: (status, moment) for subject, status, moment in rows}

    def keep(self, channel: str, subject: str, status: str, now: datetime) -> None:
        t = tables.told
        here = {"channel": channel, "subject": subject}
        with self._store.transaction(on_disk=True) as connection:
            connection.execute(sa.delete(t).where(*at(t, here)))
            connection.execute(sa.insert(t).values(**here, status=status, at=now))
