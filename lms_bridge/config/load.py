"""Reads and validates the whole of connectors.yaml; every problem at once, each with its place and next step."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ValidationError

from lms_bridge.calendars.feed import Feed
from lms_bridge.config import references
from lms_bridge.config.block import WRITTEN_OUT, Reading, validated
from lms_bridge.config.calendars import CalendarSettings, feed_of, lacking, written_in
from lms_bridge.config.console import ConsoleSettings
from lms_bridge.config.document import Document, KeyPath, read_document
from lms_bridge.config.model import PolicySettings, RootSettings
from lms_bridge.config.notifications import CHANNELS, Channel, channel_of
from lms_bridge.config.problems import problems_of
from lms_bridge.config.safety import unsafe
from lms_bridge.config.schedule import ScheduleSettings, ServiceSettings
from lms_bridge.connector import Connector
from lms_bridge.errors import BridgeError, ConfigError, Problem
from lms_bridge.items import Kind
from lms_bridge.registry import connector, connector_names
from lms_bridge.windows import Windows, together

DEFAULT_FILE = "connectors.yaml"


@dataclass(frozen=True, slots=True)
class Opening:
    """A source or destination: its name, its connector and the connector's validated settings."""

    name: str
    connector: Connector
    settings: BaseModel


@dataclass(frozen=True, slots=True)
class RouteConfig:
    name: str
    source: Opening
    destination: Opening
    kinds: frozenset[Kind]
    policy: PolicySettings
    schedule: ScheduleSettings
    windows: Windows
    """Its own and those of all routes."""
    feeds: tuple[Feed, ...] = ()
    """Calendars with more of them, its own and those of all routes."""


@dataclass(frozen=True, slots=True)
class Config:
    """A valid connectors.yaml. Relative paths in it start from `folder`, where the file stands. `digest`: of its values
    as they are written, references unresolved."""

    file: str
    folder: Path
    state: str
    installation: str
    history_days: int
    deadline_minutes: int
    sources: Mapping[str, Opening]
    destinations: Mapping[str, Opening]
    routes: tuple[RouteConfig, ...]
    service: ServiceSettings
    console: ConsoleSettings = ConsoleSettings()  # noqa: RUF009 - it is frozen
    notifications: tuple[Channel, ...] = ()
    digest: str = ""


def load_config(path: Path, *, addresses: Mapping[str, str] | None = None, without_secrets: bool = False) -> Config:
    """`addresses` are read as others (see `read_document`); `without_secrets` leaves references as they are, for
    commands that call nothing. Raises ConfigError, which holds every problem found."""
    document = read_document(path, name=path.name if path.parent == Path() else str(path), addresses=addresses)
    # As it is given: where the file is a link that a deployment exchanges, what lies beside it would go away with it.
    return config_of(document, path.absolute().parent, without_secrets=without_secrets)


def config_of(document: Document, folder: Path, *, without_secrets: bool = False) -> Config:
    """What a document says that stands, or would stand, in `folder`. Raises ConfigError."""
    if not isinstance(document.content, dict):
        raise ConfigError(
            (Problem("holds no settings.", document.name, "Start from the file that `lms-bridge init` writes."),)
        )
    root, problems = _root(document)
    reading = Reading(document, None if without_secrets else folder)
    sources, source_problems = _openings(reading, "sources")
    destinations, destination_problems = _openings(reading, "destinations")
    channels, channel_problems = _channels(reading)
    console, console_problems = _console(reading)
    problems += source_problems + destination_problems + channel_problems + console_problems
    problems += _unknown_ends(document, "from", "sources") + _unknown_ends(document, "to", "destinations")
    state = ""
    if root is not None:
        state, state_problems = _state(document, folder, root.state)
        problems += state_problems
        problems += unsafe(document, root)
    feeds, feed_problems = _feeds(reading, folder, beside(state, folder, "calendars"))
    problems += feed_problems
    if problems or root is None:
        raise ConfigError(tuple(dict.fromkeys(problems)))
    return Config(
        file=document.name,
        folder=folder,
        state=state,
        installation=root.installation,
        history_days=root.history_days,
        deadline_minutes=root.deadline_minutes,
        sources=sources,
        destinations=destinations,
        routes=_routes(root, sources, destinations, feeds),
        notifications=channels,
        digest=document.digest(),
        service=root.service,
        console=console,
    )


def _root(document: Document) -> tuple[RootSettings | None, list[Problem]]:
    try:
        return RootSettings.model_validate(document.content), []
    except ValidationError as error:
        return None, problems_of(error, document, (), RootSettings)


def _openings(reading: Reading, section: str) -> tuple[dict[str, Opening], list[Problem]]:
    openings: dict[str, Opening] = {}
    problems: list[Problem] = []
    named = reading.document.content.get(section)
    for name, raw in named.items() if isinstance(named, dict) else ():
        if not isinstance(raw, dict) or not isinstance(raw.get("type"), str):
            continue
        try:
            openings[name] = _opening(reading, (section, name), raw)
        except ConfigError as error:
            problems += error.problems
    return openings, problems


def _console(reading: Reading) -> tuple[ConsoleSettings, list[Problem]]:
    raw = reading.document.content.get("console")
    try:
        found = validated(reading, ("console",), raw if isinstance(raw, dict) else {}, ConsoleSettings)
    except ConfigError as error:
        return ConsoleSettings(), list(error.problems)
    assert isinstance(found, ConsoleSettings)
    return found, []


def _opening(reading: Reading, path: KeyPath, raw: dict[str, Any]) -> Opening:
    document = reading.document
    found = _connector(document, path, raw["type"])
    return Opening(str(path[-1]), found, validated(reading, path, raw, found.settings))


def _channels(reading: Reading) -> tuple[tuple[Channel, ...], list[Problem]]:
    channels: list[Channel] = []
    problems: list[Problem] = []
    written = reading.document.content.get("notifications")
    for number, raw in enumerate(written if isinstance(written, list) else ()):
        of = CHANNELS.get(str(raw.get("type"))) if isinstance(raw, dict) else None
        if of is None:
            continue
        path = ("notifications", number)
        try:
            channel = channel_of(raw["type"], validated(reading, path, raw, of))
        except ConfigError as error:
            problems += error.problems
            continue
        if channel.name in [other.name for other in channels]:
            cause = f"there is another channel called {channel.name!r}."
            problems.append(Problem(cause, reading.document.where(path), "Give each a `name` of its own."))
        channels.append(channel)
    return tuple(channels), problems


def _connector(document: Document, path: KeyPath, name: str) -> Connector:
    where = document.where((*path, "type"))
    role = "source" if path[0] == "sources" else "destination"
    try:
        found = connector(name)
    except KeyError:
        nearest = difflib.get_close_matches(name, connector_names(), n=1)
        hint = f"Did you mean {nearest[0]!r}? " if nearest else ""
        step = f"{hint}Known: {', '.join(connector_names())}; others come with the package that provides them."
        raise ConfigError((Problem(f"there is no connector {name!r}.", where, step),)) from None
    except BridgeError as error:
        raise ConfigError((Problem(error.problem.cause, where, error.problem.next_step),)) from error
    if getattr(found, role) is None:
        raise ConfigError((Problem(f"the connector {name!r} cannot be a {role}.", where, "Name it elsewhere."),))
    return found


def _state(document: Document, folder: Path, raw: str) -> tuple[str, list[Problem]]:
    where = document.where(("state",))
    literal = references.without_references(raw)
    try:
        if "://" in raw and urlsplit(literal).password:
            step = (
                "Write the password as a reference: postgresql://name:${env:LMS_BRIDGE_STATE_PASSWORD}@host/database."
            )
            return "", [Problem(WRITTEN_OUT, where, step)]
        resolve = references.resolve_address if "://" in raw else references.resolve
        state = resolve(raw, folder=folder)
    except references.UnresolvedReference as error:
        return "", [error.problem(where)]
    except ValueError:
        return "", [Problem("is not an address.", where, "Write a file path or postgresql://host/database.")]
    if "://" in state:
        if state.split("://", 1)[0] not in ("postgresql", "sqlite"):
            step = "Write a file path or postgresql://host/database."
            return "", [Problem("only SQLite files and PostgreSQL can hold the state.", where, step)]
        return state, []
    return str((folder / state).resolve()), []


def beside(state: str, folder: Path, what: str) -> Path:
    """A folder beside a state that is a file; for a database beside the config."""
    return folder / ".state" / what if "://" in state else Path(f"{state}.{what}")


def _feeds(reading: Reading, folder: Path, copies: Path) -> tuple[dict[KeyPath, tuple[Feed, ...]], list[Problem]]:
    """Calendars by the block `windows` in which they stand, whatever else is wrong with the file."""
    document = reading.document
    blocks: list[KeyPath] = [
        ("windows",),
        *(("routes", name, "windows") for name in _block(document.written(("routes",)))),
    ]
    feeds: dict[KeyPath, tuple[Feed, ...]] = {}
    problems: list[Problem] = []
    names: set[str] = set()
    for path in blocks:
        timezone = document.written((*path, "timezone")) or "UTC"
        for number, raw in written_in(document.written(path)):
            place = (*path, "calendars", number)
            try:
                found = validated(reading, place, raw, CalendarSettings)
            except ConfigError as error:
                problems += error.problems
                continue
            assert isinstance(found, CalendarSettings)
            if found.name in names:
                cause = f"there is another calendar called {found.name!r}."
                problems.append(Problem(cause, document.where((*place, "name")), "Give each a `name` of its own."))
            names.add(found.name)
            feed = feed_of(found, where=document.where(place), folder=folder, copies=copies, timezone=str(timezone))
            feeds[path] = (*feeds.get(path, ()), feed)
    for name in lacking() if names else ():
        step = "Run `pip install '.[calendars]'` in a checkout of lms-bridge."
        problems.append(Problem(f"what reads calendars is not installed ({name}).", document.name, step))
    return feeds, problems


def _routes(
    root: RootSettings,
    sources: Mapping[str, Opening],
    destinations: Mapping[str, Opening],
    feeds: Mapping[KeyPath, tuple[Feed, ...]],
) -> tuple[RouteConfig, ...]:
    """Those whose ends are known and valid; the others have been told."""
    everywhere = root.windows.windows()
    return tuple(
        RouteConfig(
            name,
            sources[route.source],
            destinations[route.destination],
            frozenset(route.kinds),
            route.policy,
            route.schedule,
            together((everywhere, route.windows.windows())),
            (*feeds.get(("windows",), ()), *feeds.get(("routes", name, "windows"), ())),
        )
        for name, route in root.routes.items()
        if route.source in sources and route.destination in destinations
    )


def _unknown_ends(document: Document, key: str, section: str) -> list[Problem]:
    """Looked for in what is written, so that they are told together with everything else that is wrong."""
    known = sorted(_block(document.content.get(section)))
    problems = []
    for route, raw in _block(document.content.get("routes")).items():
        name = _block(raw).get(key)
        if isinstance(name, str) and name not in known:
            nearest = difflib.get_close_matches(name, known, n=1)
            step = f"Did you mean {nearest[0]!r}?" if nearest else f"Known {section}: {', '.join(known) or 'none yet'}."
            cause = f"{name!r} is not one of the {section}."
            problems.append(Problem(cause, document.where(("routes", route, key)), step))
    return problems


def _block(value: Any) -> dict[Any, Any]:
    return value if isinstance(value, dict) else {}
