"""Calendars as people keep them, and a server that hands one out."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

from lms_bridge.calendars.feed import Feed, Rules

NOW = datetime(2027, 1, 4, 9, 0, tzinfo=UTC)  # A Monday.
PRIVATE = "/ical/private-1f0e9d8c7b6a/basic.ics"


def calendar(*events: str, head: str = "") -> bytes:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//University//Exams//EN", *head.splitlines()]
    for number, event in enumerate(events):
        own = [] if "UID:" in event else [f"UID:{number}@university.example"]
        lines += ["BEGIN:VEVENT", *own, *event.strip().splitlines(), "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()


def exam(summary: str = "Exam", begin: str = "20270111T080000Z", more: str = "DURATION:PT2H") -> str:
    return f"SUMMARY:{summary}\nDTSTART:{begin}\n{more}"


@dataclass
class CalendarServer:
    """Hands out `text`, and knows its own texts again."""

    port: int
    text: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    asked: list[Mapping[str, str]] = field(default_factory=list)
    answered: list[int] = field(default_factory=list)
    answers: Event = field(default_factory=Event)
    """It waits for this before each."""

    def __post_init__(self) -> None:
        self.answers.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{PRIVATE}"

    def feed(self, folder: Path, rules: Rules | None = None, **how: Any) -> Feed:
        feed = Feed(
            name="exams",
            where="connectors.yaml:3:5: windows.calendars[0]",
            copy=folder / "copies" / "exams",
            address=self.url,
            why="exams",
            rules=rules or Rules(),
        )
        return Feed(**{name: how.get(name, getattr(feed, name)) for name in Feed.__dataclass_fields__})


@contextmanager
def calendar_server() -> Iterator[CalendarServer]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.asked.append({name.lower(): value for name, value in self.headers.items()})
            server.answers.wait()
            tag = f'"{hash(server.text)}"'
            status = server.status
            if status == 200 and self.headers.get("If-None-Match") == tag:
                status = 304
            server.answered.append(status)
            body = server.text if status == 200 else b""
            self.send_response(status)
            for name, value in {"ETag": tag, "Content-Length": str(len(body)), **server.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        server = CalendarServer(http.server_address[1])
        thread = Thread(target=http.serve_forever, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            http.shutdown()
            thread.join()
