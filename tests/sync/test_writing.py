"""Whatever a connector does while it writes: each change has one outcome, nothing is written twice, nothing is lost."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from engine_world import BIO, ECO, done, pages
from odd_world import Odd, TwoCalls, Way, Wordless, well

from lms_bridge.connector import Body, Change, Outcome, Status
from lms_bridge.errors import DestinationError, NotFound, Problem, Unreachable
from lms_bridge.items import Course, Kind, Page
from lms_bridge.sync.decision import ANSWER_LOST
from lms_bridge.sync.policy import Policy
from lms_bridge.sync.report import exit_code, writes
from lms_bridge.sync.run import Report
from lms_bridge.sync.state import State
from lms_bridge.testing.bench import LEAVE, OVERWRITE, PRUNE, Bench
from lms_bridge.testing.memory import place_ref
from lms_bridge.testing.sample import make_item, make_page


@pytest.fixture
def there() -> Odd:
    return Odd()


def says_nothing(changes: Sequence[Change], good: Iterator[Outcome]) -> Iterator[Outcome]:
    return iter(())


def says_all_twice(changes: Sequence[Change], good: Iterator[Outcome]) -> Iterator[Outcome]:
    for outcome in good:
        yield from (outcome, replace(outcome, status=Status.FAILED))


def says_it_of_another(changes: Sequence[Change], good: Iterator[Outcome]) -> Iterator[Outcome]:
    for outcome in good:
        yield replace(outcome, change=replace(outcome.change, key="nobody:asked"))
        yield outcome


def has_no_entry(changes: Sequence[Change], good: Iterator[Outcome]) -> Iterator[Outcome]:
    return (replace(outcome, entry=None, body=None) for outcome in good)


def has_no_body(changes: Sequence[Change], good: Iterator[Outcome]) -> Iterator[Outcome]:
    return (replace(outcome, body=None) for outcome in good)


def breaks(error: Exception) -> Way:
    """After the first change, whose outcome is still told."""

    def way(changes: Sequence[Change], good: Iterator[Outcome]) -> Iterator[Outcome]:
        yield next(good)
        raise error

    return way


REFUSED = DestinationError("The wiki is locked.", where="there", next_step="Unlock it.")
GONE = Unreachable("It does not answer.", where="there", next_step="Try again later.")
NOT_TOLD = "It was not told what became of this change."


@pytest.mark.parametrize(
    ("way", "statuses", "cause", "unreachable"),
    [
        (says_nothing, {"ambiguous": 3}, NOT_TOLD, False),
        (has_no_entry, {"ambiguous": 3}, NOT_TOLD, False),
        (breaks(REFUSED), {"done": 1, "ambiguous": 2}, "The wiki is locked.", False),
        (breaks(GONE), {"done": 1, "ambiguous": 2}, "It does not answer.", True),
        (breaks(ValueError("Ann")), {"done": 1, "ambiguous": 2}, "It could not be written: ValueError.", False),
        (says_all_twice, {"done": 3}, "", False),
        (says_it_of_another, {"done": 3}, "", False),
        (has_no_body, {"done": 3}, "", False),
    ],
    ids=[
        "says nothing", "has no entry", "is refused halfway", "is lost halfway", "breaks halfway", "says all twice",
        "says it of another", "has no body",
    ],
)  # fmt: skip
def test_each_change_has_one_outcome_and_the_next_sync_makes_good_what_is_missing(
    way: Way, statuses: dict[str, int], cause: str, unreachable: bool, bench: Bench, there: Odd
) -> None:
    bench.fill(*pages(2))
    there.way = way
    report = bench.sync()
    assert told(report) == statuses
    assert [cause in failure.problem.cause for failure in report.failures] == [True] * statuses.get("ambiguous", 0)
    assert "Ann" not in str(report.failures)
    assert all(failure.problem.where for failure in report.failures)
    assert (report.unreachable, exit_code([report]) == 6) == (unreachable, unreachable)
    there.way = well
    bench.sync()
    assert len(there.all()) == 3
    assert all(len(there.find(page.key)) == 1 for page in pages(2))
    assert done(bench.sync()) == {"unchanged": 3}
    with State.open(bench.file) as state:
        assert state.open_intents(bench.name) == []


def told(report: Report) -> dict[str, int]:
    statuses = [outcome.status.value for outcome in report.outcomes]
    assert len({outcome.change.key for outcome in report.outcomes}) == len(statuses)
    return {status: statuses.count(status) for status in statuses}


def test_a_place_that_is_lost_halfway_is_told_although_it_answers_again(bench: Bench, there: Odd) -> None:
    """Of many changes of one place the first are lost: whatever comes after them, the run was not whole."""
    bench.fill(*pages(60))
    ways = iter([breaks(GONE), well])
    there.way = lambda changes, good: next(ways)(changes, good)
    report = bench.sync()
    assert told(report) == {"done": 22, "ambiguous": 39}
    assert report.unreachable


def test_a_place_that_is_lost_does_not_hide_that_another_was_written(bench: Bench, there: Odd) -> None:
    items = [make_item(kind, course) for course in (BIO, ECO) for kind in (Kind.PROMPT, Kind.REVIEW)]
    bench.fill(*items)

    there.way = lambda changes, good: lost_at_once() if changes[0].place.id == BIO_PROMPTS else good
    report = bench.sync()
    assert told(report) == {"ambiguous": 1, "done": 3}
    assert report.unreachable


BIO_PROMPTS = place_ref(Kind.PROMPT, "BIO-101").id


def lost_at_once() -> Iterator[Outcome]:
    raise GONE
    yield


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (None, Problem("It could not be written.", "sample:BIO-101/page/p00", "Sync again.")),
        (Problem("No."), Problem("No.", "sample:BIO-101/page/p00")),
        (Problem("No.", "the wiki", "Unlock it."), Problem("No.", "the wiki", "Unlock it.")),
    ],
)
def test_a_failure_says_where_although_the_connector_does_not(
    said: Problem | None, told: Problem, bench: Bench, there: Odd
) -> None:
    bench.fill(*pages(1))
    there.way = lambda changes, good: (Outcome(change=c, status=Status.FAILED, problem=said) for c in changes)
    assert {failure.key: failure.problem for failure in bench.sync().failures}["sample:BIO-101/page/p00"] == told


def test_places_are_asked_one_after_the_other_where_the_policy_says_so(bench: Bench, there: Odd) -> None:
    courses = [Course(name, name) for name in "ABCDEFGH"]
    items = [make_item(Kind.PROMPT, course) for course in courses]
    bench.fill(*items)
    bench.sync(Policy(places_at_once=1))
    assert len(there.threads) == 2, "one that lists, and one that writes"


# What is taken away is read first


TAKING_AWAY = Policy(drift=OVERWRITE.drift, prune=PRUNE.prune)


@pytest.fixture
def orphan(bench: Bench, there: Odd) -> Page:
    """A page that a person changed, which is known, and whose item is gone."""
    page, other = pages(2)
    bench.fill(page, other)
    bench.sync(LEAVE)
    there.edit(page.key, "<p>Ann's words.</p>")
    bench.sync(LEAVE)
    bench.fill(other)
    bench.sync(LEAVE)
    return page


@pytest.mark.parametrize(
    ("unread", "cause"),
    [
        (REFUSED, "The wiki is locked."),
        (GONE, "It does not answer."),
        (ValueError("Ann"), "It could not be read: ValueError. This is a mistake in lms-bridge."),
    ],
)
def test_nothing_is_taken_away_that_cannot_be_read(
    unread: Exception, cause: str, bench: Bench, there: Odd, orphan: Page
) -> None:
    there.unread = unread
    report = bench.sync(TAKING_AWAY)
    assert [(failure.key, failure.problem.cause) for failure in report.failures] == [(orphan.key, cause)]
    assert there.find(orphan.key)[0].html == "<p>Ann's words.</p>"
    there.unread = None
    assert done(bench.sync(TAKING_AWAY))["deleted"] == 1
    assert done(bench.sync(TAKING_AWAY)) == {"unchanged": 2}


def test_what_a_person_left_is_kept_when_it_is_taken_away_and_can_be_put_back(
    bench: Bench, there: Odd, orphan: Page
) -> None:
    ref = there.find(orphan.key)[0].ref
    report = bench.sync(TAKING_AWAY)
    with State.open(bench.file) as state:
        (image,) = state.history.images(report.run, bench.name)
    assert image.before is not None
    assert (image.before.html, image.ref, image.digest_after) == ("<p>Ann's words.</p>", ref, "")
    bench.undo(report)
    assert there.find(orphan.key)[0].html == "<p>Ann's words.</p>"


def test_what_vanishes_while_it_is_taken_away_is_no_failure(bench: Bench, there: Odd, orphan: Page) -> None:
    there.unread = NotFound("It is not there.", where="there", next_step="Look.")
    assert done(bench.sync(TAKING_AWAY))["deleted"] == 1


def test_a_write_whose_text_was_not_told_can_be_undone(bench: Bench, there: Odd) -> None:
    (page,) = pages(1)
    bench.fill(page)
    there.way = has_no_body
    bench.sync(LEAVE)
    bench.change(replace(page, body="<p>Newer.</p>"))
    report = bench.sync(LEAVE)
    there.way = well
    assert done(bench.undo(report)) == {"updated": 1}
    assert there.find(page.key)[0].html == page.body


def test_an_update_that_stopped_between_two_calls_is_known_as_ours_and_finished(bench: Bench, there: Odd) -> None:
    """And nobody is told that a person had changed it."""
    there.kind_of_place = TwoCalls
    page, other = pages(2)
    bench.fill(page, other)
    bench.sync(LEAVE)
    bench.change(replace(page, title="Newer", body="<p>Newer.</p>"))

    def stops(changes: Sequence[Change], good: Iterator[Outcome]) -> Iterator[Outcome]:
        (thing,) = there.find(page.key)
        thing.title, thing.html, thing.version = "Newer", "", thing.version + 1
        raise GONE
        yield from good

    there.way = stops
    bench.sync(LEAVE, only=[page.key])
    there.way = well
    report = bench.sync(LEAVE)
    assert [o.change.reason for o in report.done if o.change.key == page.key] == [ANSWER_LOST]
    assert there.find(page.key)[0].html == "<p>Newer.</p>"
    bench.fill(other)
    assert done(bench.sync(PRUNE))["deleted"] == 1


def test_a_destination_that_cleans_what_it_is_given_keeps_it_all_the_same(bench: Bench, there: Odd) -> None:
    there.drops_links = True
    (page,) = pages(1)
    bench.fill(page)
    bench.sync()
    bench.change(replace(page, body='<p>Two <a href="https://e.org/">links</a>, <a href="/">or three</a> words.</p>'))
    assert done(bench.sync()) == {"updated": 1, "unchanged": 1}
    assert done(bench.sync()) == {"unchanged": 2}


def test_a_share_of_what_arrived_is_told_to_four_digits(bench: Bench, there: Odd) -> None:
    there.way = lambda changes, good: (replace(outcome, body=Body(title="", html="<p>a b</p>")) for outcome in good)
    page = make_page(BIO, "cells", "<p>a b c</p>", title="Cells")
    bench.fill(page)
    assert bench.sync().fidelity[page.key]["text"] == 0.6667


def test_what_stands_as_we_left_it_is_not_read_before_it_is_written_over(bench: Bench, there: Odd) -> None:
    """What would be put back is remembered: a read for each write would double what a large update costs."""
    every = pages(5)
    bench.fill(*every)
    bench.sync()
    bench.fill(*(replace(page, body="<p>Newer.</p>") for page in every))
    report = bench.sync()
    assert done(report) == {"updated": 5, "unchanged": 1}
    assert there.calls().get("read", 0) == 0
    assert done(bench.undo(report))["updated"] == 5
    assert [there.find(page.key)[0].html for page in every] == [page.body for page in every]


@pytest.mark.parametrize(("named", "remembered"), [("p00 (2)", "p00 (2)"), ("", "Page 00")])
def test_an_entry_is_remembered_by_the_name_that_it_was_given_there(
    named: str, remembered: str, bench: Bench, there: Odd
) -> None:
    """A destination may give it another than was asked for, or may not tell."""
    (page,) = pages(1)
    bench.fill(page)

    def names(changes: Sequence[Change], good: Iterator[Outcome]) -> Iterator[Outcome]:
        for outcome in good:
            assert outcome.entry is not None
            yield replace(outcome, entry=replace(outcome.entry, name=named))

    there.way = names
    bench.sync(only=[page.key])
    assert {record.key: record.name for record in bench.records()}[page.key] == remembered


def test_no_words_of_people_are_written_over_in_a_takeover_where_theirs_cannot_be_written(
    bench: Bench, there: Odd, tmp_path: Path
) -> None:
    there.kind_of_place = Wordless
    (page,) = pages(1)
    bench.fill(page)
    bench.sync(Policy(installation="north"))
    there.edit(page.key, "<p>Ann's words.</p>")
    south = Bench(there, tmp_path / "south", bench.source)
    south.folder.mkdir()
    taking = Policy(installation="south", takeover=True)
    south.sync(taking)
    assert there.find(page.key)[0].html == "<p>Ann's words.</p>"
    assert writes(south.sync(taking)) == 0
    assert [change.key for change in south.sync(replace(taking, takeover=False)).conflicts] == [page.key]
