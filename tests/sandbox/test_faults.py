"""What a client of a sandbox sees when trouble was ordered."""

from collections.abc import Iterator

import pytest
import requests
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from lms_bridge.sandbox.faults import Fault
from lms_bridge.sandbox.server import SandboxServer

stored: list[str] = []


async def _store(request: Request) -> PlainTextResponse:
    stored.append((await request.body()).decode())
    return PlainTextResponse("stored, and here is what you sent")


@pytest.fixture
def server() -> Iterator[SandboxServer]:
    stored.clear()
    with SandboxServer(Starlette(routes=[Route("/things", _store, methods=["POST"])])) as running:
        yield running


def _post(server: SandboxServer, body: str = "x") -> requests.Response:
    return requests.post(server.url + "/things", data=body, timeout=5)


def test_a_busy_site_says_when_to_come_back_and_stores_nothing(server: SandboxServer) -> None:
    server.faults.add(Fault("status", times=2, status=429, retry_after="7"))
    answers = [_post(server) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [429, 429, 200]
    assert answers[0].headers["Retry-After"] == "7"
    assert stored == ["x"]


@pytest.mark.parametrize(("kind", "kept"), [("drop", ["x"]), ("refuse", [])])
def test_a_dropped_answer_was_stored_and_a_refused_request_was_not(
    server: SandboxServer, kind: str, kept: list[str]
) -> None:
    requests.post(server.url + "/_sandbox/faults", json={"kind": kind}, timeout=5).raise_for_status()
    with pytest.raises(requests.ConnectionError):
        _post(server)
    assert stored == kept


def test_a_truncated_answer_is_seen_as_broken_off(server: SandboxServer) -> None:
    server.faults.add(Fault("truncate"))
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        _post(server)
    assert stored == ["x"]


def test_a_fault_can_wait_for_the_request_it_is_meant_for(server: SandboxServer) -> None:
    server.faults.add(Fault("status", body="unlucky", skip=1))
    bodies = ["lucky", "unlucky", "unlucky", "unlucky"]
    assert [_post(server, body).status_code for body in bodies] == [200, 200, 503, 200]


def test_an_unknown_kind_of_fault_is_refused_with_the_known_ones(server: SandboxServer) -> None:
    answer = requests.post(server.url + "/_sandbox/faults", json={"kind": "flood"}, timeout=5)
    assert answer.status_code == 400
    assert "status, delay, drop" in answer.json()["error"]


def test_a_sandbox_listens_on_loopback_only() -> None:
    with pytest.raises(ValueError, match="loopback"):
        SandboxServer(Starlette(), host="0.0.0.0")  # noqa: S104
