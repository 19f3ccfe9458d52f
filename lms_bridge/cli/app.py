"""The commands by name, and what holds for all of them: how errors become sentences and exit codes."""

from pathlib import Path
from typing import Annotated

import typer

from lms_bridge.cli import (
    audit,
    check,
    console,
    content,
    forget,
    init,
    metrics,
    notify,
    pull,
    review,
    runs,
    sandbox,
    serve,
    setup,
    state,
    support,
    sync,
    worker,
)
from lms_bridge.cli.options import LogFormat
from lms_bridge.cli.printing import say

app = typer.Typer(
    name="lms-bridge",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Pushes course ratings, discussion prompts and wiki pages into Moodle and SharePoint and keeps them in step.",
    epilog="Exit codes: 0 done or in step · 1 some items failed · 2 usage or config · 3 changes pending "
    "(plan --exit-code) · 4 a limit waits for approval · 5 conflicts wait for a person · "
    "6 a destination could not be reached · 7 a store of secrets could not be reached · 10 stopped before the end.",
)


def _tell_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        say(f"lms-bridge {version('lms-bridge')}")
        raise typer.Exit()


@app.callback()
def root(
    context: typer.Context,
    config: Annotated[Path | None, typer.Option("--config", "-c", help="The config file.")] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log each call to standard error.")] = False,
    log: Annotated[
        LogFormat | None,
        typer.Option("--log", help="Log each change, and what goes wrong, to standard error.", show_default=False),
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_tell_version)
    ] = False,
) -> None:
    if verbose or log is not None:
        from lms_bridge.cli.log import show_log

        show_log(every_call=verbose, as_json=log is LogFormat.JSON)
    else:
        from lms_bridge.cli.log import show_unquoted

        show_unquoted()
    context.obj = config


app.command("init")(init.init)
app.command("check")(check.check)
app.command("plan")(sync.plan)
app.command("sync")(sync.sync)
app.command("worker")(worker.worker)
app.command("serve")(serve.serve)
app.command("metrics")(metrics.metrics)
app.command("status")(content.status)
app.command("diff")(content.diff)
app.command("pull")(pull.pull)
app.add_typer(review.app, name="review")
app.add_typer(runs.app, name="runs")
app.add_typer(console.app, name="console")
app.add_typer(state.app, name="state")
app.add_typer(audit.app, name="audit")
app.add_typer(notify.app, name="notify")
app.command("forget")(forget.forget)
app.command("support-bundle")(support.support_bundle)
app.command("schema")(init.schema)
app.add_typer(setup.app, name="setup")
app.command("sandbox")(sandbox.sandbox)
app.command("demo")(sandbox.demo)
