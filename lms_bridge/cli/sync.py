"""`plan` shows what a sync would do; `sync` does it."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from lms_bridge.cli.options import ConfigOption, OnlyOption, Output, OutputOption, RouteOption


def plan(
    context: typer.Context,
    config: ConfigOption = None,
    only: OnlyOption = None,
    route: RouteOption = None,
    output: OutputOption = Output.TEXT,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit with 3 when changes are pending.")] = False,
    diff: Annotated[bool, typer.Option("--diff/--no-diff", help="Show how the text of changed pages changes.")] = True,
) -> None:
    """Show what a sync would change, why, and what it costs. Writes nothing."""
    from lms_bridge.bridge import open_bridge
    from lms_bridge.cli.options import load
    from lms_bridge.cli.progress import shown_progress
    from lms_bridge.cli.show import show_plans
    from lms_bridge.sync.report import exit_code as code_of

    with open_bridge(load(context, config), only_routes=route or ()) as bridge:
        with shown_progress(output) as progress:
            plans = bridge.plan(clock=_now, only=only or (), progress=progress)
        show_plans(plans, output, with_diffs=diff)
    raise typer.Exit(code_of(plans, pending=exit_code))


def sync(
    context: typer.Context,
    config: ConfigOption = None,
    only: OnlyOption = None,
    route: RouteOption = None,
    output: OutputOption = Output.TEXT,
    checksum: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CHECKSUM",
            help="Apply only what was reviewed under this checksum. One for each route with changes.",
        ),
    ] = None,
    approve: Annotated[
        list[str] | None,
        typer.Option(metavar="CHECKSUM", help="Also apply what waits for approval in the plan of this checksum."),
    ] = None,
) -> None:
    """Bring the destinations in step with the sources."""
    from lms_bridge.bridge import open_bridge
    from lms_bridge.cli.options import load
    from lms_bridge.cli.progress import shown_progress
    from lms_bridge.cli.show import show_reports
    from lms_bridge.sync.report import exit_code as code_of

    with open_bridge(load(context, config), only_routes=route or ()) as bridge:
        with shown_progress(output) as progress:
            reports = bridge.sync(
                clock=_now, only=only or (), checksums=checksum or (), approved=approve or (), progress=progress
            )
        show_reports(reports, output)
    raise typer.Exit(code_of(reports))


def _now() -> datetime:
    return datetime.now(UTC)
