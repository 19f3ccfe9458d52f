"""Progress bars on long work: on a terminal only, and never on standard output."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from lms_bridge.cli.options import Output, console


@contextmanager
def shown_progress(output: Output) -> Iterator[Callable[[str, int, int], None]]:
    """A function that is told (stage, done, total). In a pipe it shows nothing."""
    if not sys.stderr.isatty() or output is not Output.TEXT:
        yield lambda stage, done, total: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description:<12}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console(stderr=True), transient=True) as bars:
        tasks: dict[str, TaskID] = {}

        def told(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=total)
            bars.update(tasks[stage], completed=done, total=total)

        yield told
