"""Items that the source has and cannot give, and prompts that wait for their moment."""

from dataclasses import replace
from datetime import timedelta

import pytest
from engine_world import BIO, done, pages

from lms_bridge.connector import Action, Change, Listing
from lms_bridge.errors import Problem
from lms_bridge.items import Kind, Page, Withheld, mark
from lms_bridge.markup.links import item_href
from lms_bridge.sync.apply import apply
from lms_bridge.sync.policy import Limits, Policy
from lms_bridge.sync.report import exit_code
from lms_bridge.sync.route import prepare
from lms_bridge.sync.run import Failure, Plan
from lms_bridge.sync.state import State
from lms_bridge.sync.status import standing
from lms_bridge.testing.bench import PRUNE, Bench
from lms_bridge.testing.memory import MemoryDestination, place_ref
from lms_bridge.testing.memory_source import MemorySource
from lms_bridge.testing.sample import make_item, make_page, make_prompt

# What is held back


def hold(bench: Bench, *held: Page) -> None:
    """The source can no longer give these pages; only their place in the course is known."""
    keys = {page.key for page in held}
    bench.source.content = [item for item in bench.source.content if item.key not in keys]
    bench.source.withheld = tuple(Withheld(p.key, p.origin, replace(p, title="", body="")) for p in held)
    bench.source.problems = tuple(Problem("It has a dead link.", f"{p.origin}:3", "Mend it.") for p in held)
    bench.source.complete = False


def own_index() -> Page:
    return replace(make_page(BIO, "index", "<p>Welcome.</p>", title="Home"), index=True)


def test_no_second_index_page_is_made_while_the_designers_own_is_held_back(
    bench: Bench, there: MemoryDestination
) -> None:
    bench.fill(own_index(), *pages(2))
    hold(bench, own_index())
    bench.sync()
    assert sorted(thing.title for thing in there.all()) == ["Page 00", "Page 01"]
    bench.source.withheld, bench.source.problems, bench.source.complete = (), (), True
    bench.fill(own_index(), *pages(2))
    assert done(bench.sync()) == {"created": 1, "unchanged": 2}
    hold(bench, own_index())
    assert bench.plan().pending == ()


def test_a_half_listing_that_names_nothing_makes_no_second_index_page_either(bench: Bench) -> None:
    bench.fill(own_index(), *pages(2))
    bench.sync()
    bench.fill(*pages(2))
    bench.source.complete = False
    assert bench.plan().pending == ()
    hold(bench, pages(2)[1])
    assert bench.plan().pending == (), "nor does one that names another page only"


def test_a_page_that_is_held_back_keeps_its_address_and_its_line_on_the_index_page(
    bench: Bench, there: MemoryDestination
) -> None:
    second = make_page(BIO, "second", "<p>Words.</p>", title="Second")
    first = make_page(BIO, "first", f'<p>See <a href="{item_href(second.key)}">that</a>.</p>')
    bench.fill(first, second)
    bench.sync()
    before = there.writes
    hold(bench, second)
    report = bench.sync()
    assert there.writes == before
    assert [(change.key, change.reason) for change in report.skipped] == [
        (
            second.key,
            "its item is held back because of the problem told for BIO-101/pages/second.md;"
            " what stands is left as it is",
        )
    ]
    bench.source.withheld, bench.source.problems, bench.source.complete = (), (), True
    bench.fill(first, second)
    assert done(bench.sync()) == {"unchanged": 3}


def test_a_page_that_was_never_sent_has_no_line_on_the_index_page_while_it_is_held_back(
    bench: Bench, there: MemoryDestination
) -> None:
    bench.fill(*pages(2))
    hold(bench, pages(2)[1])
    bench.sync()
    (index,) = [thing for thing in there.all() if thing.title == BIO.title]
    assert "Page 00" in index.html
    assert "<li></li>" not in index.html
    assert "Page 01" not in index.html


def test_the_index_names_a_new_page_while_another_is_held_back_and_a_prompt_is_not_listed(
    bench: Bench, there: MemoryDestination
) -> None:
    bench.fill(*pages(2), make_prompt(BIO, "talk"))
    bench.sync()
    bench.fill(*pages(2))
    bench.source.content.append(make_page(BIO, "new", "<p>New.</p>", title="New page"))
    hold(bench, pages(2)[1])
    bench.sync()
    (index,) = [thing for thing in there.all() if thing.title == BIO.title]
    assert "New page" in index.html
    assert "Page 01" in index.html


class Remembering(MemorySource):
    """Says how far it was read."""

    asked: str | None = None

    def items(self, since: str | None = None) -> Listing:
        self.asked = since
        return replace(MemorySource.items(self, since), cursor=f"after {len(self.content)}")


def test_only_a_whole_listing_moves_on_what_the_source_is_asked_next(bench: Bench) -> None:
    bench.source = source = Remembering("sample")
    bench.fill(*pages(2))
    source.complete = False
    bench.sync()
    bench.sync()
    assert source.asked is None
    source.complete = True
    bench.sync()
    bench.fill(*pages(3))
    source.complete = False
    bench.sync()
    bench.sync()
    assert source.asked == "after 2"


def test_what_was_forgotten_is_not_pushed_again_although_the_source_still_has_it(
    bench: Bench, there: MemoryDestination
) -> None:
    forgotten, other = (make_item(Kind.REVIEW, BIO, name) for name in ("forgotten", "other"))
    with State.open(bench.file) as state:
        state.history.keep_away(bench.name, [mark(forgotten.key)], bench.now)
    bench.fill(forgotten, other)
    bench.sync()
    assert [thing.mark for thing in there.all()] == [mark(other.key)]


def test_an_emptied_source_waits_for_approval(bench: Bench, there: MemoryDestination) -> None:
    bench.fill(*pages(2))
    bench.sync(PRUNE)
    bench.fill()
    report = bench.sync(PRUNE)
    assert len(there.all()) == 3
    assert exit_code([report]) == 4
    assert report.approvals == ("The source lists nothing at all any more: its deletes wait for approval.",)
    route = bench.route(PRUNE)
    with State.open(bench.file) as state, state.lease(route.name):
        held = apply(prepare(route, state, now=bench.now), route, state, now=bench.now)
    assert (len(held.held), len(there.all())) == (3, 3), "nothing is approved unless somebody does"
    approved = bench.sync(PRUNE, approve=True)
    assert (done(approved)["deleted"], approved.approvals) == (3, ())
    assert there.all() == []


def test_too_many_deletes_wait_for_approval_and_the_rest_goes_on(bench: Bench, there: MemoryDestination) -> None:
    every = pages(20)
    bench.fill(*every)
    bench.sync(PRUNE)
    new = make_page(BIO, "new", "<p>New.</p>")
    bench.fill(*every[:10], new)
    report = bench.sync(PRUNE)
    assert done(report) == {"created": 1, "updated": 1, "skipped": 10, "unchanged": 10}
    assert report.approvals == (
        "10 deletes in the pages of BIO-101 wait for approval: that is more than 30% of its 21 entries.",
    )
    assert exit_code([report]) == 4
    assert done(bench.sync(PRUNE, approve=True))["deleted"] == 10


def test_a_few_deletes_in_a_small_place_need_no_approval(bench: Bench) -> None:
    every = pages(4)
    bench.fill(*every)
    bench.sync(PRUNE)
    bench.fill(every[0])
    assert done(bench.sync(PRUNE))["deleted"] == 3


def test_too_large_a_share_of_updates_waits_for_approval(bench: Bench, there: MemoryDestination) -> None:
    policy = Policy(limits=Limits(update_share=0.5))
    every = pages(12)
    bench.fill(*every)
    bench.sync(policy)
    bench.fill(*(replace(page, body="<p>All new.</p>") for page in every))
    before = there.writes
    assert exit_code([bench.sync(policy)]) == 4
    assert there.writes == before
    assert done(bench.sync(policy, approve=True))["updated"] == 12


def test_a_delete_waits_when_something_could_not_even_be_planned(bench: Bench) -> None:
    gone = Change(
        action=Action.DELETE, key="s:a", kind=Kind.PAGE, place=place_ref(Kind.PAGE, "BIO-101"), course="BIO-101",
        title="Cells", reason="the source has it no more",
    )  # fmt: skip
    failure = Failure("s:b", Problem("It has a dead link."))
    plan = Plan(route=bench.name, destination="memory", made=bench.now, changes=(gone,), failures=(failure,))
    with State.open(bench.file) as state:
        report = apply(plan, bench.route(), state, now=bench.now)
    assert (report.postponed, report.outcomes) == ((gone,), ())


def test_deletes_wait_when_something_else_failed(bench: Bench, there: MemoryDestination) -> None:
    first, second, third = pages(3)
    bench.fill(first, second)
    bench.sync(PRUNE)
    bench.fill(first, third)
    there.refused.add(third.key)
    report = bench.sync(PRUNE)
    assert len(there.find(second.key)) == 1
    assert [change.key for change in report.postponed] == [second.key]
    there.refused.clear()
    bench.sync(PRUNE)
    assert there.find(second.key) == []


def test_a_selection_deletes_nothing_and_touches_only_what_it_names(bench: Bench, there: MemoryDestination) -> None:
    first, second, third = pages(3)
    bench.fill(first, second, third)
    bench.sync(PRUNE)
    bench.fill(replace(first, body="<p>New.</p>"), replace(second, body="<p>New.</p>"))
    report = bench.sync(PRUNE, only=["page:page 00"])
    assert [outcome.change.key for outcome in report.outcomes] == [first.key]
    assert len(there.find(third.key)) == 1


# Prompts and their moment


def test_a_prompt_that_is_due_later_waits_in_the_state_and_the_index_does_not_name_it(
    bench: Bench, there: MemoryDestination
) -> None:
    later = make_prompt(BIO, "later", publish=bench.now + timedelta(days=2))
    bench.fill(*pages(1), later)
    bench.sync()
    with State.open(bench.file) as state:
        assert [(w.key, w.until) for w in standing("bench", state).waiting] == [(later.key, later.publish)]
    assert not any(later.title in thing.html for thing in there.all())
    bench.now += timedelta(days=3)
    assert done(bench.sync()) == {"created": 1, "updated": 1, "unchanged": 1}
    with State.open(bench.file) as state:
        assert state.waiting("bench") == []


def test_a_link_to_a_prompt_leads_there_once_the_prompt_is_due(bench: Bench, there: MemoryDestination) -> None:
    later = make_prompt(BIO, "later", publish=bench.now + timedelta(days=2))
    page = make_page(BIO, "page", f'<p>Talk about <a href="{item_href(later.key)}">this</a>.</p>')
    bench.fill(page, later)
    bench.sync()
    assert there.find(page.key)[0].html == "<p>Talk about this.</p>"
    bench.now += timedelta(days=3)
    bench.sync()
    assert "<a href=" in there.find(page.key)[0].html


def test_a_selection_forgets_nothing_about_what_it_does_not_name(bench: Bench, there: MemoryDestination) -> None:
    first, second = pages(2)
    later = make_prompt(BIO, "later", publish=bench.now + timedelta(days=2))
    bench.fill(first, second, later)
    bench.sync()
    there.lost.add(second.key)
    bench.change(replace(second, body="<p>New.</p>"))
    bench.sync()
    bench.sync(only=[first.key])
    with State.open(bench.file) as state:
        assert [waiting.key for waiting in state.waiting("bench")] == [later.key]
        assert [intent.key for intent in state.open_intents("bench")] == [second.key]


def test_a_prompt_is_closed_at_its_moment(bench: Bench, there: MemoryDestination) -> None:
    prompt = make_prompt(BIO, "closing", close=bench.now + timedelta(days=2))
    bench.fill(prompt)
    bench.sync()
    bench.now += timedelta(days=3)
    assert done(bench.sync()) == {"updated": 1}
    assert there.find(prompt.key)[0].fields == {"closed": True}


@pytest.mark.parametrize(
    ("minutes", "until"),
    [([], None), ([-5], None), ([0], None), ([7], 7), ([0, 9, -3, 4, 8], 4)],
    ids=["none", "past", "now", "ahead", "the next of many"],
)
def test_the_next_moment_at_which_an_item_turns_is_known(bench: Bench, minutes: list[int], until: int | None) -> None:
    """Until then a run that finds nothing changed need not look at any."""
    moments = [bench.now + timedelta(minutes=each) for each in minutes]
    for ways in (
        [make_prompt(BIO, f"t{n}", publish=moment) for n, moment in enumerate(moments)],
        [make_prompt(BIO, f"t{n}", close=moment) for n, moment in enumerate(moments)],
    ):
        bench.fill(*pages(1), *ways)
        assert bench.plan().until == (None if until is None else bench.now + timedelta(minutes=until))
