"""Selections by hand: a course, a title, a key."""

import pytest

from lms_bridge.items import Course, Kind
from lms_bridge.sync.selection import select
from lms_bridge.testing.sample import make_item, make_page

BIO, ECO = Course("BIO-101", "Cell Biology"), Course("ECO-200", "Ecology")
ITEMS = [
    make_page(BIO, "cells", "", title="Cells"),
    make_page(ECO, "cells", "", title="Cells of the forest"),
    make_item(Kind.PROMPT, BIO, "cells", title="Cells"),
    make_item(Kind.RATING, ECO),
]


@pytest.mark.parametrize(
    ("only", "numbers"),
    [
        ([], [0, 1, 2, 3]),
        (["course:BIO-101"], [0, 2]),
        (["course:bio-*"], [0, 2]),
        (["page:cells"], [0]),
        (["page:Cells*"], [0, 1]),
        (["prompt:*"], [2]),
        (["page:BIO-101/page/*"], [0]),
        (["sample:ECO-200/rating"], [3]),
        (["rating:*", "prompt:cells"], [2, 3]),
        (["page:nothing"], []),
        (["sample:nothing"], []),
    ],
)
def test_a_selection_names(only: list[str], numbers: list[int]) -> None:
    assert select(ITEMS, only) == [ITEMS[number] for number in numbers]
