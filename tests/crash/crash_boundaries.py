"""The boundaries of a run: each moment at which something becomes lasting, in the state or at a destination.

Found by watching from outside (commits at the database's door, requests at the sandbox's), so the product has no hooks.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

_HEARTBEAT = frozenset({"doings", "told"})
"""Told every two seconds, with the calls that were made, so it is no boundary that is always there; nothing rests on
it."""
_TABLE = re.compile(r"(?:INSERT INTO|UPDATE|DELETE FROM) (\w+)")


@dataclass(frozen=True, slots=True)
class Boundary:
    """The `number`-th commit, or the `number`-th writing request, of a run. `done`: right after it, else right before.

    A commit is the process's own; a request is stored by the destination, whoever is still there to hear of it.
    """

    commit: bool
    number: int
    name: str
    done: bool

    def __str__(self) -> str:
        what = f"commit {self.number} of {self.name}" if self.commit else f"request {self.number}, {self.name}"
        moment = ("committed" if self.commit else "stored, not answered") if self.done else "about to"
        return f"{what}: {moment}"


Act = Callable[[Boundary], bool]
"""Told of each boundary as it is reached. True: whoever asked is dead, and nothing of it is to be stored."""


def nothing(boundary: Boundary) -> bool:
    return False


def watch_commits(act: Act) -> Callable[[], None]:
    """From now on tells `act` of each transaction of this process that wrote something; returns what ends that."""
    count = 0

    def executed(connection: Connection, _cursor: Any, statement: str, *_rest: Any) -> None:
        found = _TABLE.match(statement)
        if found:
            connection.info.setdefault("wrote", {})[found[1]] = True

    def committing(connection: Connection) -> None:
        wrote = connection.info.pop("wrote", {})
        if wrote.keys() - _HEARTBEAT:
            connection.info["name"] = ", ".join(wrote)
            act(Boundary(True, count, connection.info["name"], False))

    def released(_connection: Any, record: Any) -> None:
        nonlocal count
        name = record.info.pop("name", "")
        record.info.pop("wrote", None)
        if name:
            act(Boundary(True, count, name, True))
            count += 1

    listeners: list[tuple[Any, str, Callable[..., None]]] = [
        (Engine, "before_cursor_execute", executed),
        (Engine, "commit", committing),
        (sa.pool.Pool, "checkin", released),
    ]
    for listener in listeners:
        sa.event.listen(*listener)

    def stop() -> None:
        for listener in listeners:
            sa.event.remove(*listener)

    return stop
