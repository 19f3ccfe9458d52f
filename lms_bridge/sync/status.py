"""How things stand by the state store alone: last runs, what waits, what needs a person. Asks no destination."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lms_bridge.sync.intent import Doing, Intent, PastRun, Review, Waiting

if TYPE_CHECKING:
    # The database library takes a third of a second to load, and types need none.
    from lms_bridge.sync.state import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One route. `conflicts` were found by the last run that looked at the item.

    `open_intents` are writes whose end is not known, one an entry.
    """

    route: str
    last_run: PastRun | None
    items: int
    by_kind: dict[str, int]
    drifted: int
    deleted: int
    waiting: tuple[Waiting, ...]
    conflicts: tuple[Review, ...]
    doing: Doing | None
    """What a running sync is doing."""
    open_intents: tuple[Intent, ...]


def standing(route: str, state: "State") -> Standing:
    records = state.records(route)
    live = [record for record in records if not record.deleted]
    by_kind: dict[str, int] = {}
    for record in live:
        by_kind[record.kind.value] = by_kind.get(record.kind.value, 0) + 1
    runs = state.history.last_runs(route)
    last = runs[0] if runs else None
    return Standing(
        route=route,
        last_run=last,
        items=len(live),
        by_kind=by_kind,
        drifted=sum(record.drifted for record in live),
        deleted=len(records) - len(live),
        waiting=tuple(state.waiting(route)),
        conflicts=tuple(state.history.reviews(route)),
        doing=state.history.doing(route) if state.is_leased(route) else None,
        open_intents=tuple({(intent.place, intent.key): intent for intent in state.open_intents(route)}.values()),
    )


def status_document(standings: list[Standing]) -> dict[str, Any]:
    """What `status --output json` prints."""
    return {"schema_version": 1, "routes": [_row(standing) for standing in standings]}


def _row(of: Standing) -> dict[str, Any]:
    run = of.last_run
    return {
        "route": of.route,
        "last_run": None
        if run is None
        else {
            "run": run.run,
            "started": run.started.isoformat(),
            "ended": run.ended.isoformat() if run.ended else None,
            "exit_code": run.exit_code,
            "summary": dict(run.summary),
        },
        "items": of.by_kind,
        "changed_by_people": of.drifted,
        "deleted_by_people": of.deleted,
        "waiting": [
            {"key": w.key, "title": w.title, "course": w.course, "until": w.until.isoformat()} for w in of.waiting
        ],
        "conflicts": [{"key": c.key, "title": c.title, "reason": c.reason} for c in of.conflicts],
        "doing": None if of.doing is None else doing_row(of.doing),
        "open_intents": [{"key": i.key, "action": i.action, "opened": i.opened.isoformat()} for i in of.open_intents],
    }


def doing_row(doing: Doing) -> dict[str, Any]:
    return {
        "run": doing.run,
        "process": doing.process,
        "stage": doing.stage,
        "done": doing.done,
        "total": doing.total,
        "since": doing.since.isoformat(),
        "last_sign_of_life": doing.beat.isoformat(),
    }
