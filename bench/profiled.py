"""Where a large run spends its time and memory: `python -m bench.profiled [ITEMS]`, three runs on paper.

The profiler makes small functions look dearer than they are: shares are for finding, and the benchmarks for judging.
"""

import os
import pstats
import sys
import tempfile
from pathlib import Path

from bench.measure_noop import settle
from bench.process import cost_of
from bench.worlds import ROOT, World, on_paper

# cProfile sees one thread, and places are written in several.
_CPU = """\
import sys
from lms_bridge.cli import main
sys.path += {paths!r}
import yappi
yappi.set_clock_type("cpu")
yappi.start(builtins=True)
try:
    main()
finally:
    yappi.stop()
    yappi.get_func_stats().save("profile", type="pstat")
"""
# Of what is there at the end; a run holds on to whatever it needs until it is over.
_MEMORY = """\
import sys, tracemalloc
from lms_bridge.cli import main
tracemalloc.start()
sys.argv = ["lms-bridge", *sys.argv[1:]]
import lms_bridge.sync.apply as applying
whole = applying.apply
def apply(*given, **how):
    told = whole(*given, **how)
    for each in tracemalloc.take_snapshot().statistics("filename")[:12]:
        print(f"MEMORY {each.size / 1e6:7.1f} MB {each.traceback[0].filename}")
    return told
applying.apply = apply
main()
"""
_TOP = 12


def main() -> None:
    items = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory(prefix="profile-") as folder:
        world = on_paper(Path(folder) / "world", items)
        print(f"\nA first sync of {items:,} items, by the processor's time:\n")
        _profile(world)
        (world.folder / ".state" / "lms-bridge.sqlite").unlink()
        print("\nThe same, by the memory that is held when all is written:\n")
        _remembered(world)
        settle(world)
        print("\nThe next one, which finds nothing to do:\n")
        _profile(world)


def _profile(world: World) -> None:
    beside = [str(path) for path in (ROOT / ".venv/bench/lib").glob("python*/site-packages")]
    _run(world, _CPU.format(paths=beside))
    stats = pstats.Stats(str(world.folder / "profile"))
    rows = sorted(stats.stats.items(), key=lambda row: row[1][2], reverse=True)  # type: ignore[attr-defined]
    total = sum(row[1][2] for row in rows)
    for (file, _, name), (_, calls, own, _, _) in rows[:_TOP]:
        print(f"{own / total:6.1%} {own:7.2f} s {calls:>10,} × {_short(file)} {name}")


def _remembered(world: World) -> None:
    for line in _run(world, _MEMORY).splitlines():
        if line.startswith("MEMORY"):
            _, size, unit, file = line.split(None, 3)
            print(f"{size:>8} {unit} {_short(file)}")


def _run(world: World, program: str) -> str:
    paths = os.pathsep.join([str(ROOT), str(ROOT / "bench" / "paper")])
    cost = cost_of([sys.executable, "-c", program, "sync"], world.folder, {"PYTHONPATH": paths})
    if cost.exit_code != 0:
        raise RuntimeError(f"lms-bridge sync ended with {cost.exit_code}: {cost.output[-2000:]}")
    return cost.output


def _short(file: str) -> str:
    return "/".join(Path(file).parts[-3:])


if __name__ == "__main__":
    main()
