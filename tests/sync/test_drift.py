"""What becomes of what people changed: each policy over one route in memory, and what is remembered afterwards."""

from dataclasses import replace
from pathlib import Path

import pytest

from lms_bridge.connector import Action, Record, Status
from lms_bridge.items import Course, Kind, Page
from lms_bridge.sync.apply import apply
from lms_bridge.sync.decision import RECOGNISED, TAKEN_OVER
from lms_bridge.sync.policy import Answer, Drift, Policy, Prune
from lms_bridge.sync.report import exit_code, summary_of, writes
from lms_bridge.sync.route import prepare
from lms_bridge.sync.state import State
from lms_bridge.sync.stop import Stop
from lms_bridge.testing.bench import LEAVE, OVERWRITE, Bench
from lms_bridge.testing.memory import MemoryDestination, Thing
from lms_bridge.testing.sample import make_item, make_page

BIO, ECO = Course("BIO-101", "Cell Biology"), Course("ECO-200", "Ecology")
MERGE = Policy(drift=dict.fromkeys(Kind, Drift.MERGE))
KEEP_BOTH = Policy(drift=dict.fromkeys(Kind, Drift.KEEP_BOTH))
HIDE = Policy(prune=dict.fromkeys(Kind, Prune.HIDE))

BASE = "<p>One.</p><p>Two.</p><p>Three.</p>"
PERSON = "<p>One, says Ann.</p><p>Two.</p><p>Three.</p>"
SOURCE = "<p>One.</p><p>Two.</p><p>Three, in the source.</p>"
BOTH = "<p>One, says Ann.</p><p>Two.</p><p>Three, in the source.</p>"
CLASH = "<p>One, says the source.</p><p>Two.</p><p>Three.</p>"


@pytest.fixture
def page(bench: Bench) -> Page:
    """Written once from BASE."""
    page = make_page(BIO, "cells", BASE, title="Cells")
    bench.fill(page)
    bench.sync()
    return page


def change(bench: Bench, page: Page, body: str) -> Page:
    newer = replace(page, body=body)
    bench.change(newer)
    return newer


def thing(there: MemoryDestination, page: Page) -> Thing:
    (found,) = there.find(page.key)
    return found


def words(html: str) -> str:
    return "".join(html.split())


def record(bench: Bench, key: str) -> Record:
    with State.open(bench.file) as state:
        return next(record for record in state.records(bench.name) if record.key == key)


def answer(bench: Bench, key: str, said: Answer, policy: Policy | None = None) -> dict[str, int]:
    route = bench.route(policy)
    with State.open(bench.file) as state, state.lease(route.name):
        plan = prepare(route, state, now=bench.now, answers={key: said})
        report = apply(plan, route, state, now=bench.now)
    return {name: count for name, count in summary_of([report]).items() if count}


# Merging


def test_what_both_sides_changed_in_different_spots_stands_together(
    bench: Bench, there: MemoryDestination, page: Page
) -> None:
    there.edit(page.key, PERSON)
    change(bench, page, SOURCE)
    assert summary_of([bench.sync(MERGE)])["merged"] == 1
    assert words(thing(there, page).html) == words(BOTH)
    assert record(bench, page.key).fidelity == {}, "no share of what is not the item's alone"
    assert writes(bench.sync(MERGE)) == 0


def test_a_merge_whose_answer_was_lost_is_not_written_again_and_loses_nothing(
    bench: Bench, there: MemoryDestination, page: Page
) -> None:
    there.edit(page.key, PERSON)
    change(bench, page, SOURCE)
    there.lose_next = True
    bench.sync(MERGE)
    before = thing(there, page).version
    assert writes(bench.sync(MERGE)) == 0
    assert thing(there, page).version == before
    assert words(thing(there, page).html) == words(BOTH)
    with State.open(bench.file) as state:
        assert state.open_intents(bench.name) == []


def test_a_title_that_was_kept_without_an_answer_is_no_conflict(
    bench: Bench, there: MemoryDestination, page: Page
) -> None:
    thing(there, page).title, thing(there, page).version = "Ann's title", 2
    change(bench, page, SOURCE)
    there.lose_next = True
    bench.sync(LEAVE)
    report = bench.sync(LEAVE)
    assert (report.conflicts, writes(report)) == ((), 0)
    change(bench, page, CLASH)
    assert summary_of([bench.sync(LEAVE)])["merged"] == 1
    assert thing(there, page).title == "Ann's title"
    assert words(thing(there, page).html) == words(CLASH)


def test_the_persons_words_stay_through_every_later_change_of_the_source(
    bench: Bench, there: MemoryDestination, page: Page
) -> None:
    there.edit(page.key, PERSON)
    bench.sync(MERGE)
    change(bench, page, SOURCE)
    bench.sync(MERGE)
    change(bench, page, SOURCE.replace("Two", "Two, newer"))
    bench.sync(MERGE)
    assert "says Ann" in thing(there, page).html
    assert "Two, newer" in thing(there, page).html


def test_after_a_merge_a_report_policy_still_leaves_the_persons_words(
    bench: Bench, there: MemoryDestination, page: Page
) -> None:
    there.edit(page.key, PERSON)
    change(bench, page, SOURCE)
    bench.sync(MERGE)
    change(bench, page, SOURCE + "<p>Four.</p>")
    assert [c.key for c in bench.sync(LEAVE).conflicts] == [page.key]
    assert words(thing(there, page).html) == words(BOTH)


def test_a_clash_is_left_and_waits_for_a_person_with_both_sides(
    bench: Bench, there: MemoryDestination, page: Page
) -> None:
    there.edit(page.key, PERSON)
    change(bench, page, CLASH)
    report = bench.sync(MERGE)
    assert exit_code([report]) == 5
    assert words(thing(there, page).html) == words(PERSON)
    with State.open(bench.file) as state:
        (review,) = state.history.reviews(bench.name)
    assert review.sides is not None
    assert "says Ann" in review.sides.theirs.html
    assert "says the source" in review.sides.ours.html
    assert review.sides.base.html == BASE
    assert review.sides.clashes == 1


def test_after_a_lost_state_nobody_knows_what_the_two_began_with_so_nothing_is_merged(
    bench: Bench, there: MemoryDestination, page: Page
) -> None:
    there.edit(page.key, PERSON)
    change(bench, page, SOURCE)
    bench.lose_state()
    bench.sync(MERGE)
    change(bench, page, SOURCE + "<p>Four.</p>")
    assert [c.key for c in bench.sync(MERGE).conflicts] == [page.key]
    assert words(thing(there, page).html) == words(PERSON)


def test_a_title_that_a_person_gave_stays_while_the_text_follows_the_source(
    bench: Bench, there: MemoryDestination, page: Page
) -> None:
    for number, title in enumerate(("Ann's cells", "Ann's own cells")):
        thing(there, page).title, thing(there, page).version = title, thing(there, page).version + 1
        change(bench, page, SOURCE + f"<p>{number}.</p>")
        assert summary_of([bench.sync(LEAVE)])["merged"] == 1
        assert thing(there, page).title == title
        assert f"<p>{number}.</p>" in thing(there, page).html
        assert writes(bench.sync(LEAVE)) == 0


# Keeping both


def test_what_a_person_left_is_kept_beside_ours_once(bench: Bench, there: MemoryDestination, page: Page) -> None:
    there.edit(page.key, PERSON)
    change(bench, page, CLASH)
    report = bench.sync(KEEP_BOTH)
    assert (summary_of([report])["created"], summary_of([report])["updated"]) == (1, 1)
    assert thing(there, page).html == CLASH
    (copy,) = [each for each in there.all() if each.html == PERSON]
    assert copy.title == "Cells (as people left it, 2026-11-23)"
    assert writes(bench.sync(KEEP_BOTH)) == 0
    assert bench.plan(KEEP_BOTH).changes == ()


def test_a_copy_keeps_the_title_that_the_person_gave(bench: Bench, there: MemoryDestination, page: Page) -> None:
    there.edit(page.key, PERSON)
    thing(there, page).title = "Ann's cells"
    change(bench, page, CLASH)
    bench.sync(KEEP_BOTH)
    (copy,) = [each for each in there.all() if each.html == PERSON]
    assert copy.title == "Ann's cells (as people left it, 2026-11-23)"
    assert writes(bench.sync(KEEP_BOTH)) == 0


def test_after_a_lost_state_a_copy_keeps_the_title_that_the_person_gave(
    bench: Bench, there: MemoryDestination, page: Page
) -> None:
    thing(there, page).title, thing(there, page).version = "Ann's cells", 2
    change(bench, page, CLASH)
    bench.lose_state()
    bench.sync(KEEP_BOTH)
    bench.sync(KEEP_BOTH)
    assert (thing(there, page).title, thing(there, page).html) == ("Cells", CLASH)
    (copy,) = [each for each in there.all() if each.html == BASE]
    assert copy.title == "Ann's cells (as people left it, 2026-11-23)"
    assert writes(bench.sync(KEEP_BOTH)) == 0


def test_nothing_is_written_over_before_its_copy_stands(bench: Bench, there: MemoryDestination, page: Page) -> None:
    there.edit(page.key, PERSON)
    change(bench, page, CLASH)
    (copied,) = [c.key for c in bench.plan(KEEP_BOTH).changes if c.action is Action.CREATE]
    there.refused.add(copied)
    report = bench.sync(KEEP_BOTH)
    assert {failure.key: failure.problem.cause for failure in report.failures} == {
        copied: "It was refused.",
        page.key: "What a person left there could not be kept beside ours, so nothing was written over it.",
    }
    assert thing(there, page).html == PERSON
    there.refused.clear()
    there.lost.add(copied)
    bench.sync(KEEP_BOTH)
    assert thing(there, page).html == PERSON
    bench.sync(KEEP_BOTH)
    assert thing(there, page).html == CLASH
    assert len([each for each in there.all() if each.html == PERSON]) == 1
    assert writes(bench.sync(KEEP_BOTH)) == 0


def test_a_copy_that_never_arrived_is_made_once_more_and_no_write_stays_open(
    bench: Bench, there: MemoryDestination, page: Page
) -> None:
    there.edit(page.key, PERSON)
    change(bench, page, CLASH)
    (copied,) = [c.key for c in bench.plan(KEEP_BOTH).changes if c.action is Action.CREATE]
    there.lost.add(copied)
    bench.sync(KEEP_BOTH)
    there.remove(copied)
    bench.sync(KEEP_BOTH, only=[page.key])
    assert thing(there, page).html == CLASH
    assert len([each for each in there.all() if each.html == PERSON]) == 1
    with State.open(bench.file) as state:
        assert state.open_intents(bench.name) == []


# A person's answer


def clash(bench: Bench, there: MemoryDestination, page: Page) -> None:
    there.edit(page.key, PERSON)
    change(bench, page, CLASH)
    bench.sync(LEAVE)


def test_an_answer_for_ours_writes_ours_once(bench: Bench, there: MemoryDestination, page: Page) -> None:
    clash(bench, there, page)
    assert answer(bench, page.key, Answer.OURS) == {"updated": 1}
    assert thing(there, page).html == CLASH
    assert bench.plan(LEAVE).changes == ()


def test_an_answer_for_theirs_writes_nothing_and_is_asked_again_only_when_the_source_changes(
    bench: Bench, there: MemoryDestination, page: Page
) -> None:
    clash(bench, there, page)
    before = there.writes
    assert answer(bench, page.key, Answer.THEIRS) == {"unchanged": 1}
    assert there.writes == before
    assert bench.plan(LEAVE).conflicts == ()
    change(bench, page, CLASH + "<p>Four.</p>")
    assert [c.key for c in bench.plan(LEAVE).conflicts] == [page.key]


def test_an_answer_for_the_merged_text_keeps_the_persons_words_where_they_clash(
    bench: Bench, there: MemoryDestination, page: Page
) -> None:
    there.edit(page.key, PERSON)
    change(bench, page, CLASH.replace("Three", "Three, in the source"))
    bench.sync(LEAVE)
    assert answer(bench, page.key, Answer.MERGED) == {"merged": 1}
    assert words(thing(there, page).html) == words(BOTH)
    assert bench.plan(LEAVE).conflicts == ()


# Hiding


def test_what_is_hidden_stands_behind_a_notice_and_comes_back_with_its_item(
    bench: Bench, there: MemoryDestination, page: Page
) -> None:
    other = make_page(BIO, "other", "<p>Other.</p>", title="Other")
    bench.fill(page, other)
    bench.sync(HIDE)
    bench.fill(other)
    assert summary_of([bench.sync(HIDE)])["hidden"] == 1
    assert "withdrawn on 2026-11-23" in thing(there, page).html
    assert writes(bench.sync(HIDE)) == 0
    assert bench.plan(HIDE).changes == ()
    bench.fill(page, other)
    bench.sync(HIDE)
    assert thing(there, page).html == BASE
    assert writes(bench.sync(HIDE)) == 0


def test_a_page_with_pages_below_it_is_not_taken_away(bench: Bench, there: MemoryDestination, page: Page) -> None:
    below = replace(make_page(BIO, "below", "<p>Below.</p>", title="Below"), parent=page.key)
    bench.fill(page, below)
    bench.sync()
    bench.fill(below)
    (skip,) = [c for c in bench.plan(HIDE).changes if c.key == page.key]
    assert (skip.action, "stand below it" in skip.reason) == (Action.SKIP, True)


def test_hiding_counts_as_deleting_where_limits_are_looked_at(bench: Bench, there: MemoryDestination) -> None:
    pages = [make_page(BIO, f"p{n}", f"<p>{n}</p>", title=f"Page {n}") for n in range(12)]
    bench.fill(*pages)
    bench.sync()
    bench.fill(pages[0])
    report = bench.sync(HIDE)
    assert len(report.held) == 11
    assert exit_code([report]) == 4


# Marks of others


def test_what_another_installation_wrote_is_left_unless_it_is_taken_over(
    bench: Bench, there: MemoryDestination, tmp_path: Path
) -> None:
    ours, theirs = (Policy(installation=name, drift=OVERWRITE.drift) for name in ("north", "south"))
    other = Bench(there, tmp_path / "other", bench.source)
    other.folder.mkdir()
    page = make_page(BIO, "cells", BASE, title="Cells")
    bench.fill(page)
    bench.sync(ours)
    change(bench, page, SOURCE)
    report = other.sync(theirs)
    assert page.key in [c.key for c in report.conflicts]
    assert writes(report) == 0
    assert thing(there, page).html == BASE
    assert summary_of([other.sync(replace(theirs, takeover=True))])["adopted"] == 2
    assert other.plan(theirs).conflicts == ()
    assert thing(there, page).html == SOURCE
    assert thing(there, page).installation == "south"
    assert page.key in [c.key for c in bench.plan(ours).conflicts]


def test_a_mark_without_a_name_is_older_than_names_and_is_ours(bench: Bench, page: Page) -> None:
    bench.lose_state()
    counts = summary_of([bench.sync(Policy(installation="north"))])
    assert (counts["adopted"], counts["conflicts"]) == (2, 0)


# What stood there before


def test_every_write_leaves_what_stood_there_before(bench: Bench, there: MemoryDestination, page: Page) -> None:
    there.edit(page.key, PERSON)
    change(bench, page, CLASH)
    report = bench.sync(OVERWRITE)
    with State.open(bench.file) as state:
        (image,) = state.history.images(report.run, bench.name)
    assert image.before is not None
    assert image.before.html == PERSON
    assert image.action is Action.UPDATE


def test_a_write_that_was_taken_and_not_kept_is_an_error(bench: Bench, there: MemoryDestination, page: Page) -> None:
    there.frozen.add(page.key)
    change(bench, page, SOURCE)
    report = bench.sync()
    assert [o.status for o in report.outcomes] == [Status.FAILED]
    assert "did not change" in report.failures[0].problem.cause
    there.frozen.clear()
    assert summary_of([bench.sync()])["updated"] == 1


def test_how_much_of_a_page_arrived_is_remembered_and_told(bench: Bench, there: MemoryDestination) -> None:
    page = make_page(BIO, "cells", '<p>One <a href="https://e.org/">two</a> three.</p>', title="Cells")
    there.drops_links = True
    bench.fill(page)
    report = bench.sync()
    assert report.fidelity[page.key] == {"text": 1.0, "links": 0.0, "images": 1.0, "tables": 1.0}
    assert record(bench, page.key).fidelity["links"] == 0.0
    there.drops_links = False
    bench.fill(page, make_item(Kind.REVIEW, BIO), make_page(ECO, "whole", "<p>Whole.</p>", title="Whole"))
    assert bench.sync().fidelity == {}, "what arrived whole is not told"


# Stopping


def test_a_run_that_is_asked_to_stop_records_what_it_did_and_the_next_goes_on(
    bench: Bench, there: MemoryDestination
) -> None:
    pages = [make_page(BIO, f"p{n:03}", f"<p>{n}</p>", title=f"Page {n:03}") for n in range(100)]
    bench.fill(*pages)
    stop = Stop()
    route = bench.route()
    with State.open(bench.file) as state, state.lease(route.name):
        plan = prepare(route, state, now=bench.now)
        told = lambda stage, done, total: stop.ask("SIGTERM was received") if done == 5 else None  # noqa: E731
        report = apply(plan, route, state, now=bench.now, stop=stop, progress=told)
        assert state.open_intents(route.name) == []
    assert exit_code([report]) == 10
    assert 5 <= writes(report) < 100
    assert len(there.all()) == writes(report)
    # With the course's index page they are 101.
    assert writes(bench.sync()) == 101 - writes(report)
    assert writes(bench.sync()) == 0


def test_a_run_stops_at_its_deadline_and_takes_nothing_away_then(bench: Bench, there: MemoryDestination) -> None:
    first, second = (make_page(BIO, name, "<p>W</p>", title=name) for name in ("first", "second"))
    bench.fill(first, second)
    bench.sync()
    bench.fill(first)
    moment = iter([0.0, *[100.0] * 50])
    stop = Stop(60, clock=lambda: next(moment))
    route = bench.route(Policy(prune=dict.fromkeys(Kind, Prune.DELETE)))
    with State.open(bench.file) as state, state.lease(route.name):
        report = apply(prepare(route, state, now=bench.now), route, state, now=bench.now, stop=stop)
    assert report.stopped == "its deadline of 60 seconds passed"
    assert len(there.find(second.key)) == 1


# A lost state


@pytest.mark.parametrize(
    ("policy", "person", "counts", "stands"),
    [
        (LEAVE, BASE, {"adopted": 2}, BASE),
        (OVERWRITE, BASE, {"adopted": 2}, BASE),
        (LEAVE, PERSON, {"adopted": 2}, PERSON),
        (OVERWRITE, PERSON, {"adopted": 2, "updated": 1}, BASE),
    ],
)
def test_after_a_lost_state_only_what_may_be_written_over_is_written(
    policy: Policy, person: str, counts: dict[str, int], stands: str, bench: Bench, there: MemoryDestination, page: Page
) -> None:
    there.edit(page.key, person)
    bench.lose_state()
    report = bench.sync(policy)
    assert {name: count for name, count in summary_of([report]).items() if count} == counts
    assert thing(there, page).html == stands
    assert writes(bench.sync(policy)) == 0


def test_what_is_adopted_gets_what_was_left_to_write_whatever_was_adopted_before_it(
    bench: Bench, there: MemoryDestination, page: Page
) -> None:
    others = [make_page(BIO, name, BASE, title=f"Page {name}") for name in ("a", "z")]
    bench.fill(page, *others)
    bench.sync()
    bench.lose_state()
    there.edit(others[1].key, PERSON)
    assert summary_of([bench.sync(OVERWRITE)])["updated"] == 1
    assert thing(there, others[1]).html == BASE


def test_after_a_lost_state_a_persons_change_is_merged_with_a_later_one_of_the_source(
    bench: Bench, there: MemoryDestination, page: Page
) -> None:
    there.edit(page.key, PERSON)
    bench.lose_state()
    bench.sync(MERGE)
    change(bench, page, SOURCE)
    assert summary_of([bench.sync(MERGE)])["merged"] == 1
    assert words(thing(there, page).html) == words(BOTH)


def test_after_a_lost_state_nothing_is_merged_where_the_mark_does_not_say_what_was_sent(
    bench: Bench, there: MemoryDestination, page: Page
) -> None:
    there.edit(page.key, PERSON)
    thing(there, page).fingerprint = None
    bench.lose_state()
    bench.sync(MERGE)
    change(bench, page, SOURCE)
    assert [c.key for c in bench.sync(MERGE).conflicts] == [page.key]
    assert thing(there, page).html == PERSON


# Taking over


@pytest.fixture
def south(bench: Bench, there: MemoryDestination, page: Page, tmp_path: Path) -> Bench:
    """An installation that takes over what another one, `north`, wrote."""
    change(bench, page, SOURCE)
    bench.sync(Policy(installation="north"))
    other = Bench(there, tmp_path / "south", bench.source)
    other.folder.mkdir()
    return other


TAKING = Policy(installation="south", takeover=True)


@pytest.mark.parametrize("stands", [SOURCE, BOTH])
def test_what_is_taken_over_is_signed_anew_and_says_what_it_said(
    stands: str, there: MemoryDestination, page: Page, south: Bench
) -> None:
    there.edit(page.key, stands)
    report = south.sync(TAKING)
    assert [o.change.reason for o in report.outcomes if o.change.key == page.key] == [RECOGNISED, TAKEN_OVER]
    assert (thing(there, page).html, thing(there, page).installation) == (stands, "south")
    assert writes(south.sync(TAKING)) == 0


def test_what_a_person_left_before_a_takeover_is_theirs_afterwards(
    there: MemoryDestination, page: Page, south: Bench
) -> None:
    there.edit(page.key, BOTH)
    south.sync(TAKING)
    change(south, page, SOURCE.replace("Two", "Two, newer"))
    south.sync(replace(TAKING, drift=MERGE.drift))
    assert words(thing(there, page).html) == words(BOTH.replace("Two", "Two, newer"))


def test_marks_that_are_ours_or_nobodys_are_not_signed_anew_in_a_takeover(
    bench: Bench, there: MemoryDestination, page: Page
) -> None:
    bench.sync(TAKING)
    before = there.writes
    thing(there, page).installation = "south"
    bench.lose_state()
    assert summary_of([bench.sync(TAKING)])["adopted"] == 2
    assert there.writes == before
