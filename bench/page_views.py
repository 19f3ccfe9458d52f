"""A person who opens pages of a Moodle while something else is going on, in a process of their own."""

import multiprocessing
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event

import requests

Views = dict[str, list[float]]
"""By page, the seconds of each view."""

_PAUSE = 0.2


@dataclass(frozen=True, slots=True)
class Person:
    """Who opens these pages (name → address), one after the other. `cookies`: who is signed in."""

    pages: Mapping[str, str]
    cookies: Mapping[str, str]


@contextmanager
def reader(person: Person, views: Views) -> Iterator[None]:
    """`views` are there when the reader has gone."""
    context = multiprocessing.get_context("spawn")
    enough, (told, telling) = context.Event(), context.Pipe(duplex=False)
    process = context.Process(target=_read, args=(person, enough, telling), daemon=True)
    process.start()
    # So that a reader who fails ends what is told here.
    telling.close()
    try:
        yield
    finally:
        enough.set()
        views.update(told.recv())
        process.join()


def idle(person: Person, times: int = 10) -> Views:
    """Some views of each page while nobody else is there."""
    views: Views = {}
    with _session(person) as session:
        for _ in range(times):
            for page, address in person.pages.items():
                views.setdefault(page, []).append(_view(session, address))
    return views


def together(several: Sequence[Views]) -> Views:
    return {page: [second for views in several for second in views.get(page, ())] for page in several[0]}


def medians(views: Views) -> dict[str, float]:
    return {page: statistics.median(seconds) for page, seconds in views.items() if seconds}


def _read(person: Person, enough: Event, telling: "Connection[Views, None]") -> None:
    views: Views = {}
    with _session(person) as session:
        while not enough.is_set():
            for page, address in person.pages.items():
                views.setdefault(page, []).append(_view(session, address))
                if enough.is_set():
                    break
    telling.send(views)


def _session(person: Person) -> requests.Session:
    session = requests.Session()
    session.cookies.update(person.cookies)
    return session


def _view(session: requests.Session, address: str) -> float:
    begun = time.monotonic()
    session.get(address, timeout=60).raise_for_status()
    took = time.monotonic() - begun
    # A person looks at what they asked for.
    time.sleep(_PAUSE)
    return took
