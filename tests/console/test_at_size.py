"""A state of a hundred thousand items and ten thousand runs: each page reads what it shows, and no more."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from tests.console.conftest import free_ports, write_programme
from tests.console.console_world import Room, make_room
from tests.console.seeding import ROUTE, crowd, run, state_of

ITEMS, RUNS = 100_000, 10_000
PAGES = [
    "/", "/plan", "/reviews", "/content", "/content?words=page+9999", "/content?course=C0500", "/content?page=2000",
    "/content?tag=rare", "/content?tag=EXAM&page=1900", "/content?tag=rare&words=page+9", "/content?state=unseen",
    "/drafts", "/drafts?page=200", "/content/item?key=programme%3AC0000%2Fwiki%2F7", "/courses", "/courses?page=20",
    "/runs", "/runs?page=200", "/runs/r5", f"/routes/{ROUTE}",
]  # fmt: skip
PATIENCE = 1.5
"""Seconds that no page comes near; one that goes through everything takes longer on any machine."""


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory, passwords) -> Iterator[Room]:
    folder = tmp_path_factory.mktemp("big")
    write_programme(folder, free_ports())
    (folder / ".sandbox").mkdir()
    crowd(folder, items=ITEMS, runs=RUNS)
    room = make_room(folder, passwords)
    yield room
    room.close()


@pytest.mark.parametrize("path", PAGES)
def test_a_page_stays_small_and_comes_soon(big: Room, path: str) -> None:
    client = big.signed_in("ada")
    client.get(path)
    begun = time.perf_counter()
    answer = client.get(path)
    took = time.perf_counter() - begun
    assert answer.status_code == 200
    assert len(answer.content) < 120_000
    assert took < PATIENCE


@contextmanager
def asked(room: Room, *words: str) -> Iterator[list[str]]:
    """The console's questions to the state that hold these words."""
    found: list[str] = []

    def note(connection: object, cursor: object, statement: str, *_: object) -> None:
        if all(word in statement for word in words):
            found.append(statement)

    engine = room.console.desk.state._store.engine
    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)


def test_the_overview_counts_everything_only_after_another_run(big: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many look at it, and also while a run goes on; then now and again."""
    client = big.signed_in("ada")
    client.get("/")
    with asked(big, "FROM records", "GROUP BY") as counted:
        monkeypatch.setattr(big.service, "_runs", lambda route: True)
        for _ in range(3):
            client.get("/")
        assert counted == []
        big.clock.wait(31)
        client.get("/")
        assert len(counted) == len(big.console.desk.routes)
        monkeypatch.undo()
        run(big.folder, "s1")
        client.get("/")
        client.get("/")
        assert len(counted) == len(big.console.desk.routes) + 1


@pytest.mark.parametrize("path", ["/", "/reviews", "/courses", f"/routes/{ROUTE}"])
def test_what_a_run_did_is_not_gone_through_where_it_left_nothing(big: Room, path: str) -> None:
    """The first run of a large route left a line for each of its items."""
    with asked(big, "FROM outcomes") as gone_through:
        assert big.signed_in("ada").get(path).status_code == 200
    assert gone_through == []


def test_a_listing_reads_no_text(big: Room) -> None:
    """All of it comes out of one index, whose entries are small."""
    with state_of(big.folder) as state, state._store.transaction() as connection:
        query = (
            "EXPLAIN QUERY PLAN SELECT route, kind, drifted, deleted, count(*) FROM records WHERE route IN ('a', 'b') "
            "GROUP BY route, kind, drifted, deleted"
        )
        told = " ".join(row[-1] for row in connection.execute(sa.text(query)))
    assert "COVERING INDEX records_looked_at" in told
