from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from moodle_world import BIO, TEXT, Opened, Switch, World, new_world

from lms_bridge.items import Page
from lms_bridge.sandbox.server import SandboxServer
from lms_bridge.testing.bench import MERGE, Bench
from lms_bridge.testing.sample import make_page


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


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    """Opens a connector to a world, on a bench."""
    benches: list[Bench] = []

    def open_bench(world: World, **settings: Any) -> Bench:
        benches.append(Bench(world.open(**settings), tmp_path))
        return benches[-1]

    yield open_bench
    for bench in benches:
        bench.destination.close()


@pytest.fixture
def page() -> Page:
    return make_page(BIO, "cells", TEXT, title="Cells")


@pytest.fixture
def bench(world: World, opened: Opened, page: Page) -> Bench:
    """A page of ours stands in the wiki."""
    bench = opened(world)
    bench.fill(page)
    bench.sync(MERGE)
    return bench
