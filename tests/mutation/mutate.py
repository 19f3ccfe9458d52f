"""Mutation testing: a small mistake is made in the code, and a test must notice. `make mutation`, on demand.

ARGS: modules (`sync/decision.py`; all of `sync/` and `markup/` unless told), `--share` of their mistakes, drawn with a
fixed seed, `--workers`, `--reached FILE` to keep what was found out about the tests between two runs, and `--tests`
to ask only these files (it comes last). Fails when a mistake survives that `docs/survivors.yaml` does not explain.
"""

import argparse
import importlib
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT))

import yaml  # noqa: E402 - the project's own folder comes first

from tests.mutation import noticed, reached  # noqa: E402 - the same
from tests.mutation.mistakes import Mistake, mistakes_in  # noqa: E402 - the same

MARKS = "not live and not clients and not crash and not faults and not fuzz and not browser"
TESTS = ["tests/markup", "tests/sync", "tests/cli", "tests/sources", "tests/security", "tests/testing", "tests/scale"]
PATIENCE = 6.0
"""Seconds of the processor that the tests asked about one mistake took unchanged."""
MORE_PATIENCE = 20.0
"""The same, of further tests, once nobody noticed and nothing explains why."""
LIBRARIES = (
    "hypothesis.stateful", "pydantic", "lxml.html", "requests", "msal", "tenacity", "yaml", "nh3", "markdown_it",
    "sqlalchemy", "html5lib", "openpyxl", "cryptography.x509",
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("modules", nargs="*", metavar="MODULE")
    parser.add_argument("--share", type=float, default=1.0)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--reached", type=Path)
    parser.add_argument("--tests", nargs="+", default=TESTS, metavar="TESTS")
    parser.add_argument("--record", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    os.chdir(ROOT)
    if asked.record:
        sys.exit(reached.record(ROOT, ["-n0", "-q", "-p", "no:cacheprovider", "-m", MARKS, *asked.tests], asked.record))
    known = {
        f"{path.parent.name}/{path.name}"
        for room in ("sync", "markup")
        for path in (ROOT / "lms_bridge" / room).glob("*.py")
    }
    unknown = sorted(set(asked.modules) - known)
    if unknown:
        parser.error(f"{unknown[0]} is no module of sync/ or markup/")
    with tempfile.TemporaryDirectory() as folder:
        found = _reached(asked.reached, Path(folder), asked.tests)
        chosen = _drawn(sorted(asked.modules or known), asked.share)
        results = _asked_of_workers(chosen, found, asked.workers, Path(folder))
    sys.exit(_report(results))


def _reached(kept: Path | None, folder: Path, tests: list[str]) -> reached.Reached:
    """Found out by another process, so that this one has not read the project's modules before it forks."""
    file = kept or folder / "reached.json"
    if not file.exists():
        print("running the tests once on unchanged code", flush=True)
        command = [sys.executable, __file__, "--record", str(file), "--tests", *tests]
        if subprocess.run(command, check=False, stdout=subprocess.DEVNULL).returncode != 0:
            file.unlink(missing_ok=True)
            sys.exit("a test fails on unchanged code, so nothing can be said: see `make test`")
    return reached.read(file)


def _drawn(modules: list[str], share: float) -> list[Mistake]:
    every = [mistake for module in modules for mistake in mistakes_in(ROOT, f"lms_bridge/{module}")]
    kept = random.Random(1).sample(range(len(every)), round(share * len(every)))  # noqa: S311 - a sample, no secret
    return [every[place] for place in sorted(kept)]


def _asked_of_workers(
    chosen: list[Mistake], found: reached.Reached, workers: int, folder: Path
) -> list[tuple[Mistake, str]]:
    for name in LIBRARIES:
        try:
            importlib.import_module(name)
        except ImportError:
            continue
    children = []
    for number in range(workers):
        child = os.fork()
        if child == 0:
            try:
                _work(chosen[number::workers], found, folder / f"results{number}", folder / f"scratch{number}")
            finally:
                os._exit(0)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)
    outcomes = {}
    for number in range(workers):
        told = (folder / f"results{number}").read_text(encoding="utf-8").splitlines()
        outcomes.update({id(mistake): said for mistake, said in zip(chosen[number::workers], told, strict=False)})
    return [(mistake, outcomes.get(id(mistake), "not tried")) for mistake in chosen]


def _work(mistakes: list[Mistake], found: reached.Reached, to: Path, scratch: Path) -> None:
    begun, explained = time.monotonic(), _explained()
    with to.open("w", encoding="utf-8") as results:
        for done, mistake in enumerate(mistakes, 1):
            rounds = _rounds(mistake, found)
            cost = sum(found.together(test, tests[:place]) for tests in rounds for place, test in enumerate(tests))
            outcome = (
                noticed.notices(mistake, ROOT, rounds, 10 + round(3 * cost), scratch) if rounds else "never reached"
            )
            known = mistake.name in explained.get(mistake.module, ())
            if outcome == noticed.SURVIVED and not known and (more := _further(mistake, found, rounds)):
                outcome = noticed.notices(mistake, ROOT, [more], 10 + round(3 * MORE_PATIENCE), scratch)
            results.write(outcome + "\n")
            results.flush()
            if outcome != noticed.NOTICED:
                print(f"{outcome}: {mistake.module}:{mistake.line} {mistake.name}", flush=True)
            if done % 100 == 0:
                print(f"{done} of {len(mistakes)} after {time.monotonic() - begun:.0f} s", flush=True)


def _rounds(mistake: Mistake, found: reached.Reached) -> list[list[str]]:
    """The tests worth asking, in two rounds: what costs little to begin comes first.

    Of tests that take the same way through the module the quickest is asked first, and of ways those of
    the module's own room, the longest first. Before all others comes who imports the module for itself.
    """
    room = "tests/" + mistake.module.split("/")[1] + "/"
    ways: dict[frozenset[int], list[str]] = {}
    reaching = reached.tests_of(found, ROOT, mistake.module, mistake.line)
    about = reached.importing(ROOT, mistake.module, reaching)
    for test in reaching:
        ways.setdefault(frozenset(found.lines[mistake.module].get(test, ())), []).append(test)
    ranked = [
        (test not in about, place, not test.startswith(room), -len(way), found.together(test, ()), test)
        for way, tests in ways.items()
        for place, test in enumerate(sorted(tests, key=lambda one: found.together(one, ())))
    ]
    chosen: list[str] = []
    spent = 0.0
    for *_, test in sorted(ranked):
        seconds = found.together(test, chosen)
        if spent + seconds <= PATIENCE:
            chosen.append(test)
            spent += seconds
    if not chosen:
        chosen = [test for *_, test in sorted(ranked, key=lambda one: one[-2])[:1]]
    files = Counter(test.partition("::")[0] for test in chosen if test.startswith(room))
    first = {file for file, _ in files.most_common(2)}
    rounds = (
        [test for test in chosen if test.partition("::")[0] in first],
        [test for test in chosen if test.partition("::")[0] not in first],
    )
    return [sorted(tests, key=lambda test: found.together(test, ())) for tests in rounds if tests]


def _further(mistake: Mistake, found: reached.Reached, asked: list[list[str]]) -> list[str]:
    """The quickest of those that were not asked: what many tests come to is noticed by one that looks for it."""
    before = {test for tests in asked for test in tests}
    left = [test for test in reached.tests_of(found, ROOT, mistake.module, mistake.line) if test not in before]
    chosen: list[str] = []
    spent = 0.0
    for test in sorted(left, key=lambda test: found.together(test, ())):
        spent += found.together(test, chosen)
        if spent > MORE_PATIENCE:
            break
        chosen.append(test)
    return chosen


def _report(results: list[tuple[Mistake, str]]) -> int:
    explained, unexplained = _explained(), 0
    for module in sorted({mistake.module for mistake, _ in results}):
        outcomes = [(mistake, said) for mistake, said in results if mistake.module == module]
        count = Counter(said for _, said in outcomes)
        known = explained.get(module, set())
        left = [one for one, said in outcomes if said not in (noticed.NOTICED, noticed.LATE) and one.name not in known]
        unexplained += len(left)
        told = ", ".join(f"{number} {said}" for said, number in sorted(count.items()))
        print(f"{module}: {len(outcomes)} mistakes: {told}; {len(left)} not explained")
        for mistake in left:
            print(f"  {mistake.line} {json.dumps(mistake.name, ensure_ascii=False)}")
    return 1 if unexplained else 0


def _explained() -> dict[str, set[str]]:
    file = ROOT / "docs" / "survivors.yaml"
    told = yaml.safe_load(file.read_text(encoding="utf-8")) if file.exists() else {}
    return {
        f"lms_bridge/{module}": {name for names in reasons.values() for name in names}
        for module, reasons in (told or {}).items()
    }


if __name__ == "__main__":
    main()
