import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from crash_state import PostgresqlState, SqliteState
from crash_story import Story, Told, tell
from crash_world import Form, World, running


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    """Both sandboxes."""
    # In memory where there is such a folder: each commit is waited for, and that is most of the time.
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
    with tempfile.TemporaryDirectory(dir=memory) as folder, running(Path(folder), SqliteState(Path(folder))) as world:
        yield world


@pytest.fixture
def told(world: World) -> Callable[[str, Form, Story], Told]:
    """A story on SQLite."""
    return lambda route, form, story: tell(world, SqliteState(world.folder), route, form, story)


@pytest.fixture
def told_on_postgresql(world: World, postgresql_server: str) -> Iterator[Callable[[str, Form, Story], Told]]:
    state = PostgresqlState(postgresql_server)
    yield lambda route, form, story: tell(world, state, route, form, story)
    state.close()
