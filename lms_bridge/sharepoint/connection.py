"""Settings → a Graph client with everything it stands on. Imported only when a site is really talked to."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from lms_bridge.connector import SharedBudget
from lms_bridge.sharepoint.auth import TokenProvider
from lms_bridge.sharepoint.budget import Budget
from lms_bridge.sharepoint.client import GraphClient
from lms_bridge.sharepoint.client_pipeline import GraphPipeline
from lms_bridge.sharepoint.endpoints import Endpoints, endpoints_of
from lms_bridge.sharepoint.entra_http import EntraHttp
from lms_bridge.sharepoint.settings import SharePointSettings
from lms_bridge.transport import Limits, Pace, Transport
from lms_bridge.windows import within


@dataclass(frozen=True, slots=True)
class Connection:
    """The client, and the tokens for those who look into them."""

    client: GraphClient
    tokens: TokenProvider
    endpoints: Endpoints
    transport: Transport
    budget: Budget

    def close(self) -> None:
        """Whoever still waits is woken with an error."""
        self.transport.stop()
        self.client.close()
        self.transport.close()


def connect(
    settings: SharePointSettings,
    folder: Path,
    *,
    budget: Budget | None = None,
    limits: Limits | None = None,
) -> Connection:
    """Opens nothing yet: the first call asks for a token. `budget` and `limits` are for tests."""
    endpoints = endpoints_of(settings)
    ca_file = settings.endpoints.ca_file
    pace = pace_of(settings)
    spent = budget or budget_of(settings, endpoints, pace)
    rules = limits or Limits()
    transport = Transport(
        limits=rules,
        ca_file=folder / ca_file if ca_file is not None else None,
        connections=pace.most,
        budget=spent,
        gate=spent.gate,
    )
    tokens = TokenProvider(settings, folder, endpoints, http=EntraHttp(transport))
    pipeline = GraphPipeline(
        endpoints.graph, lambda: tokens.result(endpoints.graph), user_agent(settings.organisation), transport
    )
    client = GraphClient(
        pipeline,
        tokens,
        spent,
        root=endpoints.graph,
        pace=pace,
        limits=rules,
    )
    return Connection(client, tokens, endpoints, transport, spent)


def pace_of(settings: SharePointSettings) -> Pace:
    # Times of day are the machine's own: an admin writes them as the clock on the wall says.
    return Pace(
        settings.concurrency, settings.most_connections, is_quiet=lambda: within(settings.quiet_hours, datetime.now())
    )


def budget_of(settings: SharePointSettings, endpoints: Endpoints, pace: Pace) -> Budget:
    """Microsoft counts by tenant and app, however many sites are pushed into."""
    tenant = (endpoints.graph, settings.tenant.casefold(), settings.client_id)
    return Budget(settings.units_per_minute, tenant=tenant, pace=pace, calls_per_minute=settings.calls_per_minute)


def user_agent(organisation: str) -> str:
    """The form that Microsoft asks of traffic, so that it is not throttled first."""
    return f"NONISV|{organisation}|lms-bridge/{version('lms-bridge')}"


class LazyConnection:
    """Connects on first use: opening a destination reads no key and talks to nobody."""

    def __init__(self, connecting: Callable[[], Connection]) -> None:
        self._connecting = connecting
        self._lock = threading.Lock()
        self._made: Connection | None = None
        self._stopped = False
        self.shared: SharedBudget | None = None

    def get(self) -> Connection:
        with self._lock:
            if self._made is None:
                self._made = self._connecting()
                if self.shared is not None:
                    self._made.budget.gate.shared = self.shared
                if self._stopped:
                    self._made.transport.stop()
            return self._made

    def stop(self, *, finish: bool = False) -> None:
        """As `Gate.stop`, on a connection that is made later as well."""
        with self._lock:
            self._stopped = True
            if self._made is not None:
                self._made.transport.stop(finish=finish)

    @property
    def made(self) -> Connection | None:
        return self._made
