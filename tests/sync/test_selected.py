"""Of a selection only that is looked at, and what it hangs on; and nobody can tell."""

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from folder_edits import (
    ASK,
    BEGIN,
    CELLS,
    MORE_THAN_A_TEXT,
    ROOTS,
    another_name,
    beside,
    filled,
    more,
    one_page_less,
    write,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from quiet_world import DAILY, NEVER, Desk, Watched

from lms_bridge.connector import Change, Meant, Part
from lms_bridge.errors import SourceError
from lms_bridge.items import Kind, Page, Prompt
from lms_bridge.sources.files import outline, parts
from lms_bridge.sync import route
from lms_bridge.sync.policy import Drift, Limits, Policy, Refresh
from lms_bridge.sync.route import prepare
from lms_bridge.sync.run import Plan
from lms_bridge.sync.selected import prepare_selected
from lms_bridge.sync.state import State

pytestmark = pytest.mark.usefixtures("touched_long_ago")

ALWAYS = Policy(refresh=Refresh.ALWAYS)
OVERWRITE = replace(ALWAYS, drift=dict.fromkeys(Kind, Drift.OVERWRITE))
SOIL, WOODS, TALK = "ECO-7/wiki/soil.md", "ECO-7/wiki/woods.md", "ECO-7/prompts/talk.md"
BESIDES = {
    SOIL: "---\nparent: Roots\norder: 3\n---\n# Soil\n\nAs [[Roots]], and not [there](../../BIO-101/wiki/cells.md).\n",
    TALK: "---\npublish: 2026-11-23 12:00:00+00:00\n---\n# Talk\n\nOf [woods](../wiki/woods.md).\n",
    "ECO-7/wiki/of-a.md": "---\ngroup: A\n---\n# Of A\n\nTheirs.\n",
    "ART-1/ratings.csv": "rater,stars,comment,date\nann,2,Dull,2026-03-02\nben,4,Fine,2026-03-02\n",
}
TEXTS = {**BEGIN, **BESIDES}
SELECTIONS = (
    ("course:BIO-101",),
    ("course:*-?", "page:Roots"),
    ("page:*",),
    ("page:biology",),
    ("page:ECO-7",),
    ("page:ECO-7/index@A",),
    ("prompt:*",),
    ("review:*",),
    ("rating:ART-1*",),
    ("programme:ECO-7/wiki/soil",),
    ("programme:ECO-7/wiki/woods", "programme:BIO-101/rating"),
    ("programme:BIO-101/index",),
    ("programme:ECO-7/index",),
    ("page:nothing",),
)


@pytest.fixture(autouse=True, scope="module")
def large() -> Iterator[None]:
    """Any route is a large one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(route, "_FEW", 0)
        yield


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return filled(tmp_path, besides=BESIDES)


def plan(desk: Desk, *only: str) -> tuple[Plan, bool]:
    """As a run of a selection has it, and whether the folder was read as a whole."""
    source = desk.source()
    with State.open(desk.folder / "state.sqlite") as state:
        return prepare_selected(desk.route(source), state, only, now=desk.now), source.readings > 0


def plan_by_everything(desk: Desk, *only: str) -> Plan:
    with State.open(desk.folder / "state.sqlite") as state:
        return prepare(desk.route(replace(desk, remembers=False).source()), state, now=desk.now, only=only)


def seen(plan: Plan) -> dict[str, Any]:
    """All that readers of a plan, and a sync by it, go by."""
    return {
        "changes": [_seen(change) for change in plan.changes],
        "in step": [_seen(change) for change in plan.in_step],
        "told": (plan.checksum, plan.selected, plan.cost, plan.approvals, plan.notices),
        "refreshed": sorted(plan.refreshed, key=lambda record: record.key),
        "texts": {change.key: plan.texts.get(change.key) for change in plan.changes},
    }


def _seen(change: Change) -> Change:
    """Images are loaded from where they lie, each time by another function."""
    payload = change.payload
    return replace(change, payload=replace(payload, assets=()) if payload is not None else None)


@pytest.mark.parametrize("policy", [NEVER, ALWAYS], ids=["never", "always"])
@pytest.mark.parametrize("only", SELECTIONS)
def test_a_selection_has_the_plan_that_a_look_at_everything_has(
    desk: Desk, only: tuple[str, ...], policy: Policy
) -> None:
    desk.policy = policy
    for name in (CELLS, ASK, SOIL):
        write(desk, name, f"{TEXTS[name]}\nOnce more, as [[Woods]] says.\n")
    found, looked = plan(desk, *only)
    assert seen(found) == seen(plan_by_everything(desk, *only))
    assert not looked


def test_no_text_of_anything_else_is_given_and_no_other_place_is_listed(desk: Desk) -> None:
    desk.policy = ALWAYS
    asked: list[Part | None] = []

    class Asked(Watched):
        def part(self, meant: Meant) -> Part | None:
            asked.append(super().part(meant))
            return asked[-1]

    source = desk.source()
    source.__class__ = Asked
    listed = desk.there.counts["entries"]
    with State.open(desk.folder / "state.sqlite") as state:
        found = prepare_selected(desk.route(source), state, ["page:Woods"], now=desk.now)
    (part,) = asked
    assert part is not None
    with_text = [item.title for item in part.items if isinstance(item, Page | Prompt) and item.body]
    assert (with_text, found.selected, [place.id for place in found.listed]) == (["Woods"], 1, ["page@ECO-7"])
    assert desk.there.counts["entries"] == listed + 1


def test_what_stands_without_an_item_counts_for_the_limits_of_a_selection_as_well(desk: Desk) -> None:
    for gone in (SOIL, TALK):
        (desk.content / gone).unlink()
    write(desk, WOODS, f"{TEXTS[WOODS]}\nOnce more.\n")
    with State.open(desk.folder / "state.sqlite") as state:
        records = [record for record in state.records("route") if record.course == "ECO-7" and record.kind is Kind.PAGE]
    updates = Counter(change.place.id for change in plan(desk, "course:ECO-7")[0].changes if change.action == "update")
    place, count = updates.most_common(1)[0]
    standing = sum(record.place == place for record in records)
    desk.policy = replace(NEVER, limits=Limits(update_share=count / standing + 0.001, population=1))
    found, looked = plan(desk, "course:ECO-7")
    assert (found.approvals, looked) == ((), False)
    desk.policy = replace(NEVER, limits=Limits(update_share=count / standing - 0.001, population=1))
    assert plan(desk, "course:ECO-7")[0].approvals


def test_what_was_synced_by_a_selection_stands_as_a_sync_of_everything_leaves_it(desk: Desk) -> None:
    write(desk, WOODS, f"{TEXTS[WOODS]}\nMore of [[Soil]].\n")
    more(desk)
    report, looked = desk.sync(["page:Woods"])
    assert (looked, [outcome.change.title for outcome in report.done]) == (False, ["Woods"])
    report, _ = desk.sync()
    assert [outcome.change.title for outcome in report.done] == ["Roots"]
    assert desk.sync()[0].outcomes == ()


@pytest.mark.parametrize("change", MORE_THAN_A_TEXT)
def test_whatever_else_happened_a_selection_has_the_plan_that_a_look_at_everything_has(
    desk: Desk, change: Callable[[Desk], None]
) -> None:
    change(desk)
    for only in SELECTIONS:
        assert seen(plan(desk, *only)[0]) == seen(plan_by_everything(desk, *only))


@pytest.mark.parametrize(
    ("what", "most"), [(parts, 1), (outline, 1)], ids=["too much is meant", "too much was touched"]
)
def test_of_too_much_everything_is_looked_at(desk: Desk, monkeypatch: pytest.MonkeyPatch, what: Any, most: int) -> None:
    for name in (CELLS, ROOTS):
        write(desk, name, f"{TEXTS[name]}\nMore.\n")
    monkeypatch.setattr(what, "_MOST", most)
    assert plan(desk, "course:BIO-101")[1]


@pytest.mark.parametrize("error", [SourceError("is not there."), KeyError("a slip")])
def test_a_source_that_cannot_give_a_part_is_listed(desk: Desk, error: Exception) -> None:
    class Failing(Watched):
        def part(self, meant: Meant) -> Part | None:
            raise error

    source = desk.source()
    source.__class__ = Failing
    with State.open(desk.folder / "state.sqlite") as state:
        assert prepare_selected(desk.route(source), state, ["page:Woods"], now=desk.now).selected == 1
    assert source.readings == 1


def test_a_memory_that_lost_a_course_has_everything_looked_at(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(known: outline.Outline, home: str) -> Any:
        raise outline.Lost

    monkeypatch.setattr(outline.Outline, "passing", lost)
    assert plan(desk, "page:Woods")[1]


def sync(desk: Desk) -> None:
    desk.sync()


def sync_some(desk: Desk) -> None:
    desk.sync(["page:*s"])


def lose_an_answer(desk: Desk) -> None:
    desk.there.lose_next = True
    more(desk)
    desk.sync(["page:Roots"])
    desk.there.lose_next = False


def take_a_mark_away(desk: Desk) -> None:
    for thing in desk.there.all():
        thing.mark = None if thing.title == "Soil" else thing.mark


def lose_the_state(desk: Desk) -> None:
    (desk.folder / "state.sqlite").unlink(missing_ok=True)


def an_hour_later(desk: Desk) -> None:
    desk.now = desk.now.replace(hour=desk.now.hour + 1)


FILES = st.sampled_from((CELLS, ROOTS, ASK, SOIL, WOODS, TALK))
NEED_WOODS = (another_name, one_page_less)
LIFE = st.lists(
    st.one_of(
        st.tuples(FILES, st.sampled_from(("See [[Soil]].", "[[Ask]]", ""))),
        st.sampled_from((
            *MORE_THAN_A_TEXT[:-1], sync, sync, sync, sync_some, lose_an_answer, take_a_mark_away, lose_the_state,
            an_hour_later, beside,
        )),
    ),
    max_size=7,
)  # fmt: skip


@settings(max_examples=20, deadline=None)
@given(
    LIFE,
    st.sampled_from((NEVER, DAILY, ALWAYS, OVERWRITE)),
    st.lists(st.sampled_from(SELECTIONS), min_size=3, max_size=5),
)
def test_whatever_the_life_before_was_a_selection_has_the_plan_that_a_look_at_everything_has(
    life: list[Any], policy: Policy, selections: list[tuple[str, ...]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        desk = filled(Path(folder), besides=BESIDES)
        desk.policy = policy
        for step in life:
            match step:
                case str(name), str(words):
                    write(desk, name, f"{TEXTS[name]}\n{words}\n")
                case change if change not in NEED_WOODS or (desk.content / WOODS).exists():
                    change(desk)
        for only in selections:
            assert seen(plan(desk, *only)[0]) == seen(plan_by_everything(desk, *only))
