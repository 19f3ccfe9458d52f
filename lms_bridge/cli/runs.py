"""`runs` looks into what syncs did, and undoes it."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from lms_bridge.cli.options import ConfigOption, Output, OutputOption, RouteOption
from lms_bridge.cli.printing import print_json, say

if TYPE_CHECKING:
    from lms_bridge.sync.run import Plan, Report

app = typer.Typer(no_args_is_help=True, help="Look into what syncs did, and undo them.")
RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="The run's name, as `runs list` shows it.")]


@app.command("list")
def list_(
    context: typer.Context,
    config: ConfigOption = None,
    route: RouteOption = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="How many of each route.")] = 20,
    output: OutputOption = Output.TEXT,
) -> None:
    """Show the latest runs: when, how long, and what they did."""
    from lms_bridge.cli.options import load
    from lms_bridge.cli.stored import open_state
    from lms_bridge.sync.history_text import run_line, run_row

    with open_state(load(context, config, without_secrets=True), route or ()) as (state, routes):
        runs = [run for name in routes for run in state.history.last_runs(name, limit)]
    runs.sort(key=lambda run: run.run, reverse=True)
    if output is Output.JSON:
        print_json({"schema_version": 1, "runs": [run_row(run) for run in runs]})
        return
    for run in runs:
        say(run_line(run))
    if not runs:
        say("No run is remembered.")


@app.command("show")
def show(
    context: typer.Context,
    run: RunArgument,
    config: ConfigOption = None,
    route: RouteOption = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Show each change of a run, why it was made and what became of it."""
    from lms_bridge.cli.options import load
    from lms_bridge.cli.stored import open_state
    from lms_bridge.errors import UsageError
    from lms_bridge.sync.history_text import outcome_line, outcome_row, run_line, run_row

    with open_state(load(context, config, without_secrets=True), route or ()) as (state, routes):
        past = [each for name in routes for each in state.history.last_runs(name, 1_000_000) if each.run == run]
        rows = {each.route: state.history.outcomes(run, each.route) for each in past}
    if not past:
        raise UsageError(f"there is no run {run!r}.", next_step="`lms-bridge runs list` shows them.")
    if output is Output.JSON:
        told = [run_row(each) | {"changes": [outcome_row(row) for row in rows[each.route]]} for each in past]
        print_json({"schema_version": 1, "runs": told})
        return
    for each in past:
        say(run_line(each))
        for row in rows[each.route]:
            say(outcome_line(row))


@app.command("undo")
def undo(
    context: typer.Context,
    run: RunArgument,
    config: ConfigOption = None,
    route: RouteOption = None,
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="KEY", help="Only this item. May be repeated.")
    ] = None,
    dry: Annotated[bool, typer.Option("--plan", help="Show what would be put back, and what cannot be.")] = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Put back what stood there before a run, where nobody changed it since."""
    from lms_bridge.bridge import open_bridge
    from lms_bridge.cli.options import load
    from lms_bridge.cli.show import show_left, show_plans, show_reports
    from lms_bridge.errors import UsageError
    from lms_bridge.sync.report import exit_code
    from lms_bridge.sync.undo import plan_undo
    from lms_bridge.sync.undo import undo as undo_run

    now = datetime.now(UTC)
    plans: list[Plan] = []
    reports: list[Report] = []
    left = {}
    with open_bridge(load(context, config), only_routes=route or ()) as bridge:
        routes = [each for each in bridge.routes if bridge.state.history.has_run(run, each.name)]
        if not routes:
            raise UsageError(f"there is no run {run!r}.", next_step="`lms-bridge runs list` shows them.")
        for each in routes:
            with bridge.state.lease(each.name):
                planned = plan_undo(each, bridge.state, run, now=now, only=only or ())
                left[each.name] = planned.left
                if dry:
                    plans.append(planned.plan)
                else:
                    reports.append(undo_run(each, bridge.state, planned, now=now))
        if dry:
            show_plans(plans, output, with_diffs=True)
        else:
            show_reports(reports, output)
    show_left(left, output)
    raise typer.Exit(exit_code(plans) if dry else exit_code(reports))


@app.command("cancel")
def cancel(context: typer.Context, run: RunArgument, config: ConfigOption = None, route: RouteOption = None) -> None:
    """End a run that workers share: what is under way is finished, and nothing new is begun."""
    from lms_bridge.cli.options import load
    from lms_bridge.cli.stored import open_state
    from lms_bridge.cli.worker import open_queue
    from lms_bridge.errors import UsageError
    from lms_bridge.scale.worker import cancel as cancel_run

    loaded = load(context, config)
    queue = open_queue(loaded)
    with open_state(loaded, route or ()) as (state, names):
        ended = cancel_run(run, names, state, queue)
    if not ended:
        raise UsageError(f"no run {run!r} is under way on workers.", next_step="`lms-bridge runs list` shows them.")
    say(f"{run}: cancelled for {', '.join(ended)}.")
