"""Reviews in a database activity, and ratings in a course's fields and in an activity's name."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from moodle_world import BIO, Opened, World, activity, rating_fields, told

from lms_bridge.items import Course, Kind, Rating
from lms_bridge.moodle.rating_values import shown_values
from lms_bridge.sandbox.faults import Fault
from lms_bridge.sandbox.moodle import SeedCourse
from lms_bridge.sandbox.moodle.seed import add_activities
from lms_bridge.sync.report import summary_of
from lms_bridge.testing.bench import OVERWRITE, PRUNE, Bench
from lms_bridge.testing.sample import make_item


def test_reviews_can_be_discussions_of_a_forum(world: World, opened: Opened) -> None:
    bench = opened(world, reviews={"as": "forum", "activity": {"idnumber": "lmsbridge-forum"}})
    review = make_item(Kind.REVIEW, BIO)
    bench.fill(review)
    assert summary_of([bench.sync()])["created"] == 1
    (discussion,) = world.site.discussions.values()
    assert discussion.name == "★★★★☆ learner-one, 2026-03-02"
    assert bench.plan().pending == ()


def test_a_reviews_words_are_words_and_not_markup(world: World, opened: Opened) -> None:
    bench = opened(world)
    bench.fill(make_item(Kind.REVIEW, BIO, words="<script>alert(1)</script> & more\n\nSecond paragraph"))
    assert told(bench) == {}
    contents = [str(c.content) for entry in world.site.data_entries.values() for c in entry.contents.values()]
    assert any("&lt;script&gt;" in text and "<p>Second paragraph</p>" in text for text in contents)


@pytest.mark.parametrize("moderated", [True, False])
def test_a_review_that_a_teacher_has_to_approve_is_known_to_wait(
    world: World, opened: Opened, *, moderated: bool
) -> None:
    activity(world, "BIO-101", "data").settings["approval"] = int(moderated)
    bench = opened(world)
    bench.fill(make_item(Kind.REVIEW, BIO))
    bench.sync()
    (standing,) = world.site.data_entries.values()
    standing.approved = False
    bench.sync()
    assert [record.unseen for record in bench.records()] == [moderated]
    standing.approved = True
    bench.sync()
    assert [record.unseen for record in bench.records()] == [False]


def test_a_database_without_our_fields_is_told_by_name(world: World, opened: Opened) -> None:
    field = next(
        f
        for f in world.site.data_fields.values()
        if f.name == "Key" and f.dataid == activity(world, "BIO-101", "data").instance
    )
    field.name = "Other"
    bench = opened(world)
    bench.fill(make_item(Kind.REVIEW, BIO))
    assert any("no field Key" in text for text in told(bench).values())


def test_a_rating_field_that_does_not_exist_is_told_before_anything_is_written(world: World, opened: Opened) -> None:
    bench = opened(world, ratings={"fields": {"average": "nope"}})
    rating = make_item(Kind.RATING, BIO)
    bench.fill(rating)
    assert "no course custom field nope" in told(bench)[rating.key]
    assert world.calls().get("core_course_update_courses", 0) == 0


def test_a_locked_rating_field_is_noticed_although_moodle_says_nothing(world: World, opened: Opened) -> None:
    for field in world.site.custom_fields.values():
        field.configdata["locked"] = 1
    bench = opened(world)
    rating = make_item(Kind.RATING, BIO)
    bench.fill(rating)
    assert "changelockedcustomfields" in told(bench)[rating.key]


def test_a_rating_can_show_on_the_course_page_as_an_activitys_name(world: World, opened: Opened) -> None:
    bench = opened(world, ratings={"activity_name": "Course ratings ★ {average} ({count})"})
    bench.fill(make_item(Kind.RATING, BIO))
    bench.sync()
    count = next(iter(bench.source.content)).count  # type: ignore[union-attr]
    assert activity(world, "BIO-101", "data").name == f"Course ratings ★ 4.3 ({count})"
    assert bench.plan().pending == ()


def test_a_course_may_name_another_activity_that_shows_its_rating(world: World, opened: Opened) -> None:
    course = next(course for course in world.site.courses.values() if course.idnumber == "BIO-101")
    add_activities(world.site, course, suffix="-second")
    stars, reviews = (a for a in world.site.activities_of(course.id, "data") if a.idnumber.startswith("lmsbridge-"))
    stars.name, stars.idnumber = "Stars", "stars-here"
    bench = opened(world, ratings={"activity_name": "Rated {average}"})
    placed = replace(BIO, placement={bench.destination.name: {"rating_activity": "stars-here"}})
    bench.fill(make_item(Kind.RATING, placed))
    bench.sync()
    assert stars.name == "Rated 4.3"
    assert reviews.name == "Course reviews"


def test_ratings_of_many_courses_travel_in_one_call(make_world: Callable[..., World], opened: Opened) -> None:
    world = make_world(*(SeedCourse(f"C-{n}") for n in range(12)))
    bench = opened(world)
    bench.fill(*(make_item(Kind.RATING, Course(f"C-{n}", f"Course {n}")) for n in range(12)))
    assert summary_of([bench.sync()])["created"] == 12
    assert world.calls()["core_course_update_courses"] == 1


@pytest.mark.parametrize(
    ("average", "shown", "stars"), [(5.25, "5.3", 5), (4.5, "4.5", 5), (2.449, "2.4", 2), (6.95, "7.0", 7)]
)
def test_an_average_is_rounded_as_people_round(average: float, shown: str, stars: int) -> None:
    rating = replace(make_item(Kind.RATING, BIO), average=average, scale=(1, 10))  # type: ignore[call-arg]
    assert isinstance(rating, Rating)
    values = shown_values(rating)
    assert (values["average"], values["stars"].count("★")) == (shown, stars)


NAMED = {"activity_name": "Course ratings ★ {average} ({count})"}
PHY = Course("PHY-101", "Physics")


@pytest.fixture
def removed(make_world: Callable[..., World], opened: Opened) -> tuple[World, Bench]:
    """Two rated courses, of which the source then drops one; looked at by a fresh process."""
    world = make_world(SeedCourse("BIO-101"), SeedCourse("PHY-101"))
    first = opened(world, ratings=NAMED)
    first.fill(make_item(Kind.RATING, BIO), make_item(Kind.RATING, PHY))
    assert summary_of([first.sync()])["created"] == 2
    later = opened(world, ratings=NAMED)
    later.fill(make_item(Kind.RATING, BIO))
    return world, later


def test_the_rating_of_a_course_that_left_the_source_is_reported_for_as_long_as_it_stands(
    removed: tuple[World, Bench],
) -> None:
    world, bench = removed
    for _ in range(2):
        (change,) = bench.plan().changes
        assert "gone from the source; the policy is to report it" in change.reason
        bench.sync()
    assert all(rating_fields(world, "PHY-101").values())


def test_the_rating_of_a_course_that_left_the_source_is_taken_away_where_that_is_wanted(
    removed: tuple[World, Bench],
) -> None:
    world, bench = removed
    assert summary_of([bench.sync(PRUNE, approve=True)])["deleted"] == 1
    assert not any(rating_fields(world, "PHY-101").values())
    assert activity(world, "PHY-101", "data").name == "Course reviews"
    assert all(rating_fields(world, "BIO-101").values())
    assert activity(world, "BIO-101", "data").name.startswith("Course ratings ★")
    assert bench.plan(PRUNE).changes == ()


def test_a_name_that_a_person_gave_is_not_taken_away_with_the_rating(removed: tuple[World, Bench]) -> None:
    world, bench = removed
    activity(world, "PHY-101", "data").name = "What you said"
    bench.sync(replace(PRUNE, drift=OVERWRITE.drift), approve=True)
    assert not any(rating_fields(world, "PHY-101").values())
    assert activity(world, "PHY-101", "data").name == "What you said"


def test_a_rating_whose_course_cannot_be_looked_at_is_not_forgotten(removed: tuple[World, Bench]) -> None:
    world, bench = removed
    number = next(c.id for c in world.site.courses.values() if c.idnumber == "PHY-101")
    answer = '{"exception": "dml_read_exception", "errorcode": "dmlreadexception", "message": "Error reading"}'
    question = f"value={number}"
    world.server.faults.add(Fault("status", times=9, path="server.php", body=question, status=200, answer=answer))
    (change,) = bench.plan(PRUNE).changes
    assert "could not be read" in change.reason
