"""`state` keeps, moves, checks and rebuilds what lms-bridge remembers."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, TextIO

import typer

from lms_bridge.cli.options import ConfigOption, Output, OutputOption, RouteOption
from lms_bridge.cli.printing import print_json, say

app = typer.Typer(no_args_is_help=True, help="Keep, move, check and rebuild what lms-bridge remembers.")


@app.command("rebuild")
def rebuild(
    context: typer.Context, config: ConfigOption = None, route: RouteOption = None, output: OutputOption = Output.TEXT
) -> None:
    """Adopt by their marks what stands at the destinations. Writes nothing there."""
    from lms_bridge.bridge import open_bridge
    from lms_bridge.cli.options import load
    from lms_bridge.cli.progress import shown_progress
    from lms_bridge.cli.show import show_reports
    from lms_bridge.sync.rebuild import rebuild as rebuilt
    from lms_bridge.sync.report import exit_code

    with open_bridge(load(context, config), only_routes=route or ()) as bridge:
        reports = []
        with shown_progress(output) as progress:
            for each in bridge.routes:
                with bridge.state.lease(each.name):
                    reports.append(rebuilt(each, bridge.state, now=datetime.now(UTC), progress=progress))
        show_reports(reports, output)
    raise typer.Exit(exit_code(reports))


@app.command("verify")
def verify(
    context: typer.Context, config: ConfigOption = None, route: RouteOption = None, output: OutputOption = Output.TEXT
) -> None:
    """Look at every place, and tell where what is remembered and what stands there do not agree."""
    from lms_bridge.bridge import open_bridge
    from lms_bridge.cli.options import load
    from lms_bridge.cli.progress import shown_progress
    from lms_bridge.cli.sentences import problem_fields, sentence
    from lms_bridge.sync.rebuild import verify as verified
    from lms_bridge.sync.report import FAILED, PENDING

    with open_bridge(load(context, config), only_routes=route or ()) as bridge, shown_progress(output) as progress:
        results = [verified(each, bridge.state, now=datetime.now(UTC), progress=progress) for each in bridge.routes]
    if output is Output.JSON:
        rows = [
            {
                "route": each.route,
                "agree": each.agree,
                "wrong": [{"key": key, "how": how} for key, how in each.wrong.items()],
                "problems": [problem_fields(problem) for problem in each.problems],
            }
            for each in results
        ]
        print_json({"schema_version": 1, "routes": rows})
    else:
        for each in results:
            say(f"{each.route}: {each.agree} agree, {len(each.wrong)} do not")
            for key, how in each.wrong.items():
                say(f"  {key}: {how}")
            for problem in each.problems:
                say(f"  {sentence(problem)}")
    failed = any(each.problems for each in results)
    raise typer.Exit(FAILED if failed else PENDING if any(each.wrong for each in results) else 0)


@app.command("export")
def export(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to; - for standard output.")] = Path("-"),
    config: ConfigOption = None,
) -> None:
    """Write everything that is remembered as lines of JSON."""
    from lms_bridge.cli.options import load
    from lms_bridge.sync.state_transfer import export as lines

    location = load(context, config, without_secrets=False).state
    with _written(file) as out:
        for line in lines(location):
            out.write(f"{line}\n")


@app.command("import")
def import_(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `state export` wrote; - for standard input.")],
    config: ConfigOption = None,
) -> None:
    """Take an exported state into the empty one that connectors.yaml names."""
    from lms_bridge.audit.line import Act, Deed
    from lms_bridge.cli.options import load
    from lms_bridge.errors import UsageError
    from lms_bridge.sync.state import State
    from lms_bridge.sync.state_transfer import import_ as take

    location = load(context, config).state
    try:
        if str(file) == "-":
            counts = take(location, sys.stdin)
        else:
            with file.open(encoding="utf-8") as lines:
                counts = take(location, lines)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        step = "Name a file that `state export` wrote."
        raise UsageError(f"the file cannot be read ({reason}).", where=str(file), next_step=step) from error
    with State.open(location) as state:
        state.trail.add(Act(deed=Deed.IMPORT, about=f"{sum(counts.values())} rows"))
    told = ", ".join(f"{count} {table}" for table, count in counts.items() if count)
    say(f"Imported: {told or 'nothing'}.")


@contextmanager
def _written(file: Path) -> Iterator[TextIO]:
    """The file stands whole or not at all, and only its owner reads it: it holds texts of people."""
    from lms_bridge.errors import UsageError

    if str(file) == "-":
        yield sys.stdout
        return
    part = file.with_name(f"{file.name}.part")
    try:
        part.touch(mode=0o600)
        with part.open("w", encoding="utf-8") as out:
            yield out
        part.replace(file)
    except OSError as error:
        raise UsageError(f"the file cannot be written ({error.strerror}).", where=str(file)) from error
    finally:
        part.unlink(missing_ok=True)
