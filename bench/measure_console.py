"""A console on 100,000 items and 10,000 runs while people use it, authors write and syncs go on: how soon each page
comes, and whether the service's memory stays what it is.

LMS_BRIDGE_BENCH_MINUTES: how long; 10 unless told. LMS_BRIDGE_BENCH_HOME: a folder that is kept and used again, since
filling it takes ten minutes; it also gets `samples.jsonl`, each look at the process.
"""

import json
import os
import statistics
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path

from bench.console_authors import Authors, scrape
from bench.console_people import SHOWN, Noted, Person
from bench.console_world import PEOPLE, Home, home
from bench.figure import Asked, Figure, skipped
from bench.watching import Sample, around, slope, watched

_ITEMS, _RUNS = 100_000, 10_000
_MINUTES = 10.0
_WARM = 6
"""The first part of so many is no measure: what is loaded once is loaded then."""
_PARTS = 6
_BUDGET = "<= 120"
_FLAT = "<= 5"
_COUNTED: Mapping[str, Callable[[Sample], int]] = {
    "open files": lambda each: each.files,
    "threads": lambda each: each.threads,
}


def figures(asked: Asked) -> Iterator[Figure]:
    if not Path("/proc/self/smaps_rollup").exists():
        yield skipped("the console", "what a process holds is read from /proc, which Linux alone has")
        return
    seconds = 60 * float(os.environ.get("LMS_BRIDGE_BENCH_MINUTES", _MINUTES))
    with ExitStack() as stack:
        folder = os.environ.get("LMS_BRIDGE_BENCH_HOME") or stack.enter_context(
            tempfile.TemporaryDirectory(prefix="console-")
        )
        Path(folder).mkdir(parents=True, exist_ok=True)
        at = stack.enter_context(home(Path(folder), asked.size(_ITEMS), asked.size(_RUNS)))
        noted, samples = _lived(at, seconds)
    yield from _memory(samples, seconds)
    yield from _pages(noted)


def _lived(at: Home, seconds: float) -> tuple[Noted, Sequence[Sample]]:
    """So long people use it, and everything else goes on."""
    noted, enough = Noted(), threading.Event()
    lives = [Person(at, name, role, noted, enough).live for name, role in PEOPLE.items()]
    authors, sizes = Authors(at), list[int]()
    threads = [threading.Thread(target=live) for live in lives]
    threads += [threading.Thread(target=authors.live, args=(enough,))]
    threads += [threading.Thread(target=scrape, args=(at, enough, sizes))]
    with _trace(at.folder / "samples.jsonl") as trace, watched(at.pid, trace) as samples:
        for thread in threads:
            thread.start()
        failed = enough.wait(seconds)
        enough.set()
        for thread in threads:
            thread.join()
    assert not failed
    for told, times in sorted(noted.refused.items()):
        print(f"  {times} times {told}", file=sys.stderr)
    return noted, list(samples)


@contextmanager
def _trace(file: Path) -> Iterator[Callable[[Sample], None]]:
    with file.open("w", encoding="ascii", buffering=1) as out:
        yield lambda sample: print(json.dumps(asdict(sample)), file=out)


def _memory(samples: Sequence[Sample], seconds: float) -> Iterator[Figure]:
    part = seconds / _PARTS
    for number in range(1, _PARTS + 1):
        held = around(samples, number * part, part / 2, lambda each: each.resident) / 1e6
        yield Figure(f"memory after {number * part / 60:.3g} minutes", held, "MB")
    warm = [each for each in samples if each.at >= seconds / _WARM]
    whole = statistics.median(each.resident for each in warm)
    grown = 100 * slope(warm, lambda each: each.resident) / whole
    yield Figure("its slope after the first sixth", grown, "% an hour", goal=_FLAT)
    yield Figure("the most that it held", max(each.resident for each in samples) / 1e6, "MB")
    for name, of in _COUNTED.items():
        told = f"{min(map(of, warm))} to {max(map(of, warm))} in all"
        yield Figure(f"{name}, slope", slope(warm, of), f"an hour ({told})")


def _pages(noted: Noted) -> Iterator[Figure]:
    bare = statistics.median(noted.bare)
    yield Figure("the bare framework's page", 1000 * bare, "ms")
    for name, seconds in sorted(noted.pages.items()):
        late = statistics.quantiles(seconds, n=20)[-1] if len(seconds) > 1 else seconds[0]
        told = f"{1000 * late:.3g} ms at p95 of {len(seconds)}"
        middle = statistics.median(seconds)
        if name.endswith(SHOWN):
            yield Figure(name, middle, f"s, {late:.3g} at p95 of {len(seconds)}")
            continue
        budget = _BUDGET if not name.startswith("POST /sign-in") else ""
        yield Figure(name, 1000 * middle, f"ms, {told}", "the bare page", middle / bare, budget)
