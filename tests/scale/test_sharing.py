"""What workers on one state do with a run: who does what, what waits for the end, and what everybody is told."""

from dataclasses import replace
from datetime import timedelta

import pytest
from team_world import Team, done, programme

from lms_bridge.audit.chain import verify
from lms_bridge.errors import StateError
from lms_bridge.items import Kind
from lms_bridge.scale.queue import Job, Step
from lms_bridge.scale.worker import cancel, start
from lms_bridge.sync.apply import apply
from lms_bridge.sync.frozen import hold
from lms_bridge.sync.part import hold_nothing, sync_part
from lms_bridge.sync.policy import Limits, Policy, Prune
from lms_bridge.sync.report import exit_code
from lms_bridge.sync.route import prepare
from lms_bridge.sync.state_lease import lease_places
from lms_bridge.sync.state_part import ClosingState
from lms_bridge.sync.stop import Stop
from lms_bridge.windows import Freeze, Quiet, Windows, shut_for

pytestmark = pytest.mark.postgresql
PRUNE = Policy(prune=dict.fromkeys(Kind, Prune.DELETE))


def test_a_shared_run_leaves_and_tells_what_a_sync_alone_does(team: Team) -> None:
    team.source.content = programme(3)
    # A page and a prompt of each course, and the index page that leads to both.
    assert done(team.run()) == {"created": 9}
    assert done(team.run()) == {"unchanged": 9}
    with team.state.lease(team.name):
        alone = prepare(team.route, team.state, now=team.state.sharing.now())
    assert alone.pending == ()


def test_many_who_begin_at_once_have_one_run_and_one_report(team: Team) -> None:
    team.source.content = programme(2)
    runs = {team.start() for _ in range(10)}
    assert len(runs) == 1
    team.queue.run(team.worker().work, Stop())
    (run,) = runs
    assert done(team.report(run)) == {"created": 6}
    assert [past.run for past in team.state.history.last_runs(team.name, limit=10)] == [run]


def test_who_comes_a_little_late_can_join_the_run_that_just_ended(team: Team) -> None:
    team.source.content = programme(1)
    run = team.run().run
    late = start([team.name], team.state, team.queue, within=timedelta(minutes=5))
    assert late == {team.name: run}
    assert team.queue.waiting == []
    assert start([team.name], team.state, team.queue) != {team.name: run}


def test_workers_have_different_places_and_each_is_written_by_one(team: Team) -> None:
    team.source.content = programme(4)
    run = team.start()
    one, two = team.worker(), team.worker()
    turn = iter(range(1000))
    team.queue.run_while(lambda job: (one if next(turn) % 2 else two).work(job), lambda job: True)
    assert done(team.report(run)) == {"created": 12}
    assert one.read
    assert two.read
    assert len(team.destination.all()) == 12


def test_a_job_that_is_delivered_twice_writes_once(team: Team) -> None:
    team.source.content = programme(2)
    team.start()
    worker = team.worker()
    team.queue.run_while(worker.work, lambda job: job.step is Step.OPEN)
    parts = [job for job in team.queue.waiting if job.step is Step.PART]
    for job in parts:
        worker.work(job)
    # The engine never heard that they were done, and gives them to somebody else.
    writes = team.destination.writes
    assert [team.worker().work(job) for job in parts] == [None] * len(parts)
    assert team.destination.writes == writes


def test_a_write_whose_worker_died_before_it_was_recorded_is_found_and_not_sent_again(team: Team) -> None:
    team.source.content = programme(1)
    team.destination.lose_next = True
    run = team.start()
    team.queue.run(team.worker().work, Stop())
    report = done(team.report(run))
    assert report == {"created": 2, "adopted": 1}
    assert len(team.destination.all()) == 3


def test_nobody_writes_places_that_another_has_and_everything_else_goes_on(team: Team) -> None:
    team.source.content = programme(2)
    run = team.start()
    worker = team.worker()
    team.queue.run_while(worker.work, lambda job: job.step is Step.OPEN)
    groups = {job: team.state.sharing.groups.get(run, team.name, job.group) for job in team.queue.waiting}
    held = next(job for job, places in groups.items() if places and "C0" in places[0])
    with lease_places(team.worker().state._engine, team.name, groups[held] or []):
        team.queue.run_while(worker.work, lambda job: job.step is Step.PART)
        assert team.destination.writes > 0
        assert held in team.queue.waiting, "it waits until the other has done"
        with pytest.raises(StateError, match="is applying the route"), team.state.lease(team.name):
            pass
    team.queue.run(worker.work, Stop())
    assert done(team.report(run)) == {"created": 6}


def test_an_ordinary_sync_keeps_workers_out_and_they_find_its_work_done(team: Team) -> None:
    team.source.content = programme(2)
    run = team.start()
    worker = team.worker()
    with team.state.lease(team.name):
        team.queue.run_while(worker.work, lambda job: True)
        assert team.destination.writes == 0
        now = team.state.sharing.now()
        apply(prepare(team.route, team.state, now=now), team.route, team.state, now=now)
    team.queue.run(worker.work, Stop())
    assert done(team.report(run)) == {"unchanged": 6}
    assert team.destination.writes == 6


def test_workers_leave_and_tell_what_windows_hold_back_and_the_next_run_brings_it(team: Team) -> None:
    team.source.content = programme(3)
    begin = team.state.sharing.now() - timedelta(hours=1)
    exams = Windows((Freeze(begin, begin + timedelta(days=2), frozenset({"C1"}), "exams"),))
    team.hold = lambda plan, now: hold(plan, shut_for(exams, now))
    report = team.run()
    assert done(report) == {"created": 6, "skipped": 3}
    assert {change.course for change in report.skipped} == {"C1"}
    assert {change.reason.rpartition(": ")[2] for change in report.skipped} == {"exams"}
    assert not any("C1" in place for place, things in team.destination.things.items() if things)
    team.hold = hold_nothing
    assert done(team.run()) == {"created": 3, "unchanged": 6}


def test_a_window_holds_back_what_the_closing_takes_away_too(team: Team) -> None:
    team.policy = PRUNE
    team.source.content = programme(3)
    team.run()
    team.source.content = programme(2)
    always = Windows(quiets=(Quiet("00:00-00:00"),))
    team.hold = lambda plan, now: hold(plan, shut_for(always, now))
    assert "deleted" not in done(team.run())
    team.hold = hold_nothing
    assert done(team.run())["deleted"] == 3


def test_what_is_taken_away_waits_until_every_place_was_seen_and_nothing_failed(team: Team) -> None:
    team.policy = PRUNE
    team.source.content = programme(2)
    team.run()
    page, gone, *others = team.source.content
    left = [page, *others]
    team.source.content = [replace(item, title="Another title") for item in left]
    team.destination.refused = {left[0].key}
    report = team.run()
    assert [change.key for change in report.postponed] == [gone.key]
    assert len(team.destination.find(gone.key)) == 1
    assert exit_code([report]) == 1
    team.destination.refused = set()
    assert done(team.run())["deleted"] == 1
    assert team.destination.find(gone.key) == []


def test_deletes_of_all_places_together_meet_the_limit_of_the_route(team: Team) -> None:
    team.policy = replace(PRUNE, limits=Limits(deletes=3))
    team.source.content = programme(3)
    team.run()
    # A page and an index, and a prompt, of each of two courses: no place alone loses many.
    team.source.content = programme(3)[4:]
    report = team.run()
    assert len(report.held) == 6
    assert report.approvals
    assert exit_code([report]) == 4


def test_words_of_a_person_are_left_and_told_in_the_one_report(team: Team) -> None:
    team.source.content = programme(1)
    team.run()
    key = team.source.content[0].key
    team.destination.edit(key, "<p>What a teacher wrote.</p>")
    team.source.content = programme(1, words="Other words.")
    report = team.run()
    assert [change.key for change in report.conflicts] == [key]
    assert [review.key for review in team.state.history.reviews(team.name)] == [key]
    assert team.destination.find(key)[0].html == "<p>What a teacher wrote.</p>"
    assert exit_code([report]) == 5


def test_a_place_is_listed_once_in_a_run_where_everything_could_be_done(team: Team) -> None:
    team.source.content = programme(3)
    team.run()
    before = team.destination.counts["entries"]
    team.run()
    assert team.destination.counts["entries"] - before == 6


def test_whoever_did_parts_closes_without_looking_for_everything_again(team: Team) -> None:
    team.source.content = programme(3)
    team.run()
    assert team.destination.counts["locate"] == 1


def test_what_is_left_to_the_closing_goes_by_how_things_are_by_then(team: Team) -> None:
    team.policy = PRUNE
    team.source.content = programme(2)
    team.run()
    before = team.destination.counts["locate"]
    gone = team.source.content.pop(1)
    assert done(team.run())["deleted"] == 1
    assert team.destination.find(gone.key) == []
    assert team.destination.counts["locate"] == before + 2


def test_what_goes_away_while_a_run_is_under_way_is_left_to_the_next(team: Team) -> None:
    team.policy = PRUNE
    team.source.content = programme(2)
    team.run()
    run, worker = team.start(), team.worker()
    team.queue.run_while(worker.work, lambda job: job.step is not Step.CLOSE)
    gone = team.source.content.pop(1)
    team.queue.run(worker.work, Stop())
    assert done(team.report(run)) == {"unchanged": 6}
    assert done(team.run())["deleted"] == 1
    assert team.destination.find(gone.key) == []


def test_a_source_that_cannot_be_read_is_told_once_and_nothing_is_done(team: Team) -> None:
    team.source.broken = True
    report = team.run()
    assert [failure.problem.cause for failure in report.failures] == ["The source cannot be read."]
    assert exit_code([report]) == 1


def test_a_worker_that_could_not_read_the_source_once_reads_it_for_its_next_job(team: Team) -> None:
    team.source.content = programme(2)
    run = team.start()
    team.queue.run_while(team.worker().work, lambda job: job.step is Step.OPEN)
    first, second, *_ = [job for job in team.queue.waiting if job.step is Step.PART]
    worker = team.worker()
    team.source.broken = True
    worker.work(first)
    assert team.destination.writes == 0
    team.source.broken = False
    worker.work(second)
    assert team.destination.writes > 0
    team.queue.run(worker.work, Stop())
    assert done(team.report(run)) == {"created": 6}


def test_a_place_that_does_not_answer_costs_that_place(team: Team) -> None:
    team.source.content = programme(2)
    team.destination.closed = {"page@C0"}
    report = team.run()
    assert done(report)["created"] == 4
    assert report.unreachable


def test_a_worker_that_is_stopped_leaves_its_job_to_another(team: Team) -> None:
    team.source.content = programme(2)
    run = team.start()
    leaving = team.worker()
    team.queue.run_while(leaving.work, lambda job: job.step is Step.OPEN)
    leaving.stop.ask("SIGTERM was received")
    team.queue.run_while(leaving.work, lambda job: True)
    assert team.destination.writes == 0
    team.queue.run(team.worker().work, Stop())
    assert done(team.report(run)) == {"created": 6}


def test_a_worker_that_dies_while_it_closes_leaves_the_closing_to_another(team: Team) -> None:
    team.source.content = programme(1)
    run = team.start()
    worker = team.worker()
    team.queue.run_while(worker.work, lambda job: job.step is not Step.CLOSE)
    shared = team.state.sharing.shared_run(run, team.name)
    assert shared is not None
    # It applied what was left, and died before it could say so.
    now = team.state.sharing.now()
    closing = ClosingState(team.state)
    apply(prepare(team.route, closing, now=now), team.route, closing, now=now, run=run)
    team.queue.run(team.worker().work, Stop())
    assert done(team.report(run)) == {"created": 3}


@pytest.mark.parametrize(("broken", "code"), [("sync_part", 0), ("close_run", 10), ("grouped", 10)])
def test_a_mistake_of_ours_does_not_keep_a_run_from_its_end(
    team: Team, monkeypatch: pytest.MonkeyPatch, broken: str, code: int
) -> None:
    def fail(*args: object, **how: object) -> None:
        raise ZeroDivisionError

    team.source.content = programme(1)
    monkeypatch.setattr(f"lms_bridge.scale.worker.{broken}", fail)
    report = team.run()
    assert exit_code([report]) == code
    # What the groups could not do is done at the closing.
    assert len(team.destination.all()) == (0 if broken == "grouped" else 3)


def test_a_run_can_be_cancelled_and_says_so(team: Team) -> None:
    team.source.content = programme(2)
    run = team.start()
    team.queue.run_while(team.worker().work, lambda job: job.step is Step.OPEN)
    assert cancel(run, [team.name], team.state, team.queue) == [team.name]
    team.queue.run(team.worker().work, Stop())
    assert team.destination.writes == 0
    assert team.report(run).stopped == "it was cancelled"
    assert [past.exit_code for past in team.state.history.last_runs(team.name)] == [10]
    assert exit_code([team.report(run)]) == 10


def told_of(team: Team, run: str) -> list[str]:
    """What the audit trail says about a run, without the keys."""
    return [line.deed for line in team.state.trail.lines() if (line.run, line.route) == (run, team.name)]


def test_the_trail_tells_each_change_of_a_shared_run_once_whoever_made_it(team: Team) -> None:
    team.source.content = programme(3)
    run = team.start()
    one, two = team.worker(), team.worker()
    turn = iter(range(1000))
    team.queue.run_while(lambda job: (one if next(turn) % 2 else two).work(job), lambda job: True)
    assert told_of(team, run) == ["create"] * 9 + ["run"]
    assert verify(team.state.trail.lines()).broken is None


def test_the_trail_tells_what_a_worker_finished_of_a_run_that_was_cancelled(team: Team) -> None:
    team.source.content = programme(2)
    run = team.start()
    worker = team.worker()
    team.queue.run_while(worker.work, lambda job: job.step is Step.OPEN)
    first, second, *_ = [job for job in team.queue.waiting if job.step is Step.PART]
    worker.work(first)
    whole = worker.read[team.name]
    places = team.state.sharing.groups.get(run, team.name, second.group)
    assert places
    cancel(run, [team.name], team.state, team.queue)
    before = told_of(team, run)
    assert before.count("cancel") == 1
    assert "create" in before
    sync_part(whole, places, team.state, now=team.state.sharing.now(), stop=Stop())
    assert told_of(team, run) == before, "until the next run of the route"
    team.run()
    assert told_of(team, run).count("create") > before.count("create")
    assert verify(team.state.trail.lines()).broken is None


def test_a_job_is_known_again_by_its_words() -> None:
    job = Job("20261126T172654Z-d89b34", "moodle", Step.PART, 7)
    assert Job.from_bytes(job.as_bytes()) == job
