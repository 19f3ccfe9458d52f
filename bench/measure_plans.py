"""Plans of a large route: of a selection, of one change, and of everything."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench import content
from bench.figure import Asked, Figure
from bench.measure_noop import GRAIN, settle
from bench.process import Cost
from bench.worlds import on_paper

_SELECTED, _WHOLE = "<= 120", "<= 300"
"""MB at the most, of a selection and of everything."""


def figures(asked: Asked) -> Iterator[Figure]:
    count = asked.size(100_000)
    with tempfile.TemporaryDirectory(prefix="plans-") as folder:
        world = on_paper(Path(folder) / "world", count)
        yield from _figures(f"first plan of {count:,} items", world.run("plan"), _WHOLE)
        settle(world)
        course = f"C-{content.of_items(count).courses // 2:05d}"
        key = f"programme:{course}/wiki/page-0003"
        for only in (key, "page:Page 3 of course 7", f"course:{course}"):
            name = f"`plan --only` of {'a key' if only == key else only.partition(':')[0]}"
            yield from _figures(name, world.run("plan", "--only", only), _SELECTED)
        new = world.folder / "content" / course / "wiki" / "new.md"
        new.write_text("# A new page\n\nIts text.\n", encoding="utf-8")
        time.sleep(GRAIN)
        yield from _figures("plan with a new file", world.run("plan"), _WHOLE)


def _figures(name: str, cost: Cost, most: str) -> Iterator[Figure]:
    yield Figure(name, cost.seconds, "s")
    yield Figure(f"{name}, peak memory", cost.peak_bytes / 1e6, "MB", goal=most)
