"""The web-service client: calls from all threads travel together in Moodle's own batches over a few connections.

Natural batching: whenever a connection is free it takes what is waiting, up to the batch size; there are no timers.
A batch stops at its first refusal, so what was behind it is sent again. Reads and writes never share a batch: when an
answer is lost, reads are asked again and writes are told as ambiguous.
"""

import json
import logging
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from lms_bridge.connector import SharedBudget, Spent
from lms_bridge.errors import DestinationError
from lms_bridge.moodle.exchange import UPLOAD, Exchange, too_big
from lms_bridge.moodle.protocol import BATCH, Call, Reply, form, is_refusal, refused
from lms_bridge.moodle.refusals import refusal_error, unanswered
from lms_bridge.moodle.shapes import fits
from lms_bridge.transport import Pace, read_json

_log = logging.getLogger(__name__)

_MAX_BYTES = 1_000_000
_MAX_VARIABLES = 880
"""PHP's default limit is 1000, and what is beyond it is dropped without a word."""


_SITE_INFO = Call(function="core_webservice_get_site_info", args={})


@dataclass(slots=True)
class _Waiting:
    call: Call
    size: int
    answer: "Future[Reply]" = field(default_factory=Future)


@dataclass(frozen=True, slots=True)
class Site:
    """What core_webservice_get_site_info tells; never its whole answer, which holds a private access key."""

    url: str
    name: str
    release: str
    branch: int
    user: int
    username: str
    is_admin: bool
    uploads: bool
    functions: frozenset[str]


class Client:
    """Calls web-service functions. Every method may be used from several threads."""

    def __init__(self, exchange: Exchange, *, pace: Pace | None = None, batch: int = 40) -> None:
        self._exchange = exchange
        self._pace = pace or Pace(2, 2)
        self._batch = batch
        self._pool = ThreadPoolExecutor(self._pace.most, thread_name_prefix="moodle")
        self._lock = Lock()
        self._waiting: deque[_Waiting] = deque()
        self._active = 0
        self._counter: Counter[str] = Counter()
        self._site: Site | None = None
        self._site_lock = Lock()
        self._ended: Reply | None = None

    def call(self, function: str, args: Mapping[str, Any] | None = None, **how: Any) -> Any:
        """One call's value. Raises DestinationError. `how` is what `Call` takes."""
        return self.call_all([Call(function=function, args=args or {}, **how)])[0].take()

    def call_all(self, calls: Sequence[Call]) -> list[Reply]:
        """Replies in the order of the calls. Never raises for a single call; a lost site is an error in each reply."""
        return [answer.result() for answer in self.begin(calls)]

    def begin(self, calls: Sequence[Call]) -> "list[Future[Reply]]":
        """As `call_all`, for who waits later."""
        waiting = [_Waiting(call, _size(call)) for call in calls]
        with self._lock:
            self._waiting.extendleft(each for each in reversed(waiting) if each.call.soon)
            self._waiting.extend(each for each in waiting if not each.call.soon)
            self._wake()
        return [each.answer for each in waiting]

    def upload(self, name: str, content: bytes, media_type: str, *, draft: int = 0) -> int:
        """A file into one of the user's drafts, or into a new one (0); the draft's id."""
        if self._ended is not None:
            self._ended.take()
        self._count(UPLOAD)
        return self._exchange.upload(name, content, media_type, draft=draft)

    def site(self) -> Site:
        """Asked once. Raises DestinationError."""
        with self._site_lock:
            if self._site is None:
                self._count(_SITE_INFO.function)
                self._site = _site(self._one(_SITE_INFO).take())
            return self._site

    def calls(self) -> Mapping[str, int]:
        with self._lock:
            return dict(self._counter)

    def spent(self) -> Spent:
        return self._exchange.spent()

    def stop(self, *, finish: bool = False) -> None:
        """From any thread: what waits is told that it was never sent (see `Gate.stop`)."""
        self._exchange.stop(finish=finish)

    def share(self, budget: SharedBudget) -> None:
        self._exchange.share(budget)

    def close(self) -> None:
        """Whoever still waits is woken with an error."""
        self._exchange.stop()
        self._pool.shutdown(wait=True)
        self._exchange.close()

    def _wake(self) -> None:
        """As many connections as the pace allows and the waiting can use."""
        for _ in range(min(self._pace.allowed() - self._active, len(self._waiting))):
            self._active += 1
            self._pool.submit(self._drain)

    def _drain(self) -> None:
        while True:
            with self._lock:
                batch = self._take() if self._active <= self._pace.allowed() else []
                if not batch:
                    self._active -= 1
                    return
                self._wake()
            try:
                self._run(batch)
            except DestinationError as error:
                _settle(batch, Reply(error=error))
            except BaseException as error:
                for each in batch:
                    if not each.answer.done():
                        each.answer.set_exception(error)
                if not isinstance(error, Exception):
                    raise

    def _take(self) -> list[_Waiting]:
        """The oldest call and those behind it that may travel with it."""
        if not self._waiting:
            return []
        first = self._waiting.popleft()
        if first.call.alone or self._batch == 1:
            return [first]
        # Connections that have nothing to do share what is waiting, so that none is left idle by a greedy first. Those
        # under way will find more: a request costs Moodle as much as five calls, however few it carries.
        idle = max(0, self._pace.allowed() - self._active)
        fair = -(-(len(self._waiting) + 1) // (1 + idle))
        limit = max(1, min(self._batch, max(fair, 10)))
        taken, left, size, variables = [first], [], first.size, _variables(first.call)
        while self._waiting and len(taken) < limit:
            each = self._waiting.popleft()
            fits = size + each.size <= _MAX_BYTES and variables + _variables(each.call) <= _MAX_VARIABLES
            if each.call.write == first.call.write and not each.call.alone and fits:
                taken.append(each)
                size += each.size
                variables += _variables(each.call)
            else:
                left.append(each)
        self._waiting.extendleft(reversed(left))
        return taken

    def _run(self, batch: list[_Waiting]) -> None:
        if self._ended is not None:
            _settle(batch, self._ended)
            return
        if len(batch) == 1:
            self._count(batch[0].call.function)
            batch[0].answer.set_result(self._one(batch[0].call))
            return
        if BATCH not in self.site().functions:
            for each in batch:
                self._count(each.call.function)
                try:
                    each.answer.set_result(self._one(each.call))
                except DestinationError as error:
                    each.answer.set_result(Reply(error=error))
            return
        rest = batch
        while rest:
            rest = self._send(rest)

    def _send(self, batch: list[_Waiting]) -> list[_Waiting]:
        """Sends one batch and settles what was answered; gives back what Moodle did not get to."""
        if len(batch) == 1:
            self._run(batch)
            return []
        write = batch[0].call.write
        outer = Call(function=BATCH, args={"requests": [_inner(each.call) for each in batch]}, write=write)
        self._count(BATCH)
        answer = self._exchange.post(outer, form)
        responses = answer.get("responses") if isinstance(answer, dict) else None
        if is_refusal(answer):
            # Moodle refused the batch as a whole, before its first call.
            _settle(batch, self._explained(outer, refused(outer, answer)))
            return []
        if not isinstance(responses, list) or not responses or len(responses) > len(batch):
            _settle(batch, Reply(error=unanswered(BATCH, "", "the answer is not a list of answers.")))
            return []
        for each, response in zip(batch, responses, strict=False):
            self._count(each.call.function)
            each.answer.set_result(_reply(each.call, response))
        stopped = bool(responses[-1].get("error")) if isinstance(responses[-1], dict) else False
        rest = batch[len(responses) :]
        if rest and not stopped:
            # Fewer answers than calls although none failed: max_input_vars cut the request, the rest never arrived.
            _log.warning(
                "Moodle answered %d of %d calls of a batch; the rest is sent again", len(responses), len(batch)
            )
        return rest

    def _one(self, call: Call) -> Reply:
        value = self._exchange.post(call, form)
        return self._explained(call, refused(call, value)) if is_refusal(value) else Reply(value=value)

    def _explained(self, call: Call, reply: Reply) -> Reply:
        """A token that ends hears `accessexception` once, and `invalidtoken` only from then on; a request that PHP
        dropped for its size hears `invalidtoken`, too. So one small call more tells: after it nothing is sent in vain.
        """
        known_lack = self._site is not None and call.function not in self._site.functions
        if reply.code not in ("invalidtoken", "accessexception") or (known_lack and reply.code == "accessexception"):
            return reply
        self._count(_SITE_INFO.function)
        again = self._exchange.post(_SITE_INFO, form)
        second = refused(_SITE_INFO, again) if is_refusal(again) else Reply(value=again)
        if second.code == "invalidtoken":
            error = refusal_error("invalidtoken", "", function=call.function, where=self._exchange.url)
            self._ended = Reply(error=error, code="invalidtoken")
            return self._ended
        if reply.code == "invalidtoken":
            return Reply(error=too_big(call, len(form("", call))), code="toobig")
        return reply

    def _count(self, name: str) -> None:
        with self._lock:
            self._counter[name] += 1


def warnings_of(value: Any) -> list[Mapping[str, Any]]:
    """An answer's warnings: partial failures come as these, not as errors."""
    warnings = value.get("warnings") if isinstance(value, dict) else None
    return list(warnings or ())


def _inner(call: Call) -> dict[str, Any]:
    request: dict[str, Any] = {"function": call.function, "arguments": _arguments(call)}
    request.update({f"setting{name}": value for name, value in call.settings().items()})
    return request


def _arguments(call: Call) -> str:
    return json.dumps(_plain(call.args), ensure_ascii=False)


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


def _size(call: Call) -> int:
    """Roughly what the call weighs in a form: markup grows by about half when it is percent-encoded."""
    return int(len(_arguments(call).encode("utf-8", "replace")) * 1.6) + 100


def _variables(call: Call) -> int:
    return 2 + len(call.settings())


def _reply(call: Call, response: Any) -> Reply:
    if not isinstance(response, dict):
        return Reply(error=unanswered(call.function, call.where, "its answer is not readable."))
    try:
        if response.get("error"):
            refusal = read_json(str(response.get("exception") or "{}"))
            return refused(call, refusal if isinstance(refusal, dict) else {})
        value = read_json(str(response.get("data") or "null"))
    except ValueError:
        return Reply(error=unanswered(call.function, call.where, "its answer is not readable."))
    if not fits(call.function, value):
        return Reply(error=unanswered(call.function, call.where, "what came back is no answer of that function."))
    return Reply(value=value)


def _settle(batch: Sequence[_Waiting], reply: Reply) -> None:
    for each in batch:
        if not each.answer.done():
            each.answer.set_result(reply)


def _site(answer: Mapping[str, Any]) -> Site:
    version = str(answer.get("version", "0"))
    release = str(answer.get("release", ""))
    numbers = [int(part) for part in release.split(" ")[0].rstrip("+dev").split(".")[:2] if part.isdigit()]
    branch = numbers[0] * 100 + numbers[1] if len(numbers) == 2 else int(version[:6]) if version.isdigit() else 0
    return Site(
        url=str(answer.get("siteurl", "")).rstrip("/"),
        name=str(answer.get("sitename", "")),
        release=release,
        branch=branch,
        user=int(answer.get("userid", 0)),
        username=str(answer.get("username", "")),
        is_admin=bool(answer.get("userissiteadmin")),
        uploads=bool(answer.get("uploadfiles")),
        functions=frozenset(str(each.get("name")) for each in answer.get("functions", ())),
    )
