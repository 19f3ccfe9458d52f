"""Holds the moments at which routes run: APScheduler wakes up, and nothing else decides anything."""

import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Protocol

AT_ONCE = 8
"""Runs at a time; further ones wait for their turn."""


class Alarm(Protocol):
    """One moment a route; the newest counts."""

    def set(self, route: str, at: datetime) -> None: ...

    def drop(self, route: str) -> None: ...

    def at(self, route: str) -> datetime | None: ...


class Bell:
    """The `Alarm` of the service. `ring` is called with the route, in a thread; `tick` every few seconds."""

    def __init__(self, ring: Callable[[str], None], tick: Callable[[], None], *, every: timedelta) -> None:
        from apscheduler.executors.pool import ThreadPoolExecutor
        from apscheduler.schedulers.background import BackgroundScheduler

        self._ring = ring
        # That it lets a moment go by while one is under way is no news: the next tick asks for it again.
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        pools = {"default": ThreadPoolExecutor(AT_ONCE), "tick": ThreadPoolExecutor(1)}
        # However late a moment is noticed, after a sleep of the machine for instance, it comes once.
        usual = {"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        self._scheduler = BackgroundScheduler(timezone=UTC, executors=pools, job_defaults=usual)
        # The first at once, in its own thread: the process answers before the state is open.
        self._scheduler.add_job(
            tick,
            "interval",
            seconds=every.total_seconds(),
            executor="tick",
            id="the tick",
            next_run_time=datetime.now(UTC),
        )

    def start(self) -> None:
        self._scheduler.start()

    def stop(self) -> None:
        """Nothing rings any more; what rang goes on in its thread."""
        self._scheduler.shutdown(wait=False)

    def set(self, route: str, at: datetime) -> None:
        self._scheduler.add_job(
            self._ring, "date", run_date=at, args=[route], id=f"route {route}", replace_existing=True
        )

    def drop(self, route: str) -> None:
        from apscheduler.jobstores.base import JobLookupError

        # It may ring just now.
        with suppress(JobLookupError):
            self._scheduler.remove_job(f"route {route}")

    def at(self, route: str) -> datetime | None:
        job = self._scheduler.get_job(f"route {route}")
        # A job that was added before the scheduler started has no moment yet.
        found: datetime | None = job.trigger.run_date if job is not None else None
        return found
