"""Which of the news is told now: what changed since it was told last, and the day's summary. Pure."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from lms_bridge.connector import Ending
from lms_bridge.expiry import stage
from lms_bridge.notify.message import Ends, Failed, Message, Recovered, RouteDay, Summary
from lms_bridge.notify.news import BROKEN, HEALTHY, News

NOTHING = "nothing"
DIGEST = "digest"


@dataclass(frozen=True, slots=True)
class Known:
    """What was told last about a subject, and when."""

    status: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Told:
    """What is to be remembered of a subject once `message` has arrived; none: at once, nobody is told."""

    subject: str
    status: str
    message: Message | None = None


@dataclass(frozen=True, slots=True)
class Daily:
    """A summary each day from `at` on, by the clock of `zone`."""

    at: time
    zone: tzinfo


def decide(
    known: Mapping[str, Known],
    now: datetime,
    *,
    news: Iterable[News] = (),
    endings: Iterable[Ending] = (),
    events: Collection[str],
    daily: Daily | None = None,
    summary: Callable[[datetime], Sequence[RouteDay]] = lambda since: (),
) -> list[Told]:
    """`summary` gives what each route did since a moment, and is asked only where one is due."""
    told = [*_of_news(news, now), *_of_endings(endings, now)]
    changed = [each for each in told if _is_new(known, each)]
    wanted = [_wanted(each, known, events) for each in changed] + list(_of_day(known, now, daily, summary))
    return [_numbered(each, known.get(each.subject)) for each in wanted]


def _is_new(known: Mapping[str, Known], told: Told) -> bool:
    before = known.get(told.subject)
    return before is None or before.status != told.status


def _numbered(told: Told, before: Known | None) -> Told:
    """By what was told before it, which stays as it is until this has arrived."""
    if told.message is None:
        return told
    since = before.at.astimezone(UTC).isoformat() if before is not None else ""
    return replace(told, message=replace(told.message, news=f"{told.subject} {told.status} {since}"))


def _wanted(told: Told, known: Mapping[str, Known], events: Collection[str]) -> Told:
    """The first sight of something that is well is no news."""
    message = told.message
    if message is None or message.event not in events:
        return replace(told, message=None)
    if told.status == HEALTHY and told.subject not in known:
        return replace(told, message=None)
    return told


def _of_news(news: Iterable[News], now: datetime) -> Iterator[Told]:
    for each in news:
        about = Failed(each.failed) if each.status == BROKEN else Recovered()
        yield Told(f"route:{each.route}", each.status, Message(about=about, at=now, route=each.route, run=each.run))
        if each.status == BROKEN and not each.waits:
            continue  # what waits may not have been looked at
        subject, status = f"waiting:{each.route}", "waiting" if each.waits else NOTHING
        asks = Message(about=each.waits, at=now, route=each.route, run=each.run)
        yield Told(subject, status, asks if each.waits else None)


def _of_endings(endings: Iterable[Ending], now: datetime) -> Iterator[Told]:
    for ending in endings:
        days = stage(ending.ends, now)
        subject = f"expiry:{ending.where}"
        if days is None:
            yield Told(subject, NOTHING)
            continue
        yield Told(subject, f"{ending.ends:%Y-%m-%d} {days}", Message(about=Ends(ending), at=now))


def _of_day(
    known: Mapping[str, Known], now: datetime, daily: Daily | None, summary: Callable[[datetime], Sequence[RouteDay]]
) -> Iterator[Told]:
    if daily is None:
        return
    due = due_at(now, daily)
    day = f"{due.astimezone(daily.zone):%Y-%m-%d}"
    last = known.get(DIGEST)
    if last is None:
        yield Told(DIGEST, day)  # the first one comes with the next day
    elif last.status < day:
        about = Summary(due.astimezone(daily.zone).date(), tuple(summary(last.at)))
        yield Told(DIGEST, day, Message(about=about, at=now))


def due_at(now: datetime, daily: Daily) -> datetime:
    """The last moment at which a summary was due. A time that the clock leaps over is that after the leap."""
    today = now.astimezone(daily.zone).date()
    due = _moment(today, daily)
    return due if due <= now else _moment(today - timedelta(days=1), daily)


def _moment(day: date, daily: Daily) -> datetime:
    return datetime.combine(day, daily.at, tzinfo=daily.zone).astimezone(UTC)
