"""What the commands print: the engine's plans and reports as text, Markdown or JSON, with text differences."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from lms_bridge.bridge import Bridge
from lms_bridge.cli.options import Output, console
from lms_bridge.cli.printing import harmless, print_json, say, say_text
from lms_bridge.sync.report import plan_document, report_document, summary_of
from lms_bridge.sync.report_text import (
    cell,
    fenced,
    headline,
    plan_lines,
    plan_markdown,
    report_lines,
    report_markdown,
    summary_line,
)
from lms_bridge.sync.run import Plan, Report
from lms_bridge.sync.status import Standing, standing, status_document

if TYPE_CHECKING:
    from lms_bridge.sync.difference import Difference

_SHOWN_DIFFS = 20
_STYLES = {"+": "green", "-": "red", "@": "cyan"}


def show_plans(plans: Sequence[Plan], output: Output, *, with_diffs: bool) -> None:
    if output is Output.JSON:
        print_json(plan_document(plans))
    elif output is Output.MARKDOWN:
        say_text(plan_markdown(plans))
        for plan in plans if with_diffs else ():
            for told in _differences(plan):
                say_text(f"\n### {cell(told.title)}\n\n{fenced(_unified(told))}")
    else:
        for plan in plans:
            _print_lines(plan_lines(plan))
            if any(change.guarded for change in plan.changes):
                say(f"  approve  `lms-bridge sync --route {plan.route} --approve {plan.checksum}`")
            for told in _differences(plan) if with_diffs else ():
                _print_difference(told)
        if len(plans) > 1:
            say(f"In all: {headline(plans)}.")


def show_reports(reports: Sequence[Report], output: Output) -> None:
    if output is Output.JSON:
        print_json(report_document(reports))
    elif output is Output.MARKDOWN:
        say_text(report_markdown(reports))
    else:
        for report in reports:
            _print_lines(report_lines(report))
            if report.held:
                say(f"  approve  `lms-bridge plan --route {report.route}` shows them, and the command that approves")
        if len(reports) > 1:
            say(f"In all: {summary_line(summary_of(reports))}.")


def show_left(left: Mapping[str, Mapping[str, str]], output: Output) -> None:
    """What cannot be undone, and why; on standard error beside JSON and Markdown."""
    for route, keys in left.items():
        for key, reason in keys.items():
            say(f"{route}: left {key}: {reason}", err=output is not Output.TEXT)


def show_status(bridge: Bridge, output: Output) -> None:
    standings = [standing(route.name, bridge.state) for route in bridge.routes]
    if output is Output.JSON:
        print_json(status_document(standings))
        return
    for told in standings:
        _print_lines(_status_lines(told))


def show_difference(bridge: Bridge, key: str, output: Output) -> bool:
    """Whether any route has the item."""
    from lms_bridge.sync.difference import diff

    now = datetime.now(UTC)
    found = {route.name: diff(route, bridge.state, key, now=now) for route in bridge.routes}
    told = {name: each for name, each in found.items() if each is not None}
    if output is Output.JSON:
        rows = [{"route": name, "key": key, "before": each.before, "after": each.after} for name, each in told.items()]
        print_json({"schema_version": 1, "differences": rows})
        return bool(told)
    for name, each in told.items():
        say(f"{name}: {key}")
        if each.before == each.after:
            say("  in step")
        else:
            _print_difference(each)
    return bool(told)


def _print_lines(lines: Sequence[str]) -> None:
    for line in lines:
        say(line)


def _differences(plan: Plan) -> "list[Difference]":
    """Before and after of changed texts, and a line that tells how many more there are."""
    if not plan.changes:
        return []
    from lms_bridge.sync.difference import Difference, differences

    told, more = differences(plan, _SHOWN_DIFFS)
    if more:
        told.append(Difference("", f"{more} more changed texts; `lms-bridge diff KEY` shows each", "", ""))
    return told


def _unified(told: "Difference") -> str:
    from lms_bridge.markup.diff import as_lines, line_diff

    return as_lines(line_diff(told.before, told.after))


def _print_difference(told: "Difference") -> None:
    out = console()
    out.print(f"  {harmless(told.title)}")
    for line in _unified(told).splitlines():
        out.print(f"    {harmless(line)}", style=_STYLES.get(line[:1]))


def _status_lines(told: Standing) -> list[str]:
    lines = [f"{told.route}: {_last_run(told)}"]
    if told.doing is not None:
        of = told.doing
        lines.append(
            f"  running  {of.stage} {of.done} of {of.total} since {of.since:%H:%M:%S %Z}, "
            f"last sign of life {of.beat:%H:%M:%S %Z} (process {of.process})"
        )
    kinds = ", ".join(f"{count} {kind}{'s' if count != 1 else ''}" for kind, count in told.by_kind.items())
    lines.append(f"  stands   {kinds or 'nothing yet'}")
    if told.drifted:
        lines.append(f"  changed  {told.drifted} by people")
    if told.deleted:
        lines.append(f"  deleted  {told.deleted} by people")
    lines += [f"  waits    “{w.title}” in {w.course} until {w.until:%Y-%m-%d %H:%M %Z}" for w in told.waiting]
    lines += [f"  conflict “{review.title}”: {review.reason}" for review in told.conflicts]
    if told.open_intents:
        lines.append(f"  open     {len(told.open_intents)} writes whose end is not known; the next sync looks them up")
    return lines


def _last_run(told: Standing) -> str:
    run = told.last_run
    if run is None:
        return "never run"
    running = "running" if told.doing is not None else "it was cut off; the next sync goes on from there"
    ended = running if run.ended is None else summary_line(dict(run.summary))
    return f"last run {run.started:%Y-%m-%d %H:%M %Z}: {ended}"
