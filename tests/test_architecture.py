"""Who may lean on whom. A stranger finds any behaviour in one guess as long as these hold."""

import ast
import graphlib
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "lms_bridge"
GROUND = {"items", "changes", "connector", "demand", "errors", "spending"}
ROOMS = {
    "audit": GROUND,
    "markup": GROUND,
    "transport": GROUND | {"tracing"},
    "tracing": set(),
    "registry": GROUND,
    # Of calendars only what one is, which the config says.
    "config": GROUND | {"calendars", "hours", "registry", "windows"},
    "calendars": GROUND | {"transport", "whole", "windows"},
    "whole": set(),
    "moodle": GROUND | {"expiry", "hours", "markup", "transport", "windows"},
    "sharepoint": GROUND | {"expiry", "hours", "markup", "transport", "windows"},
    "sources": GROUND | {"markup", "transport", "whole"},
    "sync": GROUND | {"audit", "markup", "whole", "windows"},
    "sandbox": set(),
    "testing": GROUND | {"markup", "sync"},
    "scale": GROUND | {"audit", "sync"},
    "expiry": GROUND,
    # Of the service only its doors, which are types: see `test_the_console_knows_the_service_by_its_doors_alone`.
    "console": GROUND | {"audit", "config", "bridge", "markup", "service", "sync"},
    "example": {"errors"},
    "basis": set(),
    "hours": set(),
    "windows": set(),
    "late": set(),
    "logged": set(),
    "opening": GROUND | {"basis", "config", "late", "sync"},
    "troubles": {"errors"},
    "unquoted": {"errors", "logged", "troubles"},
    "notify": GROUND | {"config", "expiry", "sync", "transport", "troubles", "unquoted"},
    "afterwards": GROUND | {"config", "notify", "opening", "sync"},
    "masking": set(),
    "support": GROUND | {"audit", "bridge", "config", "masking", "sync"},
    "bridge": GROUND | {"audit", "config", "expiry", "holding", "late", "logged", "opening", "registry", "sync"},
    "holding": GROUND | {"calendars", "config", "sync", "windows"},
    "service": {"audit", "calendars", "errors", "logged", "windows", "config", "opening", "sync", "console"}
    | {"troubles", "unquoted"},
    "cli": GROUND
    | {"config", "registry", "sync", "sandbox", "bridge", "example", "markup", "moodle", "sharepoint"}
    | {"sources", "scale", "opening", "console", "service", "tracing"}
    | {"afterwards", "audit", "holding", "logged", "masking", "notify", "support", "unquoted"},
}
ONLY_IN = {
    "office365": {"lms_bridge/sharepoint/client"},
    # An app's tokens for a tenant, and people's sign-in at the console: two flows that share nothing but the library.
    "msal": {"lms_bridge/sharepoint/auth", "lms_bridge/console/access/entra"},
    "argon2": {"lms_bridge/console/access/passwords"},
    "tenacity": {"lms_bridge/transport"},
    "pgqueuer": {"lms_bridge/scale/pgqueuer_queue"},
    "psycopg": {"lms_bridge/scale/pgqueuer_queue", "lms_bridge/sync/state"},
    "sqlalchemy": {"lms_bridge/sync/state"},
    "alembic": {"lms_bridge/sync/state"},
    "smtplib": {"lms_bridge/notify/email"},
    "typer": {"lms_bridge/cli"},
    "starlette": {"lms_bridge/sandbox", "lms_bridge/service", "lms_bridge/console"},
    "uvicorn": {"lms_bridge/sandbox", "lms_bridge/service"},
    "apscheduler": {"lms_bridge/service/alarm", "lms_bridge/service/timetable"},
    "prometheus_client": {"lms_bridge/service/metrics"},
    "structlog": {"lms_bridge/service/log"},
    "markdownify": {"lms_bridge/markup/to_markdown"},
    "bs4": {"lms_bridge/markup/to_markdown"},
    "opentelemetry": {"lms_bridge/tracing"},
    "icalendar": {"lms_bridge/calendars/events"},
    "recurring_ical_events": {"lms_bridge/calendars/events"},
    "hvac": {"lms_bridge/config/hashicorp_vault"},
    "azure": {"lms_bridge/config/azure_vault"},
    "yaml": {"lms_bridge/config", "lms_bridge/sources"},
}


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).with_suffix("").as_posix()


def imported(path: Path) -> Iterator[tuple[str, str]]:
    """Each name with what it is taken from: `import a.b` is ("a.b", "a.b"), `from a import b` is ("a", "a.b")."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node.module, f"{node.module}.{alias.name}") for alias in node.names)


def imports(path: Path) -> set[str]:
    return {target for pair in imported(path) for target in pair}


def room_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return parts[0]


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_a_room_leans_only_on_the_rooms_below_it(path: Path) -> None:
    room = room_of(path)
    own = {room, "py.typed"}
    for target in imports(path):
        if not target.startswith("lms_bridge."):
            continue
        leaned_on = target.split(".")[1]
        allowed = ROOMS.get(room, GROUND) | own
        assert leaned_on in allowed, f"{name_of(path)} imports {target}"


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_a_library_is_known_only_to_the_room_that_is_its_door(path: Path) -> None:
    for target in imports(path):
        doors = ONLY_IN.get(target.split(".")[0])
        assert doors is None or any(name_of(path).startswith(door) for door in doors), (
            f"{name_of(path)} imports {target}"
        )


def test_the_console_knows_the_service_by_its_doors_alone() -> None:
    leaning = {target for path in modules() if room_of(path) == "console" for target in imports(path)}
    asked = {target for target in leaning if target.startswith("lms_bridge.service")}
    assert asked
    assert all(target.startswith("lms_bridge.service.doors") for target in asked)


def test_every_room_has_its_rule() -> None:
    rooms = {room_of(path) for path in modules()} - {"__init__"} - GROUND
    assert rooms <= set(ROOMS)


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_a_file_does_one_job_and_stays_short(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").count("\n")
    assert lines <= 330, f"{name_of(path)} has {lines} lines"


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_a_function_is_short_enough_to_be_read_at_once(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            assert lines <= 60, f"{node.name} in {name_of(path)} has {lines} lines"


def circle_in(leans_on: Mapping[str, Iterable[str]]) -> list[str]:
    """The files of one circle, each importing the next; none where there is none."""
    try:
        graphlib.TopologicalSorter(leans_on).prepare()
    except graphlib.CycleError as found:
        return list(reversed(found.args[1]))
    return []


def test_files_do_not_import_one_another_in_a_circle() -> None:
    """Imports inside functions and for types alone count: they hide a circle, they do not break it."""
    dotted = {name_of(path).removesuffix("/__init__").replace("/", "."): path for path in modules()}
    leans_on = {
        name: {whole if whole in dotted else source for source, whole in imported(path)}
        for name, path in dotted.items()
    }
    circle = circle_in(leans_on)
    assert not circle, " imports ".join(circle)


def test_a_circle_is_told_by_the_names_of_its_files() -> None:
    assert set(circle_in({"a": ["b"], "b": ["c"], "c": ["a"], "d": ["a"]})) == {"a", "b", "c"}


def test_every_built_in_connector_comes_through_the_entry_points() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert set(project["project"]["entry-points"]["lms_bridge.connectors"]) == {"files", "moodle", "sharepoint"}
