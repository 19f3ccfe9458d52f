"""What `demo` does on running sandboxes: push, push again, and tell what stands where and where to look."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime

from lms_bridge.bridge import Bridge, open_bridge
from lms_bridge.cli.options import Output
from lms_bridge.cli.printing import say
from lms_bridge.cli.progress import shown_progress
from lms_bridge.cli.show import show_reports
from lms_bridge.cli.trial import Trial
from lms_bridge.connector import Record
from lms_bridge.sync.report import exit_code, writes
from lms_bridge.sync.report_text import counted


def push(trial: Trial, output: Output) -> int:
    """Sync every route, then once more: the second time there must be nothing left to write. Returns the exit code."""
    with open_bridge(trial.config) as bridge:
        with shown_progress(output) as progress:
            reports = bridge.sync(clock=_now, progress=progress)
        show_reports(reports, output)
        if output is Output.TEXT:
            again = bridge.sync(clock=_now)
            say(f"The same once more: {counted(sum(writes(report) for report in again), 'write')}.")
            for line in _tour(trial, bridge):
                say(line)
    return exit_code(reports)


def _tour(trial: Trial, bridge: Bridge) -> Iterator[str]:
    for route in bridge.routes:
        yield ""
        yield f"What stands in {route.destination.name} now:"
        by_course: dict[str, list[Record]] = {}
        for record in bridge.state.records(route.name):
            by_course.setdefault(record.course, []).append(record)
        for course, records in sorted(by_course.items()):
            kinds = Counter(record.kind.value for record in records)
            told = ", ".join(counted(count, kind) for kind, count in sorted(kinds.items()))
            yield f"  {course:8} {told}"
            door = next((record.url for record in records if record.key.endswith("/index") and record.url), None)
            if door:
                yield f"           {door}"
        for waiting in bridge.state.waiting(route.name):
            yield f"  waits    “{waiting.title}” in {waiting.course} until {waiting.until:%Y-%m-%d}"
    yield ""
    yield f"Look at Moodle      {trial.pair.moodle.url}/"
    yield f"Look at SharePoint  {trial.pair.sharepoint.url}{trial.pair.demo.site_path}"
    yield f"                    (its certificate is made here; trust {trial.pair.folder / 'ca.pem'} or click through)"


def _now() -> datetime:
    return datetime.now(UTC)
