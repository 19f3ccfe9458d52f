"""Which places a run looks at, what it learns of them, and what it leaves alone until it knows more."""

from dataclasses import replace

import pytest
from engine_world import ECO, pages

from lms_bridge.connector import Action
from lms_bridge.testing.bench import PRUNE, Bench

# A selection


@pytest.mark.parametrize("only", [["sample:BIO-101/page/p00"], ["page:Page*"]], ids=["it alone", "with its neighbour"])
def test_a_selection_takes_nothing_away_where_an_item_moved_to_another_course(only: list[str], bench: Bench) -> None:
    moving, staying = pages(2)
    bench.fill(moving, staying, *pages(1, ECO))
    bench.sync(PRUNE)
    bench.fill(replace(moving, course=ECO), staying, *pages(1, ECO))
    assert [(c.action, c.place.container) for c in bench.plan(PRUNE, only=only).changes] == [(Action.CREATE, "ECO-200")]
    both = [(c.action, c.place.container) for c in bench.plan(PRUNE).changes if c.key == moving.key]
    assert both == [(Action.CREATE, "ECO-200"), (Action.DELETE, "BIO-101")]
