"""What goes along with a call for help: how it is set up, what it did lately and what is wrong; no secret, no text.

Every part is gathered on its own: what is broken must not keep the rest from being told.
"""

import json
import platform
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import distributions
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from lms_bridge.audit.line import named
from lms_bridge.config import references
from lms_bridge.config.document import read_document
from lms_bridge.config.load import Config, load_config
from lms_bridge.config.secrecy import secrets_of
from lms_bridge.errors import BridgeError, ConfigError, Problem
from lms_bridge.items import Kind
from lms_bridge.masking import MASK, masking

RUNS = 20
LOG_BYTES = 400_000
_SECRET_KEY = re.compile(r"(?i)pass|secret|token|private|credential|signature|(^|_)key$|(^|_)sig$")
_MAIL = re.compile(r"[^\s@<>\"']+@(?=[\w-]+\.)")
_QUOTED = re.compile(r"(found ).*")
_OUTCOME = ("action", "status", "kind", "course", "place", "reason", "version_before", "version_after")
_PROBLEM = ("cause", "location", "next_step")
ABOUT = """This file goes along with a call for help with lms-bridge.

about.json     versions, and the machine it runs on
config.json    connectors.yaml, its secrets and names before @ masked; comments are left out
problems.txt   what is wrong with the config, or could not be gathered
findings.json  what `lms-bridge check` finds now
state.json     the form of the state, and how many rows stand in it
runs.json      the last runs of each route: each change, by its key, without titles and texts
log.txt        the end of the log that was named

Reviews stand here by a mark that tells nobody who wrote them. Causes of failures may quote a title or a path of yours:
look through the file before you pass it on.
"""


@dataclass(slots=True)
class Gathering:
    """Files of the bundle, by name. `secrets` become known as the config is read."""

    secrets: set[str] = field(default_factory=set)
    files: dict[str, Any] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def part(self, name: str, gather: Callable[[], Any]) -> Any:
        try:
            content = gather()
        except BridgeError as error:
            found = error.problems if isinstance(error, ConfigError) else (error.problem,)
            self.problems += found
            return None
        except Exception as error:
            self.problems.append(Problem(f"{name} could not be gathered ({type(error).__name__})."))
            return None
        self.files[name] = content
        return content


def gather(config: Path, *, now: datetime, log: Path | None = None, with_check: bool = True) -> dict[str, str]:
    """The bundle's files: name → text, everything masked. Raises nothing."""
    bundle = Gathering()
    bundle.files["README.txt"] = ABOUT
    bundle.part("about.json", lambda: _about(now))
    bundle.part("config.json", lambda: _config(config, bundle.secrets))
    loaded = _loaded(config, bundle)
    if loaded is not None:
        if with_check:
            bundle.part("findings.json", lambda: _findings(loaded))
        stored = bundle.part("state.json", lambda: _state(loaded))
        if stored is not None and stored["form"] == stored["newest_form"]:
            bundle.part("runs.json", lambda: _runs(loaded))
    if log is not None:
        bundle.part("log.txt", lambda: _end_of(log))
    mask = masking(bundle.secrets)
    bundle.files["problems.txt"] = "\n".join(_told(problem) for problem in bundle.problems) + "\n"
    return {name: _text(content, mask) for name, content in bundle.files.items()}


def _loaded(path: Path, bundle: Gathering) -> Config | None:
    try:
        config = load_config(path)
    except ConfigError as error:
        # What was found may be a secret in the wrong place.
        bundle.problems += [Problem(_QUOTED.sub(rf"\1{MASK}", p.cause), p.where, p.next_step) for p in error.problems]
        return None
    bundle.secrets |= secrets_of(config)
    return config


def _about(now: datetime) -> dict[str, Any]:
    packages = {each.name: each.version for each in distributions() if each.name}
    return {
        "lms_bridge": packages.get("lms-bridge", ""),
        "python": sys.version,
        "platform": platform.platform(),
        "made": now.isoformat(),
        "packages": dict(sorted(packages.items())),
    }


def _config(path: Path, secrets: set[str]) -> Any:
    content = read_document(path).content
    secrets |= set(_referred(content, path.absolute().parent))
    return _masked(content, "")


def _referred(value: Any, folder: Path) -> Iterable[str]:
    """What references lead to, also where the rest of the file is not valid."""
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _referred(each, folder)
    elif isinstance(value, str) and references.has_reference(value):
        try:
            yield references.resolve(value, folder=folder)
        except references.UnresolvedReference:
            return


def _masked(value: Any, key: str) -> Any:
    if isinstance(value, dict):
        return {name: _masked(each, name) for name, each in value.items()}
    if isinstance(value, list):
        return [_masked(each, key) for each in value]
    if value is None or (isinstance(value, str) and references.is_reference(value)):
        return value
    if _SECRET_KEY.search(key) and not _is_path(str(value)):
        return MASK  # numbers too: a password may be nothing else
    if not isinstance(value, str):
        return value
    return _MAIL.sub(f"{MASK}@", _address(value) if "://" in value else value)


def _is_path(value: str) -> bool:
    return (
        "/" in value and "://" not in value and "\n" not in value and value.endswith((".pem", ".crt", ".cer", ".key"))
    )


def _address(value: str) -> str:
    """Without a user, a query and a fragment."""
    try:
        parts = urlsplit(value)
    except ValueError:
        return MASK
    # The private address of a calendar is a secret as a whole.
    path = f"/{MASK}" if parts.path.lower().endswith(".ics") else parts.path
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], path, "", ""))


def _findings(config: Config) -> list[dict[str, Any]]:
    from lms_bridge.bridge import check

    return [
        {"connector": name, "level": finding.level.value, "what": finding.what, "problem": _told(finding.problem)}
        for name, finding in check(config)
    ]


def _state(config: Config) -> dict[str, Any]:
    from lms_bridge.sync.state_inventory import inventory

    return inventory(config.state)


def _runs(config: Config) -> list[dict[str, Any]]:
    from lms_bridge.sync.state import State

    runs = []
    with State.open(config.state) as state:
        for route in config.routes:
            for run in state.history.last_runs(route.name, RUNS):
                head = {
                    "run": run.run,
                    "route": run.route,
                    "started": run.started.isoformat(),
                    "ended": run.ended.isoformat() if run.ended else None,
                    "exit_code": run.exit_code,
                    "summary": dict(run.summary),
                }
                runs.append(head | {"changes": [_change(row) for row in state.history.outcomes(run.run, route.name)]})
    return runs


def _change(row: Mapping[str, Any]) -> dict[str, Any]:
    kind = Kind(row["kind"])
    told = {"key": named(row["key"], kind), **{name: row[name] for name in _OUTCOME}}
    # What went wrong with a review may quote who wrote it.
    return told | ({name: row[name] for name in _PROBLEM} if kind is not Kind.REVIEW else {})


def _end_of(log: Path) -> str:
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - LOG_BYTES))
            return file.read(LOG_BYTES).decode("utf-8", "replace")
    except OSError as error:
        raise BridgeError(f"the log cannot be read: {error.strerror}.", where=str(log)) from error


def _told(problem: Problem | None) -> str:
    return str(problem) if problem is not None else ""


def _text(content: Any, mask: Callable[[str], str]) -> str:
    """Masked before it becomes JSON, which writes some signs in another way."""
    if isinstance(content, str):
        return mask(content)
    return json.dumps(_each(content, mask), ensure_ascii=False, indent=2, default=str) + "\n"


def _each(value: Any, mask: Callable[[str], str]) -> Any:
    if isinstance(value, dict):
        return {mask(str(name)): _each(each, mask) for name, each in value.items()}
    if isinstance(value, list):
        return [_each(each, mask) for each in value]
    return mask(value) if isinstance(value, str) else value
