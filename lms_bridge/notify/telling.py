"""After a run, and whenever somebody looks: every channel is told what it was not told yet.

A channel that fails keeps nobody else from being told, fails no run, and is tried again the next time.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from lms_bridge.config.notifications import Channel, EmailSettings, TeamsSettings, WebhookSettings
from lms_bridge.connector import Ending
from lms_bridge.errors import BridgeError, DestinationError, Problem
from lms_bridge.notify.decide import Daily, Known, Told, decide
from lms_bridge.notify.message import Message, RouteDay, Trial
from lms_bridge.notify.news import BROKEN, HEALTHY, News, route_day, statuses
from lms_bridge.unquoted import Name

if TYPE_CHECKING:
    from lms_bridge.sync.state import State

log = logging.getLogger(__name__)
_WHOLE = 60.0
"""Seconds after which a message is given up, whatever a server does."""
_RUNS_A_DAY = 2_000

Send = Callable[[Channel, Message, Path], None]


def tell(
    channels: Iterable[Channel],
    state: "State",
    routes: Sequence[str],
    *,
    now: datetime,
    folder: Path,
    news: Sequence[News] = (),
    endings: Sequence[Ending] = (),
    installation: str = "",
    console: str = "",
    send: Send | None = None,
) -> list[Problem]:
    """The problems of channels that could not be told; they are in the log, too. Raises nothing but StateError.

    `routes`: those that a summary names. `folder`: where relative paths of settings start. `console`: its address.
    """
    problems = []
    with state.told.turn():
        for channel in channels:
            known = {subject: Known(*rest) for subject, rest in state.told.known(channel.name).items()}
            for told in _due(channel, known, state, routes, now=now, news=news, endings=endings):
                problem = _told(channel, _signed(told, installation, console), folder, send or deliver)
                if problem is not None:
                    log.warning("channel=%s event=%s was not told: %s", Name(channel.name), Name(told.subject), problem)
                    problems.append(problem)
                    # Who does not answer once need not be waited for again in this run.
                    break
                state.told.keep(channel.name, told.subject, told.status, now)
    return problems


def _due(
    channel: Channel,
    known: Mapping[str, Known],
    state: "State",
    routes: Sequence[str],
    *,
    now: datetime,
    news: Sequence[News],
    endings: Sequence[Ending],
) -> list[Told]:
    def summary(since: datetime) -> list[RouteDay]:
        failed = [name for name in routes if (f"route:{name}" in known and known[f"route:{name}"].status == BROKEN)]
        before = dict.fromkeys(failed, BROKEN)
        now_is = statuses(before, news)
        told = []
        for name in routes:
            runs = [run for run in state.history.last_runs(name, _RUNS_A_DAY) if run.started >= since]
            told.append(route_day(name, now_is.get(name, HEALTHY), runs, len(state.history.reviews(name))))
        return told

    at = channel.digest
    daily = Daily(at, ZoneInfo(channel.settings.timezone)) if at is not None else None
    events = frozenset(channel.settings.events)
    return decide(known, now, news=news, endings=endings, events=events, daily=daily, summary=summary)


def _told(channel: Channel, told: Told, folder: Path, send: Send) -> Problem | None:
    """None: it arrived, or nobody had to be told."""
    if told.message is None:
        return None
    try:
        send(channel, told.message, folder)
    except BridgeError as error:
        return error.problem
    return None


def _signed(told: Told, installation: str, console: str) -> Told:
    if told.message is None:
        return told
    return replace(told, message=replace(told.message, installation=installation, console=console))


def deliver(channel: Channel, message: Message, folder: Path, *, within: float = _WHOLE) -> None:
    """Send one message. Raises DestinationError, after so many seconds at the latest."""
    failed: list[BaseException] = []

    def go() -> None:
        try:
            _send(channel, message, folder)
        except BaseException as error:
            failed.append(error)

    # A server may dribble for ever: the thread is left to it, and ends with the process.
    thread = Thread(target=go, name=f"notify-{channel.name}", daemon=True)
    thread.start()
    thread.join(within)
    where = f"notifications: {channel.name}"
    if thread.is_alive():
        raise DestinationError(f"it took longer than {within:g} seconds", where=where, next_step="It is tried again.")
    if failed and isinstance(failed[0], BridgeError):
        told = failed[0].problem
        cause = f"{told.where}: {told.cause}" if told.where else told.cause
        raise DestinationError(cause, where=where, next_step=told.next_step)
    if failed:
        # Its own words may quote what nobody should read.
        raise DestinationError(f"an unexpected {type(failed[0]).__name__} stopped it", where=where)


def _send(channel: Channel, message: Message, folder: Path) -> None:
    match channel.settings:
        case EmailSettings() as settings:
            from lms_bridge.notify.email import send

            send(settings, message, folder)
        case TeamsSettings() as settings:
            from lms_bridge.notify.web import send_teams

            send_teams(settings, message, folder)
        case WebhookSettings() as settings:
            from lms_bridge.notify.web import send_webhook

            send_webhook(settings, message, folder)


def trial_message(now: datetime, installation: str) -> Message:
    return Message(about=Trial(), at=now, installation=installation, news=now.isoformat())
