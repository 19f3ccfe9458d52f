"""Plans and reports as data and as an exit code. Pure; the JSON here is a contract (`schema_version` 1).

Words and tables for people are in `report_text`.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from lms_bridge.connector import Action, Change, Status
from lms_bridge.items import Kind
from lms_bridge.sync.run import Failure, Plan, Report

SCHEMA_VERSION = 1
DONE, FAILED, PENDING, APPROVAL, CONFLICT, UNREACHABLE, STOPPED = 0, 1, 3, 4, 5, 6, 10

_PAST = {
    Action.CREATE: "created",
    Action.UPDATE: "updated",
    Action.MERGE: "merged",
    Action.ADOPT: "adopted",
    Action.HIDE: "hidden",
    Action.DELETE: "deleted",
    Action.FORGET: "forgotten",
}


def plan_document(plans: Sequence[Plan]) -> dict[str, Any]:
    """What `plan --output json` prints."""
    return {
        "schema_version": SCHEMA_VERSION,
        "routes": [
            {
                "route": plan.route,
                "checksum": plan.checksum,
                "cost": {"calls": plan.cost.calls, "units": plan.cost.units, "seconds": round(plan.cost.seconds, 1)},
                "changes": [change_row(change, plan.destination) for change in plan.changes],
            }
            for plan in plans
        ],
        "summary": plan_summary(plans),
        "failures": failure_rows(
            (failure for plan in plans for failure in plan.failures),
            (change for plan in plans for change in plan.changes),
        ),
    }


def change_row(change: Change, destination: str) -> dict[str, str]:
    return {
        "action": change.action.value,
        "kind": change.kind.value,
        "key": change.key,
        "course": change.course,
        "destination": destination,
        "title": change.title,
        "reason": f"waits for approval: {change.reason}" if change.guarded else change.reason,
    }


def plan_summary(plans: Iterable[Plan]) -> dict[str, int]:
    plans = list(plans)
    counts = Counter(change.action for plan in plans for change in plan.changes)
    return {action.value: counts[action] for action in Action} | {"unchanged": sum(plan.unchanged for plan in plans)}


def report_document(reports: Sequence[Report]) -> dict[str, Any]:
    """What `sync --output json` prints."""
    return {
        "schema_version": SCHEMA_VERSION,
        "run": reports[0].run if reports else "",
        "summary": summary_of(reports),
        "stopped": next((report.stopped for report in reports if report.stopped), ""),
        "fidelity": [
            {"route": report.route, "key": key, **shares}
            for report in reports
            for key, shares in report.fidelity.items()
        ],
        "failures": failure_rows(
            (failure for report in reports for failure in report.failures),
            (change for report in reports for change in (*(o.change for o in report.outcomes), *report.skipped)),
        ),
    }


def summary_of(reports: Iterable[Report]) -> dict[str, int]:
    """`skipped` counts what was left as it is although something could have been done, conflicts included."""
    reports = list(reports)
    done = Counter(outcome.change.action for report in reports for outcome in report.done)
    untried = sum(len(report.skipped) + len(report.held) + len(report.postponed) for report in reports)
    return {past: done[action] for action, past in _PAST.items()} | {
        "skipped": untried,
        "unchanged": sum(report.unchanged for report in reports),
        "conflicts": sum(len(report.conflicts) for report in reports),
        "failed": sum(len(report.failures) for report in reports),
    }


def fidelity_of(report: Report) -> float | None:
    """Of the pages that were written, the share that arrived: the mean of what each has least of. None: none was."""
    pages = [
        outcome.change.key
        for outcome in report.done
        if outcome.change.kind is Kind.PAGE and outcome.change.action in (Action.CREATE, Action.UPDATE, Action.ADOPT)
    ]
    shares = [min(report.fidelity.get(key, {}).values(), default=1.0) for key in pages]
    return sum(shares) / len(shares) if shares else None


def failure_rows(failures: Iterable[Failure], changes: Iterable[Change] = ()) -> list[dict[str, str]]:
    """`changes` tell in which course an item is."""
    told = list(failures)
    courses = {change.key: change.course for change in changes} if told else {}
    return [
        {
            "key": each.key,
            "course": courses.get(each.key, ""),
            "cause": each.problem.cause,
            "where": each.problem.where,
            "next_step": each.problem.next_step,
            "trouble": each.problem.trouble.value,
        }
        for each in told
    ]


def exit_code(results: Sequence[Plan] | Sequence[Report], *, pending: bool = False) -> int:
    """0 done or in step · 1 something failed · 3 changes pending (when `pending` asks for it) · 4 a limit waits for
    approval · 5 conflicts wait for a person · 6 a destination could not be reached · 10 stopped before the end. The
    most pressing one is told."""
    if any(isinstance(result, Report) and result.stopped for result in results):
        return STOPPED
    if any(result.unreachable for result in results):
        return UNREACHABLE
    if any(result.failures for result in results):
        return FAILED
    if any(_waits_for_approval(result) for result in results):
        return APPROVAL
    if any(result.conflicts for result in results):
        return CONFLICT
    if pending and any(isinstance(result, Plan) and result.pending for result in results):
        return PENDING
    return DONE


def _waits_for_approval(result: Plan | Report) -> bool:
    if isinstance(result, Plan):
        return any(change.guarded for change in result.changes)
    return bool(result.held)


def writes(report: Report) -> int:
    """How many changes were written to the destination. Adopting and forgetting write nothing there."""
    written = (Action.CREATE, Action.UPDATE, Action.MERGE, Action.HIDE, Action.DELETE)
    return sum(o.status is Status.DONE and o.change.action in written for o in report.outcomes)
