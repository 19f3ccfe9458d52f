"""Connections that come to an end: connecting, a request and its answer each have a moment at which they are over.

Apart because a socket's own time-out is for each read alone, so that a server which dribbles a byte a second would hold
a call for ever; and a name's look-up knows no time-out at all.
"""

import io
import socket
import time
from concurrent.futures import Future
from threading import Thread
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError
from urllib3.poolmanager import PoolManager, ProxyManager

_CONNECTING = 4
"""The look-up of a name, and addresses of it that do not answer, each for the time-out of one."""
_PIECE = 64 * 1024


class EndingAdapter(HTTPAdapter):
    """requests' own; an exchange takes `whole` seconds at the most."""

    def __init__(self, whole: float, *, connections: int) -> None:
        self._pools = _pools(whole)
        super().__init__(pool_connections=connections, pool_maxsize=connections, max_retries=0, pool_block=True)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        manager: PoolManager = self.poolmanager
        manager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> ProxyManager:
        manager: ProxyManager = super().proxy_manager_for(proxy, **kwargs)
        manager.pool_classes_by_scheme = self._pools
        return manager


class _Ending:
    """What urllib3's two connections get in addition. `ends`: the moment at which the exchange under way is over."""

    whole: float
    ends: float = 0.0
    timeout: float
    sock: Any

    def connect(self) -> None:
        """Waited for from outside; what comes too late is closed."""
        done: Future[None] = Future()
        Thread(target=_fulfil, args=(done, super().connect), name="connect", daemon=True).start()  # type: ignore[misc]  # of urllib3's class beside this one
        try:
            done.result(_CONNECTING * self.timeout)
        except TimeoutError as error:
            if done.done():
                raise
            done.add_done_callback(lambda _: self.close())
            raise ConnectTimeoutError(self, "connecting took too long") from error
        self.sock = _EndingSocket(self.sock, self)

    def request(self, *args: Any, **kwargs: Any) -> None:
        self.ends = time.monotonic() + self.whole
        super().request(*args, **kwargs)  # type: ignore[misc]  # the same

    def close(self) -> None:
        super().close()  # type: ignore[misc]  # the same


class _EndingSocket:
    """A connection's socket; each read and write waits no longer than its exchange lasts."""

    def __init__(self, sock: socket.socket, connection: _Ending) -> None:
        self._sock = sock
        self._connection = connection
        self._each: float | None = sock.gettimeout()

    def settimeout(self, seconds: float | None) -> None:
        self._each = seconds

    def arm(self) -> None:
        left = self._connection.ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("the exchange took too long")
        self._sock.settimeout(left if self._each is None else min(left, self._each))

    def sendall(self, content: bytes) -> None:
        """In pieces: Python's own takes its time-out for the whole, and a large image takes minutes on a slow line."""
        view = memoryview(content)
        for at in range(0, len(view), _PIECE):
            self.arm()
            self._sock.sendall(view[at : at + _PIECE])

    def makefile(self, mode: str = "rb") -> io.BufferedReader:
        return io.BufferedReader(_EndingReader(self._sock.makefile("rb", buffering=0), self))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)


class _EndingReader(io.RawIOBase):
    def __init__(self, raw: io.RawIOBase, sock: _EndingSocket) -> None:
        self._raw = raw
        self._sock = sock

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.arm()
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


def _pools(whole: float) -> dict[str, Any]:
    plain = type("EndingHTTP", (_Ending, HTTPConnection), {"whole": whole})
    secure = type("EndingHTTPS", (_Ending, HTTPSConnection), {"whole": whole})
    return {
        "http": type("EndingHTTPPool", (HTTPConnectionPool,), {"ConnectionCls": plain}),
        "https": type("EndingHTTPSPool", (HTTPSConnectionPool,), {"ConnectionCls": secure}),
    }


def _fulfil(done: "Future[None]", connect: Any) -> None:
    try:
        connect()
    except BaseException as error:
        done.set_exception(error)
    else:
        done.set_result(None)
