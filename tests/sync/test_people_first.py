"""Never over a person, and never twice."""

from dataclasses import replace

import pytest
from engine_world import BIO, ECO, done, open_writes, pages, update_without_an_answer

from lms_bridge.items import Kind, Page
from lms_bridge.logged import fields_of
from lms_bridge.markup.links import item_href
from lms_bridge.sync.apply import apply
from lms_bridge.sync.policy import Policy, Refresh
from lms_bridge.sync.report import exit_code, writes
from lms_bridge.sync.route import prepare
from lms_bridge.sync.state import State
from lms_bridge.sync.status import standing
from lms_bridge.sync.stop import Stop
from lms_bridge.testing.bench import LEAVE, PRUNE, Bench
from lms_bridge.testing.memory import MemoryDestination, place_ref
from lms_bridge.testing.sample import make_page

# Never over a person


def test_a_persons_change_without_a_change_in_the_source_is_left_and_is_no_conflict(bench: Bench) -> None:
    (page,) = pages(1)
    bench.fill(page)
    bench.sync()
    assert isinstance(bench.destination, MemoryDestination)
    bench.destination.edit(page.key, "<p>A person.</p>")
    report = bench.sync()
    assert next(change.reason for change in report.skipped).startswith("a person changed it on the destination")
    assert exit_code([report]) == 0


def test_a_person_who_writes_what_the_source_wants_is_in_step(bench: Bench, there: MemoryDestination) -> None:
    (page,) = pages(1)
    bench.fill(page)
    bench.sync()
    there.edit(page.key, "<p>Both had this idea.</p>")
    bench.change(replace(page, body="<p>Both had this idea.</p>"))
    assert done(bench.sync()) == {"unchanged": 2}
    bench.change(replace(page, body="<p>And a better one.</p>"))
    assert done(bench.sync()) == {"updated": 1, "unchanged": 1}


def test_an_entry_that_people_keep_changed_is_not_read_again_in_every_run(
    bench: Bench, there: MemoryDestination
) -> None:
    (page,) = pages(1)
    bench.fill(page)
    bench.sync()
    there.edit(page.key, "<p>A person.</p>")
    bench.sync()
    before = there.calls()["read"]
    bench.sync()
    assert there.calls()["read"] == before


def test_a_person_who_takes_a_change_back_leaves_everything_in_step(bench: Bench, there: MemoryDestination) -> None:
    (page,) = pages(1)
    bench.fill(page)
    bench.sync()
    there.edit(page.key, "<p>A person.</p>")
    bench.sync()
    there.edit(page.key, page.body)
    assert done(bench.sync()) == {"unchanged": 2}


def test_an_orphan_that_a_person_changed_is_not_deleted(bench: Bench, there: MemoryDestination) -> None:
    first, second = pages(2)
    bench.fill(first, second)
    bench.sync(PRUNE)
    there.edit(second.key, "<p>A person.</p>")
    bench.fill(first)
    report = bench.sync(PRUNE)
    assert [change.key for change in report.conflicts] == [second.key]
    assert len(there.find(second.key)) == 1
    assert exit_code([report]) == 5


def conflicts(bench: Bench) -> list[str]:
    with State.open(bench.file) as state:
        return [row.key for row in standing("bench", state).conflicts]


def test_a_conflict_is_told_until_a_run_that_looks_at_it_finds_it_settled(
    bench: Bench, there: MemoryDestination
) -> None:
    (bio,), (eco,) = pages(1), pages(1, ECO)
    mine = there.put(Kind.PAGE, "BIO-101", bio.title, "<p>Mine.</p>")
    bench.fill(bio, eco)
    bench.sync()
    assert conflicts(bench) == [bio.key]
    bench.sync(only=["course:ECO-200"])
    assert conflicts(bench) == [bio.key]
    there.unreachable = True
    bench.sync()
    assert conflicts(bench) == [bio.key]
    there.unreachable = False
    del there.things[place_ref(Kind.PAGE, "BIO-101").id][mine]
    bench.sync(only=["course:BIO-101"])
    assert conflicts(bench) == []


def test_a_conflict_about_an_item_that_is_gone_is_no_longer_told(bench: Bench, there: MemoryDestination) -> None:
    first, second = pages(2)
    there.put(Kind.PAGE, "BIO-101", second.title, "<p>Mine.</p>")
    bench.fill(first, second)
    bench.sync()
    assert conflicts(bench) == [second.key]
    bench.fill(first)
    bench.sync()
    assert conflicts(bench) == []


def test_each_write_is_logged_with_what_became_of_it_and_no_text(
    bench: Bench, there: MemoryDestination, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = pages(2)
    bench.fill(first, second)
    there.refused.add(second.key)
    with caplog.at_level("INFO", logger="lms_bridge.sync.apply"):
        run = bench.sync().run
    told = {fields_of(record)["key"]: record for record in caplog.records}
    for key, said in (
        (first.key, "create: done"),
        (second.key, f"create: failed: {second.key}: It was refused. Ask why."),
    ):
        assert told[key].getMessage() == said
        assert fields_of(told[key]) == {"run": run, "route": "bench", "course": "BIO-101", "key": key}
    assert "Words of page" not in caplog.text


def test_a_page_name_that_somebody_else_has_is_a_conflict_and_is_left(bench: Bench, there: MemoryDestination) -> None:
    (page,) = pages(1)
    bench.fill(page)
    there.put(Kind.PAGE, "BIO-101", page.title, "<p>Mine.</p>")
    report = bench.sync()
    assert [change.key for change in report.conflicts] == [page.key]
    with State.open(bench.file) as state:
        told = {row["key"]: row["status"] for row in state.history.outcomes(report.run, "bench")}
    assert told[page.key] == "conflict"
    assert [thing.html for thing in there.all() if thing.mark is None] == ["<p>Mine.</p>"]


def test_a_link_to_a_page_that_a_person_deleted_becomes_plain_words_at_once(
    bench: Bench, there: MemoryDestination
) -> None:
    second = make_page(BIO, "second", "<p>Words.</p>")
    first = make_page(BIO, "first", f'<p>See <a href="{item_href(second.key)}">that</a>.</p>')
    bench.fill(first, second)
    bench.sync()
    there.remove(second.key)
    assert done(bench.sync())["updated"] == 2
    assert there.find(first.key)[0].html == "<p>See that.</p>"
    assert writes(bench.sync()) == 0


# Never twice


def test_an_entry_that_was_recognised_after_a_lost_answer_gets_what_the_source_says_now(
    bench: Bench, there: MemoryDestination
) -> None:
    (page,) = pages(1)
    bench.fill(page)
    there.lost.add(page.key)
    assert exit_code([bench.sync(LEAVE)]) == 1
    bench.change(replace(page, body="<p>Newer.</p>"))
    report = bench.sync(LEAVE)
    assert done(report) == {"adopted": 1, "updated": 1, "unchanged": 1}
    assert [thing.html for thing in there.find(page.key)] == ["<p>Newer.</p>"]


def test_a_lost_answer_is_looked_up_even_when_places_are_never_listed(bench: Bench, there: MemoryDestination) -> None:
    policy = Policy(refresh=Refresh.NEVER)
    (page,) = pages(1)
    bench.fill(page)
    there.lost.add(page.key)
    bench.sync(policy)
    bench.sync(policy)
    assert len(there.find(page.key)) == 1
    assert open_writes(bench) == []


def test_a_change_that_was_taken_back_after_a_lost_answer_is_taken_back_there_too(
    bench: Bench, there: MemoryDestination
) -> None:
    policy = Policy(refresh=Refresh.NEVER)
    (page,) = pages(1)
    bench.fill(page)
    bench.sync(policy)
    there.lost.add(page.key)
    bench.change(replace(page, body="<p>A mistake.</p>"))
    bench.sync(policy)
    bench.change(page)
    assert done(bench.sync(policy)) == {"updated": 1, "unchanged": 1}
    assert there.find(page.key)[0].html == page.body


def delete_without_an_answer(bench: Bench, there: MemoryDestination) -> tuple[Page, Page]:
    """A page that stays, and one that we took away without hearing so."""
    first, second = pages(2)
    bench.fill(first, second)
    bench.sync(PRUNE)
    bench.fill(first)
    there.lost.add(second.key)
    bench.sync(PRUNE)
    return first, second


def test_a_delete_whose_answer_is_lost_is_forgotten_when_it_is_gone(bench: Bench, there: MemoryDestination) -> None:
    delete_without_an_answer(bench, there)
    assert done(bench.sync(PRUNE)) == {"forgotten": 1, "unchanged": 2}
    assert done(bench.sync(PRUNE)) == {"unchanged": 2}


def test_what_we_deleted_without_an_answer_is_made_again_when_the_source_has_it_again(
    bench: Bench, there: MemoryDestination
) -> None:
    first, second = delete_without_an_answer(bench, there)
    bench.fill(first, second)
    assert done(bench.sync(PRUNE))["created"] == 1
    assert len(there.find(second.key)) == 1
    # The list of pages still led to where it stood.
    assert done(bench.sync(PRUNE)) == {"updated": 1, "unchanged": 2}
    assert writes(bench.sync(PRUNE)) == 0


@pytest.mark.parametrize("meanwhile", ["the source is empty", "the source is read in part"])
def test_what_we_deleted_without_an_answer_is_known_as_ours_to_make_although_the_source_told_little_meanwhile(
    meanwhile: str, bench: Bench, there: MemoryDestination
) -> None:
    first, second = delete_without_an_answer(bench, there)
    bench.source.complete = meanwhile == "the source is empty"
    bench.fill(*[first] if meanwhile == "the source is read in part" else [])
    bench.sync(PRUNE)
    assert open_writes(bench) == []
    bench.source.complete = True
    bench.fill(first, second)
    bench.sync(PRUNE)
    assert len(there.find(second.key)) == 1


def test_where_somebody_writes_in_the_place_of_what_we_deleted_without_an_answer_no_write_stays_open(
    bench: Bench, there: MemoryDestination
) -> None:
    first, second = delete_without_an_answer(bench, there)
    there.put(Kind.PAGE, BIO.idnumber, second.title, "<p>A person.</p>")
    bench.fill(first, second)
    report = bench.sync(PRUNE)
    assert [change.key for change in report.conflicts] == [second.key]
    assert open_writes(bench) == []
    assert second.key not in [record.key for record in bench.records()]


def test_an_item_that_vanishes_after_a_lost_answer_is_still_known_as_ours(
    bench: Bench, there: MemoryDestination
) -> None:
    first, second = pages(2)
    bench.fill(first, second)
    there.lost.add(second.key)
    bench.sync(PRUNE)
    bench.fill(first)
    assert done(bench.sync(PRUNE))["deleted"] == 1
    assert there.find(second.key) == []


@pytest.mark.parametrize("arrived", [True, False])
def test_an_update_whose_end_is_not_known_is_settled_although_its_item_is_gone(
    arrived: bool, bench: Bench, there: MemoryDestination
) -> None:
    first, second = pages(2)
    bench.fill(first, second)
    bench.sync()
    there.lost.add(second.key)
    bench.change(replace(second, body="<p>Sent without an answer.</p>"))
    bench.sync()
    if not arrived:
        (thing,) = there.find(second.key)
        thing.html, thing.version, thing.fingerprint = second.body, 1, ""
    bench.fill(first)
    bench.sync()
    assert open_writes(bench) == []
    assert done(bench.sync(PRUNE)) == {"deleted": 1, "unchanged": 2}


def test_a_write_that_left_nothing_is_settled_although_the_source_is_empty_since(
    bench: Bench, there: MemoryDestination
) -> None:
    update_without_an_answer(bench, there)
    for place in there.things.values():
        place.clear()
    bench.fill()
    bench.sync()
    assert open_writes(bench) == []


@pytest.mark.parametrize("trouble", ["its place does not answer", "somebody is changing it", "it is refused"])
def test_a_write_without_an_answer_stays_open_until_it_is_known_what_became_of_it(
    trouble: str, bench: Bench, there: MemoryDestination
) -> None:
    page = update_without_an_answer(bench, there)
    where = bench.place(page.key).ref.id
    faults, on = {
        "its place does not answer": (there.closed, where),
        "somebody is changing it": (there.conflicting, page.key),
        "it is refused": (there.refused, page.key),
    }[trouble]
    faults.add(on)
    bench.sync(LEAVE)
    assert open_writes(bench) == [page.key]
    faults.clear()
    assert done(bench.sync(LEAVE))["updated"] == 1
    assert there.find(page.key)[0].html == page.body
    assert open_writes(bench) == []


def test_a_write_without_an_answer_stays_open_while_another_installation_has_signed_its_page(
    bench: Bench, there: MemoryDestination
) -> None:
    page = update_without_an_answer(bench, there)
    (thing,) = there.find(page.key)
    ours, thing.installation = thing.installation, "south"
    assert [change.key for change in bench.sync(LEAVE).conflicts] == [page.key]
    assert open_writes(bench) == [page.key]
    thing.installation = ours
    assert done(bench.sync(LEAVE))["updated"] == 1
    assert there.find(page.key)[0].html == page.body


def test_a_write_that_never_arrived_and_whose_item_is_gone_does_not_stay_open(
    bench: Bench, there: MemoryDestination
) -> None:
    first, second = pages(2)
    bench.fill(first, second)
    there.lost.add(second.key)
    bench.sync()
    there.remove(second.key)
    bench.fill(first)
    bench.sync()
    assert open_writes(bench) == []
    assert done(bench.sync()) == {"unchanged": 2}


def test_what_a_stopped_run_did_not_come_to_is_in_its_history_and_what_was_open_stays_open(
    bench: Bench, there: MemoryDestination
) -> None:
    page = update_without_an_answer(bench, there)
    stop, route = Stop(), bench.route()
    stop.ask("SIGTERM was received")
    with State.open(bench.file) as state, state.lease(route.name):
        report = apply(prepare(route, state, now=bench.now), route, state, now=bench.now, stop=stop)
        told = {row["key"]: row["status"] for row in state.history.outcomes(report.run, route.name)}
    assert told == {page.key: "stopped"}
    assert open_writes(bench) == [page.key]
    bench.sync()
    assert there.find(page.key)[0].html == page.body
    assert open_writes(bench) == []
