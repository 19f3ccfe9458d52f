"""What a run leaves for whoever serves, beside what was told to whom."""

import threading
from datetime import UTC, datetime, timedelta

from lms_bridge.sync.intent import Note, Topic
from lms_bridge.sync.state import State

NOW = datetime(2027, 1, 11, 8, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


def test_a_note_stands_until_another_takes_its_place_and_is_no_channels(location: str) -> None:
    with State.open(location) as state, State.open(location) as other:
        state.notes.put(Topic.FIDELITY, {"one": "0.5", "two": "0.25"}, NOW)
        other.notes.put(Topic.FIDELITY, {"one": "1"}, LATER)
        assert state.notes.all(Topic.FIDELITY) == {"one": Note("1", LATER), "two": Note("0.25", NOW)}
        assert state.notes.find(Topic.FIDELITY, "two") == Note("0.25", NOW)
        assert state.notes.find(Topic.ATTEMPT, "two") is None
        assert state.told.known("one") == {}


def test_what_several_processes_count_at_once_is_counted_whole(location: str) -> None:
    with State.open(location) as one, State.open(location) as two:

        def count(state: State) -> None:
            for _ in range(50):
                state.notes.count(Topic.CALLS, {"moodle done": 2, "moodle busy": 1}, NOW)

        counting = [threading.Thread(target=count, args=[state]) for state in (one, two)]
        for each in counting:
            each.start()
        for each in counting:
            each.join()
        told = {name: note.text for name, note in one.notes.all(Topic.CALLS).items()}
    assert told == {"moodle done": "200", "moodle busy": "100"}
