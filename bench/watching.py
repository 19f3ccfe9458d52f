"""What a process holds while it is used: memory, open files, threads and children, looked at every few seconds."""

import statistics
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_EVERY = 5.0


@dataclass(frozen=True, slots=True)
class Sample:
    """`at`: seconds since the watching began. Memory in bytes, without the children's."""

    at: float
    resident: int
    shared_out: int
    """Proportional: what several processes map counts in parts."""
    files: int
    threads: int
    children: int


def look(pid: int, at: float) -> Sample:
    """proc(5)"""
    process = Path(f"/proc/{pid}")
    rows = (line.split() for line in (process / "smaps_rollup").read_text(encoding="ascii").splitlines()[1:])
    memory = {row[0]: 1024 * int(row[1]) for row in rows}
    tasks = list((process / "task").iterdir())
    children = sum(len(_read(task / "children").split()) for task in tasks)
    files = sum(1 for _ in (process / "fd").iterdir())
    return Sample(at, memory["Rss:"], memory["Pss:"], files, len(tasks), children)


@contextmanager
def watched(pid: int, note: Callable[[Sample], None]) -> Iterator[list[Sample]]:
    """The samples so far, which go on until the end."""
    samples: list[Sample] = []
    enough, begun = threading.Event(), time.monotonic()

    def watch() -> None:
        while not enough.wait(_EVERY):
            samples.append(look(pid, time.monotonic() - begun))
            note(samples[-1])

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield samples
    finally:
        enough.set()
        thread.join()


def slope(samples: Sequence[Sample], of: Callable[[Sample], float]) -> float:
    """By the hour, fitted by least squares."""
    fitted = statistics.linear_regression([each.at for each in samples], [of(each) for each in samples])
    return fitted.slope * 3600


def around(samples: Sequence[Sample], at: float, width: float, of: Callable[[Sample], float]) -> float:
    """The median of the `width` seconds up to a moment."""
    return statistics.median(of(each) for each in samples if at - width <= each.at <= at)


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii")
    except OSError:
        # A thread that has ended meanwhile.
        return ""
