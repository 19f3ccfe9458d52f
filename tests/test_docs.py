"""The documentation is true: what it prints can be typed, what it names is there, and nothing is left out."""

import importlib.util
import json
import re
import shlex
import subprocess
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import unquote

import pytest
import typer

from lms_bridge.cli import sentences
from lms_bridge.cli.app import app
from lms_bridge.config.schema import json_schema
from lms_bridge.connector import Action, Change, PlaceRef
from lms_bridge.errors import Problem
from lms_bridge.items import Kind
from lms_bridge.sync import report
from lms_bridge.sync.intent import Doing, Intent, PastRun, Review
from lms_bridge.sync.plan import Waiting
from lms_bridge.sync.run import Failure, Plan, Report
from lms_bridge.sync.status import Standing, status_document

ROOT = Path(__file__).parent.parent
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")])
NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
COMMAND = re.compile(r"^(?:[\w./-]*/)?lms-bridge ")


def shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


# Commands


def commands(group: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*words, name))
        else:
            yield (*words, name)


def parse(line: str) -> None:
    """Raises what the command line would raise. Nothing is run."""
    command: Any = typer.main.get_command(app)
    context, arguments = None, shlex.split(line, comments=True)[1:]
    while hasattr(command, "commands"):
        context = command.make_context(command.name, arguments, parent=context)
        name, command, arguments = command.resolve_command(context, [*context._protected_args, *context.args])
    command.make_context(name, arguments, parent=context)


def printed_commands() -> Iterator[tuple[str, str]]:
    """Every `lms-bridge …` of the documentation: lines of code blocks, and code in sentences."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8").replace("\\\n", " ")
        blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.M | re.S)
        lines = [part.strip() for block in blocks for line in block.splitlines() for part in re.split(r"&&|\|", line)]
        lines += re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S))
        for line in lines:
            if COMMAND.match(line):
                yield shown(page), re.split(r"\s[12]?>", line)[0]


@pytest.mark.parametrize("words", list(commands(typer.main.get_command(app))), ids=" ".join)
def test_every_command_has_its_line_in_the_readme(words: tuple[str, ...]) -> None:
    assert re.search(rf"^\| `lms-bridge {' '.join(words)}(?: [A-Za-z-]+)*` \| \w", text_of("README.md"), re.M)


@pytest.mark.parametrize(("page", "line"), sorted(set(printed_commands())))
def test_every_command_that_the_documentation_prints_can_be_typed(page: str, line: str) -> None:
    parse(line)


@pytest.mark.parametrize("line", ["lms-bridge plan --no-such-option", "lms-bridge plam", "lms-bridge diff"])
def test_a_command_that_cannot_be_typed_would_be_noticed(line: str) -> None:
    with pytest.raises(Exception, match=r"(?i)no such|missing"):
        parse(line)


def test_every_option_of_a_command_is_told_somewhere() -> None:
    told = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    missing = [option for option in options(typer.main.get_command(app)) if option not in told]
    assert missing == []


def options(command: Any) -> Iterator[str]:
    for parameter in command.params:
        yield from (name for name in parameter.opts if name.startswith("--") and name != "--help")
    for inner in getattr(command, "commands", {}).values():
        yield from options(inner)


def test_every_target_of_make_that_the_documentation_names_is_there() -> None:
    targets = set(re.findall(r"^([a-z-]+):", text_of("Makefile"), re.M))
    named = {name for page in PAGES for name in re.findall(r"(?:`|^)make ([a-z-]+)", page.read_text("utf-8"), re.M)}
    assert named <= targets


@pytest.mark.parametrize("page", ["README.md", "docs/running.md"])
def test_the_exit_codes_are_those_of_the_program(page: str) -> None:
    codes = {0, 2, report.DONE, report.FAILED, report.PENDING, report.APPROVAL, report.CONFLICT, report.UNREACHABLE}
    codes |= {report.STOPPED, sentences.AWAY}
    if page == "README.md":
        told = re.findall(r"(?:Exit codes: |· |\n)(\d+) [a-z]", text_of(page))
    else:
        told = re.findall(r"^\| (\d+) \|", text_of(page), re.M)
    assert [int(code) for code in told] == sorted(codes)


# The contract for programs


def place() -> PlaceRef:
    return PlaceRef(Kind.PAGE, "1", "wiki of A course", "A-1")


def change() -> Change:
    return Change(action=Action.CREATE, key="k", kind=Kind.PAGE, place=place(), course="A-1", title="t", reason="r")


def plan_output() -> Mapping[str, Any]:
    failure = Failure("k", Problem("cause", "where", "step"))
    plan = Plan(route="r", destination="d", made=NOW, changes=(change(),), failures=(failure,))
    return report.plan_document([plan])


def sync_output() -> Mapping[str, Any]:
    failure = Failure("k", Problem("cause", "where", "step"))
    return report.report_document(
        [
            Report(
                run="x",
                route="r",
                destination="d",
                started=NOW,
                ended=NOW,
                failures=(failure,),
                fidelity={"k": {"text": 1.0, "links": 0.5, "images": 1.0, "tables": 1.0}},
            )
        ]
    )


def status_output() -> Mapping[str, Any]:
    standing = Standing(
        route="r",
        last_run=PastRun(
            run="x", route="r", destination="d", started=NOW, ended=NOW, checksum="", exit_code=0, summary={}
        ),
        items=1,
        by_kind={},
        drifted=0,
        deleted=0,
        waiting=(Waiting("k", "p", "t", "A-1", NOW),),
        conflicts=(review(),),
        doing=doing(),
        open_intents=(intent(),),
    )
    return status_document([standing])


def intent() -> Intent:
    return Intent(route="r", place="p", key="k", run="x", action="create", fingerprint="", digest="", opened=NOW)


def review() -> Review:
    return Review(
        route="r",
        place="p",
        key="k",
        kind=Kind.PAGE,
        title="t",
        course="A-1",
        reason="r",
        found=NOW,
        url=None,
        fingerprint="",
        version="",
        sides=None,
    )


def doing() -> Doing:
    return Doing(route="r", run="x", process="1", stage="writing", done=1, total=2, since=NOW, beat=NOW)


def paths(value: Any, path: str = "") -> Iterator[str]:
    """`routes[].changes[].key` for each key that a document holds; the counts of `summary` are one."""
    if isinstance(value, list):
        for each in value:
            yield from paths(each, f"{path}[]")
    elif isinstance(value, dict):
        for name, inner in value.items():
            here = f"{path}.{name}" if path else name
            if not isinstance(inner, list | dict) or not inner or here.endswith("last_run"):
                yield here
            yield from paths(inner, here)


def documented(heading: str) -> list[str]:
    section = text_of("docs/running.md").partition(f"### `{heading}`")[2].partition("\n### ")[0].partition("\n## ")[0]
    table = section.partition("\n\n`")[0]
    rows = re.findall(r"^\| (`[^|]+) \| ([^\n]+) \|$", table, re.M)
    told: list[str] = []
    for key, about in rows:
        if key.startswith("`summary."):
            told += [f"summary.{name}" for name in re.findall(r"`(\w+)`", about.partition(": ")[2].partition(". `")[0])]
        else:
            told.append(key.strip("`"))
    return told


@pytest.mark.parametrize(
    ("heading", "document"),
    [
        ("lms-bridge plan --output json", plan_output()),
        ("lms-bridge sync --output json", sync_output()),
        ("lms-bridge status --output json", status_output()),
    ],
)
def test_the_keys_of_the_json_output_are_those_that_are_documented(heading: str, document: Mapping[str, Any]) -> None:
    assert document["schema_version"] == 1
    assert sorted(documented(heading)) == sorted(set(paths(document)))


# The config


def configuration() -> ModuleType:
    spec = importlib.util.spec_from_file_location("write_configuration", ROOT / "docs/write_configuration.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_table_of_settings_is_that_of_the_settings_models() -> None:
    page = text_of("docs/configuration.md")
    assert page == configuration().rewritten(page), "run `make docs`"


def test_the_table_of_settings_leaves_no_key_out() -> None:
    named = set(re.findall(r"^\| `(?:[\w]+\.)*(\w+)` \|", text_of("docs/configuration.md"), re.M)) | {"type"}
    definitions = json_schema()["$defs"]
    for name, definition in {"": json_schema(), **definitions}.items():
        assert set(definition.get("properties", ())) <= named, name


def test_every_setting_says_what_it_is_for() -> None:
    bare = re.findall(r"^\| `([\w.]+)` \|[^\n]*\|  \|$", text_of("docs/configuration.md"), re.M)
    assert bare == []


def test_the_shipped_schema_is_current_and_the_shipped_config_points_editors_at_it() -> None:
    assert json.loads(text_of("connectors.schema.json")) == json_schema(), "run `make docs`"
    first = text_of("connectors.yaml").splitlines()[0]
    assert first == "# yaml-language-server: $schema=./connectors.schema.json"


# Links and what must not be there


def links(page: Path) -> Iterator[str]:
    text = re.sub(r"`[^`\n]*`", "", re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S))
    yield from (target for target in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in target)


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_every_link_leads_to_a_file_of_the_repository(page: Path) -> None:
    for target in links(page):
        path, _, anchor = unquote(target).partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.is_file(), f"{shown(page)} links to {target}"
        assert not anchor or anchor in anchors(file), f"{shown(page)} links to {target}"


def test_every_page_of_the_documentation_can_be_reached_from_the_readme() -> None:
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page not in reached:
            reached.add(page)
            targets = (page.parent / unquote(target).partition("#")[0] for target in links(page))
            waiting += [target.resolve() for target in targets if target.suffix == ".md"]
    assert set(PAGES) <= reached


def tracked() -> list[Path]:
    try:
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout: there is no list of tracked files")
    return [ROOT / name for name in listed.decode().split("\0") if name and (ROOT / name).is_file()]


def test_no_file_holds_a_path_of_somebodys_machine_or_a_package_registrys_address() -> None:
    foreign = re.compile(
        rb"(?<![\w.}>)])/(?:root|home|Users|work)/[\w.]|[i]ndex-url|[p]ypi\.(?:org|python)|[p]ythonhosted"
    )
    found = [f"{shown(path)}: {hit[0].decode()}" for path in tracked() if (hit := foreign.search(path.read_bytes()))]
    assert found == []


def test_the_readme_is_short() -> None:
    assert text_of("README.md").count("\n") < 150
