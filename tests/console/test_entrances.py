"""Who signed in and out, and who was refused, as the audit trail tells it for ever."""

from itertools import count

import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

from lms_bridge.audit.chain import verify
from lms_bridge.audit.line import Act, Actor
from lms_bridge.cli.app import app
from lms_bridge.console.access.entrances import NOBODY, Entrances, is_round
from lms_bridge.console.access.roles import Person, Role
from lms_bridge.errors import StateError
from tests.console.console_world import ADDRESS, PASSWORD, Clock, Room, post, token_of


def sign_in(client: TestClient, name: str = "anna", password: str = PASSWORD) -> int:
    token = token_of(client.get("/sign-in").text)
    data = {"token": token, "name": name, "password": password}
    return int(client.post("/sign-in", data=data, headers={"Origin": ADDRESS}).status_code)


def told(room: Room) -> list[tuple[str, str, str]]:
    deeds = ("sign in", "sign out", "refused sign-in", "lock out")
    return [(line.actor, line.deed, line.about) for line in room.console.desk.state.trail.lines() if line.deed in deeds]


def test_a_person_who_comes_and_goes_stands_in_the_trail_and_in_its_listing(room: Room) -> None:
    client = room.visitor()
    before = len(told(room))
    assert sign_in(client, password="wrong") == 401
    assert sign_in(client) == 303
    post(client, "/sign-out")
    assert told(room)[before:] == [
        ("anna", "refused sign-in", ""),
        ("anna", "sign in", "as approver, after 1 refused"),
        ("anna", "sign out", ""),
    ]
    assert all(line.role == "person" for line in room.console.desk.state.trail.lines() if line.actor == "anna")
    listed = CliRunner().invoke(app, ["audit", "list", f"--config={room.config_file}"]).output
    assert "person anna  sign in  as approver, after 1 refused" in listed
    assert CliRunner().invoke(app, ["audit", "verify", f"--config={room.config_file}"]).exit_code == 0


def test_who_guesses_for_hours_leaves_a_handful_of_lines_and_the_trail_whole(room: Room) -> None:
    before = len(told(room))
    addresses = count(1)
    for _ in range(200):
        # Each from another address, so that nobody is slowed down.
        client = TestClient(
            room.app, base_url=ADDRESS, follow_redirects=False, client=(f"198.51.100.{next(addresses)}", 1)
        )
        assert sign_in(client, name="ada", password="wrong") == 401
        room.clock.wait(60)
    assert told(room)[before:] == [
        ("ada", "refused sign-in", ""),
        ("ada", "refused sign-in", "10 times"),
        ("ada", "refused sign-in", "100 times"),
    ]
    assert verify(room.console.desk.state.trail.lines()).broken is None


def test_a_name_that_nobody_has_is_not_told_since_it_may_be_a_password(room: Room) -> None:
    before = len(told(room))
    client = room.visitor()
    codes = [sign_in(client, name=f"correct horse {at}", password="wrong") for at in range(21)]
    assert codes[-1] == 429
    assert told(room)[before:] == [
        (NOBODY, "refused sign-in", ""),
        (NOBODY, "refused sign-in", "10 times"),
        (NOBODY, "lock out", "for 2 seconds"),
    ]


def test_being_locked_out_is_told_once_until_an_hour_has_passed(room: Room) -> None:
    before = len(told(room))
    client = room.visitor()
    for _ in range(5):
        sign_in(client, password="wrong")
    for _ in range(20):
        assert sign_in(client) == 429
    assert [deed for _, deed, _ in told(room)[before:]] == ["refused sign-in", "lock out"]
    room.clock.wait(2 * 3600)
    assert sign_in(client, password="wrong") == 401
    assert [(who, deed) for who, deed, _ in told(room)[before:]][2:] == [("anna", "refused sign-in")]


def test_nobody_is_kept_out_by_a_state_that_cannot_be_written_and_the_log_says_so(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def full(act: Act, by: Actor) -> None:
        raise StateError("The disk is full.")

    Entrances(full, Clock(), lambda name: True).came(Person("anna", Role.APPROVER))
    (record,) = caplog.records
    assert "not in the audit trail: sign in: The disk is full" in record.message
    assert record.__dict__["by"] == "anna"


def test_only_so_many_counts_are_held_as_there_are_names(room: Room) -> None:
    entrances = Entrances(lambda act, by: None, Clock(), lambda name: name == "ann")
    for at in range(100):
        entrances.refused(f"name {at}")
        entrances.refused("ann")
    assert set(entrances._refused) == {"ann", NOBODY}


@pytest.mark.parametrize(("number", "told"), [(0, False), (1, True), (2, False), (10, True), (20, False), (1000, True)])
def test_refusals_are_told_at_the_first_tenth_and_hundredth(number: int, told: bool) -> None:
    assert is_round(number) is told
