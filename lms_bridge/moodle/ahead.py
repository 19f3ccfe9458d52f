"""Listings that are wanted soon are asked for together, a wave at a time, and handed out one by one.

Apart from the client's own batches, which take what is waiting: a site that answers quicker than we read would find one
listing waiting at a time. The wave after is under way while this one is read, so that a slow site is never idle.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from threading import Lock

from lms_bridge.moodle.client import Client
from lms_bridge.moodle.protocol import Call, Reply

MOST_CALLS = 80
MOST_ENTRIES = 1000
"""A wave asks for no more: its answers are in memory at once, and one request with all of it takes a site seconds."""

Wanted = tuple[str, Sequence[Call], int]
"""A place, what its listing asks, and how many entries are thought to stand there."""


class Ahead:
    """Safe for many threads. What is asked ahead is handed out once: who asks again is told what stands there now."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._lock = Lock()
        self._queue: deque[Wanted] = deque()
        self._asked: dict[str, list[Future[Reply]]] = {}
        self._wave = 0

    def expect(self, wanted: Iterable[Wanted]) -> None:
        """These will be asked for, in about this order. What was expected before is forgotten."""
        with self._lock:
            self._queue = deque(wanted)
            self._asked = {}

    def ask(self, place: str, calls: Sequence[Call]) -> list[Reply]:
        """The answers to a place's listing, as `Client.call_all` gives them."""
        with self._lock:
            while place not in self._asked and any(place == each for each, _, _ in self._queue):
                self._send_wave()
            begun = self._asked.pop(place, None)
            if begun is not None and 2 * len(self._asked) <= self._wave:
                self._send_wave()
        return [answer.result() for answer in (self._client.begin(calls) if begun is None else begun)]

    def _send_wave(self) -> None:
        """All calls go over at once, so that they fill requests."""
        wave: list[Wanted] = []
        calls = entries = 0
        while self._queue:
            _, asked, standing = self._queue[0]
            if wave and (calls + len(asked) > MOST_CALLS or entries + standing > MOST_ENTRIES):
                break
            wave.append(self._queue.popleft())
            calls += len(asked)
            entries += standing
        answers = iter(self._client.begin([call for _, asked, _ in wave for call in asked]))
        for place, asked, _ in wave:
            self._asked[place] = [next(answers) for _ in asked]
        self._wave = len(wave)
