"""Pushing into a real Moodle: ours beside the best raw load of the same calls, what people notice, what a no-op asks.

LMS_BRIDGE_LIVE_MOODLE_URL, _TOKEN and _ADMIN_TOKEN name the site; the courses are made and removed here. Full size:
1,000 pages and 1,000 prompts in 20 courses. _DATABASE may name the PostgreSQL of the site, which must then be kept as
that of a site in use is.
"""

import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench import moodle_people
from bench.figure import Asked, Figure, skipped
from bench.moodle_push import PAGES, PROMPTS, Pushed, door, projects, whole
from bench.raw_moodle import RawCall, batches, load, one_by_one
from tests.live.live_moodle import DATABASE, missing

COURSES = 20
CONNECTIONS = (2, 4)
SIZES = (10, 20, 40, 50, 80)
_GOAL = "<= 1.15"


def figures(asked: Asked) -> Iterator[Figure]:
    if why := missing() or _unsafe(os.environ.get(DATABASE, "")):
        yield skipped("moodle: push", why)
        return
    courses = asked.size(COURSES)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        best, sequential = _sweep(folder, max(1, courses // 5))
        for connections in CONNECTIONS:
            pairs = [_pair(folder / f"{connections}-{run}", courses, connections, best) for run in range(asked.runs)]
            yield from _push_figures(connections, pairs, best[connections], sequential)
        yield from moodle_people.figures(folder / "people", courses, asked)


def _unsafe(database: str) -> str:
    """Why the site's database is none to measure with; empty where it is one, or is not known.

    Test servers are often told not to wait for their disk. Whoever writes then keeps the processors busy that would be
    free while a site in use waits (https://www.postgresql.org/docs/15/runtime-config-wal.html#GUC-FSYNC), and people's
    pages are slower beside it than they would be there.
    """
    if not database:
        return ""
    import psycopg

    with psycopg.connect(database, autocommit=True) as connection:
        row = connection.execute("SHOW fsync").fetchone()
    safe = row is not None and row[0] == "on"
    return "" if safe else "The site's PostgreSQL has fsync off, as no site in use may: turn it on to measure."


@dataclass(frozen=True, slots=True)
class _Pair:
    """`raw`: writes, and reading back what stands there."""

    ours: Pushed
    quiet: Pushed
    raw_writes: float
    raw_reads: float

    @property
    def raw(self) -> float:
        return self.raw_writes + self.raw_reads


def _sweep(folder: Path, courses: int) -> tuple[dict[int, int], float]:
    """The batch size that is quickest, by number of connections; and how many calls a second a loop gets done."""
    best = {}
    with projects(folder / "sweep", courses, ["sweep"]) as made:
        first, rest, _ = made["sweep"].raw_calls()
        one_by_one(door(), first)
        for connections in CONNECTIONS:
            took = {size: _load(_renamed(rest, f"{connections}x{size}"), size, connections) for size in SIZES}
            best[connections] = min(took, key=took.__getitem__)
        loop = _renamed(rest[:: max(1, len(rest) // 100)], "loop")
        return best, len(loop) / one_by_one(door(), loop)


def _load(calls: Sequence[RawCall], size: int, connections: int) -> float:
    return load(door(), [batches(door(), calls, size)], connections)


def _renamed(calls: Sequence[RawCall], suffix: str) -> list[RawCall]:
    """A wiki takes a title once."""
    return [
        replace(call, args={**call.args, "title": f"{call.args['title']} {suffix}"}) if "title" in call.args else call
        for call in calls
    ]


def _pair(folder: Path, courses: int, connections: int, best: dict[int, int]) -> _Pair:
    size = best[connections]
    with projects(folder, courses, ["raw", "ours"]) as made:
        first, rest, back = made["raw"].raw_calls()
        writes = load(door(), [batches(door(), first, size), batches(door(), rest, size)], connections)
        reads = load(door(), [batches(door(), back, 2)], connections)
        ours = whole(made["ours"].push(connections=connections))
        return _Pair(ours, whole(made["ours"].push(connections=connections)), writes, reads)


def _push_figures(connections: int, pairs: Sequence[_Pair], size: int, sequential: float) -> list[Figure]:
    pair = sorted(pairs, key=lambda each: each.ours.writing / each.raw)[len(pairs) // 2]
    ours, quiet = pair.ours, pair.quiet
    name = f"moodle: push, {connections} connections"
    raw = f"raw load in batches of {size}: {pair.raw:.1f} s"
    places = sum(calls for kind, calls in quiet.calls.items() if kind in _LISTINGS)
    done = ours.done / ours.writing
    return [
        Figure(f"{name}, {ours.done} items", ours.writing, "s", raw, ours.writing / pair.raw, _GOAL),
        Figure(f"{name}, with reading and planning", ours.seconds, "s", raw, ours.seconds / pair.raw),
        Figure(
            f"{name}, against writes that nobody reads back",
            ours.writing,
            "s",
            f"{pair.raw_writes:.1f} s",
            ours.writing / pair.raw_writes,
        ),
        Figure(f"{name}, our own CPU", ours.cpu_seconds, "s"),
        Figure(
            f"{name}, against a loop", done, "items/s", f"loop: {sequential:.1f} items/s", done / sequential, ">= 1"
        ),
        Figure(
            f"moodle: no-op, {connections} connections, calls a place",
            (places + quiet.calls.get("mod_wiki_get_page_contents", 0)) / max(1, 2 * ours.done // (PAGES + PROMPTS)),
            "calls",
            goal="<= 1",
        ),
        Figure(f"moodle: no-op, {connections} connections, whole requests", quiet.requests, "requests"),
        Figure(f"moodle: no-op, {connections} connections", quiet.seconds, "s"),
    ]


_LISTINGS = ("mod_wiki_get_subwiki_pages", "mod_forum_get_forum_discussions")
