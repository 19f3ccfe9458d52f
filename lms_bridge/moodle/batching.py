"""Which calls travel together: what waits, in the order in which it goes, and how much of it a request takes. Pure.

Apart from the client, which has the connections. Reads and writes never share a request: when an answer is lost, reads
are asked again and writes are told as ambiguous.
"""

import json
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

from lms_bridge.moodle.protocol import Call, Reply

_MAX_BYTES = 1_000_000
_MAX_VARIABLES = 880
"""PHP's default limit is 1000, and what is beyond it is dropped without a word."""
_FEW = 10
_WORTH_A_REQUEST = 4
"""A request costs Moodle as much as five calls, however few it carries."""
_PASSED_AT_MOST = 3


@dataclass(slots=True)
class Waiting:
    """A call and whoever waits for its answer. `arguments`: as they travel in a batch; `size`: bytes, about."""

    call: Call
    arguments: str
    size: int
    answer: "Future[Reply]" = field(default_factory=Future)

    @property
    def variables(self) -> int:
        return 2 + len(self.call.settings())


def waiting_for(call: Call) -> Waiting:
    arguments = json.dumps(_plain(call.args), ensure_ascii=False)
    # Markup grows by about half when it is percent-encoded.
    return Waiting(call, arguments, int(len(arguments.encode("utf-8", "replace")) * 1.6) + 100)


class Batching:
    """One thread at a time."""

    def __init__(self, batch: int) -> None:
        self._batch = batch
        self._waiting: deque[Waiting] = deque()
        self._passed = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, waiting: Sequence[Waiting]) -> None:
        self._waiting.extendleft(each for each in reversed(waiting) if each.call.soon)
        self._waiting.extend(each for each in waiting if not each.call.soon)

    def take(self, idle: int) -> list[Waiting]:
        """The oldest call and those behind it that may travel with it. `idle`: connections besides that have nothing to
        do; they share what is waiting, so that none is left idle by a greedy first. Those under way will find more."""
        if not self._waiting:
            return []
        held = self._held()
        first = self._waiting.popleft()
        taken, left = [first], held
        if not first.call.alone and self._batch > 1:
            fair = -(-(len(self._waiting) + 1) // (1 + idle))
            left = held + self._fill(taken, max(1, min(self._batch, max(fair, _FEW))))
        self._waiting.extendleft(reversed(left))
        return taken

    def _fill(self, taken: list[Waiting], limit: int) -> list[Waiting]:
        """Adds what may travel with the first, and gives what was passed over."""
        write, size, variables = taken[0].call.write, taken[0].size, taken[0].variables
        left: list[Waiting] = []
        while self._waiting and len(taken) < limit:
            each = self._waiting.popleft()
            size_then, variables_then = size + each.size, variables + each.variables
            fits = size_then <= _MAX_BYTES and variables_then <= _MAX_VARIABLES
            if each.call.write == write and not each.call.alone and fits:
                taken.append(each)
                size, variables = size_then, variables_then
            else:
                left.append(each)
        return left

    def _held(self) -> list[Waiting]:
        """Look-ups that come first and are too few for a request of their own, while others fill one."""
        soon = list(takewhile(lambda each: each.call.soon and not each.call.write, self._waiting))
        holds = 0 < len(soon) < min(_WORTH_A_REQUEST, self._batch) and len(self._waiting) - len(soon) >= self._batch
        self._passed = self._passed + 1 if holds and self._passed < _PASSED_AT_MOST else 0
        return [self._waiting.popleft() for _ in soon] if self._passed else []


def in_a_batch(waiting: Waiting) -> dict[str, Any]:
    """The call as a batch carries it."""
    request: dict[str, Any] = {"function": waiting.call.function, "arguments": waiting.arguments}
    request.update({f"setting{name}": value for name, value in waiting.call.settings().items()})
    return request


def _plain(value: Any) -> Any:
    """Without None, and with 0 and 1 for booleans, as in the form of a single call."""
    match value:
        case Mapping():
            return {key: _plain(inner) for key, inner in value.items() if inner is not None}
        case list() | tuple():
            return [_plain(inner) for inner in value]
        case bool():
            return int(value)
        case _:
            return value
