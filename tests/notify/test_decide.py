"""People are told once when something changes, in a daily summary, and nothing in between."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from lms_bridge.connector import Ending
from lms_bridge.errors import Conflict, Denied, Problem, Trouble
from lms_bridge.notify.decide import Daily, Known, Told, decide, due_at
from lms_bridge.notify.message import (
    Failed,
    Health,
    Message,
    RouteDay,
    Waits,
    headline,
    lines,
    next_step,
    reason,
    text_of,
)
from lms_bridge.notify.news import BROKEN, HEALTHY, News, news_of, news_of_error
from lms_bridge.sync.run import Failure, Report
from lms_bridge.troubles import counted

NOW = datetime(2026, 11, 27, 8, 0, tzinfo=UTC)
ALL = frozenset({"failed", "recovered", "waiting", "expiry"})
VIENNA = Daily(time(7), ZoneInfo("Europe/Vienna"))


def news(status: Health = HEALTHY, *, waiting: int = 0, run: str = "run-1") -> News:
    failed = counted([Problem("Moodle is down", trouble=Trouble.UNREACHABLE)] if status == BROKEN else [])
    return News(route="r", status=status, run=run, failed=failed, waits=Waits(0, waiting))


class Reader:
    """Somebody whose channel works: what was told is remembered."""

    def __init__(self) -> None:
        self.known: dict[str, Known] = {}
        self.read: list[Message] = []

    def hears(
        self, *told: News, now: datetime = NOW, endings: Sequence[Ending] = (), daily: Daily | None = None
    ) -> list[str]:
        before = len(self.read)
        for each in decide(
            self.known,
            now,
            news=told,
            endings=endings,
            events=ALL,
            daily=daily,
            summary=lambda since: (RouteDay(route=f"{since}", status=HEALTHY, runs=1),),
        ):
            self.known[each.subject] = Known(each.status, now)
            if each.message is not None:
                self.read.append(each.message)
        return [str(message.event) for message in self.read[before:]]


def test_a_failing_destination_is_told_once_and_its_recovery_once_and_nothing_in_between() -> None:
    reader = Reader()
    heard = [
        reader.hears(news(status, run=f"run-{number}"))
        for number, status in enumerate([HEALTHY, HEALTHY, BROKEN, BROKEN, BROKEN, HEALTHY, HEALTHY])
    ]
    assert heard == [[], [], ["failed"], [], [], ["recovered"], []]
    failed, recovered = reader.read
    assert (failed.run, reason(failed)) == ("run-2", "the other side could not be reached")
    assert "`lms-bridge check`" in next_step(failed)
    assert recovered.run == "run-5"


def test_a_route_that_fails_from_its_first_run_on_is_told() -> None:
    assert Reader().hears(news(BROKEN)) == ["failed"]


def test_two_routes_are_told_apart() -> None:
    reader = Reader()
    other = News(route="other", status=HEALTHY)
    assert reader.hears(news(BROKEN), other) == ["failed"]
    assert reader.hears(news(BROKEN), other) == []


def test_what_waits_for_a_person_is_told_once_until_nothing_waits_any_more() -> None:
    reader = Reader()
    heard = [reader.hears(news(waiting=waiting)) for waiting in (0, 1, 2, 0, 1)]
    assert heard == [[], ["waiting"], [], [], ["waiting"]]
    assert "review list" in next_step(reader.read[0])
    assert [reason(message) for message in reader.read] == ["there is 1 conflict for a decision"] * 2


def test_a_failure_does_not_make_what_waits_news_again() -> None:
    reader = Reader()
    reader.hears(news(waiting=1))
    reader.hears(news(BROKEN))
    assert reader.hears(news(waiting=1)) == ["recovered"]


def test_who_did_not_ask_for_an_event_is_not_told_it_and_not_later_either() -> None:
    told = decide({}, NOW, news=[news(BROKEN)], events={"recovered"})
    assert [each.message for each in told] == [None]
    known = {each.subject: Known(each.status, NOW) for each in told}
    (recovered, _) = decide(known, NOW, news=[news()], events={"recovered"})
    assert recovered.message is not None


def test_what_did_not_arrive_is_told_the_next_time_and_not_if_it_is_over() -> None:
    (first,) = decide({"route:r": Known(HEALTHY, NOW)}, NOW, news=[news(BROKEN)], events=ALL)
    assert first.message is not None  # and the channel fails, so that nothing is remembered
    (again,) = decide({"route:r": Known(HEALTHY, NOW)}, NOW, news=[news(BROKEN)], events=ALL)
    assert again.message is not None
    assert again.message.id == first.message.id
    over = decide({"route:r": Known(HEALTHY, NOW)}, NOW, news=[news()], events=ALL)
    assert [each.message for each in over] == [None]


def test_each_failure_is_a_piece_of_news_of_its_own_whichever_run_tells_it() -> None:
    def told(known: dict[str, Known], run: str = "") -> str:
        failed = News(route="r", status=BROKEN, run=run)
        (each,) = decide(known, NOW, news=[failed], events=ALL)
        assert each.message is not None
        return each.message.id

    healthy = {"route:r": Known(HEALTHY, NOW)}
    assert told(healthy, "1") == told(healthy, "2"), "the one that did not arrive is tried again by the next run"
    assert told(healthy) != told({"route:r": Known(HEALTHY, NOW + timedelta(days=7))}), "a week later it is another"


# What ends


def ending(ends: datetime) -> Ending:
    return Ending("the token", "connectors.yaml: destinations.moodle.token_expires", ends, "Make a new one.")


def test_an_end_is_told_28_14_7_and_1_days_before_and_when_it_came() -> None:
    reader = Reader()
    ends = NOW + timedelta(days=40)
    heard = {
        day: heard
        for day in range(45)
        if (heard := reader.hears(endings=[ending(ends)], now=NOW + timedelta(days=day)))
    }
    assert list(heard) == [12, 26, 33, 39, 40]
    assert [headline(message) for message in reader.read] == [
        "The token ends on 2027-01-06, in 28 days",
        "The token ends on 2027-01-06, in 14 days",
        "The token ends on 2027-01-06, in 7 days",
        "The token ends on 2027-01-06, in 1 day",
        "The token ended on 2027-01-06",
    ]
    assert {next_step(message) for message in reader.read} == {"Make a new one."}


def test_what_was_renewed_is_told_when_it_ends_again() -> None:
    reader = Reader()
    assert reader.hears(endings=[ending(NOW + timedelta(days=5))]) == ["expiry"]
    assert reader.hears(endings=[ending(NOW + timedelta(days=100))]) == []
    assert reader.hears(endings=[ending(NOW + timedelta(days=100))], now=NOW + timedelta(days=95)) == ["expiry"]


def test_a_service_that_was_down_for_days_warns_once_of_what_it_missed() -> None:
    reader = Reader()
    reader.hears(endings=[ending(NOW + timedelta(days=30))])
    assert reader.hears(endings=[ending(NOW + timedelta(days=30))], now=NOW + timedelta(days=25)) == ["expiry"]


# The day's summary


def test_a_summary_comes_once_a_day_by_the_clock_of_its_zone() -> None:
    reader = Reader()
    start = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
    told = [
        (start + timedelta(minutes=15 * step)).isoformat()
        for step in range(3 * 96)
        if reader.hears(now=start + timedelta(minutes=15 * step), daily=VIENNA)
    ]
    assert told == [f"2026-11-{day}T06:00:00+00:00" for day in (27, 28, 29)]


def test_a_summary_tells_what_was_since_the_last_one() -> None:
    reader = Reader()
    reader.hears(now=NOW, daily=VIENNA)
    reader.hears(now=NOW + timedelta(days=1), daily=VIENNA)
    assert lines(reader.read[0]) == [f"{NOW}: healthy, 1 run; nothing changed"]


def test_a_service_that_was_down_for_days_sends_one_summary() -> None:
    reader = Reader()
    reader.hears(now=NOW, daily=VIENNA)
    assert reader.hears(now=NOW + timedelta(days=5), daily=VIENNA) == ["digest"]
    assert reader.hears(now=NOW + timedelta(days=5, hours=1), daily=VIENNA) == []


@pytest.mark.parametrize(
    ("day", "hours"),
    [
        (datetime(2026, 3, 28, tzinfo=UTC), [1, 1, 0]),  # 02:30 does not exist on the 29th
        (datetime(2026, 10, 24, tzinfo=UTC), [0, 0, 1]),  # and exists twice on the 25th
    ],
)
def test_one_summary_a_day_when_the_clock_is_put(day: datetime, hours: list[int]) -> None:
    daily = Daily(time(2, 30), ZoneInfo("Europe/Vienna"))
    due = [due_at(day + timedelta(days=number, hours=12), daily) for number in range(3)]
    assert [moment.hour for moment in due] == hours
    assert [moment.day for moment in due] == [day.day, day.day + 1, day.day + 2]


# What a run says


def report(**fields: object) -> Report:
    values: dict[str, object] = {"run": "1", "route": "r", "destination": "d", "started": NOW, "ended": NOW}
    return Report(**{**values, **fields})  # type: ignore[arg-type]


def test_one_failure_and_an_unreachable_destination_are_failed() -> None:
    locked = Failure("k", Conflict("it is locked.", where="a page", next_step="Unlock it.").problem)
    refused = Failure("k", Denied("no right").problem)
    first = news_of(report(failures=(locked, locked, refused)))
    assert first is not None
    assert (first.status, first.failed) == (BROKEN, ((Trouble.DENIED, 1), (Trouble.CONFLICT, 2)))
    second = news_of(report(unreachable=True))
    assert second is not None
    assert second.status == BROKEN
    message = Message(about=Failed(second.failed), at=NOW, route="r")
    assert reason(message) == "the destination could not be reached"
    assert "`lms-bridge check`" in next_step(message)


def test_a_run_that_was_stopped_or_kept_out_by_another_says_nothing() -> None:
    assert news_of(report(stopped="the deadline came")) is None
    assert news_of(report(destination="", failures=(Failure("", Problem("another run has it")),))) is None


def test_a_sync_that_ended_before_its_run_says_so_for_each_route() -> None:
    told = news_of_error(["a", "b"], Problem("the token is not valid", "moodle", "Make a new one."))
    assert [(each.route, each.status, each.run) for each in told] == [("a", BROKEN, ""), ("b", BROKEN, "")]


def test_a_text_holds_reason_next_step_and_run() -> None:
    (told, *_) = decide({}, NOW, news=[news(BROKEN)], events=ALL)
    assert isinstance(told, Told)
    assert told.message is not None
    text = text_of(told.message)
    for words in (
        "Route r failed",
        "Why: the other side could not be reached",
        "What to do: `lms-bridge check`",
        "`lms-bridge runs show run-1`",
    ):
        assert words in text
