"""`audit` shows who changed what, and whether anybody took a line out of that."""

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lms_bridge.cli.options import ConfigOption, Output, OutputOption
from lms_bridge.cli.printing import print_json, say
from lms_bridge.cli.sentences import FAILED

if TYPE_CHECKING:
    from lms_bridge.audit.line import Line

app = typer.Typer(no_args_is_help=True, help="Look into the audit trail: who changed what, and whether it is whole.")


@app.command("list")
def list_(
    context: typer.Context,
    config: ConfigOption = None,
    since: Annotated[
        str, typer.Option("--since", metavar="WHEN", help="2026-11-27, 2026-11-27T08:00+01:00, or 7d or 12h ago.")
    ] = "",
    key: Annotated[str, typer.Option("--key", metavar="KEY", help="Of this item alone.")] = "",
    output: OutputOption = Output.TEXT,
) -> None:
    """Show who did what: decisions, and each change that a run wrote."""
    from lms_bridge.cli.options import load
    from lms_bridge.cli.stored import open_state

    begin = moment_of(since, datetime.now(UTC)) if since else None
    with open_state(load(context, config, without_secrets=True)) as (state, _):
        lines = state.trail.lines(since=begin, key=key)
        if output is Output.JSON:
            print_json({"schema_version": 1, "lines": [_row(line) for line in lines]})
            return
        told = 0
        for line in lines:
            say(_sentence(line))
            told += 1
    if not told:
        say("Nothing is told.")


@app.command("verify")
def verify(
    context: typer.Context,
    config: ConfigOption = None,
    head: Annotated[
        str, typer.Option("--head", metavar="NUMBER:HASH", help="The last line as an earlier `audit verify` told it.")
    ] = "",
    output: OutputOption = Output.TEXT,
) -> None:
    """Follow the trail from its first line, and tell the first one that was changed, added or taken out."""
    from lms_bridge.audit.chain import head_of
    from lms_bridge.audit.chain import verify as followed
    from lms_bridge.cli.options import load
    from lms_bridge.cli.stored import open_state
    from lms_bridge.errors import UsageError

    kept = head_of(head) if head else None
    if head and kept is None:
        raise UsageError("it is no last line.", where="--head", next_step="Pass what `audit verify` printed: 12:ab34….")
    with open_state(load(context, config, without_secrets=True)) as (state, _):
        verdict = followed(state.trail.lines(), kept=kept)
    broken = verdict.broken
    if output is Output.JSON:
        fault = {"line": broken.number, "how": broken.how} if broken else None
        print_json({"schema_version": 1, "whole": broken is None, "head": str(verdict.head), "broken": fault})
    elif broken is not None:
        say(f"The trail is broken at line {broken.number}: {broken.how}. Up to line {verdict.head.number} it is whole.")
    else:
        say(f"The trail is whole: {verdict.head.number} lines. The last one is {verdict.head}")
    raise typer.Exit(FAILED if broken is not None else 0)


def moment_of(written: str, now: datetime) -> datetime:
    """A day and times without a zone are this machine's. Raises UsageError."""
    from lms_bridge.errors import UsageError

    number, unit = written[:-1], written[-1:]
    try:
        if number.isascii() and number.isdigit() and unit in ("d", "h"):
            return now - (timedelta(days=int(number)) if unit == "d" else timedelta(hours=int(number)))
        if len(written) == len("2026-11-27"):
            return datetime.combine(date.fromisoformat(written), datetime.min.time()).astimezone()
        return datetime.fromisoformat(written).astimezone()
    except (ValueError, OverflowError):
        step = "Write a day (2026-11-27), a moment (2026-11-27T08:00), or how long ago it was (7d, 12h)."
        raise UsageError(f"{written!r} is no moment.", where="--since", next_step=step) from None


def _sentence(line: "Line") -> str:
    told = [f"{line.number}", f"{line.at:%Y-%m-%d %H:%M:%S %Z}", f"{line.role} {line.actor}", line.deed]
    told += [part for part in (line.route, line.key, line.about) if part]
    told += [f"{line.before[:12] or '-'} → {line.after[:12] or '-'}"] if line.before or line.after else []
    told += [f"(run {line.run})"] if line.run else []
    return "  ".join(told)


def _row(line: "Line") -> dict[str, Any]:
    names = ("number", "role", "actor", "deed", "route", "run", "key", "before", "after", "about", "chained")
    return {"at": line.at.isoformat(), **{name: getattr(line, name) for name in names}}
