"""`worker` does its share of the runs that `sync --shared` begins, beside any number of others."""

import time
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from lms_bridge.cli.options import ConfigOption, RouteOption
from lms_bridge.cli.printing import say
from lms_bridge.errors import StateError, UsageError

if TYPE_CHECKING:
    from lms_bridge.config.load import Config
    from lms_bridge.scale.queue import Job, Queue
    from lms_bridge.sync.intent import SharedRun
    from lms_bridge.sync.run import Report
    from lms_bridge.sync.state import State

_A_YEAR = 366 * 86_400.0


def worker(
    context: typer.Context,
    config: ConfigOption = None,
    route: RouteOption = None,
    at_once: Annotated[int, typer.Option("--at-once", min=2, max=64, help="So many groups of places at a time.")] = 4,
    heartbeat: Annotated[
        float, typer.Option("--heartbeat", min=1, help="Seconds without a sign of life after which others take over.")
    ] = 10.0,
    until_idle: Annotated[bool, typer.Option("--until-idle", help="End when no work is left.")] = False,
) -> None:
    """Share the work of `sync --shared` with other workers, on this machine and others. Needs PostgreSQL."""
    from lms_bridge.bridge import open_bridge
    from lms_bridge.cli.options import load
    from lms_bridge.cli.signals import stopping
    from lms_bridge.holding import held
    from lms_bridge.scale.worker import Worker
    from lms_bridge.sync.spent import keep_spent
    from lms_bridge.sync.state import State

    loaded = load(context, config)
    queue = open_queue(loaded, at_once=at_once, heartbeat=heartbeat)
    names = [each.name for each in loaded.routes if not route or each.name in route]
    with ExitStack() as stack:
        # A destination of its own for each route: what it looked up for one run must not be another's.
        bridges = [stack.enter_context(open_bridge(loaded, only_routes=[name])) for name in route or names]
        state = stack.enter_context(State.open(loaded.state))
        stop = stack.enter_context(stopping(_A_YEAR))
        routes = {bridge.routes[0].name: bridge.routes[0] for bridge in bridges}
        for bridge in bridges:
            stop.on_ask(bridge.interrupt)
            bridge.share_budgets()
        offset = state.sharing.now() - datetime.now(UTC)
        say(f"Working for {', '.join(routes)}; stop with Ctrl-C.", err=True)
        hired = Worker(routes, state, queue, stop, hold=partial(held, loaded), offset=offset)

        def work(job: "Job") -> float | None:
            try:
                return hired.work(job)
            finally:
                for bridge in bridges:
                    keep_spent(bridge.state, bridge.destinations.values(), datetime.now(UTC))

        queue.run(work, stop, until_idle=until_idle)


def open_queue(config: "Config", *, at_once: int = 4, heartbeat: float = 10.0) -> "Queue":
    """Raises UsageError where the state is no PostgreSQL, or what is needed beside it is not installed."""
    if not config.state.startswith("postgres"):
        raise UsageError(
            "workers share a state in PostgreSQL, and this one is a file.",
            where=config.file,
            next_step="Write `state: postgresql://…`; `lms-bridge state export` and `import` take the old one along.",
        )
    try:
        from lms_bridge.scale.pgqueuer_queue import PgqueuerQueue
    except ImportError as error:
        raise UsageError(
            f"what hands out the work is not installed ({error.name}).",
            next_step="Run `pip install '.[scale]'` in a checkout of lms-bridge.",
        ) from error
    return PgqueuerQueue(config.state, at_once=at_once, heartbeat=heartbeat).prepare()


def sync_shared(config: "Config", names: Sequence[str], *, join: float, deadline: float) -> list["Report"]:
    """Begin a run on the workers, or join the one that is under way, and wait for its one report."""
    from lms_bridge.scale.worker import start
    from lms_bridge.sync.part import report_of
    from lms_bridge.sync.state import State

    queue = open_queue(config)
    with State.open(config.state) as state:
        runs = start(names, state, queue, within=timedelta(minutes=join))
        say(f"Run {', '.join(sorted(set(runs.values())))} is under way on the workers.", err=True)
        over = time.monotonic() + deadline
        return [report_of(_ended(state, run, name, over), state) for name, run in runs.items()]


def _ended(state: "State", run: str, route: str, over: float) -> "SharedRun":
    """Waits for the run's end. A database that restarts meanwhile is waited for as well."""
    left = "nothing is known of it"
    while time.monotonic() < over:
        try:
            shared = state.sharing.shared_run(run, route)
        except StateError:
            shared = None
        if shared is not None:
            if shared.ended is not None:
                return shared
            left = f"{shared.left} of {shared.groups} groups of places are left"
        time.sleep(0.5)
    raise UsageError(
        f"the run {run} of the route {route} is not at its end: {left}. It goes on without this command.",
        next_step="See that workers run (`lms-bridge worker`), and look with `lms-bridge runs list`.",
    )
