"""Whether a test notices a mistake: a process is forked that reads the changed module, and runs the tests in it.

What does not belong to this project is imported before the fork, so that a mistake costs a fraction of a second.
"""

import importlib.abc
import importlib.machinery
import importlib.util
import os
import resource
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.mutation.mistakes import Mistake

OPTIONS = [
    "-n0", "-x", "-q", "--no-header", "-p", "no:cacheprovider", "--hypothesis-seed=1",
    "-W", "ignore:Module already imported",
]  # fmt: skip
NOTICED, SURVIVED, LATE = "noticed", "survived", "late"


def notices(mistake: Mistake, root: Path, rounds: Sequence[list[str]], limit: int, scratch: Path) -> str:
    """`rounds` of tests, the likeliest first, each for `limit` seconds of the processor at most.

    What waits for ever takes none: four times as much by the clock ends it.
    """
    for tests in rounds:
        outcome = _forked(mistake, root, tests, limit, scratch)
        if outcome != SURVIVED:
            return outcome
    return SURVIVED


def _forked(mistake: Mistake, root: Path, tests: list[str], limit: int, scratch: Path) -> str:
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        os.setsid()
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
        _run(mistake, root, tests, scratch)
    end = time.monotonic() + 4 * limit
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return {0: SURVIVED, -signal.SIGKILL: LATE}.get(os.waitstatus_to_exitcode(status), NOTICED)
        time.sleep(0.01)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return LATE


def _run(mistake: Mistake, root: Path, tests: list[str], scratch: Path) -> None:
    """In the child, which never returns."""
    code = 70
    try:
        silence = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(silence, stream)
        sys.meta_path.insert(0, _Changed(mistake, root))
        files = sorted({test.partition("::")[0] for test in tests})
        code = int(pytest.main([*OPTIONS, f"--basetemp={scratch}", *files], plugins=[_Chosen(tests)]))
    finally:
        os._exit(code)


class _Chosen:
    """The tests asked for, the quickest first."""

    def __init__(self, tests: list[str]) -> None:
        self.order = {test: place for place, test in enumerate(tests)}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = sorted(
            (item for item in items if item.nodeid in self.order), key=lambda item: self.order[item.nodeid]
        )


class _Changed(importlib.abc.MetaPathFinder):
    def __init__(self, mistake: Mistake, root: Path) -> None:
        self.name = mistake.module.removesuffix(".py").replace("/", ".")
        self.path = str(root / mistake.module)
        self.code = mistake.code

    def find_spec(self, fullname: str, *_: object) -> importlib.machinery.ModuleSpec | None:
        if fullname != self.name:
            return None
        loader = _Loader(fullname, self.path, self.code)
        return importlib.util.spec_from_file_location(fullname, self.path, loader=loader)


class _Loader(importlib.machinery.SourceFileLoader):
    def __init__(self, fullname: str, path: str, code: str) -> None:
        super().__init__(fullname, path)
        self.changed = code

    def get_code(self, fullname: str):  # type: ignore[no-untyped-def]
        return compile(self.changed, self.path, "exec", dont_inherit=True)
