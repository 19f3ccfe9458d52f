"""Which tests come to which lines of a module, and how long each takes: only those are asked about a mistake there."""

import ast
import json
import time
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path

import coverage
import pytest

SLOW_SERVER = 5.0
"""Seconds that a file's first test pays who has to start PostgreSQL: another test paid while they were taken."""


@dataclass(frozen=True, slots=True)
class Reached:
    seconds: dict[str, float]
    lines: dict[str, dict[str, list[int]]]
    """Lines by module and test; the test "" is the import."""
    served: Collection[str] = ()
    """The tests that need a PostgreSQL."""

    def together(self, test: str, others: Collection[str]) -> float:
        """The seconds that a test takes beside others: the tests of a file share one PostgreSQL."""
        seconds, file = self.seconds.get(test, 0.0), test.partition("::")[0]
        if test not in self.served or any(one in self.served and one.partition("::")[0] == file for one in others):
            return seconds
        return seconds + SLOW_SERVER


def record(root: Path, arguments: list[str], to: Path) -> int:
    """Run tests once on unchanged code and write down what they reach. Pytest's exit code."""
    recorder = _Recorder()
    recorder.measure.start()
    code = int(pytest.main(arguments, plugins=[recorder]))
    recorder.measure.stop()
    data = recorder.measure.get_data()
    lines: dict[str, dict[str, list[int]]] = {}
    for file in data.measured_files():
        found = lines.setdefault(Path(file).relative_to(root).as_posix(), {})
        for line, tests in data.contexts_by_lineno(file).items():
            for test in tests:
                found.setdefault(test, []).append(line)
    kept = {"seconds": recorder.seconds, "lines": lines, "served": recorder.served}
    to.write_text(json.dumps(kept), encoding="utf-8")
    return code


def read(from_file: Path) -> Reached:
    return Reached(**json.loads(from_file.read_text(encoding="utf-8")))


class _Recorder:
    def __init__(self) -> None:
        self.measure = coverage.Coverage(
            data_file=None, config_file=False, include=["lms_bridge/sync/*", "lms_bridge/markup/*"]
        )
        self.seconds: dict[str, float] = {}
        self.served: list[str] = []

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self.measure.switch_context(item.nodeid)
        begun = time.process_time()
        try:
            return (yield)
        finally:
            # Of the processor: what else the machine does is not the test's.
            self.seconds[item.nodeid] = time.process_time() - begun
            if item.get_closest_marker("postgresql") or "postgresql" in item.nodeid:
                self.served.append(item.nodeid)
            self.measure.switch_context("")


def tests_of(reached: Reached, root: Path, module: str, line: int) -> list[str]:
    """The tests that come to the statement on `line`. For what is done at import, and for what is done once and kept,
    where only the first who asks is seen, all that come to the module; of a module of data alone, all of its room."""
    found = reached.lines.get(module, {})
    source = ast.parse((root / module).read_text(encoding="utf-8"))
    wanted = _statement(source, line)
    direct = [test for test, lines in found.items() if test and not wanted.isdisjoint(lines)]
    at_import = not direct and not wanted.isdisjoint(found.get("", ()))
    if not at_import and not _kept(source, line):
        return direct
    room = f"tests/{module.split('/')[1]}/"
    return [test for test in found if test] or [test for test in reached.seconds if test.startswith(room)]


def importing(root: Path, module: str, tests: Iterable[str]) -> frozenset[str]:
    """Of these tests the ones that are about the module: they stand in a file of its name, or import it in their own
    lines."""
    name = module.removesuffix(".py").replace("/", ".")
    own = f"tests/{module.split('/')[1]}/test_{name.rpartition('.')[2]}.py"
    return frozenset(
        test
        for file, named in groupby(sorted(tests), key=lambda test: test.partition("::")[0])
        for about in [_importing(root / file, name)]
        for test in named
        if file == own or test.partition("::")[2].partition("[")[0] in about
    )


@cache
def _importing(file: Path, name: str) -> frozenset[str]:
    return frozenset(
        node.name
        for node in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef)
        and any(isinstance(line, ast.ImportFrom) and line.module == name for line in ast.walk(node))
    )


def _kept(source: ast.Module, line: int) -> bool:
    return any(
        node.lineno <= line <= (node.end_lineno or 0)
        and any("cache" in ast.unparse(one) for one in node.decorator_list)
        for node in ast.walk(source)
        if isinstance(node, ast.FunctionDef)
    )


def _statement(source: ast.Module, line: int) -> frozenset[int]:
    """The lines of the smallest statement around a line; of one that has a body, its head."""
    smallest = range(line, line + 1)
    best = 1 << 30
    for node in ast.walk(source):
        if not isinstance(node, ast.stmt):
            continue
        first = min([node.lineno, *(entry.lineno for entry in getattr(node, "decorator_list", ()))])
        body = getattr(node, "body", None)
        last = max(node.lineno, body[0].lineno - 1) if body else node.end_lineno or node.lineno
        if first <= line <= last and last - first < best:
            best, smallest = last - first, range(first, last + 1)
    return frozenset(smallest)
