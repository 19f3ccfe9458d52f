"""One route from source to destination and back: what is written, what it asks, and what is told."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from engine_world import BIO, ECO, done, pages, reasons

from lms_bridge.connector import Action, Change
from lms_bridge.errors import Problem, StateError
from lms_bridge.items import Kind
from lms_bridge.sync.apply import apply
from lms_bridge.sync.checksum import checksum
from lms_bridge.sync.policy import Limits, Policy, Prune, Refresh
from lms_bridge.sync.report import exit_code, plan_summary
from lms_bridge.sync.route import prepare
from lms_bridge.sync.run import Route
from lms_bridge.sync.state import State
from lms_bridge.testing.bench import PRUNE, Bench
from lms_bridge.testing.memory import MemoryDestination, place_ref
from lms_bridge.testing.sample import make_item, make_page

# One failure stays one failure


def test_a_page_without_a_title_costs_only_itself(bench: Bench) -> None:
    good, bad = pages(2)
    bench.fill(good, replace(bad, title=" "))
    report = bench.sync()
    assert [(f.key, f.problem.cause) for f in report.failures] == [(bad.key, "It has no title.")]
    assert len(bench.entries(good.key)) == 1
    assert exit_code([report]) == 1


def test_a_page_that_can_no_longer_be_rendered_is_not_taken_for_gone(bench: Bench, there: MemoryDestination) -> None:
    good, bad = pages(2)
    bench.fill(good, bad)
    bench.sync(PRUNE)
    bench.change(replace(bad, title=""))
    assert reasons(bench, bad.key, PRUNE) == []
    assert done(bench.sync(PRUNE)).get("deleted") is None
    assert len(there.find(bad.key)) == 1


def test_two_items_with_one_key_are_both_left_out_and_told(bench: Bench, there: MemoryDestination) -> None:
    first, second, third = pages(3)
    bench.fill(first, replace(second, key=first.key), third)
    report = bench.sync()
    (problem,) = [failure.problem for failure in report.failures]
    assert "2 items have the same key" in problem.cause
    assert problem.where == str(first.origin)
    assert there.find(first.key) == []
    assert len(there.find(third.key)) == 1


def test_a_source_that_cannot_be_read_changes_nothing(bench: Bench, there: MemoryDestination) -> None:
    bench.fill(*pages(3))
    bench.sync(PRUNE)
    before = there.writes
    bench.source.broken = True
    assert bench.plan(PRUNE).changes == ()
    report = bench.sync(PRUNE)
    assert report.failures[0].problem.cause == "The source cannot be read."
    assert there.writes == before
    assert exit_code([report]) == 1


def test_a_place_that_does_not_answer_costs_only_itself(bench: Bench, there: MemoryDestination) -> None:
    bio, eco = make_item(Kind.PROMPT, BIO), make_item(Kind.PROMPT, ECO)
    bench.fill(bio, eco)
    there.closed.add(place_ref(Kind.PROMPT, BIO.idnumber).id)
    report = bench.sync()
    assert (len(there.find(bio.key)), len(there.find(eco.key))) == (0, 1)
    assert report.failures[0].problem == Problem("It does not answer.", "the prompts of BIO-101", "Try again later.")
    assert exit_code([report]) == 6


def test_a_destination_that_does_not_answer_is_told_once(bench: Bench, there: MemoryDestination) -> None:
    bench.fill(*pages(3))
    there.unreachable = True
    report = bench.sync()
    assert len(report.failures) == 1
    assert exit_code([report]) == 6


def test_one_refused_write_costs_only_itself(bench: Bench, there: MemoryDestination) -> None:
    first, second = pages(2)
    bench.fill(first, second)
    there.refused.add(first.key)
    report = bench.sync()
    assert [failure.key for failure in report.failures] == [first.key]
    there.refused.clear()
    assert done(bench.sync()) == {"created": 1, "unchanged": 2}


def test_a_mistake_in_a_connector_costs_only_its_place(bench: Bench) -> None:
    bio, eco = make_item(Kind.PROMPT, BIO), make_item(Kind.PROMPT, ECO)
    bench.fill(bio, eco)
    there = bench.destination
    assert isinstance(there, MemoryDestination)
    there.things[place_ref(Kind.PROMPT, "BIO-101").id] = {"broken": object()}  # type: ignore[dict-item]
    report = bench.sync()
    assert len(there.things[place_ref(Kind.PROMPT, "ECO-200").id]) == 1
    assert "AttributeError" in report.failures[0].problem.cause


# Never empty by accident


def test_an_orphan_is_reported_and_left_unless_the_policy_is_to_delete(bench: Bench) -> None:
    first, second = pages(2)
    bench.fill(first, second)
    bench.sync()
    bench.fill(first)
    assert reasons(bench, second.key) == [
        "its item is gone from the source; the policy is to report it, not to delete it"
    ]
    assert reasons(bench, second.key, PRUNE) == ["its item is gone from the source"]


@pytest.mark.parametrize(
    "happens",
    [
        lambda source: setattr(source, "complete", False),
        lambda source: setattr(source, "problems", (Problem("It cannot be read.", "cells.md", "Mend it."),)),
    ],
    ids=["the listing is not complete", "an item cannot be read"],
)
def test_nothing_is_deleted_while(happens: Callable[[object], None], bench: Bench, there: MemoryDestination) -> None:
    first, second = pages(2)
    bench.fill(first, second)
    bench.sync(PRUNE)
    bench.fill(first)
    happens(bench.source)
    assert reasons(bench, second.key, PRUNE)[0].startswith("its item was not listed, but the source could not be read")
    bench.sync(PRUNE)
    assert len(there.find(second.key)) == 1


def test_what_a_destination_cannot_delete_is_no_failure_of_every_sync(bench: Bench, there: MemoryDestination) -> None:
    first, second = pages(2)
    there.keeps = frozenset({Kind.PAGE})
    bench.fill(first, second)
    bench.sync(PRUNE)
    bench.fill(first)
    report = bench.sync(PRUNE)
    assert (report.failures, exit_code([report])) == ((), 0)
    assert [change.reason for change in report.skipped] == [
        "its item is gone from the source; this destination has no way to delete it: remove it by hand"
    ]


# Polite


def test_places_that_are_in_step_are_not_listed_when_the_policy_is_never(
    bench: Bench, there: MemoryDestination
) -> None:
    policy = Policy(refresh=Refresh.NEVER)
    bench.fill(*pages(3), make_item(Kind.PROMPT, BIO))
    bench.sync(policy)
    before = there.calls()["entries"]
    assert done(bench.sync(policy)) == {"unchanged": 5}
    assert there.calls()["entries"] == before


def test_daily_means_that_a_place_is_listed_again_after_a_day(bench: Bench, there: MemoryDestination) -> None:
    policy = Policy(refresh=Refresh.DAILY)
    bench.fill(make_item(Kind.PROMPT, BIO))
    bench.sync(policy)
    listed = there.calls()["entries"]
    bench.now += timedelta(hours=23)
    bench.sync(policy)
    assert there.calls()["entries"] == listed
    bench.now += timedelta(hours=2)
    bench.sync(policy)
    assert there.calls()["entries"] == listed + 1


def test_a_steady_sync_lists_each_place_once_and_reads_nothing(bench: Bench, there: MemoryDestination) -> None:
    bench.fill(*pages(5), *(make_item(kind, BIO) for kind in Kind))
    bench.sync()
    before = there.calls()
    bench.sync()
    after = there.calls()
    assert {name: after[name] - before.get(name, 0) for name in after} == {"locate": 1, "entries": 4}


# Renames and moves


def test_a_renamed_file_without_an_id_is_said_to_look_like_a_rename(bench: Bench) -> None:
    (page,) = pages(1)
    bench.fill(page)
    bench.sync()
    bench.fill(replace(page, key="sample:renamed"))
    assert "looks like a rename of sample:BIO-101/page/p00" in reasons(bench, "sample:renamed")[0]
    assert "give the page an `id` to keep its identity" in reasons(bench, page.key)[0]


@pytest.mark.parametrize(
    ("identity", "line"),
    [
        ("preparing/dates", "id: preparing/dates"),
        ("2026-01-11", 'id: "2026-01-11"'),
        ("no", 'id: "no"'),
        ("größe", 'id: "größe"'),
    ],
)
def test_the_advice_on_a_rename_is_the_line_to_write(bench: Bench, identity: str, line: str) -> None:
    old = make_page(BIO, identity, "<p>Words.</p>", title="Dates")
    bench.fill(old)
    bench.sync()
    new = replace(old, key="sample:BIO-101/page/other/place")
    bench.fill(new)
    advice = f"add `{line}` to the new file's front matter to keep its identity"
    assert reasons(bench, old.key)[0].endswith(f"looks like a rename to {new.key}: {advice}")
    assert reasons(bench, new.key)[0].endswith(f"looks like a rename of {old.key}: {advice}")


def test_reviews_of_equal_stars_are_not_taken_for_renamed(bench: Bench) -> None:
    bench.fill(make_item(Kind.REVIEW, BIO, "one", title="★★★★ Biology"))
    bench.sync()
    bench.fill(make_item(Kind.REVIEW, BIO, "two", title="★★★★ Biology"))
    assert not any("rename" in change.reason for change in bench.plan().changes)


@pytest.mark.parametrize("answered", [True, False], ids=["", "and its write was never answered"])
def test_an_item_that_moves_to_another_course_leaves_an_orphan_that_says_so(
    bench: Bench, there: MemoryDestination, *, answered: bool
) -> None:
    (page,) = pages(1)
    bench.fill(page, *pages(1, ECO))
    there.lost = set() if answered else {page.key}
    bench.sync()
    bench.fill(replace(page, course=ECO), *pages(1, ECO))
    assert {reason.split(";")[0] for reason in reasons(bench, page.key)} == {
        "it is new in the source",
        "its item belongs in another place now",
    }


# What was reviewed is what is applied


def test_a_plan_that_is_made_twice_has_one_checksum_and_approving_does_not_change_it(bench: Bench) -> None:
    bench.fill(*pages(3))
    assert bench.plan().checksum == bench.plan().checksum


@pytest.mark.parametrize("moves", ["the source", "the destination"])
def test_a_reviewed_checksum_is_refused_when_the_world_moved(
    moves: str, bench: Bench, there: MemoryDestination
) -> None:
    first, second = pages(2)
    bench.fill(first, second)
    bench.sync()
    bench.change(replace(first, body="<p>New.</p>"))
    reviewed = bench.plan().checksum
    if moves == "the source":
        bench.change(replace(first, body="<p>Newer.</p>"))
    else:
        there.edit(first.key, "<p>A person.</p>")
    before = there.writes
    route = bench.route()
    with State.open(bench.file) as state, pytest.raises(StateError, match="no longer what was reviewed"):
        apply(prepare(route, state, now=bench.now), route, state, now=bench.now, checksum=reviewed)
    assert there.writes == before


def test_a_checksum_knows_which_version_of_an_entry_would_be_written_over(bench: Bench) -> None:
    (page,) = pages(1)
    bench.fill(page)
    bench.sync()
    bench.change(replace(page, body="<p>New.</p>"))
    (change,) = bench.plan().pending
    assert change.entry is not None
    newer = replace(change, entry=replace(change.entry, version="99"))
    assert checksum([newer]) != checksum([change]) == bench.plan().checksum


def test_planning_writes_nothing_anywhere(bench: Bench, there: MemoryDestination) -> None:
    bench.fill(*pages(3))
    bench.plan()
    with State.open(bench.file) as state:
        assert (state.records("bench"), state.history.last_runs("bench"), state.places("bench")) == ([], [], {})
    assert there.writes == 0


# Several routes


def test_index_pages_lead_to_prompts_that_another_route_brought_to_the_same_destination(
    bench: Bench, there: MemoryDestination
) -> None:
    prompt = make_item(Kind.PROMPT, BIO)
    bench.fill(*pages(1), prompt)
    with State.open(bench.file) as state:
        for name, kinds in (("prompts", {Kind.PROMPT}), ("pages", {Kind.PAGE})):
            route = Route(name, bench.source, there, frozenset(kinds))
            apply(prepare(route, state, now=bench.now), route, state, now=bench.now)
    (index,) = [thing for thing in there.all() if thing.title == BIO.title]
    assert prompt.title in index.html


def test_creates_come_parents_first_and_deletes_last(bench: Bench) -> None:
    child = make_page(BIO, "a-child", "<p>Child.</p>", title="A child")
    parent = make_page(BIO, "z-parent", "<p>Parent.</p>", title="Z parent")
    gone = make_page(BIO, "0-gone", "<p>Gone.</p>", title="Gone")
    bench.fill(gone)
    bench.sync(PRUNE)
    bench.fill(replace(child, parent=parent.key), parent)
    plan = bench.plan(PRUNE)
    order = [change.key for change in plan.changes]
    assert order.index(parent.key) < order.index(child.key) < order.index(gone.key)
    assert plan_summary([plan])["create"] == 2


def test_items_a_limit_holds_are_still_in_the_plan(bench: Bench) -> None:
    policy = Policy(prune={Kind.PAGE: Prune.DELETE}, limits=Limits(deletes=1))
    bench.fill(*pages(5))
    bench.sync(policy)
    bench.fill(*pages(2))
    held: list[Change] = [change for change in bench.plan(policy).changes if change.guarded]
    assert [change.action for change in held] == [Action.DELETE] * 3
