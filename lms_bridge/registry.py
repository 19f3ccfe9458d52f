"""Connector names → connectors. Built-in and third-party ones come through the same door: an entry point.

A connector's package is imported only when a config names it.
"""

from functools import cache
from importlib.metadata import EntryPoint, entry_points

from lms_bridge.connector import Connector
from lms_bridge.errors import BridgeError

GROUP = "lms_bridge.connectors"


@cache
def _entry_points() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}


def connector_names() -> list[str]:
    return sorted(_entry_points())


def connector(name: str) -> Connector:
    """Raises BridgeError when the connector is installed but cannot be loaded, KeyError when there is none."""
    point = _entry_points()[name]
    try:
        loaded = point.load()
    except Exception as error:
        raise BridgeError(
            f"the connector {name!r} cannot be loaded: {error}",
            where=point.value,
            next_step="Install or upgrade the package that provides it.",
        ) from error
    if not isinstance(loaded, Connector):
        raise BridgeError(
            f"the connector {name!r} is a {type(loaded).__name__}, not a Connector",
            where=point.value,
            next_step="Let its entry point name a `lms_bridge.connector.Connector`.",
        )
    return loaded
