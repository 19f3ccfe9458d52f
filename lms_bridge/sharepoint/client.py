"""The Graph client: calls from any thread in, answers out; what is queued together travels together.

Natural batching: each of N connections, whenever it is free, takes what waits, up to 20 calls. No timers: a call that
is alone goes alone and at once; under load the batches fill by themselves. N is what the pace allows.
"""

import threading
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import urlsplit

from lms_bridge.errors import Ambiguous, DestinationError, Unreachable
from lms_bridge.sharepoint.batch import BATCH, MAX_CALLS, Answer, Call, decode, encode
from lms_bridge.sharepoint.budget import Budget, asked_wait
from lms_bridge.sharepoint.refusals import BUSY, is_sent_away, refusal
from lms_bridge.transport import Limits, Pace, host_of, too_long

MAX_PAGES = 2_000
TOO_LARGE = frozenset({400, 413, 414, 431})


class Pipeline(Protocol):
    """One exchange with Graph: `client_pipeline.GraphPipeline`."""

    def exchange(self, call: Call, *, repeatable: bool) -> tuple[Answer, str]: ...


class Tokens(Protocol):
    def renew(self, refused: str) -> None: ...


@dataclass(slots=True, eq=False)
class _Waiting:
    """`tries`: how often it was sent away; `renewed`: its token was replaced once."""

    call: Call
    future: "Future[Answer]" = field(default_factory=Future)
    tries: int = 0
    renewed: bool = False


class GraphClient:
    """Safe for many threads. `close` ends its connections."""

    def __init__(
        self,
        pipeline: Pipeline,
        tokens: Tokens,
        budget: Budget,
        *,
        root: str,
        pace: Pace | None = None,
        limits: Limits | None = None,
    ) -> None:
        self._pipeline = pipeline
        self._tokens = tokens
        self._budget = budget
        self._root = f"{root}/v1.0"
        self._host = host_of(root)
        self._limits = limits or Limits()
        self._queue: deque[_Waiting] = deque()
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._fresh_refused = False
        self._pace = pace or Pace(4, 4)
        self._active = 0
        self._workers = ThreadPoolExecutor(self._pace.most, thread_name_prefix="graph")

    def ask(self, call: Call) -> Answer:
        """The successful answer. Raises what `refusals` makes of any other, Unreachable, Ambiguous."""
        return self.checked(call, self.enqueue([call])[0].result())

    def ask_all(self, calls: Sequence[Call]) -> Iterator[tuple[int, Answer | DestinationError]]:
        """Each call's number with its answer or error, as they come."""
        numbers = {future: number for number, future in enumerate(self.enqueue(calls))}
        for future in as_completed(numbers):
            number = numbers[future]
            try:
                yield number, self.checked(calls[number], future.result())
            except DestinationError as error:
                yield number, error

    def pages(self, call: Call) -> Iterator[Mapping[str, object]]:
        """The rows of a collection, page after page. Raises when a page is missing: never half a listing."""
        for _ in range(MAX_PAGES):
            body = self.ask(call).body
            rows = body.get("value") if isinstance(body, Mapping) else None
            if not isinstance(rows, list):
                raise DestinationError(
                    "Graph's listing holds no rows", where=_path(call), next_step="Check endpoints.graph_root."
                )
            yield from (row for row in rows if isinstance(row, Mapping))
            following = body.get("@odata.nextLink")
            if following is None:
                return
            call = Call(
                name=call.name,
                method="GET",
                url=self._below_root(str(following), call),
                headers=call.headers,
                units=call.units,
            )
        raise DestinationError(
            f"Graph's listing has more than {MAX_PAGES} pages", where=_path(call), next_step="Split the list."
        )

    def checked(self, call: Call, answer: Answer) -> Answer:
        if not answer.ok:
            raise refusal(call, answer)
        return answer

    def enqueue(self, calls: Iterable[Call]) -> "list[Future[Answer]]":
        waiting = [_Waiting(call) for call in calls]
        with self._lock:
            self._queue.extend(waiting)
            self._counts.update(one.call.name for one in waiting)
            self._wake()
        return [one.future for one in waiting]

    def counts(self) -> Mapping[str, int]:
        """Calls by name; `requests` counts what went over the wire, a batch as one."""
        with self._lock:
            return dict(self._counts)

    def close(self) -> None:
        """What is still queued is told that it was never sent."""
        with self._lock:
            left = list(self._queue)
            self._queue.clear()
        for one in left:
            one.future.set_exception(Unreachable("the run was stopped before this was sent", next_step="Run again."))
        self._workers.shutdown(wait=True, cancel_futures=True)

    def _wake(self) -> None:
        """As many connections as the pace allows and the waiting can use. Under the lock."""
        for _ in range(min(self._pace.allowed() - self._active, len(self._queue))):
            self._active += 1
            self._workers.submit(self._drain)

    def _drain(self) -> None:
        while taken := self._next():
            try:
                if len(taken) == 1:
                    self._send_alone(taken[0])
                else:
                    self._send_together(taken)
            except BaseException as error:
                for one in taken:
                    if not one.future.done():
                        one.future.set_exception(error)
                if not isinstance(error, Exception):
                    with self._lock:
                        self._active -= 1
                    raise

    def _next(self) -> list[_Waiting]:
        with self._lock:
            taken = self._take() if self._active <= self._pace.allowed() else []
            if taken:
                self._wake()
            else:
                self._active -= 1
            return taken

    def _take(self) -> list[_Waiting]:
        """What waits at the head of the queue: one call that must go alone, or as many as fit a batch."""
        if not self._queue:
            return []
        taken = [self._queue.popleft()]
        if taken[0].call.alone:
            return taken
        kept: list[_Waiting] = []
        while self._queue and len(taken) < MAX_CALLS:
            one = self._queue.popleft()
            (kept if one.call.alone else taken).append(one)
        self._queue.extendleft(reversed(kept))
        return taken

    def _send_alone(self, one: _Waiting) -> None:
        try:
            one.future.set_result(self._exchange(one.call, repeatable=one.call.reads)[0])
        except DestinationError as error:
            one.future.set_exception(error)

    def _send_together(self, taken: list[_Waiting]) -> None:
        calls = [one.call for one in taken]
        reads = all(call.reads for call in calls)
        units = sum(call.units for call in calls)
        batch = Call(name=BATCH, method="POST", url="/$batch", body=encode(calls), units=units)
        try:
            answer, token = self._exchange(batch, repeatable=reads)
        except Ambiguous as error:
            self._settle(taken, [None] * len(taken), lost=error)
            return
        except DestinationError as error:
            for one in taken:
                one.future.set_exception(error)
            return
        if answer.status in TOO_LARGE:
            for one in taken:
                self._send_alone(one)
            return
        if not answer.ok:
            for one in taken:
                one.future.set_result(answer)
            return
        self._settle(taken, decode(answer.body, calls), token=token)

    def _settle(
        self, taken: list[_Waiting], answers: list[Answer | None], *, token: str = "", lost: Ambiguous | None = None
    ) -> None:
        """What each call of a batch came to. What was surely not done is sent again, and so is what only reads."""
        again: list[_Waiting] = []
        for one, answer in zip(taken, answers, strict=True):
            if answer is not None:
                self._budget.heed(self._host, answer.status, answer.headers)
            if answer is None and not one.call.reads:
                one.future.set_exception(lost or _unanswered(one.call))
            elif answer is None or (one.call.reads and answer.status in BUSY and not is_sent_away(answer)):
                self._send_alone(one)
            elif answer.status == 401 and not one.renewed and not self._fresh_refused:
                one.renewed = True
                self._tokens.renew(token)
                again.append(one)
            elif is_sent_away(answer):
                one.tries += 1
                error = self._impatient(one, answer)
                again.append(one) if error is None else one.future.set_exception(error)
            else:
                one.future.set_result(answer)
        if again:
            with self._lock:
                self._queue.extendleft(reversed(again))

    def _impatient(self, one: _Waiting, answer: Answer) -> Unreachable | None:
        """Why a call that was sent away is not sent again. Where the service does not say how long, waits grow."""
        asked = asked_wait(answer.headers)
        if asked is not None and asked > self._limits.longest_wait:
            return too_long(refusal(one.call, answer).problem, asked, self._limits.longest_wait)
        if one.tries >= self._limits.attempts:
            return _busy(one.call, answer)
        if asked is None:
            self._budget.gate.close(self._host, self._limits.first_wait * 2.0 ** (one.tries - 1))
        return None

    def _exchange(self, call: Call, *, repeatable: bool) -> tuple[Answer, str]:
        """One request and its token; after a 401 once more with a fresh one: a refused request was not executed.

        Where a fresh one was refused, no other is asked for until something was let in.
        """
        answer, token = self._asked(call, repeatable)
        if answer.status == 401 and not self._fresh_refused:
            self._tokens.renew(token)
            answer, token = self._asked(call, repeatable)
        self._fresh_refused = answer.status == 401
        return answer, token

    def _asked(self, call: Call, repeatable: bool) -> tuple[Answer, str]:
        with self._lock:
            self._counts["requests"] += 1
        return self._pipeline.exchange(call, repeatable=repeatable)

    def _below_root(self, link: str, call: Call) -> str:
        """A next link leads on at the same service, or nowhere: the token must not travel elsewhere."""
        ours = urlsplit(self._root)
        try:
            found = urlsplit(link)
        except ValueError:
            found = urlsplit("")
        path = found.path
        if (found.scheme, found.netloc) != (ours.scheme, ours.netloc) or not path.startswith(ours.path + "/"):
            raise DestinationError(
                "Graph's next page is at another address", where=_path(call), next_step="Check endpoints.graph_root."
            )
        return f"{path.removeprefix(ours.path)}{f'?{found.query}' if found.query else ''}"


def _path(call: Call) -> str:
    return f"{call.method} {call.url.split('?', 1)[0]}"


def _unanswered(call: Call) -> Ambiguous:
    return Ambiguous(
        "Graph's batch came back without an answer to this call",
        where=_path(call),
        next_step="The next run looks it up.",
    )


def _busy(call: Call, answer: Answer) -> Unreachable:
    problem = refusal(call, answer).problem
    return Unreachable(problem.cause, where=problem.where, next_step="Lower units_per_minute, or run again later.")
