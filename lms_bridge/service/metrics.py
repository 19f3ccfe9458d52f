"""What Prometheus is told, computed from the state: a restart loses nothing.

Names and labels are a contract: `deploy/` holds a dashboard and alert rules on them.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Metric, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from lms_bridge.calendars.known import Known
from lms_bridge.service.doors import ConnectorStatus, RouteStatus, SyncStatus
from lms_bridge.service.standing import Seen, failures_in

if TYPE_CHECKING:
    from lms_bridge.sync.spent import Asked

_STANDING = {
    "failed": "failed",
    "ambiguous": "failed",
    "held": "pending",
    "postponed": "pending",
    "stopped": "pending",
}
"""What a run left, in the words of the status of an object."""


@dataclass(frozen=True, slots=True)
class Told:
    """One route."""

    status: RouteStatus
    destination: str
    seen: Seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What only a service knows. `tried`: since it began, by route, action and status."""

    config_valid: bool
    ticked: datetime | None
    tried: dict[tuple[str, str, str], int]


def exposition(
    told: Sequence[Told],
    asked: Sequence["Asked"] = (),
    calendars: Sequence[Known] = (),
    service: Service | None = None,
) -> bytes:
    """In Prometheus's text format. `asked`: of each destination. Without a service: for the textfile of a timer."""
    registry = CollectorRegistry(auto_describe=False)
    of_service = list(_service(service)) if service is not None else []
    registry.register(_Once(lambda: [*_routes(told), *_destinations(asked), _calendars(calendars), *of_service]))
    if service is not None:
        ProcessCollector(registry=registry)
    return generate_latest(registry)


class _Once(Collector):
    def __init__(self, collect: Callable[[], Iterable[Metric]]) -> None:
        self._collect = collect

    def collect(self) -> Iterable[Metric]:
        return self._collect()


def _routes(told: Sequence[Told]) -> Iterator[Metric]:
    yield _objects(told)
    sync = GaugeMetricFamily("lmsbridge_route_status", "1 for how a route stands.", labels=["route", "status"])
    connector = GaugeMetricFamily(
        "lmsbridge_connector_status", "1 for how its destination stands.", labels=["route", "connector", "status"]
    )
    for each in told:
        for status in SyncStatus:
            sync.add_metric([each.status.name, status], float(each.status.sync is status))
        for word in ConnectorStatus:
            connector.add_metric([each.status.name, each.destination, word], float(each.status.connector is word))
    yield from (sync, connector, _last_run(told))
    yield _gauge("running", "1 while a run is under way.", told, lambda of: of.status.running)
    yield _gauge("run_seconds", "From the finished plan to the end of the last run.", told, _seconds)
    yield _gauge("last_run_timestamp", "When the last run began.", told, _begun)
    yield _gauge(
        "last_success_timestamp",
        "When a run ended well for the last time.",
        told,
        lambda of: _stamp(of.seen.counts.succeeded),
    )
    yield _gauge(
        "next_run_timestamp",
        "When the next run begins.",
        told,
        lambda of: _stamp(of.status.next_run),
    )
    yield _gauge("failures_in_a_row", "How many runs failed up to the last.", told, lambda of: failures_in(of.seen))
    yield _gauge("conflicts_open", "Items that wait for a person.", told, lambda of: of.seen.counts.conflicts)
    yield _gauge("approvals_open", "Changes that a limit holds back.", told, lambda of: of.seen.counts.held)
    yield _gauge(
        "fidelity_ratio",
        "Of what the pages held that were written last, the share that arrived.",
        told,
        lambda of: of.seen.counts.arrived,
    )
    yield _gauge("writes_open", "Writes whose end is not known.", told, lambda of: of.seen.counts.open_writes)


def _destinations(asked: Sequence["Asked"]) -> Iterator[Metric]:
    """Only of those in the config, and in the few ways in which a call may end: what was there once is not told."""
    calls = CounterMetricFamily(
        "lmsbridge_remote_calls", "Requests by how they ended, each try for itself.", labels=["dest", "outcome"]
    )
    left = GaugeMetricFamily(
        "lmsbridge_budget_remaining",
        "What may be asked at once, as a share: of the budget that has least. None where none is kept.",
        labels=["dest"],
    )
    for each in asked:
        for outcome, count in each.calls.items():
            calls.add_metric([each.destination, outcome], count)
        if each.left is not None:
            left.add_metric([each.destination], each.left)
    yield from (calls, left)


def _objects(told: Sequence[Told]) -> Metric:
    family = GaugeMetricFamily(
        "lmsbridge_objects",
        "Items by how they stand; failed and pending are those of the last run, beside how they stand.",
        labels=["status", "kind", "connector", "route"],
    )
    for each in told:
        counted: dict[tuple[str, str], int] = {}
        for row in each.seen.counts.standing:
            counted[row.status, row.kind] = counted.get((row.status, row.kind), 0) + row.count
        for status, kind, count in each.seen.counts.left:
            if status in _STANDING:
                counted[_STANDING[status], kind] = counted.get((_STANDING[status], kind), 0) + count
        # Only prompts wait for a moment.
        counted["deferred", "prompt"] = each.seen.counts.not_due
        for (status, kind), count in sorted(counted.items()):
            family.add_metric([status, kind, each.destination, each.status.name], count)
    return family


def _last_run(told: Sequence[Told]) -> Metric:
    family = GaugeMetricFamily(
        "lmsbridge_last_run_items", "What the last run that came to its end did.", labels=["route", "outcome"]
    )
    for each in told:
        for outcome, count in each.seen.counts.summary:
            family.add_metric([each.status.name, outcome], count)
    return family


def _gauge(name: str, about: str, told: Sequence[Told], value: Callable[[Told], float | None]) -> Metric:
    family = GaugeMetricFamily(f"lmsbridge_{name}", about, labels=["route"])
    for each in told:
        found = value(each)
        if found is not None:
            family.add_metric([each.status.name], float(found))
    return family


def _seconds(of: Told) -> float | None:
    ended = next((each for each in of.seen.endings if each.ended is not None), None)
    return None if ended is None or ended.ended is None else (ended.ended - ended.begun).total_seconds()


def _begun(of: Told) -> float | None:
    return None if of.seen.last is None else of.seen.last.begun.timestamp()


def _calendars(calendars: Sequence[Known]) -> Metric:
    read = GaugeMetricFamily(
        "lmsbridge_calendar_read_timestamp", "When a calendar was last read; 0: never.", labels=["calendar"]
    )
    for each in calendars:
        read.add_metric([each.feed.name], _stamp(each.read) or 0.0)
    return read


def _stamp(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()


def _service(service: Service) -> Iterator[Metric]:
    writes = CounterMetricFamily(
        "lmsbridge_writes",
        "Changes that were tried since the service began.",
        labels=["route", "action", "outcome"],
    )
    for labels, count in sorted(service.tried.items()):
        writes.add_metric(labels, count)
    yield writes
    valid = GaugeMetricFamily("lmsbridge_config_valid", "0 while a changed connectors.yaml cannot be used.")
    valid.add_metric([], float(service.config_valid))
    yield valid
    ticked = GaugeMetricFamily("lmsbridge_scheduler_tick_timestamp", "When the scheduler last looked at its routes.")
    ticked.add_metric([], service.ticked.timestamp() if service.ticked is not None else 0.0)
    yield ticked
