"""Calls that travel together: the form on the wire, answers in any order, and what happens to each when some fail."""

from collections import deque
from collections.abc import Callable, Sequence
from threading import Event, Thread
from typing import Any

import pytest
from sharepoint_world import Clock

from lms_bridge.errors import Ambiguous, DestinationError, Unreachable
from lms_bridge.sharepoint.batch import Answer, Call, decode, encode, lower_names
from lms_bridge.sharepoint.budget import Budget
from lms_bridge.sharepoint.client import GraphClient
from lms_bridge.transport import Gate, Limits, Pace, Request

ROOT = "https://graph.test"


def get(number: int = 1) -> Call:
    return Call(name="get", method="GET", url=f"/sites/s/items/{number}")


def post(number: int = 1) -> Call:
    return Call(name="post", method="POST", url="/sites/s/items", body={"number": number})


# The form on the wire


def test_a_batch_holds_relative_addresses_headers_and_bodies_and_no_token() -> None:
    patch = Call(
        name="p",
        method="PATCH",
        url="/sites/s/lists/l/items/7/fields",
        headers={"If-Match": '"guid,3"'},
        body={"LmsCount": 18},
    )
    assert encode([patch, get(2)]) == {
        "requests": [
            {
                "id": "1",
                "method": "PATCH",
                "url": "/sites/s/lists/l/items/7/fields",
                "headers": {"If-Match": '"guid,3"', "Content-Type": "application/json"},
                "body": {"LmsCount": 18},
            },
            {"id": "2", "method": "GET", "url": "/sites/s/items/2"},
        ]
    }


def test_more_than_twenty_calls_are_no_batch() -> None:
    with pytest.raises(ValueError, match="at most 20"):
        encode([get()] * 21)


THROTTLED = {
    "id": "1",
    "status": 429,
    "headers": {"Retry-After": "10", "Content-Type": "application/json"},
    "body": {"error": {"code": "activityLimitReached", "message": ""}},
}


@pytest.mark.parametrize(
    ("responses", "expected"),
    [
        # As json-batching shows them: a refusal with Retry-After, a dependent call without headers and body.
        ([THROTTLED, {"id": "2", "status": 424}], [429, 424]),
        ([{"id": "2", "status": 204}, {"id": "1", "status": 200, "body": {"id": "7"}}], [200, 204]),
        ([{"id": "2", "status": 200, "body": {"value": []}}], [None, 200]),
        ([{"id": "1", "status": 200}, {"id": "2", "status": 200, "body": "<html>"}], [None, None]),
        ([{"id": "7", "status": 200}, {"id": "x", "status": 200}, {"status": 200}, None, 3], [None, None]),
        ([{"id": "1", "status": "ok"}], [None, None]),
        (None, [None, None]),
        ({"id": "1"}, [None, None]),
    ],
)
def test_answers_come_in_any_order_and_may_lack_anything(responses: Any, expected: list[int | None]) -> None:
    answers = decode({"responses": responses}, [get(1), get(2)])
    assert [answer.status if answer else None for answer in answers] == expected


def test_header_names_of_an_answer_are_in_lower_case() -> None:
    (answer,) = decode({"responses": [THROTTLED]}, [get()])
    assert answer is not None
    assert answer.headers["retry-after"] == "10"


# What happens to each call


class Script:
    """A pipeline that answers by a script; a batch is answered call by call."""

    def __init__(self, answer: Callable[[Call], Answer | Exception | None]) -> None:
        self._answer = answer
        self.sent: list[Call] = []
        self.batches: list[int] = []
        self.budget: Budget | None = None

    def exchange(self, call: Call, *, repeatable: bool) -> tuple[Answer, str]:
        if self.budget is not None:
            self.budget.gate.enter(Request(method="GET", url=ROOT), Limits())
        if call.url != "/$batch":
            alone = self._one(call)
            return Answer(alone.status, lower_names(alone.headers), alone.body), "token"
        requests = call.body["requests"]
        self.batches.append(len(requests))
        responses = []
        for request in reversed(requests):
            inner = Call(name="", method=request["method"], url=request["url"], body=request.get("body"))
            answer = self._one(inner, together=True)
            if answer is not None:
                headers, body = dict(answer.headers), answer.body
                responses.append({"id": request["id"], "status": answer.status, "headers": headers, "body": body})
        return Answer(200, {}, {"responses": responses}), "token"

    def _one(self, call: Call, *, together: bool = False) -> Any:
        self.sent.append(call)
        found = self._answer(call)
        if isinstance(found, Exception):
            raise found
        assert found is not None or together
        return found

    def renew(self, refused: str) -> None: ...


def client(script: Script, *, clock: Clock | None = None, connections: int = 1, units: int = 1_000_000) -> GraphClient:
    ticking = clock or Clock()
    budget = script.budget = Budget(units, Gate(clock=ticking, sleep=ticking.sleep))
    return GraphClient(
        script, script, budget, root=ROOT, pace=Pace(connections, connections), limits=Limits(attempts=3)
    )


def outcomes(graph: GraphClient, calls: Sequence[Call]) -> list[str]:
    found = dict(graph.ask_all(calls))
    graph.close()
    return [type(found[number]).__name__ for number in range(len(calls))]


def test_one_call_goes_alone_and_many_go_together() -> None:
    script = Script(lambda call: Answer(200, {}, {"id": "7"}))
    graph = client(script)
    graph.ask(get())
    assert script.batches == []
    assert len(dict(graph.ask_all([get(number) for number in range(45)]))) == 45
    assert script.batches == [20, 20, 5]
    graph.close()


def test_calls_of_many_threads_share_the_batches_while_the_connection_is_busy() -> None:
    gate, started = Event(), Event()

    def answer(call: Call) -> Answer:
        if call.url.endswith("/0"):
            started.set()
            gate.wait(10)
        return Answer(200, {}, {"url": call.url})

    script = Script(answer)
    graph = client(script)
    first = Thread(target=graph.ask, args=(get(0),))
    first.start()
    assert started.wait(10)
    futures = [graph.enqueue([get(number)])[0] for number in range(1, 16)]
    gate.set()
    assert [future.result(10).body["url"] for future in futures] == [f"/sites/s/items/{n}" for n in range(1, 16)]
    assert script.batches == [15]
    first.join(10)
    graph.close()


def test_a_call_that_was_sent_away_waits_as_long_as_asked_and_is_sent_again() -> None:
    refusals = deque([Answer(429, {"Retry-After": "31", "RateLimit-Reset": "40"}, None)])
    clock = Clock()
    made = Answer(201, {}, {"id": "7"})
    script = Script(lambda call: refusals.popleft() if refusals and call.method == "POST" else made)
    assert outcomes(client(script, clock=clock), [post(1), get(2)]) == ["Answer", "Answer"]
    assert sum(clock.slept) == pytest.approx(40)
    assert [call.method for call in script.sent] == ["GET", "POST", "POST"]


def test_a_call_that_is_sent_away_for_ever_fails_alone() -> None:
    script = Script(
        lambda call: Answer(503, {"Retry-After": "1"}, None) if call.method == "POST" else Answer(200, {}, {"id": "7"})
    )
    assert outcomes(client(script), [post(), get()]) == ["Unreachable", "Answer"]


def test_nobody_waits_longer_than_patience_lasts() -> None:
    script = Script(lambda call: Answer(429, {"Retry-After": "4000"}, None))
    clock = Clock()
    assert outcomes(client(script, clock=clock), [post(), post()]) == ["Unreachable", "Unreachable"]
    assert len(script.sent) == 2


def test_a_write_without_an_answer_is_ambiguous_and_a_read_is_asked_again() -> None:
    asked: list[str] = []

    def answer(call: Call) -> Answer | None:
        asked.append(call.method)
        return None if len(asked) <= 2 else Answer(200, {}, {"id": "7"})

    assert outcomes(client(Script(answer)), [post(), get()]) == ["Ambiguous", "Answer"]
    assert asked == ["GET", "POST", "GET"]


def test_a_lost_batch_makes_its_writes_ambiguous_and_asks_its_reads_again() -> None:
    script = Script(lambda call: Answer(200, {}, {"id": "7"}))
    lost = [True]
    plain = script.exchange

    def exchange(call: Call, *, repeatable: bool) -> tuple[Answer, str]:
        if call.url == "/$batch" and lost.pop():
            raise Ambiguous("the connection broke")
        return plain(call, repeatable=repeatable)

    script.exchange = exchange  # type: ignore[method-assign]
    assert outcomes(client(script), [post(), get()]) == ["Ambiguous", "Answer"]
    assert [call.method for call in script.sent] == ["GET"]


@pytest.mark.parametrize(
    ("status", "expected"),
    [(400, "Invalid"), (403, "Denied"), (404, "NotFound"), (409, "Locked"), (412, "Changed"), (423, "Locked")],
)
def test_one_refused_call_says_nothing_about_the_others(status: int, expected: str) -> None:
    script = Script(lambda call: Answer(status if call.method == "POST" else 200, {}, {"id": "7"}))
    assert outcomes(client(script), [get(1), post(), get(2)]) == ["Answer", expected, "Answer"]


def test_a_batch_that_is_too_large_is_sent_call_by_call() -> None:
    script = Script(lambda call: Answer(201, {}, {"id": "7"}))
    plain = script.exchange

    def exchange(call: Call, *, repeatable: bool) -> tuple[Answer, str]:
        return (Answer(413), "token") if call.url == "/$batch" else plain(call, repeatable=repeatable)

    script.exchange = exchange  # type: ignore[method-assign]
    assert outcomes(client(script), [post(1), post(2)]) == ["Answer", "Answer"]


def test_a_fresh_token_is_asked_for_once_after_a_401() -> None:
    statuses = deque([401, 200])
    script = Script(lambda call: Answer(statuses.popleft(), {}, {}))
    renewed: list[str] = []
    script.renew = renewed.append  # type: ignore[method-assign]
    assert client(script).ask(get()).ok
    assert renewed == ["token"]


def test_a_call_with_a_large_body_never_travels_with_others() -> None:
    script = Script(lambda call: Answer(201, {}, {"id": "7"}))
    large = Call(name="page", method="POST", url="/sites/s/pages", body={}, alone=True)
    assert outcomes(client(script), [post(1), large, post(2), large]) == ["Answer"] * 4
    assert script.batches == [2]


# Listings


def test_a_listing_follows_its_pages_to_the_end() -> None:
    pages = deque(
        [
            {"value": [{"id": 1}], "@odata.nextLink": "https://graph.test/v1.0/sites/s/items?$skiptoken=2"},
            {"value": [{"id": 2}]},
        ]
    )
    script = Script(lambda call: Answer(200, {}, pages.popleft()))
    graph = client(script)
    assert [row["id"] for row in graph.pages(get())] == [1, 2]
    assert script.sent[1].url == "/sites/s/items?$skiptoken=2"
    graph.close()


@pytest.mark.parametrize("link", ["https://evil.test/v1.0/sites/s", "http://graph.test/v1.0/x", "https://graph.test/x"])
def test_a_next_page_elsewhere_is_refused_because_the_token_would_go_there(link: str) -> None:
    script = Script(lambda call: Answer(200, {}, {"value": [], "@odata.nextLink": link}))
    graph = client(script)
    with pytest.raises(DestinationError, match="another address"):
        list(graph.pages(get()))
    assert len(script.sent) == 1
    graph.close()


@pytest.mark.parametrize("body", [None, {}, {"value": None}, []])
def test_an_answer_that_is_no_listing_is_never_taken_for_an_empty_one(body: Any) -> None:
    graph = client(Script(lambda call: Answer(200, {}, body)))
    with pytest.raises(DestinationError, match="no rows"):
        list(graph.pages(get()))
    graph.close()


def test_unreachable_while_listing_is_an_error_and_not_half_a_listing() -> None:
    graph = client(Script(lambda call: Unreachable("no network")))
    with pytest.raises(Unreachable):
        list(graph.pages(get()))
    graph.close()


def test_stopping_wakes_everybody_who_waits_for_the_service() -> None:
    budget = Budget(1250)
    budget.gate.close("graph.test", 200)
    script = Script(lambda call: Answer(200, {}, {"id": "7"}))
    script.budget = budget
    graph = GraphClient(script, script, budget, root=ROOT, pace=Pace(1, 1))
    futures = graph.enqueue([get(1)]) + graph.enqueue([get(2)])
    budget.gate.stop()
    graph.close()
    for future in futures:
        with pytest.raises(Unreachable, match="stopped"):
            future.result(10)
    assert script.sent == []
