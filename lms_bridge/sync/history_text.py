"""Past runs and reviews in words and as data. Pure; the rows are a contract (`schema_version` 1), the words are not."""

from collections.abc import Iterator, Mapping
from typing import Any

from lms_bridge.connector import Body
from lms_bridge.markup.diff import word_diff
from lms_bridge.markup.text import to_text
from lms_bridge.sync.intent import PastRun, Review
from lms_bridge.sync.report_text import summary_line

_TOLD = ("action", "status", "kind", "key", "course", "title", "reason", "cause", "next_step")


def run_line(run: PastRun) -> str:
    ended = "was cut off" if run.ended is None else summary_line(dict(run.summary))
    took = "" if run.ended is None else f" in {(run.ended - run.started).total_seconds():.0f} s"
    return f"{run.run}  {run.route}: {ended}{took}"


def run_row(run: PastRun) -> dict[str, Any]:
    return {
        "run": run.run,
        "route": run.route,
        "destination": run.destination,
        "started": run.started.isoformat(),
        "ended": run.ended.isoformat() if run.ended else None,
        "exit_code": run.exit_code,
        "summary": dict(run.summary),
    }


def outcome_line(row: Mapping[str, Any]) -> str:
    told = f"  {row['action']:8} {row['kind']:6} {row['status']:9} “{row['title']}” in {row['course']}: {row['reason']}"
    return f"{told} – {row['cause']} {row['next_step']}".rstrip() if row["cause"] else told


def outcome_row(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in _TOLD}


def review_row(review: Review) -> dict[str, Any]:
    sides = review.sides
    return {
        "route": review.route,
        "key": review.key,
        "kind": review.kind.value,
        "course": review.course,
        "title": review.title,
        "reason": review.reason,
        "since": review.found.isoformat(),
        "url": review.url,
        "clashes": sides.clashes if sides is not None else None,
    }


def review_line(review: Review) -> str:
    return f"{review.key}  “{review.title}” in {review.course}, since {review.found:%Y-%m-%d %H:%M %Z}: {review.reason}"


def review_lines(review: Review) -> Iterator[str]:
    """What the person and the source changed since the common text, word by word, and what both would make together."""
    yield f"{review.route}: {review_line(review)}"
    if review.url:
        yield f"  it stands at {review.url}"
    sides = review.sides
    if sides is None:
        yield "  Only one side has a text; `lms-bridge diff KEY` shows what stands there."
        return
    known = bool(sides.base.html or sides.base.fields or sides.base.title)
    base = sides.base if known else sides.theirs
    if known:
        yield "  What the person changed ([-taken out-] {+put in+}):"
        yield from (f"    {line}" for line in word_diff(readable(base), readable(sides.theirs)))
    yield "  What the source changed:" if known else "  How the source's text differs from the person's:"
    yield from (f"    {line}" for line in word_diff(readable(base), readable(sides.ours)))
    if not known:
        yield "  What the two began with is not known, so that they cannot be merged."
    elif sides.clashes:
        spots = "one spot" if sides.clashes == 1 else f"{sides.clashes} spots"
        yield f"  They clash in {spots}: `accept merged` keeps the person's words there, and both elsewhere."
    else:
        yield "  They do not clash: `accept merged` keeps both."


def readable(body: Body) -> str:
    lines = [body.title, *(f"{name}: {value}" for name, value in sorted(body.fields.items()))]
    return "\n".join([*lines, *filter(str.strip, to_text(body.html).splitlines())] if body.html else lines)
