"""What every page of the console stands on: the service, the config as it last was valid, the state, who may enter."""

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from lms_bridge.audit.line import Act, Actor
from lms_bridge.config.load import Config
from lms_bridge.console.access.attempts import Attempts, Familiar
from lms_bridge.console.access.entra import EntraDoor
from lms_bridge.console.access.entrances import Entrances
from lms_bridge.console.access.passwords import PasswordFile
from lms_bridge.console.access.sessions import Sessions
from lms_bridge.console.errands import Errands
from lms_bridge.errors import BridgeError, Problem
from lms_bridge.service.doors import Doors, RouteStatus

if TYPE_CHECKING:
    from lms_bridge.sync.state import State
    from lms_bridge.sync.state_looking import Count, Looking

Clock = Callable[[], datetime]
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


class Loader(Protocol):
    """Reads connectors.yaml. Raises ConfigError."""

    def __call__(self, *, without_secrets: bool = False) -> Config: ...


class Audit(Protocol):
    """Told each decision of a person before it is carried out: who, what (`run started`), about what, and details."""

    def __call__(self, who: str, what: str, about: str, **details: str) -> None: ...


def no_audit(who: str, what: str, about: str, **details: str) -> None:
    """For a console whose decisions nobody keeps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Who may sign in, and under which names (`Host`) the console may be reached. At least one way in."""

    passwords: PasswordFile | None = None
    entra: EntraDoor | None = None
    hosts: Sequence[str] = LOOPBACK


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    doors: Doors
    load: Loader
    access: Access
    audit: Audit
    clock: Clock
    errands: Errands
    sessions: Sessions
    by_person: Attempts
    by_address: Attempts
    by_name: Attempts
    familiar: Familiar
    held: "Held" = field(default_factory=lambda: Held())
    entrances: Entrances = field(init=False)

    def __post_init__(self) -> None:
        told = Entrances(self._tell, self.clock, self._is_known)
        object.__setattr__(self, "entrances", told)

    @property
    def config(self) -> Config:
        """As it last was valid. Raises ConfigError when it never was."""
        return self.held.config(self)

    @property
    def config_problems(self) -> tuple[Problem, ...]:
        """What is wrong with the file as it is now, although the console goes on with an older one."""
        with suppress(BridgeError):
            self.held.config(self)
        return self.held.problems

    @property
    def state(self) -> "State":
        return self.held.state(self.config.state)

    @property
    def routes(self) -> list[str]:
        return [route.name for route in self.config.routes]

    def _tell(self, act: Act, by: Actor) -> None:
        self.state.trail.add(act, by=by)

    def _is_known(self, name: str) -> bool:
        return self.access.passwords is not None and self.access.passwords.role(name) is not None

    def close(self) -> None:
        self.errands.close()
        self.held.close()


class Held:
    """The config and the state, opened once and again when they changed."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._seen: tuple[int, ...] | None = None
        self._config: Config | None = None
        self._state: State | None = None
        self._at = ""
        self._counted: tuple[object, ...] | None = None
        self._counts: Sequence[Count] = ()
        self.problems: tuple[Problem, ...] = ()

    def config(self, desk: Desk) -> Config:
        from lms_bridge.errors import ConfigError

        with self._lock:
            seen = _stamp(desk.doors)
            if seen != self._seen or (self._config is None and not self.problems):
                try:
                    self._config, self.problems = desk.load(without_secrets=True), ()
                except ConfigError as error:
                    self.problems = error.problems
                self._seen = seen
            if self._config is None:
                raise ConfigError(self.problems)
            return self._config

    def state(self, location: str) -> "State":
        from lms_bridge.sync.state import State

        with self._lock:
            if self._state is None or location != self._at:
                if self._state is not None:
                    self._state.close()
                self._state, self._at = State.open(location), location
            return self._state

    def counts(self, looking: "Looking", routes: Sequence[RouteStatus]) -> "Sequence[Count]":
        """What stands, counted anew only after another run: counting goes through every item."""
        seen = tuple((each.name, each.last_run, each.running) for each in routes)
        with self._lock:
            if self._counted != seen or any(each.running for each in routes):
                self._counts, self._counted = looking.counts([each.name for each in routes]), seen
            return self._counts

    def close(self) -> None:
        with self._lock:
            if self._state is not None:
                self._state.close()
                self._state = None


def _stamp(doors: Doors) -> tuple[int, ...] | None:
    try:
        status = doors.config_file.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
