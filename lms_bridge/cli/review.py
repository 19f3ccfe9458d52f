"""`review` shows what waits for a person because both sides changed it, and takes the person's answer."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from lms_bridge.cli.options import ConfigOption, Output, OutputOption, RouteOption
from lms_bridge.cli.printing import print_json, say
from lms_bridge.sync.policy import Answer

app = typer.Typer(no_args_is_help=True, help="Decide what is to stand where a person and the source changed the same.")
KeyArgument = Annotated[str, typer.Argument(metavar="KEY", help="The item's key, as `review list` shows it.")]


@app.command("list")
def list_(
    context: typer.Context, config: ConfigOption = None, route: RouteOption = None, output: OutputOption = Output.TEXT
) -> None:
    """Show what waits for a person."""
    from lms_bridge.cli.options import load
    from lms_bridge.cli.stored import open_state
    from lms_bridge.sync.history_text import review_line, review_row

    with open_state(load(context, config, without_secrets=True), route or ()) as (state, routes):
        reviews = [review for name in routes for review in state.history.reviews(name)]
    if output is Output.JSON:
        print_json({"schema_version": 1, "reviews": [review_row(review) for review in reviews]})
        return
    for review in reviews:
        say(f"{review.route}: {review_line(review)}")
    if not reviews:
        say("Nothing waits for a person.")


@app.command("show")
def show(
    context: typer.Context,
    key: KeyArgument,
    config: ConfigOption = None,
    route: RouteOption = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Show what the person and the source changed, word by word."""
    from lms_bridge.cli.options import load
    from lms_bridge.cli.stored import open_state
    from lms_bridge.sync.history_text import readable, review_lines, review_row

    with open_state(load(context, config, without_secrets=True), route or ()) as (state, routes):
        reviews = [review for name in routes for review in state.history.reviews(name) if review.key == key]
    if not reviews:
        raise _unknown(key)
    if output is Output.JSON:
        sides = ("base", "theirs", "ours", "merged")
        print_json(
            {
                "schema_version": 1,
                "reviews": [
                    review_row(each)
                    | {side: readable(getattr(each.sides, side)) if each.sides else None for side in sides}
                    for each in reviews
                ],
            }
        )
        return
    for review in reviews:
        for line in review_lines(review):
            say(line)


@app.command("accept")
def accept(
    context: typer.Context,
    answer: Annotated[
        Answer,
        typer.Argument(
            help="ours: the source's version. theirs: what the person left. merged: both, where they agree."
        ),
    ],
    key: KeyArgument,
    config: ConfigOption = None,
    route: RouteOption = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Decide what is to stand, and bring the destination in step with it at once."""
    from lms_bridge.bridge import open_bridge
    from lms_bridge.cli.options import load
    from lms_bridge.cli.show import show_reports
    from lms_bridge.cli.signals import stopping
    from lms_bridge.sync.report import exit_code

    loaded = load(context, config)
    with open_bridge(loaded, only_routes=route or ()) as bridge, stopping(60 * loaded.deadline_minutes) as stop:
        reports = bridge.settle(key, answer, clock=lambda: datetime.now(UTC), stop=stop)
    if not reports:
        raise _unknown(key)
    show_reports(reports, output)
    raise typer.Exit(exit_code(reports))


def _unknown(key: str) -> Exception:
    from lms_bridge.errors import UsageError

    return UsageError(
        f"nothing waits for a person under {key!r}.", next_step="`lms-bridge review list` shows the keys."
    )
