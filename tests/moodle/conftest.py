from collections.abc import Callable, Iterator

import pytest
from moodle_world import Switch, World, new_world

from lms_bridge.sandbox.server import SandboxServer


@pytest.fixture(scope="session")
def make_world() -> Iterator[Callable[..., World]]:
    """Makes fresh sandbox Moodles, one at a time, all served from one address."""
    switch = Switch()
    with SandboxServer(switch) as server:
        yield lambda *courses, **settings: new_world(server, switch, *courses, **settings)


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    """A fresh sandbox Moodle with the course BIO-101."""
    return make_world()
