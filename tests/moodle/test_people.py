"""What people leave in a Moodle that lms-bridge writes to, and what becomes of it: files, titles, answers, marks."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from moodle_world import BIO, PERSON, TEXT, Opened, World, longer, row_of, stored

from lms_bridge.items import Course, Kind, Page, mark
from lms_bridge.markup.digest import digest
from lms_bridge.moodle.marker import find_marker
from lms_bridge.sandbox.moodle import Hand, SeedCourse
from lms_bridge.sandbox.moodle.learner_shapes import shown_html
from lms_bridge.sync.policy import Policy
from lms_bridge.sync.report import summary_of, writes
from lms_bridge.testing.bench import HIDE, KEEP_BOTH, LEAVE, MERGE, OVERWRITE, Bench
from lms_bridge.testing.sample import make_image, make_item, make_page, make_prompt

# Pages


def test_a_picture_that_a_person_put_into_a_page_stays_when_the_page_is_merged(
    world: World, bench: Bench, page: Page
) -> None:
    row = row_of(world, bench, page)
    picture = '<img src="@@PLUGINFILE@@/a%20leaf.png" alt="A leaf">'
    Hand(world.site).edit_wiki_page(row.id, PERSON, replace={"First words.": f"First words. {picture}"})
    bench.change(longer(page))
    assert summary_of([bench.sync(MERGE)])["merged"] == 1
    assert picture in stored(world, row)
    assert "Words that the source added." in stored(world, row)
    read = bench.place(page.key).read(bench.entry(page.key)).html
    assert f'src="{world.server.url}/pluginfile.php/' in read, "the address that opens in a browser"


def test_words_that_files_addresses_begin_with_are_read_as_words(world: World, opened: Opened) -> None:
    """As a real Moodle 4.5.6 shows them: it puts addresses in before it reads what is spelled by entities."""
    words = "<p>They begin with @@PLUGINFILE@@/ and end with a name.</p>"
    bench = opened(world)
    items = [make_page(BIO, "signs", words, title="Signs"), replace(make_prompt(BIO, "p"), body=words)]
    bench.fill(*items)
    report = bench.sync(MERGE)
    assert all(set(shares.values()) == {1.0} for shares in report.fidelity.values())
    for item in items:
        assert bench.place(item.key).read(bench.entry(item.key)).html.endswith(words)
    assert "@@PLUGINFILE@@/ and end" in shown_html(row_of(world, bench, items[0]).cachedcontent)


def test_a_picture_that_our_item_shows_no_more_is_found_again_when_a_write_is_taken_back(
    world: World, opened: Opened
) -> None:
    bench = opened(world)
    image = make_image()
    body = f'{TEXT}\n<p><img src="asset:{image.digest}" alt="A dot"></p>'
    page = make_page(BIO, "cells", body, title="Cells", assets=(image,))
    bench.fill(page)
    bench.sync(MERGE)
    row = row_of(world, bench, page)
    Hand(world.site).edit_wiki_page(row.id, PERSON, replace={"First": "A teacher's first"})
    theirs = row.cachedcontent
    assert f"lmsb-{image.digest}.png" in theirs
    bench.change(replace(page, body=TEXT, assets=()))
    report = bench.sync(OVERWRITE)
    assert "<img" not in row.cachedcontent
    bench.undo(report, page.key)
    assert digest(row.cachedcontent) == digest(theirs)
    assert f"lmsb-{image.digest}.png" in row.cachedcontent


def test_a_picture_in_a_text_copied_from_another_course_keeps_its_address(
    make_world: Callable[..., World], opened: Opened
) -> None:
    world = make_world(SeedCourse("BIO-101"), SeedCourse("ART-1"))
    bench = opened(world)
    image = make_image()
    there = make_page(
        Course("ART-1", "Art"), "a", f'<p><img src="asset:{image.digest}" alt="A dot"></p>', title="A", assets=(image,)
    )
    here = make_page(BIO, "cells", TEXT, title="Cells")
    bench.fill(there, here)
    bench.sync(MERGE)
    theirs = stored(world, row_of(world, bench, there))
    picture = theirs[theirs.index("<img") : theirs.index(">", theirs.index("<img")) + 1]
    row = row_of(world, bench, here)
    Hand(world.site).edit_wiki_page(row.id, PERSON, replace={"First words.": f"First words. {picture}"})
    bench.change(longer(here))
    assert summary_of([bench.sync(MERGE)])["merged"] == 1
    assert picture in stored(world, row)


def test_a_page_that_was_renamed_at_its_source_merges_below_its_new_title(
    world: World, bench: Bench, page: Page
) -> None:
    row = row_of(world, bench, page)
    Hand(world.site).edit_wiki_page(row.id, PERSON, replace={"First": "A teacher's first"})
    bench.change(replace(longer(page), title="All about cells"))
    assert summary_of([bench.sync(MERGE)])["merged"] == 1
    assert row.title == "Cells"
    text = stored(world, row)
    assert text.index('<h4 class="lmsb-h">All about cells</h4>') < text.index("A teacher's first words.")
    assert writes(bench.sync(MERGE)) == 0


def test_what_a_teacher_wrote_on_the_index_is_kept_as_a_page_of_its_own(world: World, bench: Bench, page: Page) -> None:
    (home,) = [row for row in world.site.wiki_pages.values() if row.title == "Home"]
    Hand(world.site).edit_wiki_page(home.id, PERSON, content=f"<p>Welcome!</p>{stored(world, home)}")
    bench.fill(page, make_page(BIO, "walls", "<p>x</p>", title="Walls"))
    report = bench.sync(KEEP_BOTH)
    assert report.failures == ()
    assert "Walls" in stored(world, home)
    assert "Welcome!" not in stored(world, home)
    (copy,) = [row for row in world.site.wiki_pages.values() if "as people left it" in row.title]
    assert "Welcome!" in stored(world, copy)
    again = bench.sync(KEEP_BOTH)
    assert (writes(again), again.conflicts) == (0, ())


def test_two_copies_of_one_page_have_names_of_their_own(world: World, bench: Bench, page: Page) -> None:
    row = row_of(world, bench, page)
    for n in range(2):
        Hand(world.site).edit_wiki_page(row.id, PERSON, content=f"<p>Remark {n}.</p>{stored(world, row)}")
        bench.change(longer(page, f"Source {n}."))
        assert bench.sync(KEEP_BOTH).failures == ()
    copies = [each for each in world.site.wiki_pages.values() if "as people left it" in each.title]
    assert len({copy.title for copy in copies}) == 2
    assert [f"Remark {n}." in stored(world, copy) for n, copy in enumerate(copies)] == [True, True]


# Discussions


def test_a_discussion_that_people_answered_is_hidden_with_its_answers_standing(world: World, opened: Opened) -> None:
    bench = opened(world)
    gone, kept = replace(make_prompt(BIO, "gone"), pinned=True), make_prompt(BIO, "kept")
    bench.fill(gone, kept)
    bench.sync(HIDE)
    (discussion,) = [each for each in world.site.discussions.values() if each.name == gone.title]
    Hand(world.site).reply(discussion.firstpost, "lena.learner", "<p>My answer</p>")
    bench.fill(kept)
    assert summary_of([bench.sync(HIDE)])["hidden"] == 1
    assert discussion.timelocked
    assert not discussion.pinned
    assert "withdrawn" in world.site.posts[discussion.firstpost].message
    assert any("My answer" in post.message for post in world.site.posts.values())
    bench.fill(gone, kept)
    bench.sync(HIDE)
    assert not discussion.timelocked
    assert discussion.pinned


def test_a_picture_that_a_person_put_into_a_discussion_stays_when_it_is_merged(world: World, opened: Opened) -> None:
    bench = opened(world)
    prompt = replace(make_prompt(BIO, "p"), body=TEXT)
    bench.fill(prompt)
    bench.sync(MERGE)
    (discussion,) = world.site.discussions.values()
    post = world.site.posts[discussion.firstpost]
    picture = '<img src="@@PLUGINFILE@@/leaf.png" alt="A leaf"'
    Hand(world.site).edit_post(post.id, PERSON, replace={"First words.": f"First words. {picture}>"})
    bench.change(replace(prompt, body=f"{TEXT}\n<p>Words that the source added.</p>"))
    assert summary_of([bench.sync(MERGE)])["merged"] == 1
    assert picture in post.message
    assert "Words that the source added." in post.message
    assert "Edited by" not in post.message


@pytest.mark.parametrize("subject", ["Two  blanks", "New 🫨 faces", "R & D: 1 < 2"])
def test_a_subject_that_a_person_gave_stays_to_the_letter(world: World, opened: Opened, subject: str) -> None:
    bench = opened(world)
    prompt = make_prompt(BIO, "p")
    bench.fill(prompt)
    bench.sync(LEAVE)
    (discussion,) = world.site.discussions.values()
    discussion.name = world.site.posts[discussion.firstpost].subject = subject
    bench.change(replace(prompt, body="<p>Better words.</p>", title="Another title"))
    assert summary_of([bench.sync(LEAVE)])["merged"] == 1
    assert discussion.name == subject
    assert "Better words." in world.site.posts[discussion.firstpost].message
    assert bench.plan(LEAVE).pending == ()


# Reviews


@pytest.mark.parametrize("form", ["database", "forum"])
def test_what_a_teacher_left_of_a_review_is_kept_beside_the_reviewers_new_words(
    world: World, opened: Opened, form: str
) -> None:
    bench = opened(world, reviews={"as": form})
    review = make_item(Kind.REVIEW, BIO)
    bench.fill(review)
    bench.sync(KEEP_BOTH)
    place, entry = bench.place(review.key), bench.entry(review.key)
    if form == "database":
        Hand(world.site).edit_entry(int(entry.ref), {"Comment": "<p>A teacher's words.</p>"})
    else:
        Hand(world.site).edit_post(int(entry.ref.partition("-")[2]), PERSON, replace={"First": "A teacher's"})
    bench.change(make_item(Kind.REVIEW, BIO, words="Better words."))
    bench.sync(KEEP_BOTH)
    texts = [bench.place(review.key).read(each).html for each in place.entries()]
    assert sorted("A teacher's words." in text for text in texts) == [False, True]
    assert sorted("Better words." in text for text in texts) == [False, True]
    assert writes(bench.sync(KEEP_BOTH)) == 0


def test_a_review_can_be_signed_and_one_from_before_signing_is_known_and_signed_when_it_changes(
    world: World, opened: Opened
) -> None:
    bench = opened(world)
    bench.fill(make_item(Kind.REVIEW, BIO))
    (review,) = bench.source.content
    bench.sync()
    assert bench.entry(review.key).installation is None
    signed = Policy(installation="north_1-b")
    assert writes(bench.sync(signed)) == 0, "a name alone is no reason to write"
    bench.change(make_item(Kind.REVIEW, BIO, words="Better words."))
    bench.sync(signed)
    entry = bench.entry(review.key)
    assert (entry.mark, entry.installation) == (mark(review.key), "north_1-b")


# Marks


def test_a_person_who_saves_a_signed_page_keeps_its_signature(world: World, opened: Opened) -> None:
    bench = opened(world)
    page = make_page(BIO, "cells", TEXT, title="Cells")
    bench.fill(page)
    bench.sync(Policy(installation="north_1-b"))
    row = row_of(world, bench, page)
    Hand(world.site).edit_wiki_page(row.id, PERSON, replace={"First": "A teacher's first"})
    found = find_marker(stored(world, row))
    assert found
    assert (found.mark, found.installation) == (mark(page.key), "north_1-b")
    assert bench.entry(page.key).installation == "north_1-b"
