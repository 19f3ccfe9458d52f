"""Ratings, reviews and prompts as rows: what is sent, what learners see, and troubles on the way."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sharepoint_world import PERSON, World

from lms_bridge.connector import Status
from lms_bridge.items import Course, Kind, Review, mark
from lms_bridge.sandbox.sharepoint.store import create_item
from lms_bridge.sharepoint.destination import SharePointSite
from lms_bridge.sync.report import summary_of
from lms_bridge.testing.bench import LEAVE, Bench
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
