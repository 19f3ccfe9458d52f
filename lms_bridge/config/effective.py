"""The config as it is and as it is meant: each line with its problems, each setting with where it comes from.

For people who look at it. Secrets are masked: those that are written out by a slip as well.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretBytes, SecretStr

from lms_bridge.config.block import WRITTEN_OUT
from lms_bridge.config.document import Document, KeyPath, dotted_path, parse_document, read_text
from lms_bridge.config.load import Config, load_config
from lms_bridge.config.model import RootSettings
from lms_bridge.config.references import is_reference
from lms_bridge.errors import ConfigError, Problem

MASK = "••••••"
_HUSHED = r"(?:token|secret|passw|passphrase|private[_-]?key|api[_-]?key|access[_-]?key|hmac|signature)"
# Where the console's people stand: a file, and no password.
_PEOPLE_S = r"passwords:\s*[\w./-]+\.json\s*$"
_NAMED = re.compile(rf"^(?!\s*{_PEOPLE_S})(\s*#?[\s-]*[\"']?[\w-]*{_HUSHED}[\w-]*[\"']?\s*:\s*)(\S.*)?$", re.IGNORECASE)
_KEY = rf"[{{,]\s*[\"']?[\w-]*{_HUSHED}[\w-]*[\"']?\s*:\s*"
_IN_FLOW = re.compile(
    rf"({_KEY})(\"[^\"]*\"|'[^']*'|\$\{{[^}}]*\}}|[^\s,}}\"'][^,}}]*)(?=\s*[,}}\]])",
    re.IGNORECASE,
)
# Whose end is not to be seen: all that follows may be its value.
_OPEN_FLOW = re.compile(rf"({_KEY})(?![\"']?\$\{{[^}}]*\}}|{MASK})(?:\S.*)?$", re.IGNORECASE)
# Up to the last @: a password may hold one, and slashes.
_IN_ADDRESS = re.compile(r"(://[^\s:/@]*:)\S+@")
_IN_QUERY = re.compile(r"(://[^\s?]*\?)[^\s\"'#]+")
# What somebody noted behind a reference may be the secret that once stood there.
_NOTED = re.compile(r"(\$\{[^}]*\}.*?\s#\s?)\S.*$")
# The private address of a calendar is a secret up to its end.
_OF_CALENDAR = re.compile(r"(://[^\s/]+/)[^\s\"'#]*\.ics\b", re.IGNORECASE)
_AT = re.compile(r":(\d+):(\d+)(?:$|:)")


@dataclass(frozen=True, slots=True)
class Line:
    number: int
    text: str
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Setting:
    """`line` none: nobody wrote it, it is the default."""

    name: str
    value: str
    line: int | None


@dataclass(frozen=True, slots=True)
class Effective:
    """`settings` only where the config is valid; `elsewhere` are problems that are about no line."""

    file: str
    lines: tuple[Line, ...] = ()
    settings: tuple[Setting, ...] = ()
    elsewhere: tuple[Problem, ...] = ()
    problems: tuple[Problem, ...] = field(default=())


def effective(path: Path) -> Effective:
    """Looks at the file as it is now. Raises nothing for one that is wrong: that is what is told."""
    name = path.name
    try:
        text = read_text(path, name=name)
    except ConfigError as error:
        return Effective(name, elsewhere=error.problems, problems=error.problems)
    settings: tuple[Setting, ...] = ()
    problems: tuple[Problem, ...] = ()
    try:
        document = parse_document(text, name=name)
        config = load_config(path, without_secrets=True)
        settings = tuple(_settings(document, config))
    except ConfigError as error:
        problems = error.problems
    by_line: dict[int, list[Problem]] = {}
    elsewhere = []
    lines = _masked(text)
    _mask_written_out(lines, text.splitlines(), problems)
    for problem in problems:
        found = _AT.search(problem.where)
        number = int(found[1]) if found else 0
        if 0 < number <= len(lines):
            by_line.setdefault(number, []).append(problem)
        else:
            elsewhere.append(problem)
    told = tuple(Line(at, line, tuple(by_line.get(at, ()))) for at, line in enumerate(lines, 1))
    return Effective(name, told, settings, tuple(elsewhere), problems)


def _masked(text: str) -> list[str]:
    """By what keys are called: this must hold for a file that cannot be read as YAML, too, and for comments."""
    shown: list[str] = []
    below: int | None = None
    for line in text.splitlines():
        depth = _depth(line)
        if below is not None and (depth > below or not line.strip()):
            harmless = not line.strip() or _is_reference(line.partition(":")[2]) or _is_reference(line.strip(" -"))
            shown.append(_without_notes(line) if harmless else f"{line[:depth]}{MASK}")
            continue
        below = None
        found = _NAMED.match(line)
        if found is not None and found[2] is None:
            shown.append(line)
            below = depth
            continue
        if found is None or _is_reference(found[2]):
            closed = _IN_FLOW.sub(lambda found: found[0] if _is_reference(found[2]) else found[1] + MASK, line)
            inside = _OPEN_FLOW.sub(rf"\1{MASK}", closed)
            below = depth if inside != closed else None
            named = found is not None or _IN_FLOW.search(line) is not None
            shown.append(_without_passwords(_without_notes(inside) if named else inside))
            continue
        shown.append(found[1] + MASK)
        # What goes on below is part of the value, whether it is a block or not.
        below = depth
    return shown


def _mask_written_out(lines: list[str], written: list[str], problems: tuple[Problem, ...]) -> None:
    """What is a secret by its setting, whatever it is called: the address of a webhook, for instance."""
    for problem in problems:
        found = _AT.search(problem.where) if problem.cause == WRITTEN_OUT else None
        if found is None:
            continue
        at, before = int(found[1]) - 1, int(found[2]) - 1
        if lines[at][:before] == written[at][:before]:
            lines[at] = written[at][:before] + MASK
        depth = _depth(written[at])
        for below in range(at + 1, len(lines)):
            if written[below].strip() and _depth(written[below]) <= depth:
                break
            lines[below] = written[below][: _depth(written[below])] + MASK if written[below].strip() else ""


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())


def _without_notes(line: str) -> str:
    return _NOTED.sub(rf"\1{MASK}", line)


def _without_passwords(text: str) -> str:
    without_users = _IN_ADDRESS.sub(rf"\1{MASK}@", text)
    return _OF_CALENDAR.sub(rf"\1{MASK}", _IN_QUERY.sub(rf"\1{MASK}", without_users))


def _is_reference(written: str) -> bool:
    return is_reference(written.partition(" #")[0].strip("\"' "))


def _settings(document: Document, config: Config) -> Iterator[Setting]:
    root = RootSettings.model_validate(document.content)
    for name, described in type(root).model_fields.items():
        if name in ("sources", "destinations"):
            for opening in getattr(config, name).values():
                path: KeyPath = (name, opening.name)
                yield _setting(document, (*path, "type"), opening.connector.name)
                yield from _within(document, path, opening.settings)
        else:
            yield from _within(document, (described.alias or name,), getattr(root, name))


def _within(document: Document, path: KeyPath, value: Any) -> Iterator[Setting]:
    if isinstance(value, BaseModel):
        for name, described in type(value).model_fields.items():
            yield from _within(document, (*path, described.alias or name), getattr(value, name))
    elif isinstance(value, Mapping) and value:
        for name, part in value.items():
            yield from _within(document, (*path, str(getattr(name, "value", name))), part)
    elif isinstance(value, list | tuple) and any(isinstance(part, BaseModel | Mapping) for part in value):
        for at, part in enumerate(value):
            yield from _within(document, (*path, at), part)
    elif value is not None:
        yield _setting(document, path, value)


def _setting(document: Document, path: KeyPath, value: Any) -> Setting:
    line = document.values[path][0] if path in document.values else None
    return Setting(dotted_path(path), _shown(str(path[-1]), value), line)


def _shown(name: str, value: Any) -> str:
    if isinstance(value, SecretStr | SecretBytes):
        written = value.get_secret_value()
        return written if isinstance(written, str) and is_reference(written) else MASK
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(_shown(name, part) for part in value) or "none"
    if isinstance(value, Mapping):
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    told = str(getattr(value, "value", value))
    if re.match(_PEOPLE_S, f"{name}: {told}"):
        return told
    if isinstance(value, str) and re.search(_HUSHED, name, re.IGNORECASE) and not is_reference(told):
        return MASK
    return _without_passwords(told)
