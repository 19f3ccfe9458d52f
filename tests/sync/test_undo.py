"""Undoing a run: what stood there before is put back, what people did since is left, and it is not done again."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from odd_world import Odd, OddPlace, Wordless, well

from lms_bridge.connector import Change, Entry, Outcome, Record
from lms_bridge.errors import DestinationError, NotFound, UsageError
from lms_bridge.items import Course, Kind, Page
from lms_bridge.sync.apply import apply
from lms_bridge.sync.policy import Prune
from lms_bridge.sync.report import summary_of, writes
from lms_bridge.sync.route import prepare
from lms_bridge.sync.run import Report
from lms_bridge.sync.state import State
from lms_bridge.sync.undo import (
    CHANGED_SINCE,
    GONE_SINCE,
    NO_WAY_TO_DELETE,
    NOTHING_KNOWN,
    STANDS_AGAIN,
    STANDS_STILL,
    plan_undo,
    told,
    undo,
)
from lms_bridge.testing.bench import HIDE, KEEP_BOTH, LEAVE, MERGE, OVERWRITE, PRUNE, Bench
from lms_bridge.testing.memory import MemoryDestination, place_ref
from lms_bridge.testing.sample import make_page, make_prompt

BIO = Course("BIO-101", "Cell Biology")


def page(name: str = "cells", words: str = "First.") -> Page:
    return make_page(BIO, name, f"<p>{words}</p>", title=f"Page {name}")


def take_back(bench: Bench, report: Report, *only: str) -> tuple[dict[str, int], dict[str, str]]:
    route = bench.route(LEAVE)
    with State.open(bench.file) as state, state.lease(route.name):
        planned = plan_undo(route, state, report.run, now=bench.now, only=only)
        done = undo(route, state, planned, now=bench.now)
    return {name: n for name, n in summary_of([done]).items() if n}, dict(line.split(": ", 1) for line in told(planned))


def html(there: MemoryDestination, key: str) -> str:
    (found,) = there.find(key)
    return found.html


def test_a_changed_page_reads_again_as_before_and_stays_so_until_its_source_changes(
    bench: Bench, there: MemoryDestination
) -> None:
    bench.fill(page())
    bench.sync(LEAVE)
    bench.change(page(words="Second."))
    report = bench.sync(LEAVE)
    assert take_back(bench, report, page().key) == ({"updated": 1}, {})
    assert html(there, page().key) == "<p>First.</p>"
    assert writes(bench.sync(LEAVE)) == 0
    assert html(there, page().key) == "<p>First.</p>"
    bench.change(page(words="Third."))
    assert page().key in [c.key for c in bench.plan(LEAVE).conflicts]


def test_undoing_forgets_neither_what_waits_nor_what_needs_a_decision(bench: Bench, there: MemoryDestination) -> None:
    later = make_prompt(BIO, "later", publish=bench.now + timedelta(days=2))
    bench.fill(page(), make_prompt(BIO, "now"), later)
    report = bench.sync(LEAVE)
    there.edit(page().key, "<p>A person.</p>")
    bench.change(page(words="Second."))
    bench.sync(LEAVE)
    take_back(bench, report, make_prompt(BIO, "now").key)
    with State.open(bench.file) as state:
        assert [waiting.key for waiting in state.waiting("bench")] == [later.key]
        assert [review.key for review in state.history.reviews("bench")] == [page().key]


@pytest.mark.parametrize(
    ("where", "told"), [("", place_ref(Kind.PAGE, BIO.idnumber).title), ("the wiki “Cells”", "the wiki “Cells”")]
)
def test_a_place_that_cannot_be_looked_at_is_told_by_its_name_or_a_closer_one(
    where: str, told: str, tmp_path: Path
) -> None:
    class Locked(OddPlace):
        def entries(self) -> Iterable[Entry]:
            raise DestinationError("It is locked.", where=where, next_step="Unlock it.")

    there = Odd()
    bench = Bench(there, tmp_path)
    bench.fill(page())
    report = bench.sync(LEAVE)
    there.kind_of_place = Locked
    (failure,) = bench.undo(report).failures
    assert failure.problem.where == told


def test_a_place_that_must_be_told_where_to_look_is_told(tmp_path: Path) -> None:
    class Blind(OddPlace):
        """As Moodle's gradebook: finds only what it is told of."""

        known: frozenset[str] = frozenset()

        def expect(self, records: Sequence[Record]) -> None:
            self.known = frozenset(record.ref for record in records)

        def entries(self) -> Iterable[Entry]:
            return [entry for entry in OddPlace.entries(self) if entry.ref in self.known]

    there = Odd()
    there.kind_of_place = Blind
    bench = Bench(there, tmp_path)
    bench.fill(page())
    bench.sync(LEAVE)
    bench.change(page(words="Second."))
    report = bench.sync(LEAVE)
    assert take_back(bench, report, page().key) == ({"updated": 1}, {})
    assert html(there, page().key) == "<p>First.</p>"


def test_what_a_run_made_is_taken_away_and_not_made_again(bench: Bench, there: MemoryDestination) -> None:
    bench.fill(page())
    report = bench.sync(LEAVE)
    undone = bench.undo(report)
    assert {o.change.title for o in undone.done} == {"Page cells", "Cell Biology"}
    assert there.all() == []
    assert all(record.deleted for record in bench.records())
    assert writes(bench.sync(LEAVE)) == 0


def test_what_a_run_deleted_stands_again_and_is_not_deleted_again(bench: Bench, there: MemoryDestination) -> None:
    bench.fill(page(), page("other"))
    bench.sync(LEAVE)
    bench.fill(page("other"))
    report = bench.sync(PRUNE)
    assert there.find(page().key) == []
    assert take_back(bench, report, page().key) == ({"created": 1}, {})
    assert html(there, page().key) == "<p>First.</p>"
    assert summary_of([bench.sync(PRUNE)])["deleted"] == 0
    assert len(there.find(page().key)) == 1


def test_what_a_run_hid_can_be_read_again(bench: Bench, there: MemoryDestination) -> None:
    bench.fill(page(), page("other"))
    bench.sync(LEAVE)
    bench.fill(page("other"))
    report = bench.sync(HIDE)
    assert "withdrawn" in html(there, page().key)
    take_back(bench, report, page().key)
    assert html(there, page().key) == "<p>First.</p>"
    bench.sync(HIDE)
    assert html(there, page().key) == "<p>First.</p>"


def test_a_page_that_was_undone_is_hidden_like_any_other_once_its_own_words_stand_there_again(
    bench: Bench, there: MemoryDestination
) -> None:
    bench.fill(page(), page("other"))
    bench.sync(LEAVE)
    bench.change(page(words="Second."))
    take_back(bench, bench.sync(LEAVE), page().key)
    there.edit(page().key, "<p>Second.</p>")
    bench.sync(LEAVE)
    bench.fill(page("other"))
    bench.sync(HIDE)
    assert "withdrawn" in html(there, page().key)


def test_what_a_person_had_written_before_a_run_wrote_over_it_is_put_back(
    bench: Bench, there: MemoryDestination
) -> None:
    bench.fill(page())
    bench.sync(LEAVE)
    there.edit(page().key, "<p>Ann's words.</p>")
    report = bench.sync(OVERWRITE)
    assert html(there, page().key) == "<p>First.</p>"
    take_back(bench, report)
    assert html(there, page().key) == "<p>Ann's words.</p>"


@pytest.mark.parametrize("later", [0, 1])
def test_what_a_write_without_an_answer_wrote_over_is_put_back_also_after_later_syncs(
    later: int, bench: Bench, there: MemoryDestination
) -> None:
    bench.fill(page())
    bench.sync(LEAVE)
    there.edit(page().key, "<p>Ann's words.</p>")
    there.lost.add(page().key)
    report = bench.sync(OVERWRITE)
    for _ in range(later):
        bench.sync(OVERWRITE)
    assert html(there, page().key) == "<p>First.</p>"
    assert take_back(bench, report) == ({"updated": 1}, {})
    assert html(there, page().key) == "<p>Ann's words.</p>"


def test_a_write_that_never_arrived_leaves_nothing_to_put_back(bench: Bench, there: MemoryDestination) -> None:
    bench.fill(page())
    bench.sync(LEAVE)
    there.edit(page().key, "<p>Ann's words.</p>")
    there.lost.add(page().key)
    report = bench.sync(OVERWRITE)
    there.edit(page().key, "<p>Ann's words.</p>")
    assert take_back(bench, report) == ({}, {page().key: STANDS_STILL})
    assert html(there, page().key) == "<p>Ann's words.</p>"


def test_what_a_person_changed_since_is_left_and_told(bench: Bench, there: MemoryDestination) -> None:
    bench.fill(page())
    bench.sync(LEAVE)
    bench.change(page(words="Second."))
    report = bench.sync(LEAVE)
    there.edit(page().key, "<p>Ann's words.</p>")
    assert take_back(bench, report, page().key) == ({}, {page().key: CHANGED_SINCE})
    assert html(there, page().key) == "<p>Ann's words.</p>"


def test_where_nothing_can_be_deleted_it_is_told(bench: Bench, there: MemoryDestination) -> None:
    there.keeps = frozenset({Kind.PAGE})
    bench.fill(page())
    report = bench.sync(LEAVE)
    done, left = take_back(bench, report, page().key)
    assert (done, left) == ({}, {page().key: NO_WAY_TO_DELETE})
    assert len(there.find(page().key)) == 1


def test_what_was_made_again_since_is_left(bench: Bench, there: MemoryDestination) -> None:
    bench.fill(page(), page("other"))
    bench.sync(LEAVE)
    bench.fill(page("other"))
    report = bench.sync(PRUNE)
    bench.fill(page(words="Again."), page("other"))
    bench.sync(LEAVE)
    assert take_back(bench, report, page().key) == ({}, {page().key: STANDS_AGAIN})
    assert html(there, page().key) == "<p>Again.</p>"


def test_what_is_gone_since_is_told(bench: Bench, there: MemoryDestination) -> None:
    bench.fill(page())
    bench.sync(LEAVE)
    bench.change(page(words="Second."))
    report = bench.sync(LEAVE)
    there.remove(page().key)
    assert take_back(bench, report, page().key) == ({}, {page().key: GONE_SINCE})
    assert there.find(page().key) == []


def test_an_entry_is_known_by_its_place_when_a_person_took_its_mark_away(
    bench: Bench, there: MemoryDestination
) -> None:
    bench.fill(page())
    bench.sync(LEAVE)
    bench.change(page(words="Second."))
    report = bench.sync(LEAVE)
    (thing,) = there.find(page().key)
    thing.mark = None
    assert take_back(bench, report, page().key) == ({"updated": 1}, {})
    assert thing.html == "<p>First.</p>"


def test_every_place_is_put_back_and_one_that_does_not_answer_is_told(bench: Bench, there: MemoryDestination) -> None:
    courses = [Course(name, name) for name in ("A", "B", "C")]
    each = [make_page(course, "cells", "<p>First.</p>", title="Cells") for course in courses]
    bench.fill(*each)
    bench.sync(LEAVE)
    bench.fill(*(replace(one, body="<p>Second.</p>") for one in each))
    report = bench.sync(LEAVE)
    there.unreachable = True
    assert take_back(bench, report) == ({"failed": 1}, {})
    there.unreachable = False
    with State.open(bench.file) as state:
        first = state.history.images(report.run, bench.name)[0]
    there.closed.add(first.place)
    assert take_back(bench, report) == ({"updated": 2, "failed": 1}, {})
    assert html(there, first.key) == "<p>Second.</p>"
    there.closed.clear()
    assert take_back(bench, report, first.key) == ({"updated": 1}, {})
    assert [html(there, one.key) for one in each] == ["<p>First.</p>"] * 3


def test_a_run_that_wrote_nothing_leaves_nothing_to_undo(bench: Bench) -> None:
    bench.fill(page())
    bench.sync(LEAVE)
    bench.now += timedelta(minutes=1)
    assert take_back(bench, bench.sync(LEAVE)) == ({}, {})


def test_an_undone_page_is_a_persons_word_on_the_item_as_it_is_even_after_a_lost_state(
    bench: Bench, there: MemoryDestination
) -> None:
    bench.fill(page(words="One.</p><p>Two."))
    bench.sync(LEAVE)
    bench.change(page(words="One, newer.</p><p>Two."))
    take_back(bench, bench.sync(LEAVE), page().key)
    bench.lose_state()
    bench.sync(MERGE)
    bench.change(page(words="One, newer.</p><p>Two, newer."))
    bench.sync(MERGE)
    assert html(there, page().key).split() == ["<p>One.</p>", "<p>Two,", "newer.</p>"]


def test_a_copy_of_what_a_person_left_goes_when_their_words_stand_again(bench: Bench, there: MemoryDestination) -> None:
    bench.fill(page())
    bench.sync(LEAVE)
    there.edit(page().key, "<p>Ann's words.</p>")
    bench.change(page(words="Second."))
    report = bench.sync(KEEP_BOTH)
    undone = bench.undo(report, *[o.change.key for o in report.done])
    assert sorted((o.change.action.value, o.change.course) for o in undone.done) == [
        ("delete", "BIO-101"),
        ("update", "BIO-101"),
    ]
    assert [thing.html for thing in there.all() if "Ann" in thing.html] == ["<p>Ann's words.</p>"]
    assert writes(bench.sync(LEAVE)) == 0


# Where not everything can be known or done


@pytest.mark.parametrize(
    ("unread", "why"),
    [
        (NotFound("It is not there.", where="there", next_step="Look."), GONE_SINCE),
        (DestinationError("It is locked.", where="there", next_step="Unlock it."), "there: It is locked. Unlock it."),
    ],
)
def test_what_cannot_be_read_now_is_left(unread: Exception, why: str, tmp_path: Path) -> None:
    there = Odd()
    bench = Bench(there, tmp_path)
    bench.fill(page())
    report = bench.sync(LEAVE)
    there.unread = unread
    assert take_back(bench, report, page().key) == ({}, {page().key: why})
    assert len(there.find(page().key)) == 1


def test_where_no_text_of_a_person_can_be_written_it_is_told_where_it_stood(tmp_path: Path) -> None:
    there = Odd()
    there.kind_of_place = Wordless
    bench = Bench(there, tmp_path)
    bench.fill(page(), page("other"))
    bench.sync(LEAVE)
    bench.fill(page(words="Second."))
    report = bench.sync(PRUNE)
    url = f"memory:{there.find(page().key)[0].ref}"
    gone = next(o.change.record for o in report.done if o.change.key == page("other").key)
    assert gone is not None
    done, left = take_back(bench, report, page().key, page("other").key)
    assert done == {}
    assert left == {
        page().key: f"this destination has no way to write the text that stood there: {url}",
        page("other").key: f"this destination has no way to write the text that stood there: {gone.url}",
    }


@pytest.mark.parametrize("prune", [Prune.DELETE, Prune.HIDE])
def test_what_was_gone_before_it_could_be_read_is_not_known(prune: Prune, tmp_path: Path) -> None:
    there = Odd()
    bench = Bench(there, tmp_path)
    bench.fill(page(), page("other"))
    bench.sync(LEAVE)
    there.edit(page().key, "<p>Ann's words.</p>")
    bench.sync(LEAVE)
    bench.fill(page("other"))
    bench.sync(LEAVE)
    there.unread = NotFound("It is not there.", where="there", next_step="Look.")
    report = bench.sync(replace(OVERWRITE, prune=dict.fromkeys(Kind, prune)))
    there.unread = None
    before = there.writes
    assert take_back(bench, report, page().key) == ({}, {page().key: NOTHING_KNOWN})
    assert there.writes == before


def test_an_undone_run_can_be_undone(bench: Bench, there: MemoryDestination) -> None:
    bench.fill(page())
    bench.sync(LEAVE)
    bench.change(page(words="Second."))
    report = bench.sync(LEAVE)
    bench.now += timedelta(minutes=1)
    take_back(bench, report, page().key)
    with State.open(bench.file) as state:
        (last,) = state.history.last_runs(bench.name)
    take_back(bench, replace(report, run=last.run))
    assert html(there, page().key) == "<p>Second.</p>"


def test_a_run_that_never_was_is_told(bench: Bench) -> None:
    with State.open(bench.file) as state, pytest.raises(UsageError, match="there is no run 20200101"):
        plan_undo(bench.route(), state, "20200101", now=bench.now)


def test_runs_older_than_the_history_are_forgotten_with_what_stood_there_before(
    bench: Bench, there: MemoryDestination
) -> None:
    short = replace(LEAVE, history_days=30)
    bench.fill(page())
    first = bench.sync(short)
    bench.now = bench.now.replace(month=12, day=30)
    second = bench.sync(short)
    with State.open(bench.file) as state:
        assert state.history.images(first.run, bench.name) == []
        assert [run.run for run in state.history.last_runs(bench.name, 9)] == [second.run]


def test_runs_are_kept_for_ever_where_nobody_said_how_long(bench: Bench) -> None:
    route, begun = bench.route(), [bench.now, bench.now.replace(year=2126)]
    with State.open(bench.file) as state:
        runs = [apply(prepare(route, state, now=now), route, state, now=now).run for now in begun]
        assert sorted(run.run for run in state.history.last_runs(bench.name, 9)) == sorted(runs)


def test_what_a_killed_run_wrote_over_can_be_put_back(tmp_path: Path) -> None:
    """The destination has what it sent, and the state nothing but what was kept before."""
    there = Odd()
    bench = Bench(there, tmp_path)
    bench.fill(page(), page("roots"))
    bench.sync(OVERWRITE)
    there.edit(page().key, "<p>A person's.</p>")
    bench.change(page(words="Second."))
    killed = killed_while_writing(bench, there)
    assert html(there, page().key) == "<p>Second.</p>"
    assert writes(bench.sync(OVERWRITE)) == 0
    assert take_back(bench, killed) == ({"updated": 1}, {})
    assert html(there, page().key) == "<p>A person's.</p>"


def test_of_a_run_that_was_killed_before_its_write_arrived_nothing_is_put_back(tmp_path: Path) -> None:
    there = Odd()
    bench = Bench(there, tmp_path)
    bench.fill(page())
    bench.sync(OVERWRITE)
    bench.change(page(words="Second."))
    killed = killed_while_writing(bench, there, arrives=False)
    assert take_back(bench, killed) == ({}, {page().key: STANDS_STILL})


def killed_while_writing(bench: Bench, there: Odd, *, arrives: bool = True) -> Report:
    class Killed(BaseException):
        """Stands for `kill -9`."""

    def die(changes: Sequence[Change], good: Iterator[Outcome]) -> Iterator[Outcome]:
        if arrives:
            list(good)
        raise Killed

    route = bench.route(OVERWRITE)
    with State.open(bench.file) as state, state.lease(route.name):
        plan = prepare(route, state, now=bench.now)
        there.way = die
        with pytest.raises(Killed):
            apply(plan, route, state, now=bench.now, run="killed")
    there.way = well
    return Report(run="killed", route=route.name, destination="", started=bench.now, ended=bench.now)
