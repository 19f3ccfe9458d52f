"""Who guesses at one name from many addresses is slowed down as well, and keeps nobody out by it."""

from lms_bridge.console.access.attempts import MOST, Attempts, Familiar
from tests.console.console_world import Room
from tests.console.test_access import sign_in

GUESSES = 20


def guess(room: Room, count: int, *, network: int = 1, name: str = "anna") -> list[int]:
    """A wrong password each, every one from an address of its own."""
    return [
        sign_in(room, room.visitor(at=f"192.0.{network}.{at}"), name=name, password="wrong").status_code
        for at in range(count)
    ]


def test_guessing_at_one_name_from_many_addresses_is_slowed_down(room: Room) -> None:
    assert guess(room, GUESSES + 3) == [401] * GUESSES + [429] * 3
    assert guess(room, 1, name="ANNA", network=2) == [429], "whatever way the name is written"
    assert guess(room, 1, name="ada", network=2) == [401], "another name is another"
    room.clock.wait(60)
    assert guess(room, 2, network=3) == [401, 429], "one try at a time, however many ask"


def test_nobody_waits_longer_than_half_a_minute_for_what_others_tried(room: Room) -> None:
    for minute in range(60):
        guess(room, GUESSES if minute == 0 else 1, network=minute)
        room.clock.wait(60)
    guess(room, 1, network=60)
    client = room.visitor(at="198.51.100.7")
    refused = sign_in(room, client)
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) <= 30
    room.clock.wait(31)
    assert sign_in(room, client).status_code == 303


def test_whose_name_it_is_does_not_wait_where_they_signed_in_before(room: Room) -> None:
    own = "198.51.100.7"
    assert sign_in(room, room.visitor(at=own)).status_code == 303
    guess(room, GUESSES + 1)
    assert sign_in(room, room.visitor(at=own)).status_code == 303
    assert sign_in(room, room.visitor(at="198.51.100.8")).status_code == 429
    # There a guesser meets what holds for one address.
    codes = [sign_in(room, room.visitor(at=own), password="wrong").status_code for _ in range(6)]
    assert codes == [401] * 5 + [429]


def test_what_is_remembered_of_names_and_addresses_is_bounded(room: Room) -> None:
    attempts, familiar = Attempts(room.clock, free=0), Familiar()
    for number in range(MOST + 10):
        attempts.failed([str(number)])
        familiar.add(str(number))
    assert (attempts.wait(["9"]), attempts.wait(["10"]) > 0) == (0.0, True)
    assert ("9" in familiar, "10" in familiar) == (False, True)
