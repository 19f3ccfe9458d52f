"""`status` tells how things stand; `diff` shows what one item would change."""

from typing import Annotated

import typer

from lms_bridge.cli.options import ConfigOption, Output, OutputOption, RouteOption


def status(
    context: typer.Context, config: ConfigOption = None, route: RouteOption = None, output: OutputOption = Output.TEXT
) -> None:
    """Show each route's last run, and what waits: prompts for their day, conflicts for a person."""
    from lms_bridge.bridge import open_bridge
    from lms_bridge.cli.options import load
    from lms_bridge.cli.show import show_status

    with open_bridge(load(context, config), only_routes=route or ()) as bridge:
        show_status(bridge, output)


def diff(
    context: typer.Context,
    key: Annotated[
        str,
        typer.Argument(metavar="KEY", help="The item's key, as `plan --output json` shows it."),
    ],
    config: ConfigOption = None,
    route: RouteOption = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Show how what stands at the destination differs from what would be written."""
    from lms_bridge.bridge import open_bridge
    from lms_bridge.cli.options import load
    from lms_bridge.cli.show import show_difference
    from lms_bridge.errors import UsageError

    with open_bridge(load(context, config), only_routes=route or ()) as bridge:
        if not show_difference(bridge, key, output):
            step = "`lms-bridge plan --output json` shows the keys."
            raise UsageError(f"no route has an item with the key {key!r}.", next_step=step)
