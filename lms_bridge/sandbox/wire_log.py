"""What went over the wire, for those who count requests and ask when they came. Kept only where it is asked for."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock

from starlette.types import Message, Send


@dataclass(slots=True)
class Exchange:
    """`asked` and `answered` by the log's clock; `status` 0: nothing that is HTTP was answered, or nothing at all."""

    method: str
    address: str
    body: bytes
    asked: float
    answered: float | None = None
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    answer: bytes = b""


@dataclass(slots=True)
class WireLog:
    """Exchanges in the order in which their requests came."""

    clock: Callable[[], float] = time.monotonic
    exchanges: list[Exchange] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def asked(self, method: str, address: str, body: bytes) -> Exchange:
        with self._lock:
            exchange = Exchange(method, address, body, self.clock())
            self.exchanges.append(exchange)
            return exchange

    def listening(self, exchange: Exchange, send: Send) -> Send:
        """`send`, noted down."""

        async def heard(message: Message) -> None:
            if message["type"] == "http.response.start":
                exchange.status, exchange.answered = message["status"], self.clock()
                exchange.headers = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in message["headers"]}
            else:
                exchange.answer += message.get("body", b"")
            await send(message)

        return heard
