"""The queue of jobs, where it cannot be asked."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from lms_bridge.errors import StateError

pytest.importorskip("pgqueuer")

from lms_bridge.scale.pgqueuer_queue import PgqueuerQueue

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
