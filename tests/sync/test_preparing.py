"""Which places a run looks at, what it learns of them, and what it leaves alone until it knows more."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

import pytest
from engine_world import BIO, ECO, done, open_writes, pages, update_without_an_answer
from odd_world import FRONT, Odd, OddPlace, Wiki

from lms_bridge.connector import Action, Placement, PlaceRef
from lms_bridge.errors import ContentError, DestinationError, Unreachable
from lms_bridge.items import Item, Kind
from lms_bridge.markup.links import item_href
from lms_bridge.sync.policy import Answer, Deleted, Limits, Refresh
from lms_bridge.sync.report import exit_code, writes
from lms_bridge.sync.route import Within, prepare
from lms_bridge.sync.run import Route
from lms_bridge.sync.searching import Whole, seen, survey
from lms_bridge.sync.state import State
from lms_bridge.testing.bench import KEEP_BOTH, LEAVE, PRUNE, Bench
from lms_bridge.testing.memory import place_ref
from lms_bridge.testing.sample import make_item, make_page


class Faulty(Odd):
    """Cannot say where things go, or cannot open a place."""

    unlocated: Exception | None = None
    unopened: str = ""

    def locate(self, items: Iterable[Item]) -> Placement:
        if self.unlocated is not None:
            raise self.unlocated
        return Odd.locate(self, items)

    def open(self, ref: PlaceRef) -> OddPlace:
        if ref.id == self.unopened:
            raise ContentError("It is closed.", where="", next_step="Open it.")
        return Odd.open(self, ref)


@pytest.fixture
def there() -> Faulty:
    return Faulty()


# Places that cannot be looked at


@pytest.mark.parametrize(
    ("error", "cause", "unreachable"),
    [
        (Unreachable("It does not answer.", where="there"), "It does not answer.", True),
        (DestinationError("It is not ours.", where="there"), "It is not ours.", False),
        (KeyError("Ann"), "It could not be asked where things go: KeyError.", False),
    ],
)
def test_a_destination_that_cannot_say_where_things_go_is_told_and_nothing_is_done(
    error: Exception, cause: str, unreachable: bool, bench: Bench, there: Faulty
) -> None:
    bench.fill(*pages(2))
    there.unlocated = error
    report = bench.sync(PRUNE)
    assert [cause in failure.problem.cause for failure in report.failures] == [True]
    assert "Ann" not in str(report.failures)
    assert (writes(report), report.unreachable, exit_code([report])) == (0, unreachable, 6 if unreachable else 1)


def surveyed(route: Route, state: State, now: datetime) -> Whole | None:
    """The route as a worker knows it, who looks for everything himself."""
    return survey(route, state, "1", seen(route, state, now=now), now=now)


@pytest.mark.parametrize("trouble", [None, "the source", DestinationError("No.", where="there"), KeyError("Ann")])
def test_a_worker_begins_with_what_is_to_stand_and_where_unless_it_cannot_be_known(
    trouble: str | Exception | None, bench: Bench, there: Faulty
) -> None:
    bench.fill(*pages(2))
    bench.source.broken = trouble == "the source"
    there.unlocated = trouble if isinstance(trouble, Exception) else None
    with State.open(bench.file) as state:
        whole = surveyed(bench.route(), state, bench.now)
    assert (whole is None) == (trouble is not None)
    if whole is not None:
        assert [len(whole.view.items), len(whole.placement.places)] == [3, 1]


def test_a_part_of_a_route_is_planned_from_what_is_known_and_nobody_is_asked_again(bench: Bench, there: Faulty) -> None:
    bench.fill(*pages(2), *pages(1, ECO))
    route = bench.route()
    with State.open(bench.file) as state:
        whole = surveyed(route, state, bench.now)
        assert whole is not None
        mine = {ref: items for ref, items in whole.placement.places.items() if ref.course == ECO.idnumber}
        plan = prepare(route, state, now=bench.now, within=Within(whole.view, Placement(mine)))
    assert {change.course for change in plan.changes} == {ECO.idnumber}
    assert there.counts["locate"] == 1


def test_a_place_that_cannot_be_opened_costs_only_itself(bench: Bench, there: Faulty) -> None:
    first, second, third = (make_item(kind, BIO) for kind in (Kind.PROMPT, Kind.REVIEW, Kind.RATING))
    bench.fill(first, second, third)
    there.unopened = place_ref(Kind.PROMPT, "BIO-101").id
    report = bench.sync()
    assert done(report) == {"created": 2, "failed": 1}
    assert [failure.problem.where for failure in report.failures] == ["the prompts of BIO-101"]


def test_what_stands_in_a_course_that_is_not_found_is_not_taken_for_gone(bench: Bench, there: Faulty) -> None:
    first, second = make_item(Kind.PROMPT, BIO), make_item(Kind.PROMPT, ECO)
    bench.fill(first, second)
    bench.sync(PRUNE)
    there.courses = frozenset({"ECO-200"})
    plan = bench.plan(PRUNE)
    assert (plan.changes, [failure.key for failure in plan.failures]) == ((), [first.key])


def test_a_write_without_an_answer_stays_open_while_what_stands_there_cannot_be_read(
    bench: Bench, there: Faulty
) -> None:
    page = update_without_an_answer(bench, there)
    there.unread = Unreachable("It does not answer.")
    bench.sync(LEAVE)
    assert open_writes(bench) == [page.key]
    there.unread = None
    bench.sync(LEAVE)
    assert open_writes(bench) == []


# A selection, and what a person decided


def test_a_selection_takes_nothing_away_where_an_item_moved_to_another_course(bench: Bench) -> None:
    moving, staying = pages(2)
    bench.fill(moving, staying, *pages(1, ECO))
    bench.sync(PRUNE)
    bench.fill(replace(moving, course=ECO), staying, *pages(1, ECO))
    there, here = (Action.CREATE, "page@ECO-200"), (Action.DELETE, "page@BIO-101")
    for only, planned in (([moving.key], [there]), ([moving.key, staying.key], [there]), ([], [there, here])):
        changes = [change for change in bench.plan(PRUNE, only=only).changes if change.key == moving.key]
        assert [(change.action, change.place.id) for change in changes] == planned


def test_a_selection_looks_only_where_what_it_names_stands(bench: Bench, there: Faulty) -> None:
    mine, *others = [*pages(1), *pages(2, ECO)]
    bench.fill(mine, *others)
    bench.sync()
    listed = there.counts["entries"]
    bench.plan(only=[mine.key])
    assert there.counts["entries"] == listed + 1


def test_what_people_deleted_does_not_count_among_what_stands_in_a_place(bench: Bench, there: Faulty) -> None:
    """Of ten pages four stand no more: three deletes among six are more than the permitted share."""
    first, *rest = pages(9)
    bench.fill(first, *rest)
    bench.sync()
    for page in rest[:4]:
        there.things[place_ref(Kind.PAGE, BIO.idnumber).id].pop(there.find(page.key)[0].ref)
    bench.sync()
    bench.fill(first, *rest[:5])
    policy = replace(PRUNE, limits=Limits(deletes=10, delete_share=0.4, population=6))
    assert sum(change.guarded for change in bench.plan(policy).changes) == 3


def test_what_a_person_decided_about_an_entry_whose_item_is_gone_is_done(bench: Bench, there: Faulty) -> None:
    gone, stays = make_item(Kind.PROMPT, BIO, "gone"), make_item(Kind.PROMPT, BIO, "stays")
    bench.fill(gone, stays)
    bench.sync(PRUNE)
    there.edit(gone.key, "<p>A person.</p>")
    bench.fill(stays)
    assert gone.key in [change.key for change in bench.plan(PRUNE).conflicts]
    with State.open(bench.file) as state:
        plan = prepare(bench.route(PRUNE), state, now=bench.now, answers={gone.key: Answer.OURS})
    assert [(change.action, change.key) for change in plan.changes] == [(Action.DELETE, gone.key)]


# Where links lead


def test_a_link_to_what_is_gone_from_the_source_becomes_plain_words_though_it_still_stands(
    bench: Bench, there: Faulty
) -> None:
    second = make_page(BIO, "second", "<p>Words.</p>")
    first = make_page(BIO, "first", f'<p>See <a href="{item_href(second.key)}">that</a>.</p>')
    bench.fill(first, second)
    bench.sync()
    bench.fill(first)
    bench.sync()
    assert [len(there.find(second.key)), there.find(first.key)[0].html] == [1, "<p>See that.</p>"]


def test_a_link_leads_where_an_item_moved_although_the_listing_is_half(bench: Bench, there: Faulty) -> None:
    moving, staying = pages(2)
    links = make_page(ECO, "links", f'<p>See <a href="{item_href(moving.key)}">that</a>.</p>')
    bench.fill(moving, staying, links)
    bench.sync()
    assert "page@BIO-101" in there.find(links.key)[0].html
    bench.fill(replace(moving, course=ECO), links, staying)
    bench.source.complete = False
    bench.sync()
    assert "page@ECO-200" in there.find(links.key)[0].html


# Names of copies


@pytest.fixture
def wiki(there: Faulty) -> Faulty:
    there.kind_of_place = Wiki
    return there


def test_what_a_person_left_on_the_index_page_is_kept_under_a_name_of_its_own(bench: Bench, wiki: Faulty) -> None:
    index = replace(make_page(BIO, "index", "<p>Welcome.</p>", title="Home"), index=True)
    bench.fill(index)
    bench.sync()
    wiki.edit(index.key, "<p>A person.</p>")
    bench.change(replace(index, body="<p>Be welcome.</p>"))
    bench.sync(KEEP_BOTH)
    names = {thing.name: thing.html for thing in wiki.all()}
    assert names == {FRONT: "<p>Be welcome.</p>", "Home (as people left it, 2026-11-23)": "<p>A person.</p>"}


def test_what_people_left_twice_on_one_day_is_kept_under_two_names(bench: Bench, wiki: Faulty) -> None:
    (page,) = pages(1)
    bench.fill(page)
    bench.sync()
    for turn in ("once", "twice"):
        wiki.edit(page.key, f"<p>A person, {turn}.</p>")
        bench.change(replace(page, body=f"<p>The source, {turn}.</p>"))
        bench.sync(KEEP_BOTH)
    things = [thing for thing in wiki.all() if thing.title.startswith("Page 00")]
    assert sorted(thing.html for thing in things) == [
        "<p>A person, once.</p>", "<p>A person, twice.</p>", "<p>The source, twice.</p>",
    ]  # fmt: skip
    assert len({thing.name for thing in things}) == 3


def test_a_copy_does_not_take_the_name_of_a_page_that_is_made_again(bench: Bench, wiki: Faulty) -> None:
    page, named = pages(2)
    named = replace(named, title="Page 00 (as people left it, 2026-11-23)")
    bench.fill(page, named)
    bench.sync()
    wiki.edit(page.key, "<p>A person.</p>")
    wiki.remove(named.key)
    bench.fill(replace(page, body="<p>Newer.</p>"), replace(named, title="Another title"))
    bench.sync(replace(KEEP_BOTH, deleted=Deleted.RECREATE))
    assert wiki.find(named.key)[0].name == named.title
    assert len({thing.name for thing in wiki.all()}) == len(wiki.all()) == 4


def test_a_place_that_is_not_listed_needs_no_names_for_copies(bench: Bench, wiki: Faulty) -> None:
    policy = replace(KEEP_BOTH, refresh=Refresh.NEVER)
    bench.fill(*pages(1))
    bench.sync(policy)
    assert [done(bench.sync(policy)), wiki.counts["entries"]] == [{"unchanged": 2}, 1]
