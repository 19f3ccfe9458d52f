"""The state alone, for commands that ask no source and no destination."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lms_bridge.errors import UsageError

if TYPE_CHECKING:
    from lms_bridge.config.load import Config
    from lms_bridge.sync.state import State


@contextmanager
def open_state(config: "Config", only: Sequence[str] = ()) -> Iterator[tuple["State", list[str]]]:
    """The state and the names of the routes that are meant. Raises UsageError for a route that is not configured."""
    from lms_bridge.sync.state import State

    names = route_names(config, only)
    with State.open(config.state) as state:
        yield state, names


def route_names(config: "Config", only: Sequence[str] = ()) -> list[str]:
    """Raises UsageError for a route that is not configured."""
    names = [route.name for route in config.routes]
    unknown = [name for name in only if name not in names]
    if unknown:
        step = f"Known routes: {', '.join(names)}."
        raise UsageError(f"there is no route {unknown[0]!r}.", where=config.file, next_step=step)
    return [name for name in names if not only or name in only]
