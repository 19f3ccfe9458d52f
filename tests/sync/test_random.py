"""Random lives: edits on both sides, lost and refused answers, crashes, lost states, odd clocks and odd versions.

Whatever happened, the promises hold: nothing stands there twice, nothing that a person typed is lost, a quiet sync
changes nothing, and once the troubles are over everything is in step.
"""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from random_world import Fate, Killed, MortalState, Troubled, Typed, remembered, text_of

from lms_bridge.audit.chain import verify
from lms_bridge.audit.line import Deed
from lms_bridge.items import Course, Item, Key, Kind, Page, Review
from lms_bridge.markup.links import item_href
from lms_bridge.sync.apply import apply
from lms_bridge.sync.policy import Answer, Deleted, Drift, Limits, Policy, Prune, Refresh
from lms_bridge.sync.report import writes
from lms_bridge.sync.route import prepare
from lms_bridge.sync.run import Plan, Report
from lms_bridge.sync.state import State
from lms_bridge.testing.bench import Bench, empty_state
from lms_bridge.testing.memory import Thing, place_ref
from lms_bridge.testing.memory_source import MemorySource
from lms_bridge.testing.sample import SOURCE, make_item, make_page, make_prompt

COURSES = (Course("BIO-101", "Cell Biology"), Course("ECO-200", "Ecology"))
NAMES = st.sampled_from(["a", "b", "c"])
WORDS = st.sampled_from(["One.", "Two.", "Three."])
KINDS = st.sampled_from([Kind.PAGE, Kind.PAGE, Kind.PROMPT, Kind.REVIEW, Kind.RATING])
PLACES = st.sampled_from([place_ref(kind, course.idnumber).id for kind in Kind for course in COURSES])
POLICIES = st.builds(
    lambda drift, deleted, prune, refresh, deletes: Policy(
        drift=dict.fromkeys(Kind, drift),
        deleted=deleted,
        prune=dict.fromkeys(Kind, prune),
        limits=Limits(deletes=deletes, population=2),
        refresh=refresh,
        # One after the other: the same life takes the same course each time.
        places_at_once=1,
    ),
    st.sampled_from(Drift),
    st.sampled_from(Deleted),
    st.sampled_from(Prune),
    st.sampled_from(Refresh),
    st.integers(0, 2),
)
SOON = 2
"""Syncs after which everything is in step, whatever happened before."""
some_item = precondition(lambda life: life.items)
some_thing = precondition(lambda life: life.there.all())


class Life(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        # In memory where there is such a folder: each commit is waited for, and that is most of the time.
        self.folder = tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None)  # noqa: S108
        self.there = Troubled()
        self.bench = Bench(self.there, Path(self.folder.name), MemorySource(SOURCE))
        self.bench.file.write_bytes(empty_state())
        self.latest = self.bench.now
        self.items: dict[Key, Item] = {}
        self.typed = Typed()
        self.own: dict[str, str] = {}
        self.runs = 0

    def teardown(self) -> None:
        try:
            self.the_troubles_are_over()
        finally:
            self.folder.cleanup()

    @initialize(policy=POLICIES)
    def choose(self, policy: Policy) -> None:
        self.policy = policy

    # The source

    def put(self, *items: Item) -> None:
        self.items |= {item.key: item for item in items}
        self.bench.fill(*self.items.values())

    @rule(kind=KINDS, name=NAMES, words=WORDS, course=st.sampled_from(COURSES))
    def the_source_says(self, kind: Kind, name: str, words: str, course: Course) -> None:
        self.put(make_item(kind, course, name, words))

    @rule(name=NAMES, to=NAMES)
    def a_page_links_to_another(self, name: str, to: str) -> None:
        target = make_item(Kind.PAGE, COURSES[0], to)
        self.put(make_page(COURSES[0], name, f'<p>See <a href="{item_href(target.key)}">that</a>.</p>'))

    @rule(name=NAMES, parent=NAMES)
    def a_page_stands_below_another(self, name: str, parent: str) -> None:
        above = make_item(Kind.PAGE, COURSES[0], parent)
        self.put(replace(make_page(COURSES[0], name, "<p>Below.</p>"), parent=None if name == parent else above.key))

    @rule(hours=st.integers(1, 48))
    def a_prompt_is_due_later(self, hours: int) -> None:
        self.put(make_prompt(COURSES[0], "later", publish=self.bench.now + timedelta(hours=hours)))

    @some_item
    @rule(data=st.data(), title=st.sampled_from(["New title", "Sample page a"]))
    def the_source_renames(self, data: st.DataObject, title: str) -> None:
        self.put(replace(self.items[self.draw_key(data)], title=title))

    @some_item
    @rule(data=st.data(), name=NAMES)
    def the_source_renames_and_forgets_the_id(self, data: st.DataObject, name: str) -> None:
        old = self.items.pop(self.draw_key(data))
        self.put(replace(make_item(old.kind, old.course, f"{name}-renamed"), title=old.title))

    @some_item
    @rule(data=st.data(), course=st.sampled_from(COURSES))
    def the_source_moves(self, data: st.DataObject, course: Course) -> None:
        item = self.items[self.draw_key(data)]
        self.put(item if item.kind is Kind.RATING else replace(item, course=course))

    @some_item
    @rule(data=st.data())
    def the_source_drops(self, data: st.DataObject) -> None:
        del self.items[self.draw_key(data)]
        self.put()

    # People

    @some_thing
    @rule(data=st.data(), adds=st.booleans())
    def a_person_edits(self, data: st.DataObject, adds: bool) -> None:
        self.edit(self.draw_thing(data), adds=adds)

    def edit(self, thing: Thing, *, adds: bool) -> None:
        word = self.typed.word()
        with self.a_person_at(thing):
            if "comment" in thing.fields:
                thing.fields = {**thing.fields, "comment": f"{thing.fields['comment']} {word}" if adds else word}
            else:
                thing.html = f"{thing.html}<p>{word}</p>" if adds else f"<p>{word}</p>"

    @some_thing
    @rule(data=st.data())
    def a_person_gives_another_title(self, data: st.DataObject) -> None:
        thing = self.draw_thing(data)
        with self.a_person_at(thing):
            thing.title = f"Titled {self.typed.word()}"

    @some_thing
    @rule(data=st.data())
    def a_person_deletes(self, data: st.DataObject) -> None:
        thing = self.draw_thing(data)
        self.typed.replaced(text_of(thing), "")
        self.own.pop(thing.ref, None)
        for place in self.there.things.values():
            place.pop(thing.ref, None)

    @rule(kind=KINDS, name=NAMES, course=st.sampled_from(COURSES))
    def a_person_writes_something_of_their_own(self, kind: Kind, name: str, course: Course) -> None:
        word = self.typed.word()
        ref = self.there.put(kind, course.idnumber, f"Sample {kind.value} {name}", f"<p>{word}</p>")
        self.typed.replaced("", word)
        self.own[ref] = text_of(self.there.things[place_ref(kind, course.idnumber).id][ref])

    @rule(data=st.data(), answer=st.sampled_from(Answer))
    def a_person_decides(self, data: st.DataObject, answer: Answer) -> None:
        with State.open(self.bench.file) as state:
            waiting = sorted({review.key for review in state.history.reviews("bench")})
        if waiting:
            key = data.draw(st.sampled_from(waiting))
            for thing in self.there.find(key) if answer is Answer.OURS else ():
                self.typed.replaced(text_of(thing), "")
            self.sync(answers={key: answer})

    # Troubles

    @some_item
    @rule(data=st.data())
    def an_answer_will_be_lost(self, data: st.DataObject) -> None:
        self.there.lost.add(self.draw_key(data))

    @some_item
    @rule(data=st.data())
    def a_write_will_be_refused(self, data: st.DataObject) -> None:
        self.there.refused.add(self.draw_key(data))

    @rule(place=PLACES, after=st.integers(0, 3))
    def a_place_will_send_everybody_away(self, place: str, after: int) -> None:
        self.there.busy[place] = after

    @rule(place=PLACES)
    def a_place_cannot_be_listed(self, place: str) -> None:
        self.there.closed.add(place)

    @some_thing
    @rule(data=st.data(), missing=st.booleans())
    def versions_are_not_to_be_trusted(self, data: st.DataObject, missing: bool) -> None:
        mark = self.draw_thing(data).mark
        if mark is not None:
            (self.there.versionless if missing else self.there.flaky).add(mark)

    @rule()
    def the_worst_passes(self) -> None:
        self.there.calm_down()

    @rule()
    def the_state_is_lost(self) -> None:
        self.bench.lose_state()
        self.bench.file.write_bytes(empty_state())
        # What only the state still knew is lost with it.
        self.typed.words -= self.typed.lost(map(text_of, self.there.all()))

    @rule(hours=st.integers(-72, 72))
    def the_clock_steps(self, hours: int) -> None:
        self.bench.now += timedelta(hours=hours)
        self.latest = max(self.latest, self.bench.now)

    # Runs

    @rule(approve=st.booleans())
    def a_sync(self, approve: bool) -> None:
        self.sync(approve=approve)

    @rule(boundaries=st.integers(0, 80), approve=st.booleans())
    def a_sync_is_killed(self, boundaries: int, approve: bool) -> None:
        self.sync(fate=Fate(boundaries), approve=approve)

    @some_thing
    @rule(data=st.data())
    def a_person_is_faster_than_a_sync(self, data: st.DataObject) -> None:
        """Between the plan and the writing of it."""
        thing = self.draw_thing(data)
        self.sync(between=lambda: self.edit(thing, adds=True))

    def sync(
        self,
        *,
        fate: Fate | None = None,
        approve: bool = False,
        answers: Mapping[Key, Answer] | None = None,
        between: Callable[[], None] = lambda: None,
    ) -> tuple[Plan, Report] | None:
        route = self.bench.route(self.policy)
        now = self.bench.now
        # Names by chance would put runs of one moment in an order by chance, and a kill elsewhere in the same life.
        self.runs += 1
        run = f"{now:%Y%m%dT%H%M%SZ}-{self.runs:06x}"
        with MortalState.open(self.bench.file) as state, state.lease(route.name):
            self.there.fate = fate or Fate()
            state.meet(self.there.fate)
            try:
                plan = prepare(route, state, now=now, answers=answers or {})
                between()
                return plan, apply(plan, route, state, now=now, run=run, approve=approve)
            except Killed:
                return None
            finally:
                self.there.fate = Fate()

    # What always holds

    @invariant()
    def nothing_stands_there_twice(self) -> None:
        for place in self.there.things.values():
            marks = [thing.mark for thing in place.values() if thing.mark is not None]
            assert len(marks) == len(set(marks))

    @invariant()
    def nothing_that_a_person_typed_is_lost(self) -> None:
        lost = self.typed.lost(map(text_of, self.there.all()))
        if lost and self.policy.drift_of(Kind.PAGE) is not Drift.OVERWRITE:
            assert not self.typed.lost([*map(text_of, self.there.all()), remembered(self.bench.file)])

    @invariant()
    def what_is_not_ours_is_untouched(self) -> None:
        there = {thing.ref: text_of(thing) for thing in self.there.all() if thing.ref in self.own}
        assert there == self.own

    def the_troubles_are_over(self) -> None:
        """The end of every life: soon everything is in step, and another sync has nothing to do."""
        self.there.calm_down()
        self.bench.now = self.latest + timedelta(days=3)
        self.policy = replace(self.policy, refresh=Refresh.ALWAYS)
        # What was adopted is known for a person's only then, and what is kept beside ours is written by the next.
        for _ in range(SOON):
            assert self.sync(approve=True) is not None
        self.nothing_stands_there_twice()
        self.nothing_that_a_person_typed_is_lost()
        self.what_is_not_ours_is_untouched()
        before = [replace(thing) for thing in self.there.all()]
        told = self.sync(approve=True)
        assert told is not None
        plan, report = told
        assert not plan.pending, [(change.action.value, change.key, change.reason) for change in plan.pending]
        assert (report.failures, writes(report)) == ((), 0)
        assert self.there.all() == before
        self.everything_is_in_step()
        self.the_trail_tells_each_write_once()

    def the_trail_tells_each_write_once(self) -> None:
        with State.open(self.bench.file) as state:
            lines = list(state.trail.lines())
            runs = [past.run for past in state.history.last_runs(self.bench.name, 10_000)]
            wrote = {run: [row["action"] for row in _written(state, self.bench.name, run)] for run in runs}
        assert verify(lines).broken is None
        deeds = set(Deed)
        assert {run: [x.deed for x in lines if x.run == run and x.deed not in deeds] for run in runs} == wrote

    def everything_is_in_step(self) -> None:
        with State.open(self.bench.file) as state:
            records = {(record.place, record.key): record for record in state.records("bench")}
            conflicts = {review.key for review in state.history.reviews("bench")}
            # Where somebody has to decide, the decision is what closes them.
            left = [(one.action, one.key, one.run) for one in state.open_intents("bench") if one.key not in conflicts]
            assert not left, f"the end of these writes is still not known: {left}"
        for (place, key), record in records.items():
            # An empty source says nothing, so nothing is forgotten for its sake. Where a person put something of their
            # own in the place of what they deleted, somebody has to decide.
            if self.items and not record.deleted and key not in conflicts:
                assert record.ref in self.there.things[place], f"the record of {key} has no entry"
        for key, item in self.items.items():
            place = place_ref(item.kind, item.course.idnumber).id
            record = records.get((place, key))
            found = self.there.bearing(key, place)
            gone = record is not None and record.deleted and self.policy.deleted is Deleted.RESPECT
            assert len(found) == 1 or gone or key in conflicts, f"{key} does not stand there"
            if found and record is not None and not record.drifted and key not in conflicts:
                assert _words(item) in text_of(found[0]), f"{key} does not say what its item says"

    # Drawing

    def draw_key(self, data: st.DataObject) -> Key:
        return data.draw(st.sampled_from(sorted(self.items)))

    def draw_thing(self, data: st.DataObject) -> Thing:
        things = {thing.ref: thing for thing in self.there.all()}
        return things[data.draw(st.sampled_from(sorted(things)))]

    @contextmanager
    def a_person_at(self, thing: Thing) -> Iterator[None]:
        """What stands there afterwards was saved by a person."""
        old = text_of(thing)
        yield
        thing.version += 1
        self.typed.replaced(old, text_of(thing))
        if thing.ref in self.own:
            self.own[thing.ref] = text_of(thing)


def _written(state: State, route: str, run: str) -> list[dict[str, Any]]:
    return [row for row in state.history.outcomes(run, route) if row["status"] in ("done", "ambiguous")]


def _words(item: Item) -> str:
    match item:
        case Page():
            return item.title
        case Review():
            return item.comment
        case _:
            return ""


def test_a_killed_sync_reaches_nothing_beyond_its_boundary(tmp_path: Path) -> None:
    """So that the lives above are worth something: a kill at each boundary there is leaves more and more behind."""
    left: list[tuple[int, int]] = []
    for boundaries in range(200):
        life = Life()
        life.choose(Policy(places_at_once=1))
        life.put(make_item(Kind.PAGE, COURSES[0]), make_item(Kind.PROMPT, COURSES[0]))
        ended = life.sync(fate=Fate(boundaries)) is not None
        with State.open(life.bench.file) as state:
            left.append((len(life.there.all()), len(state.records("bench"))))
        life.folder.cleanup()
        if ended:
            break
    assert left == sorted(left)
    assert sorted(set(left)) == [(0, 0), (1, 0), (1, 1), (2, 1), (2, 2), (3, 2), (3, 3)]


settings.register_profile(
    "quick",
    max_examples=60,
    stateful_step_count=25,
    deadline=None,
    derandomize=True,
    database=None,
    # A failing life is short enough to be read, and shrinking it takes minutes.
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
settings.register_profile(
    "long",
    parent=settings.get_profile("quick"),
    max_examples=2000,
    stateful_step_count=50,
    derandomize=False,
    print_blob=True,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
)


class TestLife(Life.TestCase):
    settings = settings.get_profile("quick")


@pytest.mark.crash
@pytest.mark.timeout(1800)
class TestLongLife(Life.TestCase):
    settings = settings.get_profile("long")
