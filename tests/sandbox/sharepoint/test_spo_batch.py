"""Graph's `$batch`, and how much one app may do in a minute."""

from typing import Any

import pytest
from csdl import problems_of_answer
from spo_world import Json, World, error

from lms_bridge.sandbox.faults import Fault

JSON = {"Content-Type": "application/json"}


def send(world: World, *requests: Json) -> dict[str, Json]:
    answer = world.graph("POST", "/$batch", {"requests": list(requests)})
    assert answer.status_code == 200, answer.text
    return {one["id"]: one for one in answer.json()["responses"]}


def create(identifier: str, ratings: str, key: str, **more: Any) -> Json:
    body = {"fields": {"CourseKey": key}}
    return {"id": identifier, "method": "POST", "url": f"{ratings}/items", "headers": JSON, "body": body, **more}


def test_each_call_of_a_batch_stands_for_itself(world: World) -> None:
    ratings = world.ratings()
    found = send(
        world,
        create("1", ratings, "a"),
        create("2", ratings, "a"),
        create("3", ratings, "b"),
        {"id": "4", "method": "DELETE", "url": f"{ratings}/items/99"},
        {"id": "5", "method": "GET", "url": f"{ratings}/items/1"},
    )
    assert [found[one]["status"] for one in "12345"] == [201, 400, 201, 404, 200]
    assert found["2"]["body"]["error"]["code"] == "invalidRequest"
    assert problems_of_answer(found["1"]["body"]) == []


def test_a_call_waits_for_those_it_depends_on_and_fails_with_them(world: World) -> None:
    ratings = world.ratings()
    found = send(
        world,
        create("1", ratings, "a"),
        create("2", ratings, "a", dependsOn=["1"]),
        create("3", ratings, "b", dependsOn=["2"]),
        create("4", ratings, "c", dependsOn=["3"]),
        create("5", ratings, "d", depends_on=[]),
    )
    assert [found[one]["status"] for one in "12345"] == [201, 400, 424, 424, 201]


@pytest.mark.parametrize(
    "url",
    [
        "/sites/root",
        "sites/root",
        "https://graph.microsoft.com/v1.0/sites/root",
        "/sites/contoso.sharepoint.com:/sites/learning:/lists/Site Pages",
        "/sites/contoso.sharepoint.com:/sites/learning:/lists/Site%20Pages?$select=id, name",
    ],
)
def test_an_address_in_a_batch_may_be_written_in_each_way_that_clients_do(world: World, url: str) -> None:
    assert send(world, {"id": "1", "method": "GET", "url": url})["1"]["status"] == 200


@pytest.mark.parametrize(
    "requests",
    [
        [],
        [{"id": str(number), "method": "GET", "url": "/sites/root"} for number in range(21)],
        [{"id": "1", "method": "GET", "url": "/sites/root"}] * 2,
        [{"id": "1", "method": "GET", "url": "/sites/root", "dependsOn": ["2"]}],
        [{"id": "1", "method": "FETCH", "url": "/sites/root"}],
        [{"id": "1", "method": "POST", "url": "/sites/root/lists", "body": {"displayName": "x"}}],
        [{"method": "GET", "url": "/sites/root"}],
        ["x"],
    ],
    ids=["none", "21", "same id", "unknown id", "method", "no content type", "no id", "no object"],
)
def test_a_batch_that_is_not_one_is_refused_as_a_whole(world: World, requests: list[Any]) -> None:
    assert error(world.graph("POST", "/$batch", {"requests": requests})) == (400, "invalidRequest")


def test_answers_may_come_in_another_order(world: World) -> None:
    world.tenant.behaviour.shuffle_batches = True
    requests = [{"id": str(number), "method": "GET", "url": "/sites/root"} for number in range(20)]
    answer = world.graph("POST", "/$batch", {"requests": requests}).json()
    order = [one["id"] for one in answer["responses"]]
    assert sorted(order, key=int) == [str(number) for number in range(20)]
    assert order != sorted(order, key=int)


def test_a_batch_needs_a_token_of_its_own_and_ignores_those_inside(world: World) -> None:
    request = {"id": "1", "method": "GET", "url": "/sites/root", "headers": {"Authorization": "Bearer x"}}
    assert send(world, request)["1"]["status"] == 200
    refused = world.http.post(f"{world.url}/v1.0/$batch", json={"requests": [request]})
    assert error(refused) == (401, "InvalidAuthenticationToken")


def test_a_fault_can_be_ordered_for_one_call_inside_a_batch(world: World) -> None:
    ratings = world.ratings()
    world.tenant.faults.add(Fault("status", body='"b"', status=503, retry_after="7"), Fault("drop", body='"c"'))
    found = send(world, create("1", ratings, "a"), create("2", ratings, "b"), create("3", ratings, "c"))
    assert [found[one]["status"] for one in "123"] == [201, 503, 504]
    assert found["2"]["headers"]["Retry-After"] == "7"
    listed = world.graph("GET", f"{ratings}/items?$expand=fields").json()["value"]
    keys = [one["fields"]["CourseKey"] for one in listed]
    assert keys == ["a", "c"]


def test_an_app_that_asks_too_much_waits_until_the_minute_is_over(world: World) -> None:
    ratings = world.ratings()
    world.tenant.behaviour.units_per_minute = 10
    warned = [world.graph("GET", f"{ratings}/items").headers.get("RateLimit-Remaining") for _ in range(5)]
    assert warned == [None, None, None, "2", "0"]
    refused = world.graph("GET", f"{ratings}/items")
    assert error(refused) == (429, "activityLimitReached")
    assert (refused.headers["Retry-After"], refused.headers["RateLimit-Limit"]) == ("60", "10")
    world.tenant.clock.advance(61)
    assert world.graph("GET", f"{ratings}/items").status_code == 200


def test_who_spent_the_days_units_hears_for_how_long_and_nothing_of_the_minute(world: World) -> None:
    ratings = world.ratings()
    world.tenant.behaviour.units_per_minute, world.tenant.behaviour.units_per_day = 100, 4
    answers = [world.graph("GET", f"{ratings}/items") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].headers["Retry-After"] == "86400"
    assert "RateLimit-Limit" not in answers[2].headers
    (told,) = world.http.get(f"{world.url}/_sandbox/units").json().values()
    assert told["refused"] == 1


def test_coming_back_too_early_makes_the_wait_longer_and_at_last_blocks(world: World) -> None:
    ratings = world.ratings()
    world.tenant.behaviour.units_per_minute = 2
    answers = [world.graph("GET", f"{ratings}/items") for _ in range(7)]
    assert [answer.status_code for answer in answers] == [200, 429, 429, 429, 429, 429, 503]
    waits = [int(answer.headers["Retry-After"]) for answer in answers[1:]]
    assert waits == sorted(waits)
    assert waits[-1] > waits[0]


def test_calls_inside_a_batch_are_charged_and_throttled_one_by_one(world: World) -> None:
    ratings = world.ratings()
    world.tenant.behaviour.units_per_minute = 6
    found = send(world, *(create(str(number), ratings, f"k{number}") for number in range(5)))
    assert [found[str(number)]["status"] for number in range(5)] == [201, 201, 201, 429, 429]
    assert int(found["3"]["headers"]["Retry-After"]) == 60


def test_a_single_item_costs_one_unit_and_a_permission_five(world: World) -> None:
    ratings = world.ratings()
    world.item(ratings, CourseKey="a")
    world.with_roles("Sites.FullControl.All")
    world.tenant.behaviour.units_per_minute = 1000
    before = 0
    for path, units in ((f"{ratings}/items/1", 1), (f"{ratings}/items", 2), (f"{world.site_path}/permissions", 5)):
        world.graph("GET", path)
        used = sum(world.tenant.throttle.used().values())
        assert used - before == units
        before = used
