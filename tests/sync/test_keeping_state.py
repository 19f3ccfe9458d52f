"""A state is moved, made anew, checked, and can forget a person."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from lms_bridge.connector import Action
from lms_bridge.errors import StateError, UsageError
from lms_bridge.items import Course, Item, Kind
from lms_bridge.sync.forget import erase, plan_erasure
from lms_bridge.sync.rebuild import rebuild, verify
from lms_bridge.sync.report import exit_code, summary_of, writes
from lms_bridge.sync.run import Report
from lms_bridge.sync.state import State
from lms_bridge.sync.state_transfer import export, import_
from lms_bridge.testing.bench import LEAVE, Bench
from lms_bridge.testing.memory import MemoryDestination
from lms_bridge.testing.sample import make_item, make_page

BIO = Course("BIO-101", "Cell Biology")


def everything() -> list[Item]:
    return [make_item(kind, BIO) for kind in Kind]


# Moving it


def test_an_exported_state_goes_on_where_the_first_one_was(bench: Bench, there: MemoryDestination) -> None:
    bench.fill(*everything())
    bench.sync()
    there.remove(everything()[0].key)
    bench.sync()
    lines = list(export(bench.file))
    bench.lose_state()
    assert import_(bench.file, lines)["records"] == 5
    assert writes(bench.sync()) == 0
    assert [line for line in export(bench.file) if '"records"' in line] == [x for x in lines if '"records"' in x]


@pytest.mark.postgresql
def test_a_state_moves_from_a_file_into_postgresql(
    bench: Bench, there: MemoryDestination, postgresql_server: str
) -> None:
    bench.fill(*everything())
    run = bench.sync().run
    import_(postgresql_server, export(bench.file))
    with State.open(bench.file) as before, State.open(postgresql_server) as after:
        assert after.records(bench.name) == before.records(bench.name)
        assert after.history.images(run, bench.name) == before.history.images(run, bench.name)
        # The numbers go on behind those that were brought along.
        after.history.begin_run("next", bench.name, "memory", started=bench.now, checksum="")
        after.history.note("next", bench.name, [(bench.plan().in_step[0], "skipped")])


def test_into_a_state_that_holds_something_nothing_is_imported(bench: Bench) -> None:
    bench.fill(*everything())
    bench.sync()
    with pytest.raises(StateError, match="there is something in this state already"):
        import_(bench.file, export(bench.file))


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda lines: lines[:-1], "ends too early"),
        (lambda lines: [], "ends too early"),
        (lambda lines: ["not JSON", *lines[1:]], "line 1"),
        (lambda lines: [json.dumps({"lms_bridge_state": 99}), *lines[1:]], "no exported state of form"),
        (lambda lines: [lines[0], '{"table": "users", "row": {}}', *lines[1:]], "line 2"),
        (lambda lines: [lines[0], '{"table": "records", "row": {"key": 1}}', *lines[1:]], "line 2"),
    ],
)
def test_a_damaged_export_is_taken_whole_or_not_at_all(bench: Bench, tmp_path: Path, spoil, told: str) -> None:  # type: ignore[no-untyped-def]
    bench.fill(*everything())
    bench.sync()
    other = tmp_path / "other.sqlite"
    with pytest.raises(StateError, match=told):
        import_(other, spoil(list(export(bench.file))))
    with State.open(other) as state:
        assert state.records(bench.name) == []


@pytest.mark.parametrize("moment", ["soon", 17, [], "2026-13-45"])
def test_a_moment_that_is_none_is_told_with_its_line(bench: Bench, tmp_path: Path, moment: object) -> None:
    bench.fill(*everything())
    bench.sync()
    lines = list(export(bench.file))
    number = next(number for number, line in enumerate(lines) if '"table":"runs"' in line)
    row = json.loads(lines[number])
    row["row"]["started"] = moment
    lines[number] = json.dumps(row)
    with pytest.raises(StateError, match="a moment cannot be read") as caught:
        import_(tmp_path / "other.sqlite", lines)
    assert caught.value.problem.where == f"line {number + 1}"


def test_what_stands_behind_the_end_of_an_export_is_not_read(bench: Bench, tmp_path: Path) -> None:
    bench.fill(*everything())
    bench.sync()
    counts = import_(tmp_path / "other.sqlite", [*export(bench.file), "more"])
    assert counts["records"] > 0


# Making it anew, checking it


def test_a_rebuilt_state_is_in_step_and_remembers_what_people_deleted(bench: Bench, there: MemoryDestination) -> None:
    kept, gone = make_page(BIO, "kept", "<p>K</p>", title="Kept"), make_page(BIO, "gone", "<p>G</p>", title="Gone")
    bench.fill(kept, gone)
    bench.sync()
    there.remove(gone.key)
    bench.sync()
    before = there.writes
    route = bench.route()
    with State.open(bench.file) as state, state.lease(route.name):
        report = rebuild(route, state, now=bench.now)
    assert summary_of([report])["adopted"] == 2
    assert there.writes == before
    assert bench.plan().pending == ()


def test_a_rebuild_that_cannot_look_everywhere_keeps_what_was_remembered(
    bench: Bench, there: MemoryDestination
) -> None:
    bench.fill(*everything())
    bench.sync()
    there.unreachable = True
    route = bench.route()
    with State.open(bench.file) as state, state.lease(route.name):
        before = state.records(route.name)
        assert exit_code([rebuild(route, state, now=bench.now)]) == 6
        assert state.records(route.name) == before


def test_verifying_tells_what_does_not_agree_and_changes_nothing(bench: Bench, there: MemoryDestination) -> None:
    bench.fill(*everything())
    bench.sync()
    route = bench.route()
    with State.open(bench.file) as state:
        whole = verify(route, state, now=bench.now)
        assert (whole.wrong, whole.agree) == ({}, 5)
        there.edit(everything()[0].key, "<p>Ann's words.</p>")
        there.remove(everything()[1].key)
        before = state.records(route.name)
        found = verify(route, state, now=bench.now)
        assert state.records(route.name) == before
    page, prompt = everything()[0].key, everything()[1].key
    assert set(found.wrong) == {page, prompt}


def test_what_is_still_to_be_written_or_was_deleted_by_a_person_agrees(bench: Bench, there: MemoryDestination) -> None:
    changed, gone, new = (make_page(BIO, name, f"<p>{name}</p>", title=name) for name in ("one", "two", "three"))
    bench.fill(changed, gone)
    bench.sync()
    stood = there.find(gone.key)[0]
    there.remove(gone.key)
    bench.sync()
    bench.fill(replace(changed, body="<p>Newer.</p>"), gone, new)
    route = bench.route()
    with State.open(bench.file) as state:
        found = verify(route, state, now=bench.now)
        assert (found.wrong, found.agree) == ({}, 3), "the page, the index, and what a person deleted"
        there.things["page@BIO-101"][stood.ref] = stood
        assert set(verify(route, state, now=bench.now).wrong) == {gone.key}


def test_a_conflict_is_still_told_after_the_state_was_made_anew(bench: Bench, there: MemoryDestination) -> None:
    page = make_page(BIO, "taken", "<p>Ours.</p>", title="Taken")
    there.put(Kind.PAGE, "BIO-101", "Taken", "<p>Ann's.</p>")
    bench.fill(page)
    bench.sync()
    route = bench.route()
    with State.open(bench.file) as state, state.lease(route.name):
        rebuild(route, state, now=bench.now)
        assert [review.key for review in state.history.reviews(route.name)] == [page.key]


# Forgetting a person


@pytest.fixture
def reviews(bench: Bench) -> list[Item]:
    named = [make_item(Kind.REVIEW, BIO, name, words=f"Words of {name}.") for name in ("ann", "bob")]
    bench.fill(*named)
    bench.sync(LEAVE)
    bench.source.authors = {"Ann Adler": frozenset({named[0].key})}
    return named


def forget(bench: Bench, author: str = "Ann Adler") -> Report:
    route = bench.route()
    with State.open(bench.file) as state, state.lease(route.name):
        return erase(route, state, plan_erasure(route, state, author, now=bench.now), now=bench.now)


def test_a_forgotten_person_is_gone_there_and_here_and_does_not_come_back(
    bench: Bench, there: MemoryDestination, reviews: list[Item]
) -> None:
    bench.change(replace(reviews[0], comment="Newer words of ann."))  # type: ignore[call-arg]
    bench.sync(LEAVE)
    there.edit(reviews[0].key, "<p>A moderator's words about ann.</p>")
    route = bench.route()
    with State.open(bench.file) as state, state.lease(route.name):
        erase(route, state, plan_erasure(route, state, "Ann Adler", now=bench.now), now=bench.now)
    assert there.find(reviews[0].key) == []
    assert len(there.find(reviews[1].key)) == 1
    for file in bench.folder.glob("state.sqlite*"):
        raw = file.read_bytes()
        assert b"words of ann" not in raw
        assert b"learner-ann" not in raw
        assert reviews[0].key.encode() not in raw
    assert writes(bench.sync(LEAVE)) == 0
    assert there.find(reviews[0].key) == []


def test_while_the_destination_cannot_be_reached_a_person_is_still_remembered_to_be_forgotten(
    bench: Bench, there: MemoryDestination, reviews: list[Item]
) -> None:
    there.closed.add(bench.place(reviews[0].key).ref.id)
    assert exit_code([forget(bench)]) == 1
    there.closed.clear()
    forget(bench)
    assert there.find(reviews[0].key) == []


@pytest.mark.parametrize("fault", ["closed", "refused", "changed just now"])
def test_what_could_not_be_taken_away_is_remembered_until_it_is_although_it_left_the_source(
    fault: str, bench: Bench, there: MemoryDestination, reviews: list[Item]
) -> None:
    where = bench.place(reviews[0].key).ref
    bench.fill(reviews[1])
    bench.sync(LEAVE)
    faults = {"closed": there.closed, "refused": there.refused, "changed just now": there.conflicting}
    faults[fault].add(where.id if fault == "closed" else reviews[0].key)
    assert exit_code([forget(bench)]) != 0
    assert len(there.find(reviews[0].key)) == 1
    faults[fault].clear()
    (outcome,) = forget(bench).done
    assert (outcome.change.title, outcome.change.course) == (reviews[0].title, "BIO-101")
    assert there.find(reviews[0].key) == []
    assert [record.key for record in bench.records()] == [reviews[1].key]


def test_a_review_that_nobody_remembers_is_found_by_its_mark(
    bench: Bench, there: MemoryDestination, reviews: list[Item]
) -> None:
    bench.lose_state()
    (outcome,) = forget(bench).done
    assert (outcome.change.title, outcome.change.course) == ("a review", "BIO-101")
    assert there.find(reviews[0].key) == []
    assert len(there.find(reviews[1].key)) == 1


def test_one_course_that_does_not_answer_leaves_no_words_in_another(bench: Bench, there: MemoryDestination) -> None:
    named = [make_item(Kind.REVIEW, Course(name, name), "ann", words="Words of ann.") for name in ("A", "B", "C")]
    bench.fill(*named)
    bench.sync(LEAVE)
    bench.source.authors = {"Ann Adler": frozenset(item.key for item in named)}
    for item in named:
        there.closed = {bench.place(item.key).ref.id}
        forget(bench)
        assert [one.key for one in named if there.find(one.key)] == [item.key]
        there.closed = set()
        bench.lose_state()
        bench.sync(LEAVE)


def test_a_course_without_a_review_of_theirs_need_not_answer(
    bench: Bench, there: MemoryDestination, reviews: list[Item]
) -> None:
    bench.source.content.append(make_item(Kind.REVIEW, Course("ECO-200", "Ecology"), "bob"))
    bench.sync(LEAVE)
    there.closed.add("review@ECO-200")
    assert exit_code([forget(bench)]) == 0


def test_where_nothing_can_be_deleted_a_notice_takes_the_place_of_the_words(
    bench: Bench, there: MemoryDestination, reviews: list[Item]
) -> None:
    there.keeps = frozenset({Kind.REVIEW})
    (outcome,) = forget(bench).done
    assert outcome.change.action is Action.HIDE
    (thing,) = there.find(reviews[0].key)
    assert (thing.html, thing.fields) == ("<p>This review was removed at its author's request.</p>", {})


def test_a_source_that_does_not_know_authors_says_so(bench: Bench, reviews: list[Item]) -> None:
    class Nameless:
        name = "a feed"

    with State.open(bench.file) as state, pytest.raises(UsageError, match="a feed cannot tell whose a review is"):
        plan_erasure(replace(bench.route(), source=Nameless()), state, "Ann Adler", now=bench.now)  # type: ignore[arg-type]
