"""The contract of destinations, third part: words of people and of the source together, hiding, undoing. Needs pytest.

A place that has no `adapt` or no `hide` is not asked for what only these can do.
"""

from dataclasses import replace

import pytest

from lms_bridge.connector import Action, Change, Status
from lms_bridge.items import Item, Kind, Page, Prompt, mark
from lms_bridge.sync.digest import body_digest
from lms_bridge.sync.policy import Policy
from lms_bridge.sync.remembered import payload_of
from lms_bridge.sync.report import summary_of, writes
from lms_bridge.testing.bench import HIDE, KEEP_BOTH, LEAVE, MERGE, Bench
from lms_bridge.testing.bench_fixtures import EVERY_KIND, DestinationFixtures, Hand
from lms_bridge.testing.sample import make_item

TEXTS = pytest.mark.parametrize("kind", [Kind.PAGE, Kind.PROMPT], ids=str)
ANN = "First words. A person added these."


class MergingContract(DestinationFixtures):
    """What the merging policies, hiding and undoing promise."""

    @EVERY_KIND
    def test_what_stands_there_can_be_told_again_by_what_is_remembered_of_it(
        self, bench: Bench, item: Item, kind: Kind
    ) -> None:
        """So that it can be put back although its item is gone."""
        bench.sync(LEAVE)
        place = bench.place(item.key)
        adapt = getattr(place, "adapt", None)
        if adapt is None:
            pytest.skip("This place writes nothing but items.")
        (record,) = [record for record in bench.records() if record.key == item.key]
        list(place.entries())
        stands = place.read(bench.entry(item.key))
        adapted = adapt(payload_of(record), stands)
        assert body_digest(place.expected(adapted)) == body_digest(stands)
        assert (adapted.key, adapted.address, adapted.fingerprint) == (item.key, record.name, record.fingerprint)

    @EVERY_KIND
    def test_what_a_person_left_can_be_written_again_as_it_reads(
        self, bench: Bench, hand: Hand, item: Item, kind: Kind
    ) -> None:
        bench.sync(LEAVE)
        place = bench.place(item.key)
        adapt = getattr(place, "adapt", None)
        if adapt is None:
            pytest.skip("This place writes nothing but items.")
        hand.edit(place.ref, bench.entry(item.key), ANN)
        entry = bench.entry(item.key)
        list(place.entries())
        theirs = place.read(entry)
        bench.change(make_item(kind, item.course, words="Better words."))
        (change,) = [c for c in bench.plan(LEAVE).changes if c.key == item.key]
        assert change.payload is not None
        adapted = adapt(change.payload, theirs)
        assert body_digest(place.expected(adapted)) == body_digest(theirs)
        merge = replace(change, action=Action.MERGE, payload=adapted, conflict=False)
        (outcome,) = list(place.write([merge]))
        assert outcome.status is Status.DONE, outcome.problem
        assert outcome.body is not None
        assert body_digest(outcome.body) == body_digest(theirs)
        assert bench.entry(item.key).mark == mark(item.key)
        assert change.payload.fingerprint.startswith(bench.entry(item.key).fingerprint or "-")

    @TEXTS
    def test_what_a_person_and_the_source_changed_in_different_spots_stands_together(
        self, bench: Bench, hand: Hand, item: Item, kind: Kind
    ) -> None:
        bench.sync(MERGE)
        hand.edit(bench.place(item.key).ref, bench.entry(item.key), ANN)
        bench.change(_longer(item))
        assert summary_of([bench.sync(MERGE)])["merged"] == 1
        html = bench.place(item.key).read(bench.entry(item.key)).html
        assert ANN in html
        assert "A second paragraph." in html
        assert writes(bench.sync(MERGE)) == 0

    @TEXTS
    def test_a_merge_whose_answer_is_lost_is_not_written_twice(
        self, bench: Bench, hand: Hand, item: Item, kind: Kind
    ) -> None:
        bench.sync(MERGE)
        hand.edit(bench.place(item.key).ref, bench.entry(item.key), ANN)
        bench.change(_longer(item))
        hand.lose_next_answer()
        bench.sync(MERGE)
        bench.sync(MERGE)
        html = bench.place(item.key).read(bench.entry(item.key)).html
        assert html.count(ANN) == 1
        assert html.count("A second paragraph.") == 1
        assert writes(bench.sync(MERGE)) == 0

    @TEXTS
    def test_what_a_person_left_is_kept_beside_ours(self, bench: Bench, hand: Hand, item: Item, kind: Kind) -> None:
        bench.sync(KEEP_BOTH)
        place = bench.place(item.key).ref
        hand.edit(place, bench.entry(item.key), ANN)
        bench.change(make_item(kind, item.course, words="Better words."))
        before = len(hand.titles(place))
        bench.sync(KEEP_BOTH)
        assert "Better words." in bench.place(item.key).read(bench.entry(item.key)).html
        assert len(hand.titles(place)) == before + 1
        kept = [entry for entry in bench.place(item.key).entries() if "as people left it" in entry.title]
        assert [ANN in bench.place(item.key).read(entry).html for entry in kept] == [True]
        assert writes(bench.sync(KEEP_BOTH)) == 0

    @EVERY_KIND
    def test_what_is_hidden_shows_a_notice_and_comes_back_with_its_item(
        self, bench: Bench, hand: Hand, item: Item, kind: Kind
    ) -> None:
        if "hide" not in getattr(bench.place(item.key), "prunes", ()):
            pytest.skip("This place hides nothing.")
        kept = make_item(kind, item.course, "kept")
        bench.fill(item, kept)
        bench.sync(HIDE)
        ref = bench.entry(item.key).ref
        bench.fill(kept)
        assert summary_of([bench.sync(HIDE)])["hidden"] == 1
        bench.fill(item, kept)
        html = bench.place(item.key).read(bench.entry(item.key)).html
        assert "withdrawn" in html
        assert "First words." not in html
        bench.fill(kept)
        assert writes(bench.sync(HIDE)) == 0
        bench.fill(item, kept)
        bench.sync(HIDE)
        assert "First words." in bench.place(item.key).read(bench.entry(item.key)).html
        assert bench.entry(item.key).ref == ref
        assert writes(bench.sync(HIDE)) == 0

    @EVERY_KIND
    def test_an_undone_hiding_shows_the_text_again(self, bench: Bench, item: Item, kind: Kind) -> None:
        if "hide" not in getattr(bench.place(item.key), "prunes", ()):
            pytest.skip("This place hides nothing.")
        kept = make_item(kind, item.course, "kept")
        bench.fill(item, kept)
        bench.sync(HIDE)
        first = body_digest(bench.place(item.key).read(bench.entry(item.key)))
        bench.fill(kept)
        report = bench.sync(HIDE)
        bench.undo(report, item.key)
        bench.fill(item, kept)
        assert body_digest(bench.place(item.key).read(bench.entry(item.key))) == first

    @EVERY_KIND
    def test_what_another_installation_signed_is_left_and_can_be_taken_over(
        self, bench: Bench, hand: Hand, item: Item, kind: Kind
    ) -> None:
        if kind is Kind.RATING:
            pytest.skip("A rating is figures in fields of a course, or one row a course.")
        bench.sync(Policy(installation="north"))
        assert bench.entry(item.key).installation == "north"
        before = bench.entry(item.key)
        bench.lose_state()
        bench.change(make_item(kind, item.course, words="Better words."))
        assert item.key in [change.key for change in bench.sync(Policy(installation="south")).conflicts]
        assert bench.entry(item.key).version == before.version
        # It was theirs to change: what stands there is not taken for a person's words.
        bench.change(item)
        bench.sync(Policy(installation="south", takeover=True))
        assert bench.entry(item.key).installation == "south"
        assert writes(bench.sync(Policy(installation="south"))) == 0

    @EVERY_KIND
    def test_an_undone_update_reads_as_before_and_stays(self, bench: Bench, hand: Hand, item: Item, kind: Kind) -> None:
        bench.sync(LEAVE)
        place = bench.place(item.key)
        if not hasattr(place, "adapt"):
            pytest.skip("This place writes nothing but items.")
        first = body_digest(place.read(bench.entry(item.key)))
        bench.change(make_item(kind, item.course, words="Better words."))
        bench.undo(bench.sync(LEAVE), item.key)
        assert body_digest(bench.place(item.key).read(bench.entry(item.key))) == first
        assert writes(bench.sync(LEAVE)) == 0

    @EVERY_KIND
    def test_an_entry_that_changed_meanwhile_is_neither_merged_nor_hidden(
        self, bench: Bench, hand: Hand, item: Item, kind: Kind
    ) -> None:
        bench.sync(LEAVE)
        place = bench.place(item.key)
        bench.change(make_item(kind, item.course, words="Better words."))
        (change,) = [c for c in bench.plan(LEAVE).changes if c.key == item.key]
        hand.edit(place.ref, bench.entry(item.key), ANN)
        ways = [Action.MERGE, *([Action.HIDE] if "hide" in getattr(place, "prunes", ()) else [])]
        assert [_status(bench, replace(change, action=action)) for action in ways] == [Status.CONFLICT] * len(ways)


def _status(bench: Bench, change: Change) -> Status:
    (outcome,) = list(bench.place(change.key).write([change]))
    return outcome.status


def _longer(item: Item) -> Item:
    assert isinstance(item, Page | Prompt)
    return replace(item, body=f"{item.body}\n<p>A second paragraph.</p>")
