"""The contract of destinations, second part: people's hands, lost answers, lost states and deletes. Needs pytest."""

import pytest

from lms_bridge.connector import Action, Change, PlaceRef, Status
from lms_bridge.items import Item, Kind, mark
from lms_bridge.sync.digest import body_digest
from lms_bridge.sync.report import summary_of, writes
from lms_bridge.testing.bench import LEAVE, OVERWRITE, PRUNE, RECREATE, Bench
from lms_bridge.testing.bench_fixtures import EVERY_KIND, DestinationFixtures, Hand, wrote
from lms_bridge.testing.sample import make_item


class KeepingContract(DestinationFixtures):
    """What people did is kept, and nothing stands there twice."""

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
