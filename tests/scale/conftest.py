"""One PostgreSQL for all tests of workers: each has routes, or destinations, of its own."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from team_world import Team

from lms_bridge.sync.state import State
from tests.conftest import postgresql


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder, postgresql(Path(folder)) as address:
        yield address


@pytest.fixture
def team(postgresql_server: str) -> Iterator[Team]:
    with State.open(postgresql_server) as state:
        team = Team(postgresql_server, state)
        yield team
        for each in team.states:
            each.close()
