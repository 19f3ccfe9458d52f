"""One server for all tests, a tenant of its own for each."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import rsa
from spo_world import World
from starlette.types import Receive, Scope, Send

from lms_bridge.sandbox.server import SandboxServer
from lms_bridge.sandbox.sharepoint import Tenant, sharepoint_app


class _Current:
    """The app of the test that is running."""

    def __init__(self) -> None:
        self.app: Any = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


@pytest.fixture(scope="session")
def current() -> Iterator[tuple[_Current, SandboxServer, rsa.RSAPrivateKey]]:
    holder = _Current()
    with SandboxServer(holder) as server:
        yield holder, server, rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def world(current: tuple[_Current, SandboxServer, rsa.RSAPrivateKey]) -> Iterator[World]:
    holder, server, key = current
    tenant = Tenant(start=datetime(2026, 11, 23, 9, tzinfo=UTC))
    tenant.signing_key = key
    holder.app = sharepoint_app(tenant)
    site = tenant.add_site("/sites/learning", title="Learning")
    with requests.Session() as http:
        http.trust_env = False
        made = World(tenant, site, server, http)
        made.with_roles("Sites.Manage.All")
        yield made
