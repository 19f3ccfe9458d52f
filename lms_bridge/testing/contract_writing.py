"""The contract of destinations, first part: what is rendered, created and updated. Needs pytest."""

from dataclasses import replace
from datetime import timedelta

import pytest

from lms_bridge.connector import Action, Context, Destination, Level, Status
from lms_bridge.items import Course, Item, Kind, mark
from lms_bridge.markup.links import item_href
from lms_bridge.sync.digest import body_digest
from lms_bridge.testing.bench import Bench
from lms_bridge.testing.bench_fixtures import EVERY_KIND, DestinationFixtures, Hand, wrote
from lms_bridge.testing.sample import make_image, make_item, make_page, make_prompt


class WritingContract(DestinationFixtures):
    """What goes there arrives as it was meant, once."""

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
