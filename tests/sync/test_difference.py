"""What a change would change, shown to people before anything is written: what stands there, and what is to stand."""

from dataclasses import replace

import pytest
from engine_world import BIO, pages

from lms_bridge.connector import Body, Change, Payload, Record
from lms_bridge.errors import BridgeError, Problem
from lms_bridge.items import Kind
from lms_bridge.sync.difference import diff, difference
from lms_bridge.sync.state import State
from lms_bridge.testing.bench import Bench
from lms_bridge.testing.memory import MemoryDestination, MemoryPlace, place_ref
from lms_bridge.testing.sample import make_page


def test_the_text_before_and_after_a_change_can_be_read(bench: Bench) -> None:
    (page,) = pages(1)
    bench.fill(page)
    bench.sync()
    bench.change(replace(page, body="<p>Better <strong>words</strong>.</p>"))
    plan = bench.plan()
    (change,) = plan.pending
    seen = difference(plan, change)
    assert "Words of page 0." in seen.before
    assert "Better" in seen.after


def test_an_update_that_changes_nothing_but_a_link_shows_the_links(bench: Bench) -> None:
    page = make_page(BIO, "page", '<p>See <a href="mailto:old@example.org">that</a>.</p>')
    bench.fill(page)
    bench.sync()
    bench.change(replace(page, body='<p>See <a href="mailto:new@example.org">that</a>.</p>'))
    plan = bench.plan()
    seen = difference(plan, plan.pending[0])
    assert "Only links change:\nlink “that”: mailto:old@example.org" in seen.before
    assert "Only links change:\nlink “that”: mailto:new@example.org" in seen.after


class NamedByAddress(MemoryPlace):
    """As Moodle's wiki: what stands there reads under the name of its address."""

    def expected(self, payload: Payload) -> Body:
        return replace(MemoryPlace.expected(self, payload), title="Home")


def test_a_title_that_reads_otherwise_at_the_destination_is_no_difference(bench: Bench) -> None:
    (page,) = pages(1)
    bench.fill(page)
    bench.sync()
    bench.change(replace(page, body="<p>New.</p>"))
    plan = bench.plan()
    change = plan.pending[0]
    place = plan.places[change.place.id]
    assert isinstance(place, MemoryPlace)
    named = NamedByAddress(place.ref, place.destination)
    seen = difference(replace(plan, places={change.place.id: named}), change)
    assert (seen.before.splitlines()[0], seen.after.splitlines()[0]) == (page.title, page.title)


def test_an_update_of_formatting_alone_is_no_empty_difference(bench: Bench) -> None:
    page = make_page(BIO, "page", "<p>Some <em>words</em>.</p>")
    bench.fill(page)
    bench.sync()
    bench.change(replace(page, body="<p>Some <strong>words</strong>.</p>"))
    plan = bench.plan()
    seen = difference(plan, plan.pending[0])
    assert seen.before != seen.after


def test_diff_shows_what_a_person_wrote_against_what_the_source_wants(bench: Bench, there: MemoryDestination) -> None:
    (page,) = pages(1)
    bench.fill(page)
    bench.sync()
    there.edit(page.key, "<p>A person.</p>")
    with State.open(bench.file) as state:
        seen = diff(bench.route(), state, page.key, now=bench.now)
        assert seen is not None
        assert ("A person." in seen.before, "Words of page 0." in seen.after) == (True, True)
        assert diff(bench.route(), state, "sample:nothing", now=bench.now) is None


def test_diff_of_something_in_step_shows_the_same_text_twice(bench: Bench) -> None:
    (page,) = pages(1)
    bench.fill(page)
    bench.sync()
    with State.open(bench.file) as state:
        seen = diff(bench.route(), state, page.key, now=bench.now)
    assert seen is not None
    assert seen.before == seen.after
    assert "Words of page 0." in seen.after


def remembered(change: Change, **other: object) -> Change:
    assert isinstance(change.record, Record)
    return replace(change, record=replace(change.record, **other))  # type: ignore[arg-type]


def test_before_a_change_there_is_what_is_remembered_only_where_nobody_can_have_changed_it(
    bench: Bench, there: MemoryDestination
) -> None:
    (page,) = pages(1)
    bench.fill(page)
    bench.sync()
    bench.change(replace(page, body="<p>Better.</p>"))
    plan = bench.plan()
    there.find(page.key)[0].html = "<p>A person.</p>"
    (change,) = plan.pending
    seen = {
        "as written": difference(plan, change),
        "a person's words": difference(plan, remembered(change, drifted=True)),
        "no text kept": difference(plan, remembered(change, base="")),
        "another version": difference(plan, remembered(change, version="7")),
        "never remembered": difference(plan, replace(change, record=None)),
        "nothing stands": difference(plan, replace(change, entry=None)),
    }
    assert {name: each.before.removeprefix(f"{page.title}\n\n") for name, each in seen.items()} == {
        "as written": "Words of page 0.\n",
        "a person's words": "A person.\n",
        "no text kept": "A person.\n",
        "another version": "A person.\n",
        "never remembered": "A person.\n",
        "nothing stands": "",
    }
    assert {each.after for each in seen.values()} == {f"{page.title}\n\nBetter.\n"}


def test_after_something_is_taken_away_nothing_stands_there(bench: Bench) -> None:
    gone, stays = pages(2)
    bench.fill(gone, stays)
    bench.sync()
    bench.fill(stays)
    plan = bench.plan()
    (change,) = [change for change in plan.changes if change.key == gone.key]
    seen = difference(plan, change)
    assert ("Words of page 0." in seen.before, seen.after) == (True, "")


# Where a side cannot be read


def shown(bench: Bench, key: str) -> str:
    with State.open(bench.file) as state:
        seen = diff(bench.route(), state, key, now=bench.now)
    return "nothing" if seen is None else seen.after


@pytest.mark.parametrize(
    ("untitled", "unreachable", "closed", "told"),
    [
        (True, False, False, "It has no title."),
        (False, True, False, "It does not answer."),
        (False, False, True, "It does not answer."),
        (True, False, True, "It has no title."),
    ],
    ids=["the item", "the destination", "the place", "both"],
)
def test_what_cannot_be_compared_is_told_with_the_reason(
    bench: Bench, there: MemoryDestination, told: str, *, untitled: bool, unreachable: bool, closed: bool
) -> None:
    (page,) = pages(1)
    bench.fill(replace(page, title="") if untitled else page)
    there.unreachable = unreachable
    there.closed |= {place_ref(Kind.PAGE, BIO.idnumber).id} if closed else set()
    where = str(page.origin) if untitled else there.name if unreachable else place_ref(Kind.PAGE, BIO.idnumber).title
    with pytest.raises(BridgeError) as raised:
        shown(bench, page.key)
    problem = raised.value.problem
    assert (problem.cause, problem.where) == (told, where)
    assert problem.next_step == ("Give it one." if untitled else "Try again later.")


def test_a_file_that_cannot_be_read_is_nothing_to_tell_of_an_item_that_another_route_has(bench: Bench) -> None:
    bench.fill(*pages(1))
    bench.source.problems = (Problem("It cannot be read.", "BIO-101/wiki/p01.md", "Mend it."),)
    assert shown(bench, "sample:of-another-route") == "nothing"


def test_a_source_without_items_has_nothing_to_compare(bench: Bench) -> None:
    assert shown(bench, "sample:of-another-route") == "nothing"
