"""Moodle 4.1 to 5.x, by its core web services alone. Cheap to import: settings only."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from lms_bridge.connector import Connector
from lms_bridge.moodle.settings import MoodleSettings

if TYPE_CHECKING:
    from lms_bridge.connector import Destination


def _destination(name: str, settings: Any, folder: Path) -> "Destination":
    from lms_bridge.moodle.destination import open_moodle

    return open_moodle(name, settings, folder)


CONNECTOR = Connector(name="moodle", settings=MoodleSettings, destination=_destination)
