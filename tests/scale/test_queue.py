"""The queue of jobs, where it cannot be asked."""

import asyncio
import os
import socket
from concurrent.futures import ThreadPoolExecutor

import pytest

from lms_bridge.errors import StateError

pytest.importorskip("pgqueuer")

from lms_bridge.scale.pgqueuer_queue import PgqueuerQueue
from lms_bridge.scale.queue import Job, Step
from lms_bridge.sync import state_patience
from tests.swallowing import swallowing

NOBODY = "postgresql://lms:secret-word@127.0.0.1:9/lms"


def test_a_queue_that_cannot_be_reached_is_told_in_words_and_without_its_password() -> None:
    with pytest.raises(StateError, match="queue of jobs cannot be used") as caught:
        PgqueuerQueue(NOBODY, at_once=2, heartbeat=10.0).stats()
    assert "secret-word" not in str(caught.value.problem)


def test_whoever_asks_may_have_a_loop_that_is_running() -> None:
    async def ask() -> None:
        with pytest.raises(StateError, match="queue of jobs cannot be used"):
            PgqueuerQueue(NOBODY, at_once=2, heartbeat=10.0).stats()

    # Aside, since a browser's loop may be running in the tests' own thread.
    with ThreadPoolExecutor(1) as aside:
        aside.submit(lambda: asyncio.run(ask())).result()


@pytest.mark.postgresql
def test_what_a_network_swallows_is_not_waited_for_for_ever(
    postgresql_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    PgqueuerQueue(postgresql_server).prepare()
    monkeypatch.setitem(state_patience._OURS, "tcp_user_timeout", 500)
    many = [Job(f"r{number}", "pages", Step.OPEN) for number in range(200_000)]
    with swallowing(postgresql_server, after=100_000) as network:
        with pytest.raises(StateError, match="queue of jobs cannot be used"):
            PgqueuerQueue(network.address).submit(many)
        assert not network.gave_up.is_set()


@pytest.mark.postgresql
def test_both_ends_of_each_connection_notice_that_nobody_is_there_any_more(postgresql_server: str) -> None:
    """Also of the one that only listens, on which nothing is ever sent."""

    async def look() -> None:
        async with PgqueuerQueue(f"{postgresql_server}?keepalives_idle=7")._queries() as queries:
            listening, asking = queries.driver, queries.driver._asking
            for each in (listening._connection, asking._connection):
                with socket.socket(fileno=os.dup(each.fileno())) as own:
                    assert own.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 60_000
                    assert own.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
                    assert own.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 7, "the address has the last word"
                theirs = await each.execute("SHOW tcp_keepalives_idle")
                assert await theirs.fetchone() == ("30",)

    with ThreadPoolExecutor(1) as aside:
        aside.submit(lambda: asyncio.run(look())).result()
