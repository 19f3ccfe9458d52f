"""What people are told before changes are made: what they cost, and what to know first."""

from dataclasses import replace

import pytest

from lms_bridge.connector import Action, Change, Cost, Payload, PlaceRef
from lms_bridge.errors import Problem
from lms_bridge.items import Kind
from lms_bridge.sync.pricing import notices_of, price
from lms_bridge.testing.memory import MemoryDestination

PAGES, PROMPTS = PlaceRef(Kind.PAGE, "7", "the wiki of BIO-101"), PlaceRef(Kind.PROMPT, "8", "the forum of BIO-101")
LOST = Problem("A link leads nowhere.", "cells.md", "Mend it.")
PUBLIC = Problem("Everybody is told by mail.", "the forum of BIO-101", "Ask first.")
PAYLOAD = Payload(
    key="s:a", kind=Kind.PAGE, course="BIO-101", title="Cells", address="cells", fingerprint="f", notices=(LOST,)
)
CHANGE = Change(
    action=Action.CREATE, key="s:a", kind=Kind.PAGE, place=PAGES, course="BIO-101", title="Cells",
    reason="it is new in the source", payload=PAYLOAD,
)  # fmt: skip
BARE = replace(CHANGE, payload=None)


class Broken:
    ref = PAGES

    def cost(self, changes: object) -> Cost:
        raise ZeroDivisionError


def test_a_place_that_cannot_tell_its_cost_is_named_and_the_others_are_priced() -> None:
    there = MemoryDestination()
    changes = [CHANGE, replace(CHANGE, place=PROMPTS)]
    cost, (failure,) = price(changes, {PAGES.id: Broken(), PROMPTS.id: there.open(PROMPTS)})  # type: ignore[dict-item]
    assert cost == there.open(PROMPTS).cost([CHANGE])
    assert (failure.problem.where, failure.problem.cause) == (
        "the wiki of BIO-101",
        "It could not be priced: ZeroDivisionError. This is a mistake in lms-bridge.",
    )


@pytest.mark.parametrize("action", Action)
def test_what_to_know_of_a_text_is_told_where_that_text_is_written(action: Action) -> None:
    written = action in (Action.CREATE, Action.UPDATE, Action.MERGE)
    assert notices_of([replace(CHANGE, action=action)], Cost()) == ((LOST,) if written else ())


def test_what_to_know_first_is_told_once_however_many_changes_it_is_about() -> None:
    assert notices_of([CHANGE, BARE, replace(CHANGE, key="s:b")], Cost(notices=(PUBLIC,))) == (PUBLIC, LOST)
