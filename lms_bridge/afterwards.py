"""What follows a run: people are told. For whoever runs syncs, the command line and the service alike.

Beside `bridge`, since it knows several rooms as well and nothing of opening routes.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from lms_bridge.config.load import Config
from lms_bridge.errors import Problem
from lms_bridge.opening import endings_of
from lms_bridge.sync.run import Report

if TYPE_CHECKING:
    from lms_bridge.notify.news import News
    from lms_bridge.sync.state import State


def tell_reports(config: Config, state: "State", reports: Iterable[Report], *, now: datetime) -> list[Problem]:
    """Tell every channel what it was not told yet; without reports what ends soon, and a summary that is due. The
    problems are those of channels: they are in the log, and tried again the next time."""
    if not config.notifications:
        return []
    from lms_bridge.notify.news import news_of

    return _tell(config, state, [news for report in reports if (news := news_of(report)) is not None], now)


def tell_error(
    config: Config, state: "State", routes: Sequence[str], problem: Problem, *, now: datetime
) -> list[Problem]:
    """The same for a sync that ended before its run began."""
    if not config.notifications:
        return []
    from lms_bridge.notify.news import news_of_error

    return _tell(config, state, news_of_error(routes, problem), now)


def _tell(config: Config, state: "State", news: "Sequence[News]", now: datetime) -> list[Problem]:
    from lms_bridge.notify.telling import tell

    used = {route.destination.name: route.destination for route in config.routes}.values()
    return tell(
        config.notifications,
        state,
        [route.name for route in config.routes],
        now=now,
        folder=config.folder,
        news=news,
        endings=[ending for destination in used for ending in endings_of(config, destination)],
        installation=config.installation,
        console=config.console.entra.address if config.console.entra is not None else "",
    )
