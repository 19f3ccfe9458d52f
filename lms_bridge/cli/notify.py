"""`notify` tries the ways by which people are told; syncs on a schedule tell them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from lms_bridge.cli.options import ConfigOption
from lms_bridge.cli.printing import say
from lms_bridge.cli.sentences import FAILED, sentence
from lms_bridge.errors import BridgeError, ConfigError, Problem, UsageError

if TYPE_CHECKING:
    from lms_bridge.config.load import Config
    from lms_bridge.sync.run import Report
    from lms_bridge.sync.state import State

app = typer.Typer(no_args_is_help=True, help="Try the ways by which people are told.")


@app.command("test")
def try_(
    context: typer.Context,
    config: ConfigOption = None,
    channel: Annotated[
        list[str] | None, typer.Option("--channel", metavar="NAME", help="Only this channel. May be repeated.")
    ] = None,
) -> None:
    """Send a message to every channel of `notifications`, and tell which of them took it."""
    from lms_bridge.cli.options import load
    from lms_bridge.notify.telling import deliver, trial_message

    loaded = load(context, config)
    names = [each.name for each in loaded.notifications]
    unknown = [name for name in channel or () if name not in names]
    if unknown or not names:
        cause = f"there is no channel {unknown[0]!r}." if unknown else "no channel is configured."
        step = f"Known channels: {', '.join(names)}." if names else "Write one under `notifications:`."
        raise UsageError(cause, where=loaded.file, next_step=step)
    failed = False
    message = trial_message(datetime.now(UTC), loaded.installation)
    for each in loaded.notifications:
        if channel and each.name not in channel:
            continue
        try:
            deliver(each, message, loaded.folder)
            say(f"{each.name}: sent.")
        except BridgeError as error:
            failed = True
            say(f"{each.name}: not sent. {sentence(error.problem)}", err=True)
    raise typer.Exit(FAILED if failed else 0)


@contextmanager
def telling_errors(config: "Config", state: "State", routes: Sequence[str], *, scheduled: bool) -> Iterator[None]:
    """What ends a sync before its run began is told as well: a token that is not taken any more, for example."""
    from lms_bridge.afterwards import tell_error

    try:
        yield
    except (UsageError, ConfigError):
        raise  # whoever typed it reads it
    except BridgeError as error:
        if scheduled:
            say_problems(tell_error(config, state, routes, error.problem, now=datetime.now(UTC)))
        raise


def tell(config: "Config", state: "State", reports: "Sequence[Report]", *, scheduled: bool) -> None:
    """`scheduled`: nobody sits there and reads what the command prints."""
    from lms_bridge.afterwards import tell_reports

    if scheduled:
        say_problems(tell_reports(config, state, reports, now=datetime.now(UTC)))


def say_problems(problems: Sequence[Problem]) -> None:
    for problem in problems:
        say(f"Not told: {sentence(problem)}", err=True)
