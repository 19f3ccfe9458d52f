"""`make bench`: measures, and holds each number against a public yardstick run side by side.

ARGS: subjects (files `measure_*.py`; all unless told), `--runs`, `--share` of the full sizes, `--output json`.
"""

import argparse
import importlib
import json
import os
import platform
import signal
import sys
from pathlib import Path

from bench.figure import Asked, Figure

SUBJECTS = sorted(path.stem.removeprefix("measure_") for path in Path(__file__).parent.glob("measure_*.py"))


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("subjects", nargs="*", metavar="SUBJECT", help=", ".join(SUBJECTS))
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--share", type=float, default=1.0)
    parser.add_argument("--output", choices=["table", "json"], default="table")
    asked = parser.parse_args()
    # Whoever is told to end still takes away what it made, such as courses in a real Moodle.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    unknown = sorted(set(asked.subjects) - set(SUBJECTS))
    if unknown:
        parser.error(f"{unknown[0]} is no subject; there are {', '.join(SUBJECTS)}")
    found: list[Figure] = []
    for subject in asked.subjects or SUBJECTS:
        print(f"measuring {subject}", file=sys.stderr, flush=True)
        module = importlib.import_module(f"bench.measure_{subject}")
        for figure in module.figures(Asked(asked.runs, asked.share)):
            # What was measured is told even when a later one fails.
            print(_row(figure), file=sys.stderr, flush=True)
            found.append(figure)
    if asked.output == "json":
        print(json.dumps([figure.as_json() for figure in found], indent=2))
    else:
        print(_machine())
        print(_table(found))


def _machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    system = f"{platform.system()} {platform.release()}, Python {platform.python_version()}"
    return f"{os.cpu_count()} cores, {memory:.0f} GB, {system}\n"


def _table(figures: list[Figure]) -> str:
    head = ["| what | measured | yardstick | ratio | goal | met |", "|" + "---|" * 6]
    return "\n".join([*head, *map(_row, figures)])


def _row(figure: Figure) -> str:
    measured = figure.skipped or f"{figure.value:,.3g} {figure.unit}"
    ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}"
    met = {True: "yes", False: "NO", None: ""}[figure.met]
    return "| " + " | ".join([figure.name, measured, figure.yardstick, ratio, figure.goal, met]) + " |"


if __name__ == "__main__":
    main()
