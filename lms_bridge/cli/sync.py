"""`plan` shows what a sync would do; `sync` does it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lms_bridge.cli.options import ConfigOption, OnlyOption, Output, OutputOption, RouteOption
from lms_bridge.errors import UsageError
from lms_bridge.tracing import Mark, traced_run

if TYPE_CHECKING:
    from lms_bridge.bridge import Bridge
    from lms_bridge.config.load import Config
    from lms_bridge.sync.run import Report


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
            plans = bridge.plan(clock=_now, only=only or (), progress_of=lambda route: progress)
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
    takeover: Annotated[
        bool, typer.Option("--takeover", help="Take over what carries the mark of another installation.")
    ] = False,
    through_windows: Annotated[
        bool, typer.Option("--through-windows", help="Push also what `windows` hold back now. Is logged.")
    ] = False,
    deadline: Annotated[
        int | None,
        typer.Option(metavar="MINUTES", min=1, help="End early, in good order, after so long.", show_default=False),
    ] = None,
    shared: Annotated[
        bool, typer.Option("--shared", help="Let `lms-bridge worker` processes do it, and show their one report.")
    ] = False,
    join: Annotated[
        int, typer.Option(metavar="MINUTES", min=0, help="With --shared: a run that ended so lately is this one.")
    ] = 0,
) -> None:
    """Bring the destinations in step with the sources."""
    if shared:
        given = {"only": only, "checksum": checksum, "approve": approve, "takeover": takeover}
        _refuse_with_shared({**given, "through-windows": through_windows})
        raise typer.Exit(_sync_shared(context, config, route or (), output, join, deadline))
    from lms_bridge.bridge import open_bridge
    from lms_bridge.cli.options import load

    loaded = load(context, config)
    asked = _Asked(tuple(only or ()), tuple(checksum or ()), tuple(approve or ()), takeover, through_windows)
    _refuse_false_safety(loaded, asked)
    with traced_run("sync") as mark, open_bridge(loaded, only_routes=route or (), takeover=takeover) as bridge:
        reports = _applied(loaded, bridge, asked, output, 60 * (deadline or loaded.deadline_minutes))
        code = _ended(reports, mark)
    raise typer.Exit(code)


def _ended(reports: "Sequence[Report]", mark: Mark) -> int:
    """The exit code; what is told of the run in its span."""
    from lms_bridge.sync.report import exit_code as code_of

    code = code_of(reports)
    mark("lmsbridge.run", reports[0].run if reports else "")
    mark("lmsbridge.routes", " ".join(report.route for report in reports))
    mark("lmsbridge.exit_code", code)
    return code


@dataclass(frozen=True, slots=True)
class _Asked:
    only: tuple[str, ...]
    checksums: tuple[str, ...]
    approved: tuple[str, ...]
    takeover: bool
    through_windows: bool

    @property
    def scheduled(self) -> bool:
        """A person who decides, or looks at a part, sees what comes of it; and a part tells nothing about the whole."""
        return self == _Asked((), (), (), takeover=False, through_windows=self.through_windows)


def _applied(config: "Config", bridge: "Bridge", asked: _Asked, output: Output, seconds: float) -> list["Report"]:
    from lms_bridge.cli.notify import tell, telling_errors
    from lms_bridge.cli.progress import shown_progress
    from lms_bridge.cli.show import show_reports
    from lms_bridge.cli.signals import stopping

    names = [each.name for each in bridge.routes]
    with (
        telling_errors(config, bridge.state, names, scheduled=asked.scheduled),
        shown_progress(output) as progress,
        stopping(seconds) as stop,
    ):
        reports = bridge.sync(
            clock=_now,
            only=asked.only,
            checksums=asked.checksums,
            approved=asked.approved,
            stop=stop,
            progress=progress,
            through_windows=asked.through_windows,
        )
    if stop.cancelled:
        _tell_service(bridge, reports)
    show_reports(reports, output)
    tell(config, bridge.state, reports, scheduled=asked.scheduled)
    return reports


def _tell_service(bridge: "Bridge", reports: "Sequence[Report]") -> None:
    """Of the runs that somebody ended here: they did not fail. Its own runs the service ends itself."""
    from lms_bridge.audit.actor import acting
    from lms_bridge.audit.line import Role
    from lms_bridge.sync.intent import Topic

    if acting().role is Role.ACCOUNT:
        bridge.state.notes.put(Topic.CANCELLED, {report.route: report.run for report in reports}, _now())


def _sync_shared(
    context: typer.Context,
    config: Path | None,
    routes: Sequence[str],
    output: Output,
    join: int,
    deadline: int | None,
) -> int:
    from lms_bridge.cli.notify import tell
    from lms_bridge.cli.options import load
    from lms_bridge.cli.show import show_reports
    from lms_bridge.cli.stored import open_state, route_names
    from lms_bridge.cli.worker import sync_shared
    from lms_bridge.sync.report import exit_code as code_of

    loaded = load(context, config)
    names = route_names(loaded, routes)
    reports = sync_shared(loaded, names, join=join, deadline=60.0 * (deadline or loaded.deadline_minutes))
    show_reports(reports, output)
    if loaded.notifications:
        with open_state(loaded) as (state, _):
            tell(loaded, state, reports, scheduled=True)
    return code_of(reports)


def _refuse_with_shared(given: Mapping[str, object]) -> None:
    """What is about a plan that somebody looked at is done by the one who looks."""
    for name, value in given.items():
        if value:
            raise UsageError(
                f"--{name} is not for a run that workers share.",
                where="--shared",
                next_step="Run it without --shared: workers let it pass, and go on afterwards.",
            )


def _refuse_false_safety(config: "Config", asked: _Asked) -> None:
    """Options that protect nothing, or do nothing, although somebody relies on them."""
    unseen = [checksum for checksum in asked.approved if asked.checksums and checksum not in asked.checksums]
    if unseen:
        raise UsageError(
            f"{unseen[0]} is approved, but is none of the checksums that may be applied.",
            where="--approve",
            next_step="Pass the same checksum to --checksum and --approve.",
        )
    if asked.takeover and not config.installation:
        raise UsageError(
            "there is no name to take things over with.",
            where="--takeover",
            next_step=f"Give this installation a name of its own: `installation:` in {config.file}.",
        )


def _now() -> datetime:
    return datetime.now(UTC)
