"""Every promise of a destination, kept by Moodle: wiki pages, discussions, database entries, course fields."""

from collections.abc import Iterator

import pytest
from moodle_world import MoodleHand, World

from lms_bridge.connector import Destination
from lms_bridge.items import Item, Kind, mark
from lms_bridge.testing.bench import PRUNE, Bench
from lms_bridge.testing.contract import EVERY_KIND, DestinationContract, Hand


class TestMoodle(DestinationContract):
    @pytest.fixture
    def destination(self, world: World) -> Iterator[Destination]:
        moodle = world.open()
        yield moodle
        moodle.close()

    @pytest.fixture
    def hand(self, world: World) -> Hand:
        return MoodleHand(world)

    @EVERY_KIND
    def test_pruning_deletes_ours_and_nothing_else(self, bench: Bench, hand: Hand, item: Item, kind: Kind) -> None:
        if kind is Kind.PAGE:
            pytest.skip("Moodle has no web service that deletes a wiki page.")
        super().test_pruning_deletes_ours_and_nothing_else(bench, hand, item, kind)

    def test_a_wiki_page_that_should_go_stays_and_the_report_says_who_can_delete_it(
        self, bench: Bench, course: object
    ) -> None:
        from lms_bridge.testing.sample import make_item

        kept, gone = (make_item(Kind.PAGE, course, name) for name in ("kept", "gone"))  # type: ignore[arg-type]
        bench.fill(kept, gone)
        first = bench.sync()
        assert (first.failures, len(first.done)) == ((), 3), "two pages and the course's list of them"
        bench.fill(kept)
        report = bench.sync(PRUNE)
        assert report.failures == ()
        (skipped,) = [change for change in report.skipped if change.key == gone.key]
        assert "no way to delete it: remove it by hand" in skipped.reason
        assert any(entry.mark == mark(gone.key) for entry in bench.place(kept.key).entries())
