"""Puts the parts of the service together, and has them begin and end in order."""

import logging
import socket
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING

import uvicorn
from starlette.types import ASGIApp

from lms_bridge.errors import ConfigError, UsageError
from lms_bridge.service import app
from lms_bridge.service.alarm import Bell
from lms_bridge.service.calendars import Calendars
from lms_bridge.service.reading import Reading, Served
from lms_bridge.service.rota import Rota
from lms_bridge.service.running import Processes
from lms_bridge.service.watched import Watched

if TYPE_CHECKING:
    # Loaded with the first page that somebody asks for.
    from lms_bridge.console.app import Console

_log = logging.getLogger(__name__)
_GRACE = 5
"""Seconds that a request may still take when the service ends."""
_AGAIN = timedelta(minutes=1)


def listen(host: str, port: int) -> socket.socket:
    """Raises UsageError for an address that is none of this machine's, or where somebody listens already."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family)
    except OSError as error:
        cause = f"nobody can be answered at {host}, port {port}: {(error.strerror or str(error)).lower()}."
        raise UsageError(cause, where="--host, --port", next_step="Name another address or port.") from error


def serve(
    served: Served,
    watched: Watched,
    listening: socket.socket,
    *,
    host: str,
    tick: timedelta,
    clock: Callable[[], datetime],
) -> int:
    """Until SIGTERM or Ctrl-C; then asks the runs that are under way to end in good order, and waits for them. Gives
    the exit code. `watched` is the file since before it was read."""
    rota = Rota(served, Processes(), clock)
    looking = Looking(rota, watched, clock)
    bell = Bell(rota.ring, looking.look, every=tick)
    rota.use(bell)

    def begin() -> None:
        bell.start()
        _log.info("serving %s routes of %s", len(served.routes), served.file)

    consoles: list[Console] = []
    hosts = [*served.hosts, app.as_in_header(host)]

    def pages() -> ASGIApp:
        from lms_bridge.console.opening import open_console

        consoles.append(open_console(rota, hosts=hosts, clock=clock))
        return consoles[-1].app

    def end() -> None:
        # Runs are asked first: a console waits for the plans that it makes.
        under_way = rota.end()
        if under_way:
            _log.info("waiting for the runs of %s to end in good order", ", ".join(under_way))
        for console in consoles:
            console.close()
        bell.stop()
        looking.end()
        rota.close()

    parts = app.Served(doors=rota, metrics=rota.metrics, hosts=hosts, console=pages, begin=begin, end=end)
    config = uvicorn.Config(
        app.build_app(parts),
        # Without a proxy, who asks could say by X-Forwarded-For that they are somebody else at each try of a password.
        proxy_headers=bool(served.hosts),
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE,
        # Faster ones, where they happen to be installed, take more memory.
        loop="asyncio",
        http="h11",
        ws="none",
    )
    server = uvicorn.Server(config)
    server.run(sockets=[listening])
    return 0 if server.started else 1


class Looking:
    """What each tick does. A config that could not be used is read again each minute: what it refers to, a secret for
    instance, may be there by then."""

    def __init__(self, rota: Rota, watched: Watched, clock: Callable[[], datetime]) -> None:
        self._rota = rota
        self._watched = watched
        self._clock = clock
        self._read = clock()
        self._calendars = Calendars()
        self._lock = Lock()
        self._ended = False
        self._told: dict[str, str] = {}

    def look(self) -> None:
        now = self._clock()
        if self._watched.changed() or (self._rota.config_problem and now - self._read >= _AGAIN):
            self._read = now
            reload(self._rota)
        with self._lock:
            if self._ended:
                return
            served = self._calendars.look(self._rota.served, now)
        self._rota.keep_to(served)
        self._tell(served)
        self._rota.tick()

    def end(self) -> None:
        with self._lock:
            self._ended = True
            self._calendars.end()

    def _tell(self, served: Served) -> None:
        """Once that a calendar cannot be read, and once that it can again."""
        for each in served.calendars:
            cause = each.problem.cause if each.problem is not None else ""
            if cause != self._told.get(each.feed.name, ""):
                _log.warning("%s", each.problem) if cause else _log.info(
                    "the calendar %s is read again", each.feed.name
                )
            self._told[each.feed.name] = cause


def reload(rota: Rota) -> None:
    """Go by the file as it is now, if it is valid."""
    try:
        served = Reading(rota.config_file).served()
    except ConfigError as error:
        if str(error.problem) != rota.config_problem:
            for problem in error.problems:
                _log.error("the changed config is not used: %s", problem)
        rota.refuse(str(error.problem))
        return
    rota.exchange(served)
    _log.info("the config changed and is used now")
