"""When a place is listed although nothing changed, where links lead by what stands there, and what goes wrong."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lms_bridge.connector import Address, Body, Context, Entry, Payload, PlaceRef, Record
from lms_bridge.errors import ContentError, NotFound, Unreachable
from lms_bridge.items import Course, Item, Kind, mark
from lms_bridge.markup.links import item_href
from lms_bridge.sync.policy import Deleted, Drift, Policy, Refresh
from lms_bridge.sync.run import Failure, no_progress
from lms_bridge.sync.survey import Look, look_at, must_list, open_place, read_entries
from lms_bridge.testing.memory import MemoryDestination, MemoryPlace, Thing, place_ref
from lms_bridge.testing.sample import make_page, make_prompt

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
BIO = PlaceRef(Kind.PAGE, "BIO-101", "the pages of BIO-101")


@pytest.mark.parametrize(
    ("refresh", "last", "since", "listed"),
    [
        (Refresh.ALWAYS, NOW, None, True),
        (Refresh.DAILY, None, None, True),
        (Refresh.DAILY, NOW - DAY, None, True),
        (Refresh.DAILY, NOW - DAY + HOUR, None, False),
        (Refresh.NEVER, None, None, True),
        (Refresh.NEVER, NOW - DAY, None, False),
        (Refresh.ALWAYS, None, NOW, True),
        (Refresh.ALWAYS, NOW - HOUR, NOW, True),
        (Refresh.ALWAYS, NOW, NOW, False),
        (Refresh.ALWAYS, NOW + HOUR, NOW, False),
    ],
)
def test_a_place_is_listed_as_often_as_the_policy_says_and_once_in_a_run(
    refresh: Refresh, last: datetime | None, since: datetime | None, *, listed: bool
) -> None:
    assert must_list(Policy(refresh=refresh, fresh_since=since), last, NOW) is listed


@pytest.mark.parametrize(
    ("error", "where", "cause"),
    [
        (ContentError("It is closed.", where="the hall", next_step="Open it."), "the hall", "It is closed."),
        (ContentError("It is closed.", where="", next_step="Open it."), BIO.title, "It is closed."),
        (AttributeError("oops"), BIO.title, "AttributeError"),
    ],
)
def test_a_place_that_cannot_be_opened_is_told_and_named(error: Exception, where: str, cause: str) -> None:
    class Closed(MemoryDestination):
        def open(self, ref: PlaceRef) -> MemoryPlace:
            raise error

    failure = open_place(Closed(), BIO)
    assert isinstance(failure, Failure)
    assert cause in failure.problem.cause
    assert where in failure.problem.where


COURSE = Course("BIO-101", "Cell Biology")
CELLS = make_page(COURSE, "cells", "<p>Small rooms.</p>", title="Cells")
LINKS = make_page(COURSE, "links", f'<p>See <a href="{item_href(CELLS.key)}">that</a>.</p>', title="Links")
LATER, AT_ONCE = (make_prompt(COURSE, "talk", publish=NOW + ahead) for ahead in (timedelta(seconds=1), timedelta()))
RECREATE = Policy(deleted=Deleted.RECREATE)
OVERWRITE = Policy(drift={Kind.PAGE: Drift.OVERWRITE})


def record(item: Item, **other: Any) -> Record:
    """Of an item that was written as it is."""
    place = MemoryPlace(place_ref(item.kind, "BIO-101"), MemoryDestination())
    payload = place.render(replace(item, title="Cells"), Context(NOW, {}))
    known = Record(
        key=item.key, kind=item.kind, place=place.ref.id, ref="1", name="Cells", fingerprint=payload.fingerprint,
        version="1", digest="",
    )  # fmt: skip
    return replace(known, **other)


def look(items: Sequence[Item], *records: Record, place: type[MemoryPlace] = MemoryPlace, **other: Any) -> Look:
    kind = items[0].kind if items else Kind.PAGE
    at = place(place_ref(kind, "BIO-101"), MemoryDestination())
    return Look(place=at, items=items, records={known.key: known for known in records}, **other)


@pytest.mark.parametrize(
    ("items", "records", "policy", "listed"),
    [
        ([CELLS], [record(CELLS)], Policy(), False),
        ([CELLS], [record(CELLS)], OVERWRITE, False),
        ([CELLS], [record(CELLS, fingerprint="older")], Policy(), True),
        ([CELLS], [], Policy(), True),
        ([], [record(CELLS)], Policy(), True),
        ([replace(CELLS, title=" ")], [record(CELLS)], Policy(), False),
        ([CELLS], [record(CELLS, drifted=True)], Policy(), False),
        ([CELLS], [record(CELLS, drifted=True)], OVERWRITE, True),
        ([CELLS], [record(CELLS, deleted=True)], Policy(), False),
        ([CELLS], [record(CELLS, deleted=True)], RECREATE, True),
        ([LATER], [], Policy(), False),
        ([AT_ONCE], [], Policy(), True),
    ],
    ids=[
        "in step", "in step, and people's words would be written over", "changed in the source", "new in the source",
        "gone from the source", "it cannot be sent", "people's words are left", "people's words are written over",
        "what people deleted is not made again", "what people deleted is made again", "not due yet",
        "due at this moment",
    ],
)  # fmt: skip
def test_a_place_that_need_not_be_listed_is_listed_where_something_may_be_to_do(
    items: list[Item], records: list[Record], policy: Policy, *, listed: bool
) -> None:
    told = look(items, *records)
    look_at([told], {}, policy, NOW, no_progress)
    assert (told.entries is not None) is listed


def stands(name: str, ref: str = "1", *, marked: bool = True) -> Thing:
    return Thing(ref, name, "Cells", "<p>Small rooms.</p>", {}, mark(CELLS.key) if marked else None, None)


KNOWN, DELETED = record(CELLS, name="Rooms"), record(CELLS, name="Rooms", deleted=True)


@pytest.mark.parametrize(
    "elsewhere", [{}, {CELLS.key: Address(BIO, "Cells")}], ids=["no other route has it", "another route has it as well"]
)
@pytest.mark.parametrize(
    ("known", "there", "policy", "leads"),
    [
        (None, None, Policy(), "Cells"),
        (KNOWN, stands("Rooms"), Policy(), "Rooms"),
        (KNOWN, stands("Rooms", marked=False), Policy(), "Rooms"),
        (KNOWN, stands("Rooms", ref="2"), Policy(), "Rooms"),
        (None, stands("Rooms"), Policy(), "Rooms"),
        (KNOWN, None, Policy(), None),
        (KNOWN, None, RECREATE, "Rooms"),
        (DELETED, None, Policy(), None),
        (DELETED, stands("Rooms", marked=False), Policy(), None),
        (DELETED, None, RECREATE, "Cells"),
        (DELETED, stands("Chambers"), Policy(), "Chambers"),
    ],
    ids=[
        "it is new", "it stands under an older title", "a person took its mark away", "somebody made it anew",
        "it stands and is not remembered", "a person just deleted it", "the same, and it is made again",
        "a person deleted it", "the same, and somebody else's stands there",
        "the same, and it is made again under its title", "a person deleted it and brought it back",
    ],
)  # fmt: skip
def test_a_link_leads_to_where_an_item_stands_or_will_stand_and_is_plain_words_where_it_was_deleted(
    known: Record | None, there: Thing | None, policy: Policy, leads: str | None, elsewhere: dict[str, Address]
) -> None:
    told = look([CELLS, LINKS], *([known] if known else []), must_list=True)
    assert isinstance(told.place, MemoryPlace)
    told.place.destination.things[told.ref.id] = {there.ref: there} if there else {}
    look_at([told], elsewhere, policy, NOW, no_progress)
    link = f'<a href="https://memory.example/page@BIO-101/{leads}">that</a>' if leads else "that"
    assert told.payloads[LINKS.key].body == f"<p>See {link}.</p>"


@pytest.mark.parametrize(
    ("there", "leads"),
    [({KNOWN.ref: stands("Rooms", KNOWN.ref)}, True), ({}, False)],
    ids=["", "unless it was deleted"],
)
def test_a_link_to_what_the_source_did_not_list_though_it_may_be_there_leads_to_where_it_stands(
    there: dict[str, Thing], *, leads: bool
) -> None:
    told = look([LINKS], KNOWN, unjudged=frozenset({CELLS.key}))
    told.place.destination.things[told.ref.id] = there  # type: ignore[attr-defined]
    look_at([told], {}, Policy(), NOW, no_progress)
    assert ("page@BIO-101/Rooms" in told.payloads[LINKS.key].body) is leads


def test_of_what_was_not_selected_nothing_is_rendered_and_nothing_is_listed_for_its_sake() -> None:
    new = make_page(COURSE, "new", "<p>New.</p>")
    told = look([CELLS, LINKS, new], record(CELLS), meant=frozenset({CELLS.key}))
    elsewhere = look([LATER], wanted=False)
    look_at([told, elsewhere], {}, Policy(), NOW, no_progress)
    assert (told.entries, list(told.payloads), list(elsewhere.payloads)) == (None, [CELLS.key], [])


def test_a_link_to_what_was_not_selected_leads_to_where_it_stands_or_will_stand() -> None:
    told = look([CELLS, LINKS], meant=frozenset({LINKS.key}))
    look_at([told], {}, Policy(), NOW, no_progress)
    assert "page@BIO-101/Cells" in told.payloads[LINKS.key].body


def test_a_look_tells_how_much_of_it_is_done() -> None:
    calls: list[tuple[str, int, int]] = []
    looks = [look([CELLS, LINKS], must_list=True), look([LATER], must_list=True)]
    look_at(looks, {}, Policy(), NOW, lambda *call: calls.append(call))
    assert calls == [("rendering", 2, 3), ("rendering", 3, 3), ("listing", 1, 2), ("listing", 2, 2)]


def test_a_mistake_of_a_connector_with_one_page_costs_only_that_page() -> None:
    class Stumbling(MemoryPlace):
        def render(self, item: Item, context: Context) -> Payload:
            if item.key == CELLS.key:
                raise KeyError("Ann")
            return MemoryPlace.render(self, item, context)

    told = look([CELLS, LINKS], place=Stumbling)
    look_at([told], {}, Policy(), NOW, no_progress)
    assert list(told.payloads) == [LINKS.key]
    (problem,) = told.unrendered.values()
    assert (problem.cause.split(".")[0], problem.where) == ("It could not be rendered: KeyError", str(CELLS.origin))


def test_a_place_that_must_know_where_to_look_is_told_of_what_stands_and_of_nothing_else() -> None:
    expected: list[str] = []

    class Asking(MemoryPlace):
        def expect(self, records: Sequence[Record]) -> None:
            expected.extend(known.key for known in records)

    look_at([look([], record(CELLS), record(LINKS, deleted=True), place=Asking)], {}, Policy(), NOW, no_progress)
    assert expected == [CELLS.key]


@pytest.mark.parametrize(
    ("error", "cause", "unreachable"),
    [
        (NotFound("It is gone.", where=""), None, False),
        (Unreachable("It does not answer.", where=""), "It does not answer.", True),
        (KeyError("Ann"), "It could not be looked at: KeyError.", False),
    ],
)
def test_one_text_that_cannot_be_read_is_no_reason_to_leave_its_place_and_one_that_is_out_of_reach_is(
    error: Exception, cause: str | None, *, unreachable: bool
) -> None:
    class Torn(MemoryPlace):
        def read(self, entry: Entry) -> Body:
            if entry.ref == "1":
                raise error
            return Body(title=entry.name)

    told = look([CELLS], place=Torn)
    entries = [stands("Cells", ref).entry() for ref in ("1", "2")]
    read_entries({told.ref.id: entries}, [told], 1, no_progress)
    assert (told.problem.cause if told.problem else "").startswith(cause or "")
    assert (told.problem is None, told.unreachable) == (cause is None, unreachable)
    if cause is None:
        assert [told.readings[ref] is not None for ref in ("1", "2")] == [False, True]
