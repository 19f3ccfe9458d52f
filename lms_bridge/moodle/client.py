"""The web-service client: calls from all threads travel together in Moodle's own batches over a few connections.

Natural batching: whenever a connection is free it takes what is waiting, up to the batch size; there are no timers.
A batch stops at its first refusal, so what was behind it is sent again.
"""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock
from typing import Any

from lms_bridge.connector import SharedBudget, Spent
from lms_bridge.errors import DestinationError
from lms_bridge.moodle.batching import Batching, Waiting, in_a_batch, waiting_for
from lms_bridge.moodle.exchange import UPLOAD, Exchange, too_big
from lms_bridge.moodle.protocol import BATCH, Call, Reply, form, is_refusal, refused
from lms_bridge.moodle.refusals import refusal_error, unanswered
from lms_bridge.moodle.shapes import fits
from lms_bridge.transport import Pace, read_json

_log = logging.getLogger(__name__)

_SITE_INFO = Call(function="core_webservice_get_site_info", args={})


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
        self._pool = ThreadPoolExecutor(self._pace.most, thread_name_prefix="moodle")
        self._lock = Lock()
        self._waiting = Batching(batch)
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
        waiting = [waiting_for(call) for call in calls]
        with self._lock:
            self._waiting.add(waiting)
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
                allowed = self._pace.allowed()
                batch = self._waiting.take(max(0, allowed - self._active)) if self._active <= allowed else []
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

    def _run(self, batch: list[Waiting]) -> None:
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

    def _send(self, batch: list[Waiting]) -> list[Waiting]:
        """Sends one batch and settles what was answered; gives back what Moodle did not get to."""
        if len(batch) == 1:
            self._run(batch)
            return []
        write = batch[0].call.write
        outer = Call(function=BATCH, args={"requests": [in_a_batch(each) for each in batch]}, write=write)
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


def _settle(batch: Sequence[Waiting], reply: Reply) -> None:
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
