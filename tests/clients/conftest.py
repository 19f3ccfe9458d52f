"""Clients that this project did not write, with their production addresses, led to the sandbox by name lookup.

Nothing of theirs is configured: graph.microsoft.com, login.microsoftonline.com and the tenant's own host resolve
to a loopback port whose certificate comes from a CA that the environment names, as a company's proxy would.
"""

import asyncio
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from clients_world import World

from lms_bridge.sandbox.server import SandboxServer
from lms_bridge.sandbox.sharepoint import Hand, demo_tenant, sharepoint_app
from lms_bridge.sandbox.sharepoint.certificates import make_server_certificate

HOSTS = ("graph.microsoft.com", "login.microsoftonline.com", "login.microsoft.com", "contoso.sharepoint.com")


def pytest_configure(config: pytest.Config) -> None:
    """These libraries leave their connections open; that is theirs to mend."""
    if "not clients" not in config.option.markexpr:
        config.addinivalue_line("filterwarnings", "ignore::ResourceWarning")
        config.addinivalue_line("filterwarnings", "ignore::pytest.PytestUnraisableExceptionWarning")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Importing these libraries takes seconds: an ordinary run does not even look at the files."""
    wanted = "not clients" not in config.option.markexpr
    return None if wanted or collection_path.suffix != ".py" else True


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    demo = demo_tenant(folder=tmp_path / "demo")
    made = make_server_certificate(tmp_path / "hosts", [*HOSTS, "localhost", "127.0.0.1"])
    app = sharepoint_app(demo.tenant)
    server = SandboxServer(app, certificate=made.certificate, private_key=made.private_key, faults=demo.tenant.faults)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.setenv(name, str(made.ca))
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(socket, "getaddrinfo", _leading_to(server.port, socket.getaddrinfo))
    # anyio connects to the looked-up address with the port of the URL, and asyncio looks up no addresses.
    direct = asyncio.base_events._ipaddr_info  # type: ignore[attr-defined]
    monkeypatch.setattr(asyncio.base_events, "_ipaddr_info", _at_port(server.port, direct))
    with server:
        yield World(demo, server, Hand(demo.tenant))


def _leading_to(port: int, real: Callable[..., Any]) -> Callable[..., Any]:
    def look_up(host: Any, service: Any, *rest: Any, **named: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name in HOSTS or (name == "127.0.0.1" and service in (443, "443")):
            return real("127.0.0.1", port, *rest, **named)
        return real(host, service, *rest, **named)

    return look_up


def _at_port(port: int, real: Callable[..., Any]) -> Callable[..., Any]:
    def address(host: Any, asked: Any, *rest: Any) -> Any:
        return real(host, port if (host, asked) == ("127.0.0.1", 443) else asked, *rest)

    return address
