"""PgQueuer as the engine: its tables stand in the state's own PostgreSQL. The only module that knows it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Self, TypeVar

import psycopg
from pgqueuer.db import PsycopgDriver
from pgqueuer.errors import RetryRequested
from pgqueuer.models import Job as Delivery
from pgqueuer.ports.driver import Driver
from pgqueuer.qm import QueueManager
from pgqueuer.queries import Queries
from pgqueuer.types import QueueExecutionMode
from psycopg.conninfo import conninfo_to_dict

from lms_bridge.errors import StateError
from lms_bridge.scale.queue import Job, Stats, Work
from lms_bridge.sync.state_patience import THEIRS, ours
from lms_bridge.sync.stop import Stop

log = logging.getLogger(__name__)
_ENTRYPOINT = "lms_bridge"
_POLL = timedelta(seconds=1)
_LONGEST_PAUSE = 10.0
_LOCK = 7_102_377_113
"""Two first starts at once must not both make the tables."""
T = TypeVar("T")


class _Driver(PsycopgDriver):
    """Listens on a connection of its own: psycopg holds a connection while it waits for a notice, up to a second, and
    every query on it would wait as long."""

    def __init__(self, asking: "psycopg.AsyncConnection[Any]", listening: "psycopg.AsyncConnection[Any]") -> None:
        super().__init__(listening)
        self._asking = PsycopgDriver(asking)

    async def fetch(self, query: str, *args: object) -> list[dict[str, object]]:
        return await self._asking.fetch(query, *args)

    async def execute(self, query: str, *args: object) -> str:
        return await self._asking.execute(query, *args)

    async def notify(self, channel: str, payload: str) -> None:
        await self._asking.notify(channel, payload)


@dataclass(frozen=True, slots=True)
class PgqueuerQueue:
    """`address` is libpq's. A worker that gave no sign of life for `heartbeat` seconds loses its jobs to others."""

    address: str
    at_once: int = 4
    heartbeat: float = 10.0

    def prepare(self) -> Self:
        """Make the engine's tables where there are none."""

        async def install(queries: Queries) -> None:
            await queries.driver.execute("SELECT pg_advisory_lock($1)", _LOCK)
            if not await queries.schema_is_installed():
                await queries.install(create_schema=False)

        self._do(install)
        return self

    def submit(self, jobs: Sequence[Job]) -> int:
        async def enqueue(queries: Queries) -> int:
            every = list(jobs)
            taken = await queries.enqueue(
                [_ENTRYPOINT] * len(every),
                [job.as_bytes() for job in every],
                [0] * len(every),
                dedupe_key=[job.name for job in every],
                on_conflict="skip",
            )
            return sum(number is not None for number in taken)

        return self._do(enqueue) if jobs else 0

    def cancel(self, run: str) -> int:
        async def delete(queries: Queries) -> int:
            table = queries.qbe.settings.queue_table
            query = f"DELETE FROM {table} WHERE dedupe_key LIKE $1 AND status = 'queued' RETURNING id"  # noqa: S608
            return len(await queries.driver.fetch(query, f"{run}/%"))

        return self._do(delete)

    def stats(self) -> Stats:
        async def count(queries: Queries) -> Stats:
            sizes = [size for size in await queries.queue_size() if size.entrypoint == _ENTRYPOINT]
            by_status = {name: sum(s.count for s in sizes if s.status == name) for name in ("queued", "picked")}
            return Stats(by_status["queued"], by_status["picked"])

        return self._do(count)

    def run(self, work: Work, stop: Stop, *, until_idle: bool = False) -> None:
        """A database that went away is waited for."""
        asyncio.run(self._run(work, stop, until_idle=until_idle))

    async def _run(self, work: Work, stop: Stop, *, until_idle: bool) -> None:
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(self.at_once + 2))
        pause = 0.5
        while not stop.reason:
            begun = asyncio.get_running_loop().time()
            try:
                async with self._queries() as queries:
                    await self._serve(queries, work, stop, until_idle=until_idle)
                if until_idle:
                    return
            except (psycopg.Error, OSError, RuntimeError) as error:
                log.warning("the queue cannot be reached (%s): trying again", type(error).__name__)
                if until_idle and not isinstance(error, psycopg.OperationalError | OSError):
                    raise _unreachable(error) from error
            lasted = asyncio.get_running_loop().time() - begun
            pause = 0.5 if lasted > _LONGEST_PAUSE else min(_LONGEST_PAUSE, 2 * pause)
            await _until(lambda: bool(stop.reason), pause)

    async def _serve(self, queries: Queries, work: Work, stop: Stop, *, until_idle: bool) -> None:
        manager = QueueManager(queries)

        async def handle(delivery: Delivery) -> None:
            again = await asyncio.to_thread(_worked, work, Job.from_bytes(delivery.payload or b""))
            if again is not None:
                raise RetryRequested(timedelta(seconds=again))

        manager.entrypoint(_ENTRYPOINT, accepts_context=False)(handle)
        watching = asyncio.create_task(self._watch(manager, queries, stop))
        try:
            await manager.run(
                dequeue_timeout=_POLL,
                batch_size=1,
                mode=QueueExecutionMode.drain if until_idle else QueueExecutionMode.continuous,
                max_concurrent_tasks=max(2, self.at_once),
                heartbeat_timeout=timedelta(seconds=self.heartbeat),
                # What it would count is in the state's own history.
                log_aggregation_interval=timedelta(0),
            )
        finally:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching

    async def _watch(self, manager: QueueManager, queries: Queries, stop: Stop) -> None:
        """Ends the engine's loop when it is time to stop, and when its connection broke without its notice."""
        driver = queries.driver
        while not stop.reason:
            await asyncio.sleep(0.2)
            if isinstance(driver, _Driver) and driver._connection.closed:
                break
        manager.shutdown.set()

    @asynccontextmanager
    async def _queries(self) -> AsyncIterator[Queries]:
        async with await self._connect() as asking, await self._connect() as listening:
            driver: Driver = _Driver(asking, listening)
            yield Queries(driver)

    async def _connect(self) -> "psycopg.AsyncConnection[Any]":
        patience: dict[str, Any] = {**ours(conninfo_to_dict(self.address))}
        connection = await psycopg.AsyncConnection.connect(self.address, autocommit=True, **patience)
        try:
            await connection.execute(THEIRS)
        except BaseException:
            await connection.close()
            raise
        return connection

    def _do(self, what: Callable[[Queries], Coroutine[Any, Any, T]]) -> T:
        async def once() -> T:
            async with await self._connect() as connection:
                return await what(Queries(PsycopgDriver(connection)))

        try:
            # On a thread of its own: whoever calls may have a loop that is running.
            with ThreadPoolExecutor(1) as aside:
                return aside.submit(lambda: asyncio.run(once())).result()
        except (psycopg.Error, OSError) as error:
            raise _unreachable(error) from error


def _worked(work: Work, job: Job) -> float | None:
    """What goes wrong in a job must not lose it: another worker tries again."""
    try:
        return work(job)
    except Exception:
        log.exception("%s: it will be tried again", job.name)
        return 5.0


async def _until(over: Callable[[], bool], seconds: float) -> None:
    end = asyncio.get_running_loop().time() + seconds
    while not over() and asyncio.get_running_loop().time() < end:
        await asyncio.sleep(0.1)


def _unreachable(error: Exception) -> StateError:
    cause = next(iter(str(error).strip().splitlines()), type(error).__name__)
    return StateError(
        f"The queue of jobs cannot be used: {cause}.",
        where="the state's PostgreSQL",
        next_step="Check that it can be reached, and that the role may write the tables pgqueuer*.",
    )
