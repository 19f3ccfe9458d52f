"""The contract suite. A connector's tests subclass these and give fixtures; every promise is then tested against it.

Needs pytest, so nothing else of lms_bridge may import this module.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Protocol

import pytest

from lms_bridge.connector import Action, Change, Context, Destination, Entry, Level, PlaceRef, Source, Status
from lms_bridge.items import Course, Item, Kind, mark
from lms_bridge.markup.links import item_href
from lms_bridge.sync.digest import body_digest
from lms_bridge.sync.report import summary_of, writes
from lms_bridge.testing.bench import LEAVE, OVERWRITE, PRUNE, RECREATE, Bench
from lms_bridge.testing.sample import make_image, make_item, make_page, make_prompt

EVERY_KIND = pytest.mark.parametrize("kind", list(Kind), ids=str)
WRITTEN = ("created", "updated", "merged", "deleted")


class Hand(Protocol):
    """A person (and bad luck) at the destination. A method that makes no sense for a kind calls `pytest.skip`."""

    def edit(self, place: PlaceRef, entry: Entry, words: str) -> None:
        """Replace the entry's words, as a person would in the browser, keeping what a person cannot see."""
        ...

    def delete(self, place: PlaceRef, entry: Entry) -> None: ...

    def put(self, place: PlaceRef, title: str) -> None:
        """Somebody else's entry of that title."""
        ...

    def titles(self, place: PlaceRef) -> Sequence[str]:
        """The titles of everything that stands there, ours or not."""
        ...

    def lose_next_answer(self) -> None:
        """The next write is stored, but the connection breaks before its answer."""
        ...


def wrote(bench: Bench) -> dict[str, int]:
    counts = summary_of([bench.sync()])
    assert counts["failed"] == 0
    return {name: count for name, count in counts.items() if count and name in WRITTEN}


class SourceContract:
    """Give a fixture `source` with at least one item."""

    @pytest.fixture
    def source(self) -> Source:
        raise NotImplementedError("Give a fixture `source` that opens a source with at least one item.")

    def test_it_lists_something(self, source: Source) -> None:
        assert list(source.items().items)

    def test_keys_are_unique_and_start_with_the_sources_name(self, source: Source) -> None:
        keys = [item.key for item in source.items().items]
        assert len(keys) == len(set(keys))
        assert all(key.startswith(f"{source.name}:") for key in keys)

    def test_listing_twice_gives_the_same_items(self, source: Source) -> None:
        assert list(source.items().items) == list(source.items().items)

    def test_every_item_says_where_it_was_read_and_in_which_course_it_belongs(self, source: Source) -> None:
        for item in source.items().items:
            assert item.origin.name
            assert item.course.idnumber

    def test_every_image_in_a_body_is_listed_and_its_bytes_are_what_the_digest_says(self, source: Source) -> None:
        import hashlib

        for item in source.items().items:
            for asset in getattr(item, "assets", ()):
                assert hashlib.sha256(asset.load()).hexdigest() == asset.digest
                assert f"asset:{asset.digest}" in getattr(item, "body", "")

    def test_a_problem_says_what_to_do(self, source: Source) -> None:
        listing = source.items()
        list(listing.items)
        assert all(problem.cause and problem.next_step for problem in listing.problems)

    def test_its_check_finds_nothing_wrong(self, source: Source) -> None:
        assert [finding for finding in source.check() if finding.level is Level.ERROR] == []


class DestinationContract:
    """Give fixtures `destination` (empty, with the course of `course`), `course` and `hand`."""

    @pytest.fixture
    def destination(self) -> Destination:
        raise NotImplementedError("Give a fixture `destination` that opens an empty destination.")

    @pytest.fixture
    def hand(self, destination: Destination) -> Hand:
        raise NotImplementedError("Give a fixture `hand` that acts as a person at the destination.")

    @pytest.fixture
    def course(self) -> Course:
        """A course that exists at the destination, with a place for every kind."""
        return Course("BIO-101", "Cell Biology")

    @pytest.fixture
    def bench(self, destination: Destination, tmp_path: Path) -> Bench:
        return Bench(destination, tmp_path)

    @pytest.fixture
    def item(self, kind: Kind, course: Course, bench: Bench) -> Item:
        """One item of the kind under test, which the source lists."""
        if kind not in bench.destination.kinds:
            pytest.skip(f"This destination takes no {kind.value}.")
        item = make_item(kind, course)
        bench.fill(item)
        return item

    # Before anything is written

    def test_its_check_finds_nothing_wrong(self, destination: Destination) -> None:
        assert [finding for finding in destination.check() if finding.level is Level.ERROR] == []

    def test_a_course_that_is_not_there_costs_only_its_own_items(self, bench: Bench, course: Course) -> None:
        if Kind.PAGE not in bench.destination.kinds:
            pytest.skip("This destination takes no page.")
        here, nowhere = make_item(Kind.PAGE, course), make_item(Kind.PAGE, Course("NO-SUCH-COURSE", "Nowhere"))
        bench.fill(here, nowhere)
        report = bench.sync()
        assert len(bench.entries(here.key)) == 1
        told = {failure.key: failure.problem for failure in report.failures}
        if told:  # a destination that takes any course has nothing to tell
            assert told[nowhere.key].cause
            assert told[nowhere.key].next_step

    @EVERY_KIND
    def test_rendering_is_pure(self, bench: Bench, item: Item, kind: Kind) -> None:
        place = bench.place(item.key)
        context = Context(bench.now, {})
        assert place.render(item, context) == place.render(item, context)

    @EVERY_KIND
    def test_a_changed_item_has_another_fingerprint(self, bench: Bench, item: Item, kind: Kind) -> None:
        place, context = bench.place(item.key), Context(bench.now, {})
        changed = make_item(kind, item.course, words="Other words.")
        assert place.render(item, context).fingerprint != place.render(changed, context).fingerprint

    @EVERY_KIND
    def test_names_that_stand_are_kept_and_new_ones_are_unique(self, bench: Bench, item: Item, kind: Kind) -> None:
        place = bench.place(item.key)
        twins = [item, *(make_item(kind, item.course, f"twin{n}", title=item.title) for n in range(2))]
        twins = list({twin.key: twin for twin in twins}.values())
        names = place.addresses(twins, {})
        assert set(names) == {twin.key for twin in twins}
        assert len({name.casefold() for name in names.values()}) == len(twins)
        assert place.addresses(twins, names) == names
        assert place.addresses(twins[:1], {item.key: names[item.key]})[item.key] == names[item.key]

    @EVERY_KIND
    def test_a_plan_costs_something_and_writes_nothing(self, bench: Bench, item: Item, kind: Kind) -> None:
        plan = bench.plan()
        assert plan.cost.calls > 0
        assert [change.action for change in plan.changes if change.key == item.key] == [Action.CREATE]
        assert bench.entries(item.key) == []

    # Creating

    @EVERY_KIND
    def test_a_created_entry_carries_our_mark(self, bench: Bench, item: Item, kind: Kind) -> None:
        assert wrote(bench)["created"] >= 1
        assert bench.entry(item.key).mark == mark(item.key)

    @EVERY_KIND
    def test_what_is_read_back_is_what_was_expected(self, bench: Bench, item: Item, kind: Kind) -> None:
        (payload,) = [c.payload for c in bench.plan().changes if c.key == item.key]
        bench.sync()
        place = bench.place(item.key)
        assert payload is not None
        assert body_digest(place.read(bench.entry(item.key))) == body_digest(place.expected(payload))

    @EVERY_KIND
    def test_a_second_sync_writes_nothing(self, bench: Bench, item: Item, kind: Kind) -> None:
        bench.sync()
        before = bench.entry(item.key)
        assert wrote(bench) == {}
        assert bench.entry(item.key) == before

    def test_unicode_and_emoji_come_back_as_they_were(self, bench: Bench, course: Course) -> None:
        words = "Größe, 細胞, خلية, naïve — “quotes” &amp; &lt;tags&gt; 🧬👩🏽‍🔬"
        for kind in bench.destination.kinds & {Kind.PAGE, Kind.PROMPT}:
            item = make_item(kind, course, words=words, title="Zelle 細胞 🧬")
            bench.fill(item)
            bench.sync()
            html = bench.place(item.key).read(bench.entry(item.key)).html
            for word in ("Größe", "細胞", "خلية", "“quotes”", "🧬👩🏽‍🔬", "&lt;tags&gt;"):
                assert word in html

    def test_links_between_items_of_one_run_lead_somewhere(self, bench: Bench, course: Course) -> None:
        if Kind.PAGE not in bench.destination.kinds:
            pytest.skip("This destination takes no page.")
        second = make_page(course, "second", "<p>Words.</p>", title="The second page")
        lost = item_href("sample:nowhere")
        body = f'<p>See <a href="{item_href(second.key)}">the second</a> and <a href="{lost}">nothing</a>.</p>'
        first = make_page(course, "first", body, title="The first page")
        bench.fill(first, second)
        report = bench.sync()
        (sent,) = [o.change.payload for o in report.done if o.change.key == first.key]
        assert sent is not None
        assert "item:" not in sent.body
        assert "nothing" in sent.body
        assert wrote(bench) == {}

    def test_an_image_arrives_once(self, bench: Bench, course: Course) -> None:
        if Kind.PAGE not in bench.destination.kinds:
            pytest.skip("This destination takes no page.")
        image = make_image()
        body = f'<p>Look:</p><p><img src="asset:{image.digest}" alt="A dot"></p>'
        page = make_page(course, "pictured", body, assets=(image,))
        bench.fill(page)
        bench.sync()
        assert f"asset:{image.digest}" in bench.place(page.key).read(bench.entry(page.key)).html
        assert wrote(bench) == {}

    def test_a_prompt_waits_until_it_is_due(self, bench: Bench, course: Course) -> None:
        if Kind.PROMPT not in bench.destination.kinds:
            pytest.skip("This destination takes no prompt.")
        prompt = make_prompt(course, "later", publish=bench.now + timedelta(hours=1))
        bench.fill(prompt)
        assert wrote(bench) == {}
        assert bench.entries(prompt.key) == []
        bench.now += timedelta(hours=2)
        assert wrote(bench)["created"] == 1
        assert wrote(bench) == {}

    # Changing

    @EVERY_KIND
    def test_an_update_keeps_the_entry_and_gives_it_one_new_version(self, bench: Bench, item: Item, kind: Kind) -> None:
        bench.sync()
        before = bench.entry(item.key)
        bench.change(make_item(kind, item.course, words="Better words."))
        assert wrote(bench) == {"updated": 1}
        after = bench.entry(item.key)
        assert after.ref == before.ref
        assert after.version != before.version
        assert wrote(bench) == {}

    @EVERY_KIND
    def test_a_new_title_keeps_the_entry(self, bench: Bench, item: Item, kind: Kind) -> None:
        bench.sync()
        before = bench.entry(item.key)
        bench.change(replace(item, title="An entirely new title"))
        bench.sync()
        assert bench.entry(item.key).ref == before.ref
        assert wrote(bench) == {}

    @EVERY_KIND
    def test_an_update_of_what_somebody_just_changed_is_refused(
        self, bench: Bench, hand: Hand, item: Item, kind: Kind
    ) -> None:
        bench.sync()
        place, entry = bench.place(item.key), bench.entry(item.key)
        bench.change(make_item(kind, item.course, words="Better words."))
        (change,) = [c for c in bench.plan().changes if c.key == item.key]
        hand.edit(place.ref, entry, "A person was faster.")
        (outcome,) = list(place.write([change]))
        assert outcome.status is Status.CONFLICT
        assert outcome.problem is not None

    # People

    @EVERY_KIND
    def test_what_a_person_changed_is_never_written_over(
        self, bench: Bench, hand: Hand, item: Item, kind: Kind
    ) -> None:
        bench.sync(LEAVE)
        hand.edit(bench.place(item.key).ref, bench.entry(item.key), "A person wrote this.")
        edited = bench.entry(item.key)
        bench.sync(LEAVE)
        bench.change(make_item(kind, item.course, words="Better words."))
        report = bench.sync(LEAVE)
        assert [change.key for change in report.conflicts] == [item.key]
        assert bench.entry(item.key).version == edited.version

    @EVERY_KIND
    def test_what_a_person_changed_is_written_over_where_the_policy_says_so(
        self, bench: Bench, hand: Hand, item: Item, kind: Kind
    ) -> None:
        bench.sync(OVERWRITE)
        place = bench.place(item.key)
        ours = body_digest(place.read(bench.entry(item.key)))
        hand.edit(place.ref, bench.entry(item.key), "A person wrote this.")
        assert summary_of([bench.sync(OVERWRITE)])["updated"] == 1
        assert body_digest(bench.place(item.key).read(bench.entry(item.key))) == ours
        assert writes(bench.sync(OVERWRITE)) == 0

    @EVERY_KIND
    def test_what_a_person_deleted_is_not_made_again(self, bench: Bench, hand: Hand, item: Item, kind: Kind) -> None:
        bench.sync()
        hand.delete(bench.place(item.key).ref, bench.entry(item.key))
        bench.sync()
        assert wrote(bench) == {}
        assert bench.entries(item.key) == []

    @EVERY_KIND
    def test_what_a_person_deleted_is_made_again_where_the_policy_says_so(
        self, bench: Bench, hand: Hand, item: Item, kind: Kind
    ) -> None:
        bench.sync()
        hand.delete(bench.place(item.key).ref, bench.entry(item.key))
        assert summary_of([bench.sync(RECREATE)])["created"] == 1
        assert len(bench.entries(item.key)) == 1

    @EVERY_KIND
    def test_an_entry_of_the_same_title_that_is_not_ours_is_left_alone(
        self, bench: Bench, hand: Hand, item: Item, kind: Kind
    ) -> None:
        place = bench.place(item.key).ref
        hand.put(place, item.title)
        before = list(hand.titles(place))
        bench.sync()
        after = list(hand.titles(place))
        assert all(after.count(title) >= before.count(title) for title in before)
        assert len(bench.entries(item.key)) <= 1
        assert writes(bench.sync()) == 0

    # Losing things

    @EVERY_KIND
    def test_losing_the_state_adopts_everything_and_writes_nothing(self, bench: Bench, item: Item, kind: Kind) -> None:
        bench.sync()
        before = bench.entry(item.key)
        bench.lose_state()
        counts = summary_of([bench.sync()])
        assert counts["adopted"] >= 1
        assert (counts["created"], counts["updated"], counts["failed"]) == (0, 0, 0)
        assert bench.entry(item.key) == before
        assert wrote(bench) == {}

    @EVERY_KIND
    def test_after_losing_the_state_what_a_person_changed_is_still_known(
        self, bench: Bench, hand: Hand, item: Item, kind: Kind
    ) -> None:
        bench.sync(LEAVE)
        hand.edit(bench.place(item.key).ref, bench.entry(item.key), "A person wrote this.")
        edited = bench.entry(item.key)
        bench.lose_state()
        bench.sync(LEAVE)
        bench.change(make_item(kind, item.course, words="Better words."))
        assert [change.key for change in bench.sync(LEAVE).conflicts] == [item.key]
        assert bench.entry(item.key).version == edited.version

    @EVERY_KIND
    def test_a_create_whose_answer_is_lost_never_stands_there_twice(
        self, bench: Bench, hand: Hand, item: Item, kind: Kind
    ) -> None:
        hand.lose_next_answer()
        bench.sync()
        bench.sync()
        assert len(bench.entries(item.key)) == 1
        assert wrote(bench) == {}

    @EVERY_KIND
    def test_an_update_whose_answer_is_lost_is_not_taken_for_a_persons(
        self, bench: Bench, hand: Hand, item: Item, kind: Kind
    ) -> None:
        bench.sync(LEAVE)
        bench.change(make_item(kind, item.course, words="Better words."))
        hand.lose_next_answer()
        bench.sync(LEAVE)
        assert bench.sync(LEAVE).conflicts == ()
        bench.change(make_item(kind, item.course, words="The best words."))
        assert bench.sync(LEAVE).conflicts == ()
        assert bench.plan(LEAVE).pending == ()

    # Deleting

    @EVERY_KIND
    def test_pruning_deletes_ours_and_nothing_else(self, bench: Bench, hand: Hand, item: Item, kind: Kind) -> None:
        if kind is Kind.RATING:
            pytest.skip("A rating is one a course.")
        kept = make_item(kind, item.course, "kept")
        bench.fill(item, kept)
        place = bench.place(item.key).ref
        bench.sync()
        hand.put(place, "Somebody else's")
        bench.fill(kept)
        assert summary_of([bench.sync(PRUNE)])["deleted"] == 1
        bench.fill(item, kept)
        assert bench.entries(item.key) == []
        assert len(bench.entries(kept.key)) == 1
        assert "Somebody else's" in hand.titles(place)

    @EVERY_KIND
    def test_deleting_what_is_already_gone_is_done(self, bench: Bench, hand: Hand, item: Item, kind: Kind) -> None:
        bench.sync()
        place, entry = bench.place(item.key), bench.entry(item.key)
        hand.delete(place.ref, entry)
        change = Change(
            action=Action.DELETE,
            key=item.key,
            kind=kind,
            place=place.ref,
            course=item.course.idnumber,
            title=item.title,
            reason="its item is gone",
            entry=entry,
        )
        (outcome,) = list(place.write([change]))
        assert outcome.status is Status.DONE

    @EVERY_KIND
    def test_a_place_can_be_opened_again_by_its_reference_alone(self, bench: Bench, item: Item, kind: Kind) -> None:
        bench.sync()
        ref = bench.place(item.key).ref
        bench.destination.locate([])
        again = bench.destination.open(PlaceRef(ref.kind, ref.container, ref.title, ref.course))
        assert mark(item.key) in [entry.mark for entry in again.entries()]
