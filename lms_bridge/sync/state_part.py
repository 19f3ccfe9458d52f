"""The state as a worker sees it that has a part of a run, and as whoever closes the run does.

Both leave what is the whole run's alone, and sign their intents with a name of their own: what a worker of the same run
left open when it died is told apart from what this one opened.
"""

import secrets
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from lms_bridge.audit.line import Actor
from lms_bridge.connector import Address, Change, Status
from lms_bridge.items import Key
from lms_bridge.sync import state_schema as tables
from lms_bridge.sync.intent import Image, Intent, Settled
from lms_bridge.sync.state import State
from lms_bridge.sync.state_engine import passed_by
from lms_bridge.sync.state_history import History
from lms_bridge.sync.state_lease import lease_places
from lms_bridge.sync.state_settling import close_intents
from lms_bridge.sync.state_sharing import Sharing
from lms_bridge.sync.state_trail import Trail


class _SharedState(State):
    """Stands on a state that is open, and holds its leases. Where `places` are given it is of these alone, and
    `addresses` are where everything else stands."""

    def __init__(
        self, whole: State, places: Collection[str] | None = None, addresses: Mapping[Key, Address] | None = None
    ) -> None:
        self._engine = whole._engine
        self._store = whole._store
        self._leases = whole._leases
        self.location = whole.location
        self.sharing = Sharing(self._store)
        self.history = History(self._store)
        self.catalogue = whole.catalogue
        self.trail = whole.trail
        self._delivery = secrets.token_hex(4)
        self._places = sorted(places) if places is not None else None
        self._addresses = addresses

    def _within(self, table: sa.Table, route: str) -> list[sa.ColumnElement[bool]]:
        within = super()._within(table, route)
        return within if self._places is None else [*within, table.c.place.in_(self._places)]

    def addresses(self, destination: str, *, besides: str, keys: Collection[Key] | None = None) -> dict[Key, Address]:
        if self._addresses is None:
            return super().addresses(destination, besides=besides, keys=keys)
        return {key: at for key, at in self._addresses.items() if keys is None or key in keys}

    def write_intents(self, intents: Sequence[Intent], stood: Sequence[tuple[str, str, Image]] = ()) -> None:
        super().write_intents([replace(intent, run=self._signed(intent.run)) for intent in intents], stood)

    def settle(self, route: str, destination: str, run: str, settled: Sequence[Settled]) -> None:
        super().settle(route, destination, run, settled)
        outcomes = [each.outcome for each in settled]
        # Surely not done by this worker; what an earlier one opened stays open.
        undone = [each.change for each in outcomes if each.status in (Status.FAILED, Status.CONFLICT)]
        if undone:
            at = [(change.place.id, change.key) for change in undone]
            with self._store.transaction() as connection:
                close_intents(connection, route, at, run=self._signed(run))

    def _signed(self, run: str) -> str:
        return f"{run}/{self._delivery}"


class PartState(_SharedState):
    """Some places of a route, and of these only some `keys` where they are given. `addresses` are where everything else
    stands."""

    def __init__(
        self,
        whole: State,
        places: Collection[str],
        addresses: Mapping[Key, Address],
        *,
        keys: Collection[Key] | None = None,
    ) -> None:
        super().__init__(whole, places, addresses)
        self.history = _PartHistory(self._store)
        self.trail = _PartTrail(self._store, whole.trail.by)
        self._leases = {}
        self._keys = keys

    def _within(self, table: sa.Table, route: str) -> list[sa.ColumnElement[bool]]:
        if self._keys is None or table is not tables.records:
            return super()._within(table, route)
        r = tables.records.c
        return [passed_by(r.route) == route, passed_by(r.place).in_(self._places or []), r.key.in_(self._keys)]

    @contextmanager
    def lease_mine(self, route: str) -> Iterator[None]:
        """Raises StateError when somebody has one of the places, or the whole route."""
        with lease_places(self._engine, route, self._places or []) as assure:
            self._leases[route] = assure
            yield

    def close_intents(self, route: str, keys: Iterable[tuple[str, Key]]) -> None:
        """Left to the closing: a part does not see everything that an intent may be about."""


class _PartHistory(History):
    """The run is not begun, judged or ended by one of its parts."""

    def begin_run(self, run: str, route: str, destination: str, **how: Any) -> None:
        pass

    def end_run(self, run: str, route: str, *, ended: datetime, exit_code: int, summary: Mapping[str, int]) -> None:
        pass

    def save_reviews(self, route: str, conflicts: Iterable[Change], **how: Any) -> None:
        pass

    def trim(self, before: datetime) -> None:
        pass


class _PartTrail(Trail):
    """What its parts wrote is told when the run is closed."""

    def add_run(self, run: str, route: str) -> None:
        pass

    def catch_up(self, route: str, *, besides: str) -> None:
        pass


class ClosingState(_SharedState):
    """A route once its parts are done: all of it, or the places where something is left."""

    def __init__(
        self, whole: State, places: Collection[str] | None = None, addresses: Mapping[Key, Address] | None = None
    ) -> None:
        super().__init__(whole, places, addresses)
        self.history = _ClosingHistory(self._store)


class _ClosingHistory(History):
    """The run began before, and its report is not yet made when the closing is applied."""

    def begin_run(
        self, run: str, route: str, destination: str, *, started: datetime, checksum: str, by: Actor | None = None
    ) -> None:
        begin_once(self, run, route, destination, started=started, by=by)

    def end_run(self, run: str, route: str, *, ended: datetime, exit_code: int, summary: Mapping[str, int]) -> None:
        pass

    def note(self, run: str, route: str, untried: Iterable[tuple[Change, str]]) -> None:
        told = list(untried)
        Sharing(self._store).forget_left(run, route, [(change.place.id, change.key) for change, _ in told])
        super().note(run, route, told)


def begin_once(
    history: History, run: str, route: str, destination: str, *, started: datetime, by: Actor | None = None
) -> None:
    """A run may be begun again by the worker that takes the place of one that died."""
    if not history.has_run(run, route):
        history.begin_run(run, route, destination, started=started, checksum="", by=by)
