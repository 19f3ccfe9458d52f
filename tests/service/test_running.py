"""A run that the service begins is told with whom it was for."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lms_bridge.service.running import Processes, Request
from lms_bridge.sync.state import State
from tests.service.serve_world import Home, home


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Home]:
    with home(tmp_path) as made:
        yield made


def actors(served: Home) -> set[tuple[str, str]]:
    with State.open(served.folder / "state.sqlite") as state:
        return {(line.role, line.actor) for line in state.trail.lines() if line.deed == "create"}


@pytest.mark.parametrize(
    ("by", "told"), [("ann@example.org", ("person", "ann@example.org")), ("", ("schedule", "pages"))]
)
def test_what_a_run_wrote_is_told_under_the_name_of_whoever_asked_for_it(
    served: Home, by: str, told: tuple[str, str]
) -> None:
    assert Processes().run(served.config, Request(route="pages", by=by), lambda line: None) == 0
    assert actors(served) == {told}
