"""What the console works out for people: elsewhere, so that the service stays small, and kept only so far."""

import logging
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import pytest

from lms_bridge.console.apart import Apart
from lms_bridge.console.errands import MOST, MOST_BYTES, MOST_EACH, Errand, Errands
from lms_bridge.console.previewing import Preview, Seen
from lms_bridge.errors import BridgeError, NotFound
from tests.cli.conftest import ROOT
from tests.console.console_world import Clock, Room, look
from tests.console.test_deciding_here import MOODLE, PLANTS


@pytest.fixture
def errands() -> Iterator[Errands]:
    made = Errands(Clock())
    yield made
    made.close()


@pytest.fixture
def found_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other process finds the work of these tests."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def ended(errands: Errands, about: str, found: object, by: str = "vera") -> Errand:
    errand = errands.start("preview", about, lambda progress: found, by=by)
    errands.wait(errand.id)
    return errand


def previewed(size: int) -> Preview:
    return Preview("k", [Seen("r", "moodle", "moodle", "wiki", "Cells", "x" * size, [], "", None)], [])


def kept(errands: Errands, *asked: Errand) -> list[str]:
    return [errand.about for errand in asked if errands.find(errand.id) is not None]


def test_large_previews_make_way_for_newer_ones_however_few_they_are(errands: Errands) -> None:
    third = MOST_BYTES // 3
    asked = [ended(errands, str(number), previewed(third)) for number in range(5)]
    assert kept(errands, *asked) == ["3", "4"]


def test_the_newest_look_is_kept_whatever_it_holds(errands: Errands) -> None:
    small = ended(errands, "small", previewed(10))
    large = ended(errands, "large", previewed(MOST_BYTES + 1))
    assert kept(errands, small, large) == ["large"]


def test_who_looks_at_much_pushes_out_looks_of_their_own(errands: Errands) -> None:
    anna = ended(errands, "anna's", previewed(10), by="anna")
    mine = [ended(errands, str(number), previewed(10)) for number in range(MOST)]
    assert kept(errands, anna) == ["anna's"]
    assert kept(errands, *mine) == [str(number) for number in range(MOST - MOST_EACH, MOST)]


def test_of_many_people_s_looks_the_oldest_make_way(errands: Errands) -> None:
    asked = [ended(errands, str(number), previewed(10), by=f"person {number}") for number in range(MOST + 3)]
    assert kept(errands, *asked) == [str(number) for number in range(3, MOST + 3)]


def test_what_still_runs_is_never_forgotten(errands: Errands) -> None:
    free = threading.Event()
    slow = errands.start("plan", "slow", lambda progress: free.wait(60), by="vera")
    for number in range(MOST):
        ended(errands, str(number), previewed(10))
    assert kept(errands, slow) == ["slow"]
    free.set()


def whereabouts(clock: Callable[[], datetime], progress: Callable[[str, int, int], None]) -> tuple[int, datetime]:
    print("What a library prints.")
    logging.getLogger("lms_bridge.sync").warning("something is %s", "odd")
    progress("looking", 1, 2)
    return os.getpid(), clock()


def lost(clock: Callable[[], datetime], progress: Callable[[str, int, int], None]) -> None:
    raise NotFound("it is gone", where="there", next_step="Look.")


def broken(clock: Callable[[], datetime], progress: Callable[[str, int, int], None]) -> None:
    raise ValueError("hunter2")


def killed(clock: Callable[[], datetime], progress: Callable[[str, int, int], None]) -> None:
    os._exit(9)


@pytest.mark.usefixtures("found_elsewhere")
def test_a_look_is_worked_out_in_another_process(caplog: pytest.LogCaptureFixture) -> None:
    clock, told = Clock(), list[tuple[str, int, int]]()
    pid, moment = Apart(whereabouts, clock)(lambda *step: told.append(step))
    assert pid != os.getpid()
    assert moment >= clock()
    assert told == [("looking", 1, 2)]
    assert "something is odd" in caplog.text


@pytest.mark.usefixtures("found_elsewhere")
@pytest.mark.parametrize(
    ("work", "told"),
    [
        (lost, "there: it is gone. Look."),
        (broken, "an unexpected ValueError stopped it. What was done is kept. Look into the service's log."),
        (killed, "the process that looked was ended. Look once more."),
    ],
)
def test_why_a_look_failed_elsewhere_is_told_here(errands: Errands, work: Callable[..., None], told: str) -> None:
    errand = errands.start("plan", "r", Apart(work, Clock()), by="vera")
    errands.wait(errand.id)
    assert [str(problem) for problem in errand.problems] == [told]


def endless(clock: Callable[[], datetime], progress: Callable[[str, int, int], None]) -> None:
    progress("looking", 0, 0)
    threading.Event().wait()


@pytest.mark.usefixtures("found_elsewhere")
def test_a_look_can_be_ended_at_once() -> None:
    work, began = Apart(endless, Clock()), threading.Event()
    with ThreadPoolExecutor(1) as pool:
        looking = pool.submit(work, lambda *_: began.set())
        assert began.wait(60)
        work.end()
        with pytest.raises(BridgeError, match="was ended"):
            looking.result(60)


def test_a_console_that_closes_ends_what_only_looks_and_waits_for_what_writes() -> None:
    errands, ended, written = Errands(Clock()), threading.Event(), threading.Event()
    looks = errands.start("plan", "r", lambda progress: ended.wait(60), by="vera", end=ended.set)
    writes = errands.start("answer", "k", lambda progress: written.set(), by="anna")
    errands.close()
    assert looks.result is True
    assert writes.ended is not None
    assert written.is_set()


def test_looks_leave_no_file_and_no_process_behind(living: Room) -> None:
    client = living.signed_in("anna")
    look(client, "/previews", key=PLANTS)
    before = held()
    look(client, "/previews", key=PLANTS)
    look(client, "/plan", route=MOODLE)
    look(client, "/differences", route=MOODLE, key=PLANTS)
    assert held() == before


def held() -> tuple[int, list[str]]:
    """Open files that are no connections (those of the test's own browser come and go), and processes."""
    process = Path("/proc/self")
    targets = [os.readlink(fd) for fd in (process / "fd").iterdir() if fd.exists()]
    files = sum(not target.startswith("socket:") for target in targets)
    return files, (process / "task" / str(os.getpid()) / "children").read_text(encoding="ascii").split()
