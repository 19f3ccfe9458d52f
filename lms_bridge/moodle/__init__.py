"""Moodle 4.1 to 5.x, by its core web services alone. Cheap to import: settings only."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from lms_bridge.connector import Connector
from lms_bridge.moodle.settings import MoodleSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lms_bridge.connector import Destination, Ending


def _destination(name: str, settings: Any, folder: Path) -> "Destination":
    from lms_bridge.moodle.destination import open_moodle

    return open_moodle(name, settings, folder)


def _endings(settings: Any, folder: Path) -> "Iterator[Ending]":
    from lms_bridge.connector import Ending
    from lms_bridge.expiry import begin_of

    if settings.token_expires is not None:
        step = "Make a new token for lms-bridge's user, put it where `token` points, and change `token_expires`."
        yield Ending("the token", "token_expires", begin_of(settings.token_expires), step)


CONNECTOR = Connector(name="moodle", settings=MoodleSettings, destination=_destination, endings=_endings)
