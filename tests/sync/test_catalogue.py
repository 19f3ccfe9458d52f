"""What people look items up by: tags and drafts, as the source had them when it was last read."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lms_bridge.items import Draft, Kind, Origin
from lms_bridge.sync.catalogue import Catalogue
from lms_bridge.sync.state import State
from tests.sync.quiet_world import Desk

R = ("route",)


@pytest.fixture
def state(location: str) -> Iterator[State]:
    with State.open(location) as opened:
        yield opened


def draft(key: str, title: str, line: int = 2) -> Draft:
    return Draft(key, Kind.PAGE, "BIO", title, Origin(f"content/{key}.md", line))


def test_tags_are_those_that_the_source_has_now(state: State) -> None:
    state.catalogue.keep("route", Catalogue({"a": ("exam", "Biology"), "b": ("exam",)}, whole=True))
    assert state.catalogue.tags_of(R, ["a", "b", "c"]) == {"a": ["Biology", "exam"], "b": ["exam"]}
    state.catalogue.keep("route", Catalogue({"a": ("exam", "exam")}, whole=True))
    assert state.catalogue.tags_of(R, ["a", "b"]) == {"a": ["exam"]}
    assert state.catalogue.tags(["another"], limit=9) == []


def test_a_half_read_source_takes_no_tags_from_what_it_did_not_tell_of(state: State) -> None:
    state.catalogue.keep("route", Catalogue({"a": ("exam",), "b": ("exam",)}, whole=True))
    state.catalogue.keep("route", Catalogue({"a": ("other",)}))
    assert state.catalogue.tags_of(R, ["a", "b"]) == {"a": ["other"], "b": ["exam"]}


def test_a_tag_that_is_written_large_and_small_is_offered_once(state: State) -> None:
    state.catalogue.keep("route", Catalogue({"a": ("Exam",), "b": ("exam", "cells")}, whole=True))
    assert state.catalogue.tags(R, limit=9) == ["cells", "Exam"]
    assert state.catalogue.tags(R, limit=1) == ["cells"]


def test_drafts_are_kept_until_the_source_tells_of_them_no_more(state: State) -> None:
    state.catalogue.keep("route", Catalogue(drafts=(draft("a", "Acids"), draft("b", "Bases"))))
    state.catalogue.keep("route", Catalogue(drafts=None))
    kept, total = state.catalogue.drafts(R, limit=1)
    assert (total, [(each.title, each.origin) for each in kept]) == (2, [("Acids", "content/a.md:2")])
    state.catalogue.keep("route", Catalogue(drafts=(draft("b", "Bases", line=7),)))
    assert [each.origin for each in state.catalogue.drafts(R, limit=9)[0]] == ["content/b.md:7"]


def test_a_draft_that_two_routes_would_push_is_one(state: State) -> None:
    for route in ("moodle", "sharepoint"):
        state.catalogue.keep(route, Catalogue(drafts=(draft("a", "Acids"),)))
    kept, total = state.catalogue.drafts(["sharepoint", "moodle"], limit=9)
    assert (total, [each.route for each in kept]) == (1, ["moodle"])


def test_what_is_forgotten_leaves_no_tags_and_no_drafts(state: State) -> None:
    state.catalogue.keep("route", Catalogue({"a": ("exam",)}, whole=True, drafts=(draft("a", "Acids"),)))
    state.history.erase("route", ["a"])
    assert state.catalogue.tags_of(R, ["a"]) == {}
    assert state.catalogue.drafts(R, limit=9) == ([], 0)


@pytest.mark.parametrize("remembers", [False, True])
def test_a_sync_keeps_what_the_folder_says_whether_or_not_anything_is_written(tmp_path: Path, remembers: bool) -> None:
    page = tmp_path / "content/BIO/wiki/a.md"
    page.parent.mkdir(parents=True)
    (page.parent / "b.md").write_text("---\nstatus: draft\n---\n# Bases\n")
    desk = Desk(tmp_path, remembers=remembers)
    for tags in ("exam", "other"):
        # The memory destination shows no tags: nothing is written for them, and they are found all the same.
        page.write_text(f"---\ntags: [{tags}]\n---\n# Acids\n\nSour.\n")
        desk.sync()
        with State.open(tmp_path / "state.sqlite") as state:
            assert state.catalogue.tags_of(R, ["programme:BIO/wiki/a"]) == {"programme:BIO/wiki/a": [tags]}
            ((kept,), _) = state.catalogue.drafts(R, limit=9)
    assert (kept.key, kept.course, kept.title, kept.origin) == (
        "programme:BIO/wiki/b", "BIO", "Bases", "content/BIO/wiki/b.md:2",
    )  # fmt: skip
