"""Two of everything: one is synced alone, the other by workers in parts. Whatever happens to both, both are left alike,
and the same is told of them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from team_world import Team, done

from lms_bridge.items import Course, Item, Key, Kind
from lms_bridge.markup.links import item_href
from lms_bridge.sync.apply import apply
from lms_bridge.sync.policy import Deleted, Drift, Policy, Prune
from lms_bridge.sync.report import exit_code
from lms_bridge.sync.route import prepare
from lms_bridge.sync.run import Report
from lms_bridge.sync.state import State
from lms_bridge.testing.sample import make_item, make_page

pytestmark = pytest.mark.postgresql
COURSES = [Course(f"C{n}", f"Course {n}") for n in range(3)]
WORDS = ["One.", "Two.", "Three."]


@dataclass
class Life:
    """What is done to both: to one source, and by people's hands at each destination."""

    alone: Team
    shared: Team
    items: dict[Key, Item]

    def at_both(self, hand: Callable[[Team], object]) -> None:
        for team in (self.alone, self.shared):
            hand(team)

    def put(self, item: Item) -> None:
        self.items[item.key] = item

    def any_key(self, number: int) -> Key | None:
        keys = sorted(self.items)
        return keys[number % len(keys)] if keys else None


some_course, some_word, some_number = st.sampled_from(COURSES), st.sampled_from(WORDS), st.integers(0, 11)
some_name, some_kind = st.sampled_from("abc"), st.sampled_from([Kind.PAGE, Kind.PAGE, Kind.PROMPT, Kind.REVIEW])


def writes(life: Life, kind: Kind, course: Course, name: str, word: str) -> None:
    life.put(make_item(kind, course, name, word))


def links(life: Life, course: Course, name: str, there: Course, to: str) -> None:
    key = make_item(Kind.PAGE, there, to).key
    life.put(make_page(course, name, f'<p><a href="{item_href(key)}">That</a></p>'))


def drops(life: Life, key: Key) -> None:
    del life.items[key]


def renames(life: Life, key: Key) -> None:
    life.items[key] = replace(life.items[key], title="Another title")


def moves(life: Life, key: Key) -> None:
    life.items[key] = replace(life.items[key], course=COURSES[(COURSES.index(life.items[key].course) + 1) % 3])


def a_person_edits(life: Life, key: Key) -> None:
    life.at_both(lambda team: team.destination.edit(key, "<p>What a teacher wrote.</p>"))


def a_person_deletes(life: Life, key: Key) -> None:
    life.at_both(lambda team: team.destination.remove(key))


def it_is_refused(life: Life, key: Key) -> None:
    life.at_both(lambda team: team.destination.refused.add(key))


def a_person_writes(life: Life, kind: Kind, course: Course, name: str) -> None:
    title = f"Sample {kind.value} {name}"
    life.at_both(lambda team: team.destination.put(kind, course.idnumber, title, "<p>Mine.</p>"))


def a_place_is_closed(life: Life, kind: Kind, course: Course) -> None:
    life.at_both(lambda team: team.destination.closed.add(f"{kind.value}@{course.idnumber}"))


def all_is_well(life: Life) -> None:
    def mend(team: Team) -> None:
        team.destination.refused.clear()
        team.destination.closed.clear()

    life.at_both(mend)


TO_ONE = (drops, renames, moves, a_person_edits, a_person_deletes, it_is_refused)
DEEDS = st.one_of(
    st.tuples(st.just(writes), some_kind, some_course, some_name, some_word),
    st.tuples(st.just(writes), some_kind, some_course, some_name, some_word),
    st.tuples(st.just(links), some_course, some_name, some_course, some_name),
    st.tuples(st.just(a_person_writes), some_kind, some_course, some_name),
    st.tuples(st.just(a_place_is_closed), some_kind, some_course),
    st.tuples(st.just(all_is_well)),
    *(st.tuples(st.just(deed), some_number) for deed in TO_ONE),
)
POLICIES = st.builds(
    lambda prune, deleted, drift: Policy(
        prune=dict.fromkeys(Kind, prune), deleted=deleted, drift=dict.fromkeys(Kind, drift), places_at_once=1
    ),
    st.sampled_from(Prune),
    st.sampled_from(Deleted),
    st.sampled_from(Drift),
)


@contextmanager
def life(address: str, policy: Policy) -> Iterator[Life]:
    with State.open(address) as state:
        alone, shared = (Team(address, state, policy=policy) for _ in range(2))
        lived = Life(alone, shared, {})
        for course, there in zip(COURSES, [*COURSES[1:], COURSES[0]], strict=True):
            writes(lived, Kind.PAGE, course, "a", WORDS[0])
            links(lived, course, "b", there, "a")
        yield lived
        for each in (*alone.states, *shared.states):
            each.close()


def sync_alone(team: Team) -> Report:
    now = team.state.sharing.now()
    with team.state.lease(team.name):
        return apply(prepare(team.route, team.state, now=now), team.route, team.state, now=now)


def standing(team: Team) -> list[tuple[Any, ...]]:
    things = [(place, thing) for place, of in team.destination.things.items() for thing in of.values()]
    return sorted((place, t.mark or "", t.name, t.title, t.html, str(t.fields)) for place, t in things)


def known(team: Team) -> list[tuple[Any, ...]]:
    records = team.state.records(team.name)
    return sorted((r.place, r.key, r.name, r.title, r.fingerprint, r.drifted, r.deleted) for r in records)


def told(report: Report) -> dict[str, Any]:
    return {
        "summary": done(report),
        "failed": sorted(failure.key for failure in report.failures),
        "left": sorted((change.key, change.place.id, change.reason, change.conflict) for change in report.skipped),
        "exit": exit_code([report]),
    }


@example(policy=Policy(places_at_once=1), days=[[], [(moves, 1)]])
@example(policy=Policy(places_at_once=1), days=[[], [(a_person_deletes, 2)], [(it_is_refused, 0), (drops, 0)]])
@given(policy=POLICIES, days=st.lists(st.lists(DEEDS, max_size=6), min_size=1, max_size=3))
@settings(
    max_examples=30,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_what_workers_share_is_left_and_told_as_by_a_sync_alone(
    postgresql_server: str, policy: Policy, days: list[list[tuple[Any, ...]]]
) -> None:
    with life(postgresql_server, policy) as lived:
        for deeds in days:
            for deed, *about in deeds:
                if deed in TO_ONE:
                    about = [key] if (key := lived.any_key(*about)) is not None else []
                if about or deed is all_is_well:
                    deed(lived, *about)
            lived.at_both(lambda team: setattr(team.source, "content", list(lived.items.values())))
            alone, shared = sync_alone(lived.alone), lived.shared.run()
            assert told(shared) == told(alone)
            assert standing(lived.shared) == standing(lived.alone)
            assert known(lived.shared) == known(lived.alone)
