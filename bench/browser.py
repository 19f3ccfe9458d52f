"""A person's browser, as far as the console knows it: cookies, forms with their token, fragments; and a stop-watch."""

import http.client
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

_TOKEN = re.compile(r'name="token" value="([^"]+)"')
_KEPT = 3.0
"""Seconds that a connection is used again for: the server ends it after five."""


@dataclass(frozen=True, slots=True)
class Page:
    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def leads_to(self) -> str:
        return self.headers.get("location", "")


class Browser:
    """`noted` is told each visit: by which name, and how many seconds it took until the whole page was there."""

    def __init__(self, port: int, noted: Callable[[str, float], None]) -> None:
        self._port = port
        self._noted = noted
        self._cookies: dict[str, str] = {}
        self._token = ""
        self._connection: http.client.HTTPConnection | None = None
        self._used = 0.0

    def get(self, path: str, name: str = "", *, fragment: bool = False) -> Page:
        return self._ask("GET", path, name or path, None, {"HX-Request": "true"} if fragment else {})

    def post(self, path: str, name: str, /, **fields: str) -> Page:
        """With the token of the page that was seen last."""
        form = {"Content-Type": "application/x-www-form-urlencoded", "Origin": f"http://127.0.0.1:{self._port}"}
        return self._ask("POST", path, name, urlencode({"token": self._token, **fields}), form)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()

    def _ask(self, method: str, path: str, name: str, body: str | None, more: Mapping[str, str]) -> Page:
        begun = time.monotonic()
        if self._connection is None or begun - self._used > _KEPT:
            self.close()
            self._connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=120)
        headers = {"Cookie": "; ".join(f"{key}={value}" for key, value in self._cookies.items()), **more}
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        text = answer.read().decode("utf-8", errors="replace")
        self._used = time.monotonic()
        self._noted(name, self._used - begun)
        for cookie in answer.headers.get_all("Set-Cookie") or ():
            key, _, value = cookie.partition(";")[0].partition("=")
            self._cookies[key] = value.strip('"')
        found = _TOKEN.search(text)
        self._token = found[1] if found else self._token
        return Page(answer.status, {key.lower(): value for key, value in answer.headers.items()}, text)
