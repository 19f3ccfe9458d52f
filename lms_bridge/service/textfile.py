"""The same metrics without a service, for syncs under cron or a systemd timer: a file that Prometheus's node exporter
takes up.
"""

import os
import tempfile
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from lms_bridge.errors import UsageError
from lms_bridge.service.calendars import with_calendars
from lms_bridge.service.metrics import Told, exposition
from lms_bridge.service.reading import Served
from lms_bridge.service.standing import Seen, look, route_status
from lms_bridge.service.timetable import BY_TIMETABLE, Next

_READABLE = 0o644


def write_metrics(served: Served, file: Path, now: datetime) -> None:
    """As a whole or not at all. Raises StateError, and UsageError for a file that cannot be written."""
    text = _told(served, now)
    try:
        handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    except OSError as error:
        raise _unwritable(file, error) from error
    try:
        with os.fdopen(handle, "wb") as new:
            new.write(text)
        Path(name).chmod(_READABLE)
        Path(name).replace(file)
    except OSError as error:
        with suppress(OSError):
            Path(name).unlink()
        raise _unwritable(file, error) from error


def _told(served: Served, now: datetime) -> bytes:
    from lms_bridge.sync.spent import asked_of
    from lms_bridge.sync.state import State

    served = with_calendars(served, now)
    told = []
    with State.open(served.state) as state:
        for route in served.routes:
            seen = look(state, route.name, (), running=False, before=Seen())
            status = route_status(route.name, route.timetable, seen, Next(None, BY_TIMETABLE), "", now)
            told.append(Told(status, route.destination, seen))
        asked = asked_of(state, served.destinations, now)
    return exposition(told, asked, served.calendars)


def _unwritable(file: Path, error: OSError) -> UsageError:
    step = "Name one in a folder that is there."
    return UsageError(f"the file cannot be written: {error.strerror}.", where=str(file), next_step=step)
