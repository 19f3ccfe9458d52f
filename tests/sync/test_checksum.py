"""A plan's checksum is the same when, and only when, the same would be done to the same entries."""

import hashlib
from dataclasses import replace
from itertools import permutations

import pytest

from lms_bridge.connector import Action, Change, Entry, Payload
from lms_bridge.items import Kind
from lms_bridge.sync.checksum import _row, checksum
from lms_bridge.sync.digest import canonical
from lms_bridge.testing.memory import place_ref

PLACE = place_ref(Kind.PAGE, "BIO-101")
PAYLOAD = Payload(key="s:a", kind=Kind.PAGE, course="BIO-101", title="Cells", address="Cells", fingerprint="f")
ENTRY = Entry(ref="17", version="3", name="Cells")
UPDATE = Change(
    action=Action.UPDATE, key="s:a", kind=Kind.PAGE, place=PLACE, course="BIO-101", title="Cells",
    reason="the source changed", payload=PAYLOAD, entry=ENTRY,
)  # fmt: skip
OTHER = replace(UPDATE, key="s:b")


@pytest.mark.parametrize(
    "changed",
    [
        replace(UPDATE, action=Action.MERGE),
        replace(UPDATE, key="s:c"),
        replace(UPDATE, place=place_ref(Kind.PAGE, "ECO-200")),
        replace(UPDATE, payload=replace(PAYLOAD, fingerprint="g")),
        replace(UPDATE, payload=None),
        replace(UPDATE, entry=replace(ENTRY, ref="18")),
        replace(UPDATE, entry=replace(ENTRY, version="4")),
        replace(UPDATE, entry=None),
    ],
    ids=["action", "item", "place", "content", "no content", "entry", "version", "no entry"],
)
def test_it_is_another_as_soon_as_something_else_would_be_done(changed: Change) -> None:
    assert checksum([changed, OTHER]) != checksum([UPDATE, OTHER])
    assert checksum([UPDATE]) != checksum([UPDATE, changed])


def test_it_goes_neither_by_order_nor_by_words_nor_by_what_is_left_alone() -> None:
    left = replace(UPDATE, action=Action.SKIP, key="s:d")
    said = replace(UPDATE, reason="said in other words", guarded=True)
    assert checksum([UPDATE, OTHER]) == checksum([OTHER, left, said])
    assert checksum([]) == checksum([left])


def test_it_is_that_of_the_sorted_list_so_that_a_reviewed_plan_holds_in_the_next_version() -> None:
    elsewhere = replace(UPDATE, place=place_ref(Kind.PAGE, "ECO-200"))
    changes = [UPDATE, OTHER, elsewhere, replace(OTHER, action=Action.CREATE), replace(UPDATE, action=Action.DELETE)]
    expected = hashlib.sha256(canonical(sorted(map(_row, changes))).encode()).hexdigest()
    assert {checksum(order) for order in permutations(changes)} == {expected}
