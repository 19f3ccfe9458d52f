from collections.abc import Iterator

import pytest
from sharepoint_world import Server, World, new_world, running_server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(tmp_path_factory.mktemp("tenant")) as running:
        yield running


@pytest.fixture
def world(server: Server) -> World:
    """A fresh tenant with an empty site."""
    return new_world(server)
