"""A state with whatever a test wants people to see, written as runs would have written it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from lms_bridge.connector import Action, Body, Change, PlaceRef, Record, Sides
from lms_bridge.items import Draft, Kind, Origin
from lms_bridge.sync import state_schema as tables
from lms_bridge.sync.catalogue import Catalogue
from lms_bridge.sync.state import State

ROUTE = "programme-to-moodle"
PLACE = PlaceRef(Kind.PAGE, "course-3", "wiki of Biology", "BIO")
NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)


def state_of(folder: Path) -> State:
    return State.open(folder / ".sandbox" / "state.sqlite")


def record(key: str, title: str, **values: Any) -> Record:
    given: dict[str, Any] = {
        "kind": Kind.PAGE,
        "place": PLACE.id,
        "ref": "5",
        "name": title,
        "fingerprint": "f" * 64,
        "version": "1",
        "digest": "d" * 64,
        "title": title,
        "course": "BIO",
        "url": "http://127.0.0.1/mod/wiki/view.php?pageid=5",
    }
    return Record(key=key, **given | values)


def stand(folder: Path, *records: Record) -> None:
    with state_of(folder) as state:
        state.save_records(ROUTE, "moodle", records)


def conflict(folder: Path, key: str, title: str, *, theirs: str, ours: str, merged: str = "", reason: str = "") -> None:
    body = {"base": "<p>As it was.</p>", "theirs": theirs, "ours": ours, "merged": merged or theirs}
    sides = Sides(**{name: Body(title=title, html=html) for name, html in body.items()}, clashes=1)
    change = Change(
        action=Action.SKIP, key=key, kind=Kind.PAGE, place=PLACE, course="BIO", title=title, conflict=True,
        reason=reason or "both changed", sides=sides,
    )  # fmt: skip
    with state_of(folder) as state:
        state.history.save_reviews(ROUTE, [change], found=NOON, judged=[(PLACE.id, key)])


def run(folder: Path, name: str, *outcomes: dict[str, Any], exit_code: int | None = 0, route: str = ROUTE) -> None:
    with state_of(folder) as state:
        state.history.begin_run(name, route, "moodle", started=NOON, checksum="c" * 64)
        if outcomes:
            with state._store.transaction() as connection:
                connection.execute(sa.insert(tables.outcomes), [outcome(name, route, **each) for each in outcomes])
        if exit_code is not None:
            state.history.end_run(name, route, ended=NOON, exit_code=exit_code, summary={"created": len(outcomes)})


def outcome(run: str, route: str, **values: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "run": run,
        "route": route,
        "action": "create",
        "status": "done",
        "kind": "page",
        "key": "programme:BIO/wiki/cells",
        "place": PLACE.id,
        "course": "BIO",
        "title": "Cells",
        "reason": "it is new in the source",
        "version_before": None,
        "version_after": None,
        "cause": None,
        "location": None,
        "next_step": None,
    }
    return given | values


_NUMBERS = "WITH RECURSIVE n(at) AS (SELECT 0 UNION ALL SELECT at + 1 FROM n WHERE at < {last}) "


def tag(folder: Path, **tags: tuple[str, ...]) -> None:
    with state_of(folder) as state:
        state.catalogue.keep(ROUTE, Catalogue(tags))


def draft(folder: Path, key: str, title: str) -> None:
    kept = Draft(key, Kind.PAGE, "BIO", title, Origin(f"content/{title}.md", 2))
    with state_of(folder) as state:
        state.catalogue.keep(ROUTE, Catalogue(drafts=(kept,)))


def crowd(folder: Path, *, items: int, runs: int) -> None:
    """So many items in courses of a hundred, and so many runs, one each quarter of an hour, of one change each.

    Copies of one row, made by the database: row by row it takes longer than all that is tested on it.
    """
    stand(folder, record("like", "like", base="<p>Some words of a page.</p>" * 40))
    run(folder, "like", {})
    tag(folder, like=("like",))
    draft(folder, "like", "like")
    key = "printf('programme:C%04d/wiki/%d', at / 100, at)"
    label = "CASE WHEN at % 1000 = 7 THEN 'rare' ELSE 'exam' END"
    changed = {
        "tags": {"key": key, "tag": label, "folded": label},
        "drafts": {"key": "'draft ' || at", "title": "'Draft ' || at"},
        "records": {
            "key": key,
            "title": "printf('Page %d', at)",
            "course": "printf('C%04d', at / 100)",
        },
        "runs": {
            "run": "'r' || at",
            "started": f"datetime('{NOON:%Y-%m-%d %H:%M:%S}', '-' || (15 * at) || ' minutes') || '.000000'",
            "exit_code": "(at % 7 = 3)",
        },
        "outcomes": {"id": "at + 2", "run": "'r' || at", "key": "printf('programme:C0000/wiki/%d', at % 100)"},
    }
    with state_of(folder) as state, state._store.transaction() as connection:
        for name, count in (("records", items), ("tags", items), ("drafts", runs), ("runs", runs), ("outcomes", runs)):
            columns = [f'"{column.name}"' for column in tables.metadata.tables[name].c]
            values = [changed[name].get(column.strip('"'), column) for column in columns]
            connection.exec_driver_sql(
                f"INSERT INTO {name} ({', '.join(columns)}) {_NUMBERS.format(last=count - 1)}"  # noqa: S608 - our own words
                f"SELECT {', '.join(values)} FROM n, (SELECT * FROM {name} LIMIT 1)"
            )
