"""A sync that finds nothing to do, and one that finds little."""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from bench import neighbours
from bench.figure import Asked, Figure
from bench.worlds import World, on_moodle, on_paper, on_sharepoint

GRAIN = 2.5
"""Seconds after which a file that was just written is no longer looked at twice."""


def figures(asked: Asked) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(prefix="noop-") as folder:
        place = Path(folder)
        small = on_paper(place / "small", asked.size(10_000))
        settle(small)
        yield from _against_vdirsyncer(asked, place, small)
        yield _with_changes(asked, small)
        yield _calls(asked, "Moodle", on_moodle, place)
        yield _calls(asked, "SharePoint", on_sharepoint, place)
        yield from _against_octodns(asked, place, small)


def settle(world: World) -> None:
    """Push everything, and look once more when the files are no longer new."""
    world.run("sync")
    time.sleep(GRAIN)
    world.run("sync")


def _against_vdirsyncer(asked: Asked, place: Path, small: World) -> list[Figure]:
    count = asked.size(10_000)
    where, command = neighbours.vdirsyncer(place / "vdirsyncer", count)
    ours, theirs = asked.paired(lambda: small.run("sync").seconds, lambda: neighbours.run(where, command).seconds)
    yardstick = f"vdirsyncer {theirs:.2f} s"
    return [Figure(f"no-op of {count:,} items from local state", ours, "s", yardstick, ours / theirs, "<= 1.0")]


def _against_octodns(asked: Asked, place: Path, small: World) -> list[Figure]:
    count = asked.size(100_000)
    large = on_paper(place / "large", count)
    settle(large)
    where, command = neighbours.octodns(place / "octodns", count, max(1, count // 1000))
    ours, theirs = asked.paired(lambda: large.run("sync").seconds, lambda: neighbours.run(where, command).seconds)
    # What was changed last in it was for another figure.
    settle(small)
    few, many = small.run("sync").peak_bytes, large.run("sync").peak_bytes
    growth = (many - few) / (count - asked.size(10_000))
    return [
        Figure(f"no-op of {count:,} items", ours, "s", f"octoDNS plan {theirs:.1f} s", theirs / ours, ">= 10"),
        Figure(f"peak memory at {count:,} items", many / 1e6, "MB", goal="<= 150"),
        Figure("memory that an item more takes", growth, "bytes", goal="<= 200"),
    ]


def _with_changes(asked: Asked, small: World) -> Figure:
    """Every hundredth item, a page, so that each course has a changed one. What its writes took is taken off."""
    pages = sorted((small.folder / "content").glob("*/wiki/*.md"))
    number = 0

    def changed() -> float:
        nonlocal number
        number += 1
        for page in pages[::60]:
            page.write_text(page.read_text(encoding="utf-8") + f"\nOnce more: {number}.\n", encoding="utf-8")
        taken = small.run("sync").seconds
        return taken - small.writing()

    def quiet() -> float:
        settle(small)
        return small.run("sync").seconds

    still, moved = asked.paired(quiet, changed)
    return Figure(
        "sync of 1 % changed, besides its writes", moved, "s", f"its no-op {still:.2f} s", moved / still, "<= 1.4"
    )


def _calls(asked: Asked, name: str, open_: Callable[[Path, int], AbstractContextManager[World]], place: Path) -> Figure:
    count = asked.size(10_000)
    with open_(place / name, count) as world:
        world.run("sync")
        share = 100 * world.calls("sync") / count
    return Figure(f"HTTP calls of a no-op that looks at {name}, {count:,} items", share, "% of items", goal="<= 1")
