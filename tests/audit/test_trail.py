"""The audit trail tells who changed what, in lines that nobody can change, add or take out unnoticed."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from lms_bridge.audit.actor import account
from lms_bridge.audit.chain import Head, head_of, verify
from lms_bridge.audit.line import Act, Actor, Deed, Line, Role
from lms_bridge.errors import StateError
from lms_bridge.items import Course, Item, Kind, mark
from lms_bridge.sync.apply import apply
from lms_bridge.sync.forget import erase, plan_erasure
from lms_bridge.sync.route import prepare
from lms_bridge.sync.state import State
from lms_bridge.sync.state_transfer import export, import_
from lms_bridge.testing.bench import OVERWRITE, PRUNE, Bench
from lms_bridge.testing.memory import MemoryDestination
from lms_bridge.testing.sample import make_item, make_page

BIO = Course("BIO-101", "Cell Biology")
ANN = Actor(Role.PERSON, "ann@example.org")


@pytest.fixture
def there() -> MemoryDestination:
    return MemoryDestination()


@pytest.fixture
def bench(there: MemoryDestination, tmp_path: Path) -> Bench:
    return Bench(there, tmp_path)


@pytest.fixture
def state(location: str) -> Iterator[State]:
    with State.open(location, by=ANN) as opened:
        yield opened


def trail(bench: Bench) -> list[Line]:
    with bench.open() as state:
        return list(state.trail.lines())


def everything() -> list[Item]:
    return [make_item(kind, BIO) for kind in Kind]


def five(state: State) -> list[Line]:
    for number in range(5):
        state.trail.add(Act(deed=Deed.APPROVE, route="r", about=str(number)))
    return list(state.trail.lines())


def tampered(state: State, *statements: str) -> None:
    """By somebody who owns the database, and takes away what guards it first."""
    with state._engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            connection.execute(sa.text("DROP TRIGGER trail_no_update"))
            connection.execute(sa.text("DROP TRIGGER trail_no_delete"))
        else:
            connection.execute(sa.text("DROP TRIGGER trail_only_added ON trail"))
        for statement in statements:
            connection.execute(sa.text(statement))


# Who did what


def test_a_decision_is_told_with_who_made_it(state: State) -> None:
    state.trail.add(Act(deed=Deed.APPROVE, route="r", run="1", about="c" * 64))
    (line,) = state.trail.lines()
    assert (line.role, line.actor, line.deed, line.route, line.about) == (
        "person",
        "ann@example.org",
        "approve",
        "r",
        "c" * 64,
    )
    assert verify(state.trail.lines()).broken is None


def test_without_a_name_it_is_the_account_that_the_process_runs_under(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("USER", "somebody else")
    monkeypatch.setenv("LOGNAME", "somebody else")
    with bench.open() as state:
        state.trail.add(Act(deed=Deed.REBUILD))
    (line,) = trail(bench)
    assert (line.role, line.actor) == ("account", account().name)
    assert account().name != "somebody else"


def test_each_write_of_a_run_is_a_line_with_the_digests_of_what_it_found_and_left(
    bench: Bench, there: MemoryDestination
) -> None:
    page = make_page(BIO, "cells", "<p>One</p>", title="Cells")
    bench.fill(page)
    first = bench.sync()
    bench.change(make_page(BIO, "cells", "<p>Two</p>", title="Cells"))
    bench.sync()
    bench.fill()
    bench.sync(PRUNE, approve=True)
    told = [line for line in trail(bench) if line.key == page.key]
    assert [line.deed for line in told] == ["create", "update", "delete"]
    create, update, delete = told
    assert (create.before, create.run, create.key) == ("", first.run, page.key)
    assert create.after == update.before != ""
    assert update.after == delete.before not in ("", create.after)
    assert delete.after == ""
    assert verify(trail(bench)).broken is None


def test_what_a_person_left_there_is_what_a_write_over_it_found(bench: Bench, there: MemoryDestination) -> None:
    page = make_page(BIO, "cells", "<p>One</p>", title="Cells")
    bench.fill(page)
    bench.sync()
    there.edit(page.key, "<p>A person's</p>")
    bench.sync(OVERWRITE)
    create, update = (line for line in trail(bench) if line.key == page.key)
    assert update.before not in ("", create.after)
    assert update.after == create.after


def test_of_a_write_without_an_answer_nobody_says_what_it_left(bench: Bench, there: MemoryDestination) -> None:
    page = make_page(BIO, "cells", "<p>Ours.</p>")
    bench.fill(page)
    bench.sync()
    there.edit(page.key, "<p>A person.</p>")
    there.lost.add(page.key)
    bench.sync(OVERWRITE)
    (line,) = [line for line in trail(bench) if line.about == "unanswered"]
    assert (line.before != "", line.after) == (True, "")


def test_a_run_that_writes_nothing_adds_nothing(bench: Bench) -> None:
    bench.fill(*everything())
    bench.sync()
    before = trail(bench)
    bench.sync()
    assert before[-1].deed == Deed.RUN
    assert before[-1].about == "5 changes"
    assert trail(bench) == before


def test_what_a_run_wrote_that_was_cut_off_is_told_by_the_next_one_under_its_own_name(
    bench: Bench, there: MemoryDestination
) -> None:
    """The lines come at the end of a run, and a killed one never gets there."""

    class Killed(BaseException):
        """Stands for `kill -9`."""

    def die(stage: str, done: int, total: int) -> None:
        if stage == "writing" and done == 2:
            raise Killed

    bench.fill(*[make_page(BIO, f"p{n}", f"<p>{n}</p>", title=f"Page {n}") for n in range(4)])
    route = bench.route()
    bench.open().close()
    with State.open(bench.file, by=ANN) as state, state.lease(route.name):
        plan = prepare(route, state, now=bench.now)
        with pytest.raises(Killed):
            apply(plan, route, state, now=bench.now, run="killed", progress=die)
        written = [row for row in state.history.outcomes("killed", route.name) if row["status"] == "done"]
    assert trail(bench) == []
    bench.sync()
    lines = trail(bench)
    cut_off = [line for line in lines if line.run == "killed"]
    assert [line.deed for line in cut_off] == ["create"] * len(written) + ["run"]
    assert {line.actor for line in cut_off} == {"ann@example.org"}
    assert cut_off[-1].about == f"{len(written)} changes, cut off"
    assert {line.actor for line in lines if line.run != "killed"} == {account().name}
    bench.sync()
    assert trail(bench) == lines


def test_a_run_that_is_closed_twice_is_told_once(bench: Bench) -> None:
    bench.fill(*everything())
    report = bench.sync()
    before = trail(bench)
    with bench.open() as state:
        state.trail.add_run(report.run, bench.name)
    assert trail(bench) == before


def test_undoing_is_told_with_the_run_that_it_undoes(bench: Bench) -> None:
    bench.fill(*everything())
    first = bench.sync()
    undone = bench.undo(first)
    (line,) = (line for line in trail(bench) if line.deed == Deed.UNDO)
    assert (line.about, line.run) == (first.run, undone.run)


def test_a_changed_config_is_told_once(state: State) -> None:
    for digest in ("a" * 64, "a" * 64, "b" * 64, "b" * 64):
        state.trail.note_config("connectors.yaml", digest)
    told = [(line.before, line.after) for line in state.trail.lines()]
    assert told == [("", "a" * 64), ("a" * 64, "b" * 64)]


# Forgetting a person


def test_what_a_person_wrote_leaves_nothing_in_the_trail_that_tells_who_it_was(bench: Bench) -> None:
    review = make_item(Kind.REVIEW, BIO)
    bench.fill(*everything())
    bench.source.authors = {"Ann Adler": frozenset({review.key})}
    bench.sync()
    route = bench.route()
    with bench.open() as state, state.lease(route.name):
        erase(route, state, plan_erasure(route, state, "Ann Adler", now=bench.now), now=bench.now)
    assert verify(trail(bench)).broken is None
    raw = b"".join(path.read_bytes() for path in bench.folder.glob("state.sqlite*"))
    assert b"Ann Adler" not in raw
    assert review.key.encode() not in raw
    with bench.open() as state:
        of_it = [line.deed for line in state.trail.lines(key=review.key)]
    assert of_it == ["create", "delete"]
    assert {line.key for line in trail(bench) if line.deed == "delete"} == {f"mark:{mark(review.key)}"}


# Whether it is whole


@pytest.mark.parametrize(
    ("statement", "line", "how"),
    [
        ("UPDATE trail SET actor = 'mallory' WHERE number = 3", 3, "not as it was written"),
        ("UPDATE trail SET at = '2020-01-01 00:00:00' WHERE number = 3", 3, "not as it was written"),
        ("UPDATE trail SET chained = 'x' WHERE number = 3", 3, "not as it was written"),
        ("DELETE FROM trail WHERE number = 1", 2, "line 1 is missing"),
        ("DELETE FROM trail WHERE number = 3", 4, "line 3 is missing"),
        ("UPDATE trail SET number = number + 10 WHERE number = 5", 15, "line 5 is missing"),
    ],
)
def test_whoever_changes_it_is_told_at_the_first_line_that_does_not_hold(
    state: State, statement: str, line: int, how: str
) -> None:
    five(state)
    tampered(state, statement)
    broken = verify(state.trail.lines()).broken
    assert broken is not None
    assert broken.number == line
    assert how in broken.how


def test_the_end_that_was_cut_off_is_told_by_a_head_that_was_kept(state: State) -> None:
    five(state)
    kept = head_of(str(verify(state.trail.lines()).head))
    assert kept == state.trail.head()
    tampered(state, "DELETE FROM trail WHERE number > 3")
    assert verify(state.trail.lines()).broken is None
    broken = verify(state.trail.lines(), kept=kept).broken
    assert broken is not None
    assert "cut off" in broken.how


def test_a_trail_that_was_written_anew_is_told_by_a_head_that_was_kept(bench: Bench) -> None:
    with bench.open() as state:
        five(state)
        kept = Head(3, "0" * 64)
        assert verify(state.trail.lines(), kept=state.trail.head()).broken is None
        broken = verify(state.trail.lines(), kept=kept).broken
    assert broken is not None
    assert broken.number == 3


@pytest.mark.parametrize("written", ["", "12", "12:", "x:" + "0" * 64, "-1:" + "0" * 64, "²:" + "0" * 64])
def test_what_is_no_head_is_told_from_one(written: str) -> None:
    assert head_of(written) is None


@pytest.mark.parametrize("statement", ["DELETE FROM trail", "UPDATE trail SET actor = 'mallory'"])
def test_a_slip_cannot_change_it(state: State, statement: str) -> None:
    before = five(state)
    with pytest.raises(sa.exc.DBAPIError, match="only ever added to"), state._engine.begin() as connection:
        connection.execute(sa.text(statement))
    assert list(state.trail.lines()) == before


def test_several_processes_add_to_one_chain(location: str) -> None:
    code = (
        "import sys\nfrom lms_bridge.audit.line import Act\nfrom lms_bridge.sync.state import State\n"
        "with State.open(sys.argv[1]) as state:\n    for n in range(25): state.trail.add(Act(deed='run', about=str(n)))"
    )
    State.open(location).close()
    others = [subprocess.Popen([sys.executable, "-c", code, location]) for _ in range(3)]
    assert [other.wait(60) for other in others] == [0, 0, 0]
    with State.open(location) as state:
        assert verify(state.trail.lines()).broken is None
        assert state.trail.head().number == 75


def test_it_is_read_page_by_page_whole_and_in_order(state: State) -> None:
    state.trail.add(*(Act(deed="create", key=str(n)) for n in range(2_500)))
    assert [line.key for line in state.trail.lines()] == [str(n) for n in range(2_500)]


def test_it_goes_along_when_a_state_moves(bench: Bench, tmp_path: Path) -> None:
    bench.fill(*everything())
    bench.sync()
    other = tmp_path / "other.sqlite"
    import_(other, export(bench.file))
    with State.open(other) as moved:
        assert list(moved.trail.lines()) == trail(bench)
        moved.trail.add(Act(deed=Deed.IMPORT))
        assert verify(moved.trail.lines()).broken is None


def test_nothing_is_told_of_what_could_not_be_kept(bench: Bench) -> None:
    """A whole group of lines or none of it."""
    with bench.open() as state:
        five(state)
        unprintable: Callable[[], object] = object
        with pytest.raises((StateError, TypeError)):
            state.trail.add(Act(deed="one"), Act(deed="two", about=unprintable()))  # type: ignore[arg-type]
        assert state.trail.head().number == 5
