"""Reads and validates the whole of connectors.yaml; every problem at once, each with its place and next step."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin
from urllib.parse import urlsplit

from pydantic import BaseModel, SecretStr, ValidationError

from lms_bridge.config import references
from lms_bridge.config.document import Document, KeyPath, read_document
from lms_bridge.config.model import PolicySettings, RootSettings, RouteSettings
from lms_bridge.config.problems import problems_of
from lms_bridge.connector import Connector
from lms_bridge.errors import BridgeError, ConfigError, Problem
from lms_bridge.items import Kind
from lms_bridge.registry import connector, connector_names

DEFAULT_FILE = "connectors.yaml"
_MISSING = object()


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


@dataclass(frozen=True, slots=True)
class Config:
    """A valid connectors.yaml. Relative paths in it start from `folder`, where the file stands."""

    file: str
    folder: Path
    state: str
    sources: Mapping[str, Opening]
    destinations: Mapping[str, Opening]
    routes: tuple[RouteConfig, ...]


def load_config(path: Path, *, addresses: Mapping[str, str] | None = None) -> Config:
    """`addresses` are read as others (see `read_document`). Raises ConfigError, which holds every problem found."""
    document = read_document(path, name=path.name if path.parent == Path() else str(path), addresses=addresses)
    folder = path.resolve().parent
    if not isinstance(document.content, dict):
        raise ConfigError(
            (Problem("holds no settings.", document.name, "Start from the file that `lms-bridge init` writes."),)
        )
    root, problems = _root(document)
    sources, source_problems = _openings(document, folder, "sources")
    destinations, destination_problems = _openings(document, folder, "destinations")
    problems += source_problems + destination_problems
    routes: tuple[RouteConfig, ...] = ()
    state = ""
    if root is not None:
        state, state_problems = _state(document, folder, root.state)
        routes, route_problems = _routes(document, root.routes, sources, destinations)
        problems += state_problems + route_problems
    if problems:
        raise ConfigError(tuple(dict.fromkeys(problems)))
    return Config(document.name, folder, state, sources, destinations, routes)


def _root(document: Document) -> tuple[RootSettings | None, list[Problem]]:
    try:
        return RootSettings.model_validate(document.content), []
    except ValidationError as error:
        return None, problems_of(error, document, (), RootSettings)


def _openings(document: Document, folder: Path, section: str) -> tuple[dict[str, Opening], list[Problem]]:
    openings: dict[str, Opening] = {}
    problems: list[Problem] = []
    named = document.content.get(section)
    for name, raw in named.items() if isinstance(named, dict) else ():
        if not isinstance(raw, dict) or not isinstance(raw.get("type"), str):
            continue
        try:
            openings[name] = _opening(document, folder, (section, name), raw)
        except ConfigError as error:
            problems += error.problems
    return openings, problems


def _opening(document: Document, folder: Path, path: KeyPath, raw: dict[str, Any]) -> Opening:
    found = _connector(document, path, raw["type"])
    settings = {key: value for key, value in raw.items() if key != "type"}
    problems = list(_literal_secrets(document, path, found.settings, settings))
    resolved = _resolve(document, folder, path, settings, problems)
    try:
        model = found.settings.model_validate(resolved)
    except ValidationError as error:
        known = {problem.where for problem in problems}
        problems += [p for p in problems_of(error, document, path, found.settings) if p.where not in known]
    if problems:
        raise ConfigError(tuple(problems))
    return Opening(str(path[-1]), found, model)


def _connector(document: Document, path: KeyPath, name: str) -> Connector:
    where = document.where((*path, "type"))
    role = "source" if path[0] == "sources" else "destination"
    try:
        found = connector(name)
    except KeyError:
        step = f"Use one of {', '.join(connector_names())}, or install the package that provides it."
        raise ConfigError((Problem(f"there is no connector {name!r}.", where, step),)) from None
    except BridgeError as error:
        raise ConfigError((Problem(error.problem.cause, where, error.problem.next_step),)) from error
    if getattr(found, role) is None:
        raise ConfigError((Problem(f"the connector {name!r} cannot be a {role}.", where, "Name it elsewhere."),))
    return found


def _resolve(document: Document, folder: Path, path: KeyPath, value: Any, problems: list[Problem]) -> Any:
    if isinstance(value, dict):
        return {key: _resolve(document, folder, (*path, key), item, problems) for key, item in value.items()}
    if isinstance(value, list):
        return [_resolve(document, folder, (*path, index), item, problems) for index, item in enumerate(value)]
    if not isinstance(value, str):
        return value
    try:
        return references.resolve(value, folder=folder)
    except references.UnresolvedReference as error:
        problems.append(Problem(str(error), document.where(path), error.next_step))
        return value


def _literal_secrets(document: Document, path: KeyPath, model: type[BaseModel], raw: Any) -> Iterator[Problem]:
    """Secrets written out in the file, which would end up in Git, mails and backups."""
    if not isinstance(raw, dict):
        return
    for name, field in model.model_fields.items():
        key = field.alias if field.alias is not None and field.alias in raw else name
        value = raw.get(key, _MISSING)
        if value is _MISSING or value is None:
            continue
        place = (*path, key)
        for kind in _members(field.annotation):
            if kind is SecretStr and not (isinstance(value, str) and references.is_reference(value)):
                variable = "_".join(str(part) for part in place[1:]).upper().replace("-", "_")
                yield Problem(
                    "a secret must not stand in this file.",
                    document.where(place),
                    f"Put it into the environment and write `{key}: ${{env:{variable}}}`; `${{file:PATH}}` and "
                    "`${keyring:SERVICE/NAME}` work as well. Then replace the secret: it was readable here.",
                )
            elif isinstance(kind, type) and issubclass(kind, BaseModel):
                yield from _literal_secrets(document, place, kind, value)


def _members(annotation: Any) -> tuple[Any, ...]:
    """The types of a union, or the one type."""
    if get_origin(annotation) in (Union, UnionType):
        return tuple(member for part in get_args(annotation) for member in _members(part))
    return (annotation,)


def _state(document: Document, folder: Path, raw: str) -> tuple[str, list[Problem]]:
    where = document.where(("state",))
    literal = references.without_references(raw)
    try:
        if "://" in raw and urlsplit(literal).password:
            step = (
                "Write the password as a reference: postgresql://name:${env:LMS_BRIDGE_STATE_PASSWORD}@host/database."
            )
            return "", [Problem("a secret must not stand in this file.", where, step)]
        state = references.resolve(raw, folder=folder)
    except references.UnresolvedReference as error:
        return "", [Problem(str(error), where, error.next_step)]
    except ValueError:
        return "", [Problem("is not an address.", where, "Write a file path or postgresql://host/database.")]
    if "://" in state:
        if state.split("://", 1)[0] not in ("postgresql", "sqlite"):
            step = "Write a file path or postgresql://host/database."
            return "", [Problem("only SQLite files and PostgreSQL can hold the state.", where, step)]
        return state, []
    return str((folder / state).resolve()), []


def _routes(
    document: Document,
    routes: Mapping[str, RouteSettings],
    sources: Mapping[str, Opening],
    destinations: Mapping[str, Opening],
) -> tuple[tuple[RouteConfig, ...], list[Problem]]:
    problems: list[Problem] = []
    ready: list[RouteConfig] = []
    for name, route in routes.items():
        ends = [
            _end(document, ("routes", name), "from", route.source, "sources", sources, problems),
            _end(document, ("routes", name), "to", route.destination, "destinations", destinations, problems),
        ]
        if ends[0] is not None and ends[1] is not None:
            ready.append(RouteConfig(name, ends[0], ends[1], frozenset(route.kinds), route.policy))
    return tuple(ready), problems


def _end(
    document: Document,
    path: KeyPath,
    key: str,
    name: str,
    section: str,
    openings: Mapping[str, Opening],
    problems: list[Problem],
) -> Opening | None:
    written = document.content.get(section)
    if name in openings or (isinstance(written, dict) and name in written):
        return openings.get(name)
    known = ", ".join(sorted(openings)) or "none yet"
    problems.append(
        Problem(f"{name!r} is not one of the {section}.", document.where((*path, key)), f"Known {section}: {known}.")
    )
    return None
