"""What became of many changes is kept as it would be of one after the other."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from test_state import CHANGE, INTENT, NOW, PLACE, RECORD

from lms_bridge.connector import Action, Body, Change, Outcome, Status
from lms_bridge.errors import Problem
from lms_bridge.sync import state_schema as tables
from lms_bridge.sync.intent import Image, Settled
from lms_bridge.sync.state import State

TOGETHER, APART = "together", "apart"
STOOD = Body(title="Cells", html="<p>Ann's words.</p>")
REFUSED = Problem("It was refused.", "s:a", "Sync again.")


def change(key: str, action: Action = Action.CREATE) -> Change:
    return replace(CHANGE, key=key, action=action, before=STOOD if action is not Action.CREATE else None)


def image(of: Change) -> Image:
    return Image(
        place=PLACE.id,
        key=of.key,
        action=of.action,
        ref="17",
        before=of.before,
        record_before=RECORD if of.before else None,
        digest_after="after",
    )


def settled(key: str, action: Action, status: Status, **how: Any) -> Settled:
    made = change(key, action)
    problem = None if status is Status.DONE else REFUSED
    kept = image(made) if how.pop("keep", False) else None
    record = replace(RECORD, key=key, version="4") if how.pop("stands", False) else None
    return Settled(outcome=Outcome(change=made, status=status, problem=problem), record=record, image=kept, **how)


MANY = [
    settled("new", Action.CREATE, Status.DONE, stands=True, keep=True),
    settled("changed", Action.UPDATE, Status.DONE, stands=True, keep=True, before="b"),
    settled("merged", Action.MERGE, Status.DONE, stands=True, keep=True, before="b"),
    settled("adopted", Action.ADOPT, Status.DONE, stands=True),
    settled("deleted", Action.DELETE, Status.DONE, keep=True, before="b", forget=True),
    settled("copied", Action.CREATE, Status.DONE, keep=True, closed=True),
    settled("refused", Action.UPDATE, Status.FAILED, before="b"),
    settled("another's", Action.UPDATE, Status.CONFLICT),
    settled("unknown", Action.UPDATE, Status.AMBIGUOUS, keep=True, before="b"),
    settled("unheard", Action.CREATE, Status.AMBIGUOUS),
]


@pytest.fixture
def state(location: str) -> Iterator[State]:
    """Two routes with the same records, intents and before-images of an earlier run and of this one."""
    with State.open(location) as opened:
        changes = [each.outcome.change for each in MANY]
        old = [replace(RECORD, key=each.key) for each in changes if each.before is not None]
        for route in (TOGETHER, APART):
            opened.save_records(route, "moodle", [*old, replace(RECORD, key="untouched")])
            for run in ("0", "1"):
                opened.history.begin_run(run, route, "moodle", started=NOW, checksum="c")
                intents = [replace(INTENT, route=route, run=run, key=each.key) for each in changes]
                opened.write_intents(intents, [(run, route, image(each)) for each in changes if each.before])
        yield opened


def kept(state: State, route: str) -> dict[str, list[dict[str, Any]]]:
    found = {}
    with state._store.transaction() as connection:
        for table in (tables.records, tables.outcomes, tables.images, tables.intents):
            rows = connection.execute(sa.select(table).where(table.c.route == route)).mappings()
            told = [{name: value for name, value in row.items() if name not in ("id", "route")} for row in rows]
            found[table.name] = sorted(told, key=str)
    return found


@pytest.mark.parametrize("order", [1, -1], ids=["as they come", "the other way round"])
def test_many_are_settled_as_one_after_the_other(state: State, order: int) -> None:
    state.settle(TOGETHER, "moodle", "1", MANY[::order])
    for each in MANY:
        state.settle(APART, "moodle", "1", [each])
    together = kept(state, TOGETHER)
    assert together == kept(state, APART)
    assert {row["key"]: row["version"] for row in together["records"]} == {
        "untouched": "3", "new": "4", "changed": "4", "merged": "4", "adopted": "4",
        "refused": "3", "another's": "3", "unknown": "3",
    }  # fmt: skip
    assert sorted({(row["key"], row["run"]) for row in together["intents"]}) == [
        ("another's", "0"), ("refused", "0"), ("unheard", "0"), ("unheard", "1"), ("unknown", "0"), ("unknown", "1"),
    ]  # fmt: skip
    assert [(row["key"], row["run"]) for row in together["images"] if row["key"] == "changed"] == [
        ("changed", "0"),
        ("changed", "1"),
    ]


def test_nothing_is_settled_by_nothing(state: State) -> None:
    before = kept(state, TOGETHER)
    state.settle(TOGETHER, "moodle", "1", [])
    assert kept(state, TOGETHER) == before
