"""connectors.yaml as the service goes by it, read by a process of its own.

What validates the file loads every connector's settings, and takes more memory than all the rest of the service: it
ends with that process, which also tells what a route's next run would go by.
"""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from lms_bridge.calendars.feed import Feed, as_plain, from_plain
from lms_bridge.calendars.known import Known
from lms_bridge.errors import ConfigError, Problem
from lms_bridge.service.timetable import Timetable
from lms_bridge.windows import Freeze, Quiet, Windows, together

PATIENCE = 60.0
"""Seconds after which the reading is given up."""


@dataclass(frozen=True, slots=True)
class ServedRoute:
    name: str
    source: str
    destination: str
    timetable: Timetable
    """With windows as they are known now."""
    windows: Windows = field(default_factory=Windows)
    """Those of the config alone."""
    feeds: tuple[Feed, ...] = ()


@dataclass(frozen=True, slots=True)
class Served:
    """A valid connectors.yaml. `state` may hold a password, and feeds secret addresses: they are shown nowhere."""

    file: Path
    state: str
    hosts: tuple[str, ...]
    routes: tuple[ServedRoute, ...]
    calendars: tuple[Known, ...] = ()

    @property
    def destinations(self) -> list[str]:
        return sorted({route.destination for route in self.routes})

    def route(self, name: str) -> ServedRoute | None:
        return next((route for route in self.routes if route.name == name), None)


class Reading:
    """Under way from when it is made, so that its caller may do something else meanwhile."""

    def __init__(self, file: Path, *, input_of: str = "", patience: float = PATIENCE) -> None:
        own = [sys.executable, "-P", "-m", "lms_bridge.service.reading"]
        command = [*own, str(file), *([input_of] if input_of else [])]
        self._file = file
        self._patience = patience
        self._process = subprocess.Popen(  # noqa: S603 - our own module and file
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def served(self) -> Served:
        """Raises ConfigError, which holds every problem found."""
        told = self._checked()
        routes = tuple(_route(row) for row in told["routes"])
        return Served(self._file, told["state"], tuple(told["hosts"]), routes)

    def input(self) -> str | None:
        """One line, equal while content, config and code are; None where that cannot be told."""
        try:
            told = self._checked()["input"]
        except ConfigError as error:
            # As long as it cannot be read for the same mistake, nothing has changed.
            return None if error.passing else str(error.problem)
        return str(told) if told else None

    def _checked(self) -> dict[str, Any]:
        told = self._told()
        if told["problems"]:
            raise ConfigError(tuple(Problem(*row) for row in told["problems"]))
        return told

    def _told(self) -> dict[str, Any]:
        with self._process as process:
            try:
                told, errors = process.communicate(timeout=self._patience)
            except subprocess.TimeoutExpired:
                process.kill()
                told, errors = b"", b"it took too long"
        try:
            found: dict[str, Any] = json.loads(told)
        except ValueError:
            last = errors.decode(errors="replace").strip().splitlines()[-1:] or ["no answer"]
            step = "Run `lms-bridge check` with it."
            raise ConfigError(
                (Problem(f"could not be read: {last[0]}", str(self._file), step, passing=True),)
            ) from None
        return found


def _route(row: Mapping[str, Any]) -> ServedRoute:
    every, jitter = row["every"], row["jitter"]
    freezes = tuple(
        Freeze(datetime.fromisoformat(begin), datetime.fromisoformat(end), frozenset(courses), why)
        for begin, end, courses, why in row["freezes"]
    )
    quiets = tuple(Quiet(hours, frozenset(days), zone) for hours, days, zone in row["quiets"])
    timetable = Timetable(
        None if every is None else timedelta(seconds=every),
        row["cron"],
        row["zone"],
        timedelta(seconds=jitter),
    )
    windows, feeds = Windows(freezes, quiets), tuple(map(from_plain, row["feeds"]))
    # What calendars say is not known before they are looked at, and counts as such.
    unread = Windows(unknown=tuple(f"the calendar {feed.name} was not looked at yet" for feed in feeds))
    timetable = replace(timetable, windows=together((windows, unread)))
    return ServedRoute(row["name"], row["source"], row["destination"], timetable, windows, feeds)


def _main(words: Sequence[str]) -> None:
    """In the process that reads: the file, and perhaps the route whose input is asked for."""
    from lms_bridge.config.load import load_config

    file, *asked = words
    try:
        # Without references that it needs a sync fails just as well, and a route that needs them tells so itself.
        config = load_config(Path(file))
    except ConfigError as error:
        problems = [(each.cause, each.where, each.next_step, each.passing) for each in error.problems]
        sys.stdout.write(json.dumps({"problems": problems}))
        return
    from lms_bridge.config.load import Config, RouteConfig

    def row(route: RouteConfig) -> dict[str, Any]:
        every = route.schedule.cycle()
        windows = route.windows
        return {
            "name": route.name,
            "source": route.source.name,
            "destination": route.destination.name,
            "every": None if every is None else every.total_seconds(),
            "cron": route.schedule.crontab(),
            "zone": route.schedule.timezone,
            "jitter": route.schedule.longest_jitter().total_seconds(),
            "freezes": [(f.begin.isoformat(), f.end.isoformat(), sorted(f.courses), f.why) for f in windows.freezes],
            "quiets": [(q.hours, sorted(q.days), q.zone) for q in windows.quiets],
            "feeds": [as_plain(feed) for feed in route.feeds],
        }

    def input_of(config: Config, name: str) -> str | None:
        from lms_bridge.opening import input_for

        found = [route for route in config.routes if route.name == name]
        return input_for(config, found[0]) if found else None

    told: dict[str, Any] = {"problems": [], "state": config.state, "hosts": config.service.hosts}
    told["routes"] = [row(route) for route in config.routes]
    told["input"] = input_of(config, asked[0]) if asked else None
    # To the service, by a pipe.
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    _main(sys.argv[1:])
