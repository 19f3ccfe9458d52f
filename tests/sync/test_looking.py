"""When a place is listed although nothing changed, and what a place that cannot be opened tells."""

from datetime import UTC, datetime, timedelta

import pytest

from lms_bridge.connector import PlaceRef
from lms_bridge.errors import ContentError
from lms_bridge.items import Kind
from lms_bridge.sync.policy import Policy, Refresh
from lms_bridge.sync.run import Failure
from lms_bridge.sync.survey import must_list, open_place
from lms_bridge.testing.memory import MemoryDestination, MemoryPlace

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
BIO = PlaceRef(Kind.PAGE, "BIO-101", "the pages of BIO-101")


@pytest.mark.parametrize(
    ("refresh", "last", "since", "listed"),
    [
        (Refresh.ALWAYS, NOW, None, True),
        (Refresh.DAILY, None, None, True),
        (Refresh.DAILY, NOW - DAY, None, True),
        (Refresh.DAILY, NOW - DAY + HOUR, None, False),
        (Refresh.NEVER, None, None, True),
        (Refresh.NEVER, NOW - DAY, None, False),
        (Refresh.ALWAYS, None, NOW, True),
        (Refresh.ALWAYS, NOW - HOUR, NOW, True),
        (Refresh.ALWAYS, NOW, NOW, False),
        (Refresh.ALWAYS, NOW + HOUR, NOW, False),
    ],
)
def test_a_place_is_listed_as_often_as_the_policy_says_and_once_in_a_run(
    refresh: Refresh, last: datetime | None, since: datetime | None, *, listed: bool
) -> None:
    assert must_list(Policy(refresh=refresh, fresh_since=since), last, NOW) is listed


@pytest.mark.parametrize(
    ("error", "where", "cause"),
    [
        (ContentError("It is closed.", where="the hall", next_step="Open it."), "the hall", "It is closed."),
        (ContentError("It is closed.", where="", next_step="Open it."), BIO.title, "It is closed."),
        (AttributeError("oops"), BIO.title, "AttributeError"),
    ],
)
def test_a_place_that_cannot_be_opened_is_told_and_named(error: Exception, where: str, cause: str) -> None:
    class Closed(MemoryDestination):
        def open(self, ref: PlaceRef) -> MemoryPlace:
            raise error

    failure = open_place(Closed(), BIO)
    assert isinstance(failure, Failure)
    assert cause in failure.problem.cause
    assert where in failure.problem.where
