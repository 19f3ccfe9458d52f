"""Plans and reports in words: plain lines for a terminal or a pipe, Markdown for a ticket or a wiki. Pure.

Apart from `report`, whose JSON is a contract: these words may change.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from lms_bridge.connector import Action, Change, Cost
from lms_bridge.errors import Problem
from lms_bridge.items import Kind
from lms_bridge.sync.report import change_row, plan_summary, summary_of
from lms_bridge.sync.run import Failure, Plan, Report

ALIKE = 5
"""Further changes of one kind for one reason in one course are counted, not listed."""
SHOWN = 20
"""Further failures of one cause are counted, not listed."""


def counted(count: int, noun: str, plural: str = "") -> str:
    return f"{count} {noun if count == 1 else plural or noun + 's'}"


def summary_line(summary: dict[str, int]) -> str:
    """The counts that are not zero, in one line: "3 created, 1 skipped, 20 unchanged"."""
    told = [_told(name, count) for name, count in summary.items() if count]
    return ", ".join(told) if told else "nothing to do"


def _told(name: str, count: int) -> str:
    words = _WORDS.get(name, name)
    return f"{count} {_ONE.get(name, words) if count == 1 else words}"


_ONE = {"skip": "left as it is", "conflicts": "conflict"}
_WORDS = {
    "create": "to create",
    "update": "to update",
    "merge": "to merge",
    "adopt": "to adopt",
    "hide": "to hide",
    "delete": "to delete",
    "forget": "to forget",
    "skip": "left as they are",
}


def cost_line(cost: Cost) -> str:
    if not cost.calls:
        return "no calls"
    parts = [counted(cost.calls, "call")]
    if cost.units:
        parts.append(counted(cost.units, "SharePoint resource unit"))
    if cost.seconds >= 90:
        parts.append(f"about {round(cost.seconds / 60)} minutes")
    elif cost.seconds >= 1:
        parts.append(f"about {counted(round(cost.seconds), 'second')}")
    return ", ".join(parts)


def plan_lines(plan: Plan) -> list[str]:
    lines = [f"{plan.route}: {headline([plan])}"]
    lines += _change_lines(plan.changes)
    lines += [f"  note     {notice}" for notice in plan.notices]
    lines += [f"  limit    {sentence}" for sentence in plan.approvals]
    lines += failure_lines(plan.failures)
    if plan.pending:
        lines.append(f"  cost     {cost_line(plan.cost)}")
    lines.append(f"  checksum {plan.checksum}")
    return lines


def headline(plans: Sequence[Plan]) -> str:
    """The counts of plans in one line; where a source or a destination was lost, there is nothing to count."""
    if plans and all(plan.failures and not plan.changes and not plan.in_step for plan in plans):
        return "could not be planned"
    return summary_line(plan_summary(plans))


def _change_lines(changes: Iterable[Change]) -> list[str]:
    """One line a change; of many alike in one course only the first few, and how many more there are."""
    alike: dict[tuple[str, str, str, str], list[Change]] = {}
    for change in changes:
        alike.setdefault((_verb(change), change.kind.value, change.course, _reason(change)), []).append(change)
    lines = []
    for (verb, kind, course, reason), group in alike.items():
        shown = group if len(group) <= ALIKE + 1 else group[:ALIKE]
        lines += [f"  {verb:8} {kind:6} {_named(change)}: {reason}" for change in shown]
        if len(group) > len(shown):
            where = f" in {course}" if course else ""
            lines.append(f"  {verb:8} {kind:6} … and {len(group) - len(shown)} more{where}")
    return lines


def report_lines(report: Report) -> list[str]:
    lines = [f"{report.route}: {summary_line(summary_of([report]))}"]
    for change in report.conflicts:
        lines.append(f"  conflict {change.kind.value:6} {_named(change)}: {change.reason}")
    lines += [f"  note     {notice}" for notice in report.notices]
    lines += [f"  limit    {sentence}" for sentence in report.approvals]
    if report.postponed:
        why = "the run was stopped" if report.stopped else "something else failed"
        lines.append(f"  {counted(len(report.postponed), 'delete')} not tried, because {why}")
    if report.stopped:
        lines.append(f"  stopped  {report.stopped}; the next sync goes on from there")
    lines += [f"  arrived  {key}: {arrived(shares)}" for key, shares in report.fidelity.items()]
    lines += failure_lines(report.failures)
    return lines


def arrived(shares: Mapping[str, float]) -> str:
    """What did not arrive whole: "98 % of the text, 50 % of the links"."""
    return ", ".join(f"{share:.0%} of the {what}".replace("%", " %") for what, share in shares.items() if share < 1)


def failure_lines(failures: Iterable[Failure]) -> list[str]:
    """One line a cause: a missing course is told once, however many items wait for it."""
    lines = []
    for problem, keys in _by_cause(failures):
        lines.append(f"  failed   {problem}")
        if len(keys) > 1:
            more = f" and {len(keys) - SHOWN} more" if len(keys) > SHOWN else ""
            lines.append(f"           {counted(len(keys), 'item')}: {', '.join(keys[:SHOWN])}{more}")
    return lines


def _by_cause(failures: Iterable[Failure]) -> list[tuple[Problem, list[str]]]:
    causes: dict[tuple[str, str], tuple[Problem, list[str]]] = {}
    for failure in failures:
        problem = failure.problem
        first = causes.setdefault((problem.cause, problem.next_step), (problem, []))
        first[1].append(failure.key or problem.where)
    return list(causes.values())


def plan_markdown(plans: Sequence[Plan]) -> str:
    lines = ["# Plan", "", f"{headline(plans)}."]
    for plan in plans:
        cost = f"Cost: {cost_line(plan.cost)}. Checksum: `{plan.checksum}`."
        lines += ["", f"## {plan.route}", "", f"{headline([plan])}. {cost}"]
        rows = [change_row(change, plan.destination) for change in plan.changes]
        if rows:
            lines += ["", *_table(("action", "kind", "course", "title", "reason"), rows)]
        lines += _bullets("Know first", [*map(str, plan.notices), *plan.approvals])
        lines += _bullets("Failed", [str(problem) for problem, _ in _by_cause(plan.failures)])
    return "\n".join(lines) + "\n"


def report_markdown(reports: Sequence[Report]) -> str:
    lines = ["# Sync", "", f"{summary_line(summary_of(reports))}."]
    for report in reports:
        lines += ["", f"## {report.route}", "", f"{summary_line(summary_of([report]))}."]
        rows = [change_row(outcome.change, report.destination) for outcome in report.done]
        if rows:
            lines += ["", *_table(("action", "kind", "course", "title", "reason"), rows)]
        lines += _bullets("Waits for a person", [f"{_named(c)}: {c.reason}" for c in report.conflicts])
        lines += _bullets("Waits for approval", report.approvals)
        lines += _bullets("Did not arrive whole", [f"{key}: {arrived(of)}" for key, of in report.fidelity.items()])
        lines += _bullets("Stopped", [report.stopped] if report.stopped else [])
        lines += _bullets("Failed", [str(problem) for problem, _ in _by_cause(report.failures)])
    return "\n".join(lines) + "\n"


def _table(columns: Sequence[str], rows: Iterable[dict[str, str]]) -> list[str]:
    lines = ["| " + " | ".join(columns) + " |", "|" + " --- |" * len(columns)]
    for row in rows:
        lines.append("| " + " | ".join(cell(row[column]) for column in columns) + " |")
    return lines


def fenced(text: str) -> str:
    """A difference as a block of code, which no line of the text can end."""
    fence = "`" * max([3, *(len(run) + 1 for run in re.findall("`+", text))])
    return f"{fence}diff\n{text}\n{fence}\n"


def cell(text: str) -> str:
    """Words in a table or a list: no elements, links or pictures of theirs in a ticket that quotes them."""
    escaped = re.sub(r"([\\|\[])", r"\\\1", text).replace("<", "&lt;")
    return " ".join(escaped.split())


def _bullets(heading: str, lines: Sequence[str]) -> list[str]:
    return ["", f"### {heading}", "", *(f"- {cell(line)}" for line in lines)] if lines else []


def _verb(change: Change) -> str:
    if change.conflict:
        return "conflict"
    return "waits" if change.guarded else "skip" if change.action is Action.SKIP else change.action.value


def _reason(change: Change) -> str:
    return f"{change.action.value} waits for approval: {change.reason}" if change.guarded else change.reason


def _named(change: Change) -> str:
    # Reviews with equal stars all have one title.
    title = f"“{change.title}” ({change.key})" if change.kind is Kind.REVIEW else f"“{change.title}”"
    return f"{title} in {change.course}" if change.course else title
