"""`forget` erases one person's reviews: at the destinations and in the state."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from lms_bridge.cli.options import ConfigOption, Output, OutputOption, RouteOption
from lms_bridge.cli.printing import say

LEFT = (
    "Deleted pages and list items lie in SharePoint's recycle bin for 93 days: an administrator empties it.",
    "Moodle keeps what was sent in its logs, as long as its own settings say.",
    "Backups of Moodle, SharePoint, the state and the content folder hold the reviews until they are replaced.",
    "A course's rating counts the stars until their rows are taken out of the source.",
)


def forget(
    context: typer.Context,
    author: Annotated[str, typer.Option("--author", metavar="NAME", help="Who, as the source calls them.")],
    config: ConfigOption = None,
    route: RouteOption = None,
    dry: Annotated[bool, typer.Option("--plan", help="Show what would be taken away.")] = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Take one person's reviews away from the destinations and from what is remembered, and never push them again."""
    from lms_bridge.bridge import open_bridge
    from lms_bridge.cli.options import load
    from lms_bridge.cli.show import show_plans, show_reports
    from lms_bridge.sync.forget import erase, plan_erasure
    from lms_bridge.sync.report import exit_code

    now = datetime.now(UTC)
    plans, reports = [], []
    rows: dict[str, None] = {}
    known = False
    with open_bridge(load(context, config), only_routes=route or ()) as bridge:
        for each in bridge.routes:
            with bridge.state.lease(each.name):
                planned = plan_erasure(each, bridge.state, author, now=now)
                rows.update(dict.fromkeys(planned.rows))
                known = known or bool(planned.keys)
                if dry:
                    plans.append(planned.plan)
                else:
                    reports.append(erase(each, bridge.state, planned, now=now))
        if dry:
            show_plans(plans, output, with_diffs=False)
        else:
            show_reports(reports, output)
    if not known and not rows:
        say(
            f"Nobody called “{author}” is in the sources, and no review of theirs is remembered. Names are compared "
            "as the source's rows write them.",
            err=output is not Output.TEXT,
        )
    for row in rows:
        say(f"Still in the source: {row}. Take the row out.", err=output is not Output.TEXT)
    for line in LEFT:
        say(f"Left: {line}", err=output is not Output.TEXT)
    raise typer.Exit(exit_code(plans) if dry else exit_code(reports))
