"""The web-service client: batches, lost answers, refusals, and what it says about them."""

import threading
from urllib.parse import urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from moodle_world import TOKEN, World

from lms_bridge.errors import Ambiguous, Conflict, Denied, DestinationError, NotFound, Unreachable
from lms_bridge.moodle.client import Client
from lms_bridge.moodle.exchange import Exchange
from lms_bridge.moodle.protocol import BATCH, Call, clean_text, flatten, form
from lms_bridge.moodle.refusals import known_codes, refusal_error
from lms_bridge.sandbox.faults import Fault
from lms_bridge.sandbox.moodle import Hand
from lms_bridge.transport import Gate, Limits, Transport

LOOK_UP = "core_course_get_courses_by_field"
PAGES = "mod_wiki_new_page"


@pytest.fixture
def client(world: World) -> Client:
    return open_client(world)


def quick_gate() -> Gate:
    """Time that passes when somebody sleeps."""
    passed = [0.0]
    return Gate(clock=lambda: passed[0], sleep=lambda seconds: passed.__setitem__(0, passed[0] + seconds))


def open_client(world: World, token: str = TOKEN, **how: int) -> Client:
    transport = Transport(limits=Limits(attempts=3, read_timeout=20), gate=quick_gate())
    return Client(Exchange(transport, url=world.server.url, token=token), **how)


def course(number: int) -> Call:
    return Call(function=LOOK_UP, args={"field": "id", "value": str(number)})


def page(world: World, title: str) -> Call:
    wiki = next(a for a in world.site.activities.values() if a.modname == "wiki" and a.idnumber.endswith("BIO-101"))
    args = {"title": title, "content": f"<p>{title}</p>", "contentformat": "html", "wikiid": wiki.instance}
    return Call(function=PAGES, args={**args, "groupid": 0}, write=True, where=title)


def titles(world: World) -> list[str]:
    return sorted(each.title for each in world.site.wiki_pages.values())


def test_many_calls_travel_in_few_requests_and_answers_come_in_order(client: Client) -> None:
    replies = client.call_all([course(number) for number in [2, 99, 3] * 40])
    assert [bool(reply.take()["courses"]) for reply in replies] == [True, False, True] * 40
    counted = client.calls()
    assert counted[LOOK_UP] == 120
    assert counted[BATCH] <= 6


def test_calls_of_many_threads_share_batches(client: Client) -> None:
    results: list[object] = []

    def ask(number: int) -> None:
        results.append(client.call(LOOK_UP, {"field": "id", "value": str(number)}))

    threads = [threading.Thread(target=ask, args=(2,)) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 40
    requests = client.calls().get(BATCH, 0) + 2
    assert requests < 40


def test_a_refused_call_costs_only_itself_and_what_is_behind_it_is_sent_again(world: World, client: Client) -> None:
    wanted = ["Home", "a", "Home", "b", "a", "c"]
    replies = client.call_all([page(world, title) for title in wanted])
    assert [reply.code for reply in replies] == ["", "", "pageexists", "", "pageexists", ""]
    assert titles(world) == ["Home", "a", "b", "c"]


def test_no_request_has_more_variables_than_php_takes_by_default(world: World) -> None:
    world.site.settings.max_input_vars = 1000
    client = open_client(world, batch=50)
    calls = [Call(function=LOOK_UP, args={"field": "id", "value": "2"}, raw=True, keep_files=True) for _ in range(600)]
    assert all(reply.take()["courses"] for reply in client.call_all(calls))


def test_calls_that_php_cut_off_are_sent_again(world: World) -> None:
    world.site.settings.max_input_vars = 23
    client = open_client(world, batch=50)
    assert all(reply.take()["courses"] for reply in client.call_all([course(2) for _ in range(40)]))


def test_a_lost_answer_leaves_writes_in_doubt_and_sends_none_twice(world: World, client: Client) -> None:
    client.site()
    world.server.faults.add(Fault("drop", body=PAGES))
    replies = client.call_all([page(world, "one"), page(world, "two")])
    assert all(isinstance(reply.error, Ambiguous) for reply in replies)
    assert titles(world) == ["one", "two"]


@pytest.mark.parametrize("fault", [Fault("drop"), Fault("truncate"), Fault("status", status=502, answer="<h1>x</h1>")])
def test_a_lost_answer_to_a_read_is_asked_again(world: World, client: Client, fault: Fault) -> None:
    world.server.faults.add(fault)
    assert client.call(LOOK_UP, {"field": "id", "value": "2"})["courses"]


def test_a_gateways_error_leaves_a_write_in_doubt(world: World, client: Client) -> None:
    world.server.faults.add(Fault("status", status=504, answer="<html>SECRET</html>"))
    (reply,) = client.call_all([page(world, "one")])
    assert isinstance(reply.error, Ambiguous)
    assert "SECRET" not in str(reply.error)


def test_a_short_maintenance_is_waited_for(world: World, client: Client) -> None:
    world.server.faults.add(Fault("status", status=503, retry_after="1", times=2, answer="<h1>maintenance</h1>"))
    assert client.call_all([page(world, "one")])[0].error is None
    assert titles(world) == ["one"]


def test_a_long_maintenance_is_told(world: World, client: Client) -> None:
    Hand(world.site).config("maintenance_enabled", 1)
    with pytest.raises(Unreachable, match="maintenance"):
        client.call(LOOK_UP, {"field": "id", "value": "2"})


def test_calls_go_alone_where_the_batch_function_is_not_in_the_service(world: World, client: Client) -> None:
    Hand(world.site).service_function("lmsbridge", BATCH, False)
    assert all(reply.take()["courses"] for reply in client.call_all([course(2) for _ in range(5)]))
    assert BATCH not in client.calls()


def test_a_wrong_token_is_told_with_the_way_to_a_right_one_and_never_shown(world: World) -> None:
    client = open_client(world, token="f" * 32)
    with pytest.raises(Denied, match="does not know this token") as caught:
        client.call(LOOK_UP, {"field": "id", "value": "2"})
    assert "setup moodle" in caught.value.problem.next_step
    assert "f" * 32 not in str(caught.value)


def test_a_function_that_is_missing_is_named(world: World, client: Client) -> None:
    Hand(world.site).service_function("lmsbridge", LOOK_UP, False)
    with pytest.raises(Denied, match=LOOK_UP):
        client.call(LOOK_UP, {"field": "id", "value": "2"})


def test_an_address_that_is_not_moodles_own_is_told_with_the_right_one(world: World, client: Client) -> None:
    world.site.settings.wwwroot = "https://moodle.example"
    with pytest.raises(DestinationError, match=r"https://moodle\.example"):
        client.call(LOOK_UP, {"field": "id", "value": "2"})


def test_web_services_that_are_off_are_told(world: World, client: Client) -> None:
    Hand(world.site).config("enablewebservices", 0)
    with pytest.raises(Denied, match="switched off"):
        client.call(LOOK_UP, {"field": "id", "value": "2"})


def test_a_request_that_php_drops_for_its_size_is_not_taken_for_a_wrong_token(world: World, client: Client) -> None:
    world.site.settings.post_max_size = 1_000_000
    big = page(world, "big")
    call = Call(function=PAGES, args={**big.args, "content": "<p>" + "x" * 1_200_000 + "</p>"}, write=True)
    with pytest.raises(DestinationError, match="post_max_size"):
        client.call_all([call])[0].take()


def test_the_token_travels_first_and_never_in_the_address(world: World) -> None:
    bodies: list[str] = []

    class Seen(Fault):
        def matches(self, method: str, path: str, body: str) -> bool:
            assert TOKEN not in path
            bodies.append(body)
            return False

    world.server.faults.add(Seen("delay"))
    open_client(world).call(LOOK_UP, {"field": "id", "value": "2"})
    assert bodies[-1].startswith(f"wstoken={TOKEN}&wsfunction=")


@pytest.mark.parametrize(
    ("args", "fields"),
    [
        ({"a": 1, "b": True, "c": None, "d": "x"}, [("a", "1"), ("b", "1"), ("d", "x")]),
        ({"ids": [2, 3]}, [("ids[0]", "2"), ("ids[1]", "3")]),
        (
            {"courses": [{"id": 2, "customfields": [{"shortname": "s", "value": "v"}]}]},
            [
                ("courses[0][id]", "2"),
                ("courses[0][customfields][0][shortname]", "s"),
                ("courses[0][customfields][0][value]", "v"),
            ],
        ),
        ({"text": "a\x00b\ud800c\ufffed"}, [("text", "abcd")]),
        ({"empty": []}, []),
    ],
)
def test_arguments_become_phps_form_fields(args: dict[str, object], fields: list[tuple[str, str]]) -> None:
    assert list(flatten(args)) == fields


@given(st.text() | st.text("aé%+& \n<>🧬") | st.text("абвгдежзийклмнопрстуфхцчшщъыьэюя細胞", min_size=60))
@example("100 % + 1 & <b>\u00a0</b>")
def test_any_text_is_encoded_as_forms_are(text: str) -> None:
    assert (
        form("t", Call(function="f", args={"a": text}))
        == urlencode(
            [("wstoken", "t"), ("wsfunction", "f"), ("moodlewsrestformat", "json"), ("a", clean_text(text))]
        ).encode()
    )


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("invalidtoken", Denied),
        ("accessexception", Denied),
        ("requireloginerror", Denied),
        ("sitemaintenance", Unreachable),
        ("dbconnectionfailed", Unreachable),
        ("pageislocked", Conflict),
        ("invalidrecord", NotFound),
        ("somethingnew", DestinationError),
    ],
)
def test_refusals_are_told_apart(code: str, kind: type[DestinationError]) -> None:
    assert type(refusal_error(code, "words", function="f", where="w")) is kind


@pytest.mark.parametrize("code", sorted(known_codes()))
def test_every_refusal_we_know_says_what_to_do(code: str) -> None:
    problem = refusal_error(code, "words", function="f", where="w").problem
    assert problem.cause[0].islower() or problem.cause.startswith(("Moodle", "lms-bridge"))
    assert problem.next_step.endswith(".")
    assert "{" not in str(problem)


def test_an_unknown_refusal_shows_moodles_own_words_without_markup(world: World) -> None:
    client = open_client(world)
    with pytest.raises(DestinationError, match="Wiki ID is incorrect"):
        client.call("mod_wiki_get_subwikis", {"wikiid": 999})
