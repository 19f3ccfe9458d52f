"""Calendars as the service goes by them: read when they are due, by processes of their own, while all else goes on."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from lms_bridge.calendars.feed import Feed
from lms_bridge.calendars.known import Known, known
from lms_bridge.calendars.refresh import Refreshing, is_due
from lms_bridge.service.reading import Served, ServedRoute
from lms_bridge.windows import together


class Calendars:
    """Not safe to use from several threads."""

    def __init__(self) -> None:
        self._under_way: dict[str, Refreshing] = {}

    def look(self, served: Served, now: datetime) -> Served:
        """Have those read that are due. Gives the same with windows as they are known now."""
        for name, refreshing in list(self._under_way.items()):
            if refreshing.is_over() or refreshing.is_late(now):
                del self._under_way[name]
                refreshing.end(patience=0)
        for feed in feeds_of(served):
            if feed.name not in self._under_way and is_due(feed, now):
                self._under_way[feed.name] = Refreshing(feed, now)
        return with_calendars(served, now)

    def end(self) -> None:
        for refreshing in self._under_way.values():
            refreshing.give_up()
        self._under_way.clear()


def feeds_of(served: Served) -> Iterable[Feed]:
    return {feed.name: feed for route in served.routes for feed in route.feeds}.values()


def with_calendars(served: Served, now: datetime) -> Served:
    """By what is kept of them."""
    calendars = {feed.name: known(feed, now) for feed in feeds_of(served)}
    routes = tuple(_with(route, [calendars[feed.name] for feed in route.feeds]) for route in served.routes)
    return replace(served, routes=routes, calendars=tuple(calendars.values()))


def _with(route: ServedRoute, calendars: Iterable[Known]) -> ServedRoute:
    windows = together((route.windows, *(each.windows for each in calendars)))
    return replace(route, timetable=replace(route.timetable, windows=windows))
