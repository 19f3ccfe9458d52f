"""Random edits on both sides, lost answers, crashes and lost states: the promises hold after any of them."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from lms_bridge.items import Course, Item, Kind, Page
from lms_bridge.markup.links import item_href
from lms_bridge.sync.apply import apply
from lms_bridge.sync.policy import Deleted, Drift, Policy, Prune, Refresh
from lms_bridge.sync.report import writes
from lms_bridge.sync.route import prepare
from lms_bridge.sync.state import State
from lms_bridge.testing.bench import Bench
from lms_bridge.testing.memory import MemoryDestination
from lms_bridge.testing.memory_source import MemorySource
from lms_bridge.testing.sample import SOURCE, make_item, make_page, make_prompt

COURSES = (Course("BIO-101", "Cell Biology"), Course("ECO-200", "Ecology"))
NAMES = st.sampled_from(["a", "b", "c", "d"])
WORDS = st.sampled_from(["One.", "Two.", "Three."])
KINDS = st.sampled_from([Kind.PAGE, Kind.PROMPT, Kind.REVIEW])
POLICIES = st.builds(
    lambda drift, deleted, prune, refresh: Policy(
        drift=dict.fromkeys(Kind, drift),
        deleted=deleted,
        prune=dict.fromkeys(Kind, prune),
        refresh=refresh,
        places_at_once=2,
    ),
    st.sampled_from(Drift),
    st.sampled_from(Deleted),
    st.sampled_from(Prune),
    st.sampled_from([Refresh.ALWAYS, Refresh.DAILY]),
)


class Killed(BaseException):
    """Stands for `kill -9`: nothing may catch it."""


class Mortal(State):
    """A state whose process dies at its n-th transaction: before it is committed, or right after."""

    lives = 0
    commits = False

    @contextmanager
    def _transaction(self, *, on_disk: bool = False) -> Iterator[Any]:
        self.lives -= 1
        if self.lives < 0 and not self.commits:
            raise Killed
        with super()._transaction(on_disk=on_disk) as connection:
            yield connection
        if self.lives < 0:
            raise Killed


@cache
def empty_state() -> bytes:
    """A fresh state file: making it anew each time would be most of this test's time."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "state.sqlite"
        State.open(file).close()
        return file.read_bytes()


class Life(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        # In memory where there is such a folder: each commit is waited for, and that is most of the time.
        self.folder = tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None)  # noqa: S108
        self.there = MemoryDestination()
        self.bench = Bench(self.there, Path(self.folder.name), MemorySource(SOURCE))
        self.bench.file.write_bytes(empty_state())
        self.items: dict[str, Item] = {}
        self.foreign: list[str] = []

    def teardown(self) -> None:
        self.folder.cleanup()

    @initialize(policy=POLICIES)
    def choose(self, policy: Policy) -> None:
        self.policy = policy

    def put(self, item: Item) -> None:
        self.items[item.key] = item
        self.bench.fill(*self.items.values())

    @rule(kind=KINDS, name=NAMES, words=WORDS, course=st.sampled_from(COURSES))
    def the_source_says(self, kind: Kind, name: str, words: str, course: Course) -> None:
        self.put(make_item(kind, course, name, words))

    @rule(name=NAMES, to=NAMES)
    def a_page_links_to_another(self, name: str, to: str) -> None:
        target = make_item(Kind.PAGE, COURSES[0], to)
        self.put(make_page(COURSES[0], name, f'<p>See <a href="{item_href(target.key)}">that</a>.</p>'))

    @rule(hours=st.integers(1, 48))
    def a_prompt_is_due_later(self, hours: int) -> None:
        self.put(make_prompt(COURSES[0], "later", publish=self.bench.now + timedelta(hours=hours)))

    @precondition(lambda self: self.items)
    @rule(data=st.data(), title=st.sampled_from(["New title", "Sample page a"]))
    def the_source_renames(self, data: st.DataObject, title: str) -> None:
        key = data.draw(st.sampled_from(sorted(self.items)))
        self.put(replace(self.items[key], title=title))

    @precondition(lambda self: self.items)
    @rule(data=st.data())
    def the_source_drops(self, data: st.DataObject) -> None:
        del self.items[data.draw(st.sampled_from(sorted(self.items)))]
        self.bench.fill(*self.items.values())

    @rule(hours=st.integers(1, 30))
    def time_passes(self, hours: int) -> None:
        self.bench.now += timedelta(hours=hours)

    @precondition(lambda self: self.items)
    @rule(data=st.data(), words=WORDS)
    def a_person_edits(self, data: st.DataObject, words: str) -> None:
        self.there.edit(data.draw(st.sampled_from(sorted(self.items))), f"<p>{words}</p>")

    @precondition(lambda self: self.items)
    @rule(data=st.data())
    def a_person_deletes(self, data: st.DataObject) -> None:
        self.there.remove(data.draw(st.sampled_from(sorted(self.items))))

    @rule(name=NAMES)
    def a_person_writes_something_of_their_own(self, name: str) -> None:
        self.foreign.append(self.there.put(Kind.PAGE, "BIO-101", f"Sample page {name}", "<p>Mine.</p>"))

    @precondition(lambda self: self.items)
    @rule(data=st.data())
    def an_answer_will_be_lost(self, data: st.DataObject) -> None:
        self.there.lost.add(data.draw(st.sampled_from(sorted(self.items))))

    @rule()
    def the_state_is_lost(self) -> None:
        self.bench.lose_state()
        self.bench.file.write_bytes(empty_state())

    @rule(lives=st.integers(0, 25), commits=st.booleans())
    def a_sync_is_killed(self, lives: int, commits: bool) -> None:
        route = self.bench.route(self.policy)
        with Mortal.open(self.bench.file) as state:
            state.lives, state.commits = lives, commits
            try:
                apply(prepare(route, state, now=self.bench.now), route, state, now=self.bench.now)
            except Killed:
                return

    @rule()
    def a_sync(self) -> None:
        standing = {t.ref: (t.html, t.version) for t in self.there.all()}
        drifted = self.drifted() if self.policy.drift_of(Kind.PAGE) is Drift.REPORT else {}
        self.bench.sync(self.policy)
        now = {t.ref: (t.html, t.version) for t in self.there.all()}
        for ref in drifted:
            assert now[ref] == standing[ref], "a person's words were written over"

    def drifted(self) -> set[str]:
        """Entries whose last change was a person's."""
        with State.open(self.bench.file) as state:
            known = {r.ref: r for r in state.records("bench") if not r.deleted}
        return {ref for ref, record in known.items() if record.drifted and record.version == self._version(ref)}

    def _version(self, ref: str) -> str:
        return next((str(thing.version) for thing in self.there.all() if thing.ref == ref), "")

    @rule()
    def two_syncs_in_a_row(self) -> None:
        self.there.lost.clear()
        self.bench.sync(self.policy, approve=True)
        second = self.bench.sync(self.policy, approve=True)
        assert writes(second) == 0
        assert second.failures == ()
        with State.open(self.bench.file) as state:
            records = [record for record in state.records("bench") if not record.deleted]
            assert state.open_intents("bench") == []
        refs = {thing.ref: thing for thing in self.there.all()}
        # An empty source says nothing, so nothing is forgotten for its sake.
        for record in records if self.items else []:
            assert record.ref in refs, "a live record has no entry"
        if self.policy.drift_of(Kind.PAGE) is Drift.OVERWRITE:
            self.everything_reads_as_the_source_says()

    def everything_reads_as_the_source_says(self) -> None:
        for key, item in self.items.items():
            if isinstance(item, Page) and "item:" not in item.body:
                assert all(thing.html == item.body for thing in self.there.find(key))

    @invariant()
    def nothing_stands_there_twice(self) -> None:
        for place in self.there.things.values():
            marks = [thing.mark for thing in place.values() if thing.mark is not None]
            assert len(marks) == len(set(marks))

    @invariant()
    def what_is_not_ours_is_untouched(self) -> None:
        mine = {thing.ref: thing.html for thing in self.there.all() if thing.mark is None}
        assert mine == dict.fromkeys(self.foreign, "<p>Mine.</p>")


TestLife = pytest.mark.timeout(600)(Life.TestCase)
TestLife.settings = settings(
    max_examples=40,
    stateful_step_count=25,
    deadline=None,
    derandomize=True,
    # A failing life is short enough to be read, and shrinking it takes minutes.
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
