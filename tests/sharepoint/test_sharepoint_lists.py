"""Ratings, reviews and prompts as rows: what is sent, what learners see, and troubles on the way."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sharepoint_world import PERSON, World

from lms_bridge.connector import Action, Status
from lms_bridge.items import Course, Kind, Review, mark
from lms_bridge.sandbox.sharepoint.store import create_item
from lms_bridge.sharepoint.destination import SharePointSite
from lms_bridge.sync.policy import Policy
from lms_bridge.sync.report import summary_of, writes
from lms_bridge.testing.bench import HIDE, KEEP_BOTH, LEAVE, MERGE, Bench
from lms_bridge.testing.sample import make_item, make_page

COURSE = Course("BIO-101", "Cell Biology")
RATING = make_item(Kind.RATING, COURSE)


def review(number: int, words: str = "Good.") -> Review:
    item = make_item(Kind.REVIEW, COURSE, f"r{number}", words=words)
    assert isinstance(item, Review)
    return item


@pytest.fixture
def site(world: World) -> Iterator[SharePointSite]:
    world.provision(prompts={"as": "list"})
    world.recorder.requests.clear()
    site = world.open(prompts={"as": "list"})
    yield site
    site.close()


@pytest.fixture
def bench(site: SharePointSite, tmp_path: Path) -> Bench:
    bench = Bench(site, tmp_path)
    bench.fill(RATING)
    return bench


def rows(world: World, title: str) -> list[dict[str, Any]]:
    return [item.fields for item in world.list_titled(title).items.values()]


# What is sent


def test_a_rating_is_created_with_its_key_and_every_figure(world: World, bench: Bench) -> None:
    bench.sync()
    ((path, headers, body),) = world.recorder.of("POST", "/items")
    assert path.endswith("/items")
    assert headers["content-type"].startswith("application/json")
    fields = json.loads(body)["fields"]
    assert fields.pop("LmsHash")
    assert fields == {
        "CourseKey": mark(RATING.key),
        "Title": "Cell Biology",
        "LmsCourse": "BIO-101",
        "LmsAverage": 4.25,
        "LmsCount": RATING.count,  # type: ignore[union-attr]
        "LmsRank": 4.1,
        "LmsStars": f"★★★★☆ 4.3 ({RATING.count})",  # type: ignore[union-attr]
        "LmsHistogram": f"1:0,2:1,3:1,4:3,5:{RATING.count - 5}",  # type: ignore[union-attr]
        "LmsCourseUrl": "",
        "LmsUpdated": None,
    }


def test_a_change_is_sent_to_the_fields_with_the_version_that_it_changes(world: World, bench: Bench) -> None:
    bench.sync()
    standing = bench.entry(RATING.key)
    bench.change(make_item(Kind.RATING, COURSE, words="Other words."))
    bench.sync()
    ((path, headers, body),) = world.recorder.of("PATCH", "/items/")
    assert path.endswith(f"/items/{standing.ref}/fields")
    assert headers["if-match"] == standing.version
    assert "CourseKey" not in json.loads(body)


def test_a_list_is_read_in_one_listing_whatever_it_holds(world: World, bench: Bench) -> None:
    bench.fill(*(review(number) for number in range(30)))
    bench.sync()
    world.recorder.requests.clear()
    bench.sync()
    reads = [path for method, path, _, _ in world.recorder.requests if method == "GET" and "/items" in path]
    assert len(reads) == 1
    assert world.recorder.of("POST", "/v1.0/") == []


def test_answers_of_a_batch_in_any_order_reach_the_right_rows(world: World, bench: Bench) -> None:
    world.tenant.behaviour.shuffle_batches = True
    bench.fill(*(review(number, f"Words {number}.") for number in range(30)))
    assert summary_of([bench.sync()])["created"] == 30
    assert bench.plan(LEAVE).pending == ()


def test_many_rows_travel_in_batches_of_twenty(world: World, bench: Bench) -> None:
    bench.fill(*(review(number) for number in range(30)))
    assert summary_of([bench.sync()])["created"] == 30
    batches = world.recorder.of("POST", "/$batch")
    assert 2 <= len(batches) <= 4
    inside = [len(json.loads(body)["requests"]) for _, _, body in batches]
    assert max(inside) == 20
    assert all("authorization" not in str(body).lower() for _, _, body in batches)


def test_a_key_is_looked_up_by_the_indexed_column_alone(world: World, bench: Bench) -> None:
    world.fault("drop", method="POST", path="/items")
    bench.sync()
    ((path, headers, _),) = [one for one in world.recorder.of("GET", "$filter") if "/items" in one[0]]
    assert f"fields/CourseKey%20eq%20'{mark(RATING.key)}'" in path
    assert "$top=2" in path
    assert "prefer" not in headers


# What learners see


def test_a_rating_shows_its_stars_without_any_formatting_of_the_list(world: World, bench: Bench) -> None:
    bench.sync()
    (row,) = rows(world, "Course Ratings")
    assert row["LmsStars"].startswith("★★★★☆ 4.3 (")


def test_a_review_shows_what_readers_may_know_of_the_rater(world: World, bench: Bench) -> None:
    bench.fill(replace(review(1, "Line one\nline two & <b>bold</b>"), rater="Learner 7"))
    bench.sync()
    (row,) = rows(world, "Course Reviews")
    assert (row["LmsRater"], row["CourseKey"], row["Rating"]) == ("Learner 7", "BIO-101", 4.0)
    assert row["Comment"] == "Line one\nline two & <b>bold</b>"


def test_very_long_comments_are_cut_and_still_in_step_afterwards(world: World, bench: Bench) -> None:
    bench.fill(review(1, "word " * 20_000))
    bench.sync()
    (row,) = rows(world, "Course Reviews")
    assert len(row["Comment"]) <= 60_000
    assert row["Comment"].endswith("…")
    assert bench.plan(LEAVE).pending == ()


def test_a_prompt_in_a_list_is_plain_text_with_its_due_date_and_whole_links(world: World, bench: Bench) -> None:
    page = make_page(COURSE, "cells", "<p>x</p>", title="Cells")
    close = datetime(2026, 12, 24, 12, 0, tzinfo=UTC)
    prompt = make_item(Kind.PROMPT, COURSE, "why")
    body = f'<p>Why? See <a href="item:{page.key}">Cells</a>.</p>'
    bench.fill(page, replace(prompt, body=body, close=close))  # type: ignore[arg-type]
    bench.sync()
    (row,) = rows(world, "Discussion Prompts")
    name = bench.entry(page.key).name
    assert row["Prompt"] == f"Why? See Cells <{world.server.url}/sites/learning/SitePages/{name}>."
    assert row["DueDate"] == "2026-12-24T12:00:00Z"
    assert bench.plan(LEAVE).pending == ()


def test_a_person_editing_a_prompt_in_the_list_is_noticed_and_left_alone(world: World, bench: Bench) -> None:
    prompt = make_item(Kind.PROMPT, COURSE, "why")
    bench.fill(prompt)
    bench.sync(LEAVE)
    world.hand.edit_item("Discussion Prompts", int(bench.entry(prompt.key).ref), {"Prompt": "A person wrote this."})
    bench.change(make_item(Kind.PROMPT, COURSE, "why", words="Better words."))
    assert [change.key for change in bench.sync(LEAVE).conflicts] == [prompt.key]


# People at work

PROMPT = make_item(Kind.PROMPT, COURSE, "why")


def row_of(world: World, bench: Bench, title: str, key: str) -> dict[str, Any]:
    return world.list_titled(title).items[int(bench.entry(key).ref)].fields


def test_a_title_that_a_person_gave_a_row_stays_while_its_words_follow_the_source(world: World, bench: Bench) -> None:
    bench.fill(PROMPT)
    bench.sync(LEAVE)
    world.hand.edit_item("Discussion Prompts", int(bench.entry(PROMPT.key).ref), {"Title": "Ann's title"})
    bench.change(make_item(Kind.PROMPT, COURSE, "why", words="Better words."))
    assert summary_of([bench.sync(LEAVE)])["merged"] == 1
    row = row_of(world, bench, "Discussion Prompts", PROMPT.key)
    assert (row["Title"], row["Prompt"]) == ("Ann's title", "Better words.")
    assert writes(bench.sync(LEAVE)) == 0


def test_columns_that_a_person_changed_stay_and_the_others_follow_the_source(world: World, bench: Bench) -> None:
    bench.fill(review(1))
    bench.sync(MERGE)
    number = int(bench.entry(review(1).key).ref)
    world.hand.edit_item("Course Reviews", number, {"LmsRater": "", "Title": "Ann's"})
    bench.change(review(1, "Better words."))
    assert summary_of([bench.sync(MERGE)])["merged"] == 1
    row = row_of(world, bench, "Course Reviews", review(1).key)
    assert (row["Title"], row.get("LmsRater"), row["Comment"]) == ("Ann's", None, "Better words.")
    assert writes(bench.sync(MERGE)) == 0


def test_what_a_person_left_in_a_prompt_is_kept_in_a_row_beside_it(world: World, bench: Bench) -> None:
    bench.fill(PROMPT)
    bench.sync(KEEP_BOTH)
    world.hand.edit_item("Discussion Prompts", int(bench.entry(PROMPT.key).ref), {"Prompt": "Ann asks."})
    bench.change(make_item(Kind.PROMPT, COURSE, "why", words="Better words."))
    bench.sync(KEEP_BOTH)
    said = {row["Title"]: row["Prompt"] for row in rows(world, "Discussion Prompts")}
    assert said == {
        "Sample prompt why": "Better words.",
        "Sample prompt why (as people left it, 2026-11-23)": "Ann asks.",
    }
    assert writes(bench.sync(KEEP_BOTH)) == 0


def test_a_hidden_prompt_says_so_until_its_item_is_back(world: World, bench: Bench) -> None:
    kept = make_item(Kind.PROMPT, COURSE, "kept")
    bench.fill(PROMPT, kept)
    bench.sync(HIDE)
    number = int(bench.entry(PROMPT.key).ref)
    row = world.list_titled("Discussion Prompts").items[number].fields
    bench.fill(kept)
    assert summary_of([bench.sync(HIDE)])["hidden"] == 1
    assert row["Prompt"] == "This was withdrawn on 2026-11-23. What it said is kept in its history."
    assert writes(bench.sync(HIDE)) == 0
    bench.fill(PROMPT, kept)
    bench.sync(HIDE)
    assert row["Prompt"] == "First words."


def test_reviews_and_ratings_are_not_hidden_but_recycled(bench: Bench) -> None:
    bench.fill(RATING, review(1), PROMPT)
    ways = {key: set(bench.place(key).prunes) for key in (RATING.key, review(1).key, PROMPT.key)}  # type: ignore[attr-defined]
    assert ways[RATING.key] == ways[review(1).key] == {"recycle", "delete"}
    assert ways[PROMPT.key] == {"hide", "recycle", "delete"}


def test_a_row_that_a_person_changes_meanwhile_is_neither_merged_nor_hidden(world: World, bench: Bench) -> None:
    bench.fill(PROMPT)
    bench.sync(LEAVE)
    bench.change(make_item(Kind.PROMPT, COURSE, "why", words="Better words."))
    (change,) = [one for one in bench.plan(LEAVE).changes if one.key == PROMPT.key]
    world.hand.edit_item("Discussion Prompts", int(bench.entry(PROMPT.key).ref), {"Prompt": "Ann asks."})
    for action in (Action.MERGE, Action.HIDE):
        (outcome,) = bench.place(PROMPT.key).write([replace(change, action=action)])
        assert outcome.status is Status.CONFLICT
    assert row_of(world, bench, "Discussion Prompts", PROMPT.key)["Prompt"] == "Ann asks."


# Whose row it is


@pytest.mark.parametrize("name", ["north", "n" * 60])
def test_the_hash_names_the_installation_and_fits_its_column(world: World, bench: Bench, name: str) -> None:
    bench.sync(Policy(installation=name))
    (row,) = rows(world, "Course Ratings")
    assert len(row["LmsHash"]) == 64
    entry = bench.entry(RATING.key)
    assert entry.installation == name
    assert entry.fingerprint
    bench.lose_state()
    assert summary_of([bench.sync(Policy(installation=name))])["adopted"] >= 1
    assert writes(bench.sync(Policy(installation=name))) == 0


def test_an_unanswered_change_of_a_signed_row_is_known_again(world: World, bench: Bench) -> None:
    north = Policy(installation="north")
    bench.sync(north)
    bench.change(make_item(Kind.RATING, COURSE, words="Other words."))
    world.fault("drop", method="PATCH", path="/items")
    assert summary_of([bench.sync(north)])["updated"] == 1
    assert len(world.recorder.of("PATCH", "/items/")) == 1


def test_a_row_that_another_installation_made_meanwhile_is_not_taken_over(world: World, bench: Bench) -> None:
    plan = bench.plan(Policy(installation="north"))
    (change,) = [one for one in plan.changes if one.kind is Kind.RATING]
    fields = {"CourseKey": mark(RATING.key), "LmsHash": "abc.south"}
    with world.tenant.lock:
        create_item(world.tenant, world.list_titled("Course Ratings"), fields, actor=PERSON)
    (outcome,) = plan.places[change.place.id].write([change])
    assert outcome.status is Status.CONFLICT
    (row,) = rows(world, "Course Ratings")
    assert row["LmsHash"] == "abc.south"


# Troubles on the way


def test_a_key_that_another_writer_made_meanwhile_is_taken_over_and_not_doubled(world: World, bench: Bench) -> None:
    plan = bench.plan()
    (change,) = [one for one in plan.changes if one.kind is Kind.RATING]
    with world.tenant.lock:
        create_item(world.tenant, world.list_titled("Course Ratings"), {"CourseKey": mark(RATING.key)}, actor=PERSON)
    (outcome,) = plan.places[change.place.id].write([change])
    assert outcome.status is Status.DONE
    (row,) = rows(world, "Course Ratings")
    assert row["LmsAverage"] == 4.25


def test_a_create_whose_answer_is_lost_is_looked_up_and_not_sent_again(world: World, bench: Bench) -> None:
    world.fault("drop", method="POST", path="/items")
    assert summary_of([bench.sync()])["created"] == 1
    assert len(world.recorder.of("POST", "/items")) == 1
    assert len(rows(world, "Course Ratings")) == 1


def test_a_create_that_never_arrived_is_sent_once_more(world: World, bench: Bench) -> None:
    world.fault("refuse", method="POST", path="/items")
    assert summary_of([bench.sync()])["created"] == 1
    assert len(rows(world, "Course Ratings")) == 1


def test_a_create_that_is_never_answered_stays_open_and_is_settled_by_the_next_run(world: World, bench: Bench) -> None:
    world.fault("refuse", method="POST", path="/items", times=2)
    bench.sync()
    assert rows(world, "Course Ratings") == []
    bench.sync()
    assert len(rows(world, "Course Ratings")) == 1


def test_a_row_with_a_bad_value_costs_only_itself(world: World, bench: Bench) -> None:
    bad = replace(review(1), stars=-3.0)
    bench.fill(bad, review(2), review(3))
    report = bench.sync()
    (failure,) = report.failures
    assert failure.key == bad.key
    assert len(rows(world, "Course Reviews")) == 2


def test_throttling_is_waited_for_and_everything_arrives(world: World, tmp_path: Path) -> None:
    world.provision()
    world.tenant.behaviour.units_per_minute = 60
    site = world.open()  # its own budget is far larger than the tenant's
    bench = Bench(site, tmp_path)
    bench.fill(*(review(number) for number in range(50)))
    assert summary_of([bench.sync()])["created"] == 50
    assert len(rows(world, "Course Reviews")) == 50
    assert sum(world.clock.slept) > 0
    site.close()


def test_with_the_right_budget_the_service_never_has_to_send_anybody_away(world: World, tmp_path: Path) -> None:
    world.provision()
    world.tenant.behaviour.units_per_minute = 200
    world.tenant.clock.advance(120)
    # One connection: with several, the made-up clock runs on for all of them while one waits.
    site = world.open(units=200, concurrency=1)
    bench = Bench(site, tmp_path)
    bench.fill(*(review(number) for number in range(200)))
    assert summary_of([bench.sync()])["created"] == 200
    assert world.tenant.calls["POST /sites/{site}/lists/{list}/items"] == 200
    assert 120 < sum(world.clock.slept) < 200
    site.close()


def test_a_list_without_a_unique_key_is_never_written(world: World, bench: Bench) -> None:
    world.list_titled("Course Ratings").columns["CourseKey"].unique = False
    report = bench.sync()
    (failure,) = [one for one in report.failures if one.key == RATING.key]
    assert "unique" in failure.problem.cause
    assert "lms-bridge setup sharepoint" in failure.problem.next_step
    assert rows(world, "Course Ratings") == []


def test_a_missing_list_costs_only_its_own_kind(world: World, bench: Bench) -> None:
    world.hand.delete_list("Course Reviews")
    bench.fill(RATING, review(1))
    report = bench.sync()
    assert [one.key for one in report.failures] == [review(1).key]
    assert len(rows(world, "Course Ratings")) == 1


def test_a_list_that_people_renamed_is_still_found(world: World, bench: Bench) -> None:
    ratings = world.list_titled("Course Ratings")
    ratings.title = "Bewertungen"
    ratings.name = "Course Ratings"
    assert summary_of([bench.sync()])["created"] >= 1
    assert len(ratings.items) == 1


def test_a_deleted_row_goes_to_the_recycle_bin(world: World, bench: Bench) -> None:
    from lms_bridge.testing.bench import PRUNE

    bench.fill(review(1), review(2))
    bench.sync()
    bench.fill(review(2))
    assert summary_of([bench.sync(PRUNE)])["deleted"] == 1
    assert [one.item is not None for one in world.tenant.recycle_bin] == [True]


def test_the_plan_tells_what_a_sync_will_cost(bench: Bench) -> None:
    bench.fill(*(review(number) for number in range(10)))
    cost = bench.plan().cost
    assert (cost.calls, cost.units) == (10, 20)
    assert 0 < cost.seconds < 60


def test_the_connector_counts_its_calls_by_name(site: SharePointSite, bench: Bench) -> None:
    bench.sync()
    calls = site.calls()
    assert calls["create item"] == 1
    assert calls["requests"] >= 5


def test_a_lost_network_is_told_at_once_for_the_whole_place(world: World, tmp_path: Path) -> None:
    endpoints = {**world.raw_settings()["endpoints"], "graph_root": "https://127.0.0.1:9"}
    site = world.open(endpoints=endpoints)
    bench = Bench(site, tmp_path)
    bench.fill(RATING)
    started = datetime.now(UTC)
    report = bench.sync()
    assert report.failures
    assert datetime.now(UTC) - started < timedelta(seconds=20)
    site.close()


# Content approval


def seen(bench: Bench) -> dict[Kind, bool]:
    return {record.kind: not record.unseen for record in bench.records()}


def test_a_row_of_a_moderated_list_is_known_to_wait_until_somebody_there_approves_it(
    world: World, bench: Bench
) -> None:
    """Also what stands already waits anew after each change."""
    world.hand.require_approval("Course Ratings")
    bench.fill(RATING, review(1))
    told = [outcome.problem.cause for outcome in bench.sync().done if outcome.problem is not None]
    assert told == ["the row is written but readers do not see it yet: the list wants an approval"]
    assert seen(bench) == {Kind.RATING: False, Kind.REVIEW: True}
    world.hand.approve_item("Course Ratings", int(bench.entry(RATING.key).ref))
    assert writes(bench.sync()) == 0
    assert seen(bench)[Kind.RATING]
    bench.change(make_item(Kind.RATING, COURSE, words="Other words."))
    bench.sync()
    assert not seen(bench)[Kind.RATING]


def test_a_row_waits_no_more_once_the_list_wants_no_approval(world: World, bench: Bench) -> None:
    world.hand.require_approval("Course Ratings")
    bench.sync()
    world.hand.require_approval("Course Ratings", on=False)
    bench.sync()
    assert seen(bench) == {Kind.RATING: True}


def test_a_list_without_approval_is_not_asked_for_its_status(world: World, bench: Bench) -> None:
    bench.sync()
    assert not [path for method, path, _, _ in world.recorder.requests if "_ModerationStatus" in path]


def test_what_waits_is_not_found_by_an_app_that_may_only_write_and_stands_once_all_the_same(
    world: World, bench: Bench
) -> None:
    """It passes for deleted until somebody approves it: nobody can tell the two apart with such a role."""
    world.grant("write")
    world.hand.require_approval("Course Ratings")
    bench.sync()
    for _ in range(2):
        assert writes(bench.sync()) == 0
    (record,) = bench.records()
    assert record.deleted
    world.hand.approve_item("Course Ratings", 1)
    bench.sync()
    (record,) = bench.records()
    assert (record.deleted, record.unseen) == (False, False)
    assert len(rows(world, "Course Ratings")) == 1
