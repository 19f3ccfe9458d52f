"""People who open pages of a Moodle while something else is going on, in a process of their own."""

import itertools
import multiprocessing
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event

import requests

Views = dict[str, list[float]]
"""By page, the seconds of each view."""

_PAUSE = 0.2


@dataclass(frozen=True, slots=True)
class Person:
    """Who opens these pages: name → address. `cookies`: who is signed in."""

    pages: Mapping[str, str]
    cookies: Mapping[str, str]


@contextmanager
def reading(people: Sequence[Person], views: Views) -> Iterator[None]:
    """One page after the other, again and again. `views` are there when they have gone."""
    context = multiprocessing.get_context("spawn")
    enough, (told, telling) = context.Event(), context.Pipe(duplex=False)
    process = context.Process(target=_read, args=(people, enough, telling), daemon=True)
    process.start()
    # So that a reader who fails ends what is told here.
    telling.close()
    told.recv()
    try:
        yield
    finally:
        enough.set()
        views.update(told.recv())
        process.join()


def idle(people: Sequence[Person], rounds: int = 10) -> Views:
    """Some views of each page while nobody else is there."""
    views: Views = {}
    for page, view in itertools.chain.from_iterable(itertools.repeat(_doors(people), rounds)):
        views.setdefault(page, []).append(view())
    return views


def together(several: Sequence[Views]) -> Views:
    return {page: [second for views in several for second in views.get(page, ())] for page in several[0]}


def medians(views: Views) -> dict[str, float]:
    return {page: statistics.median(seconds) for page, seconds in views.items() if seconds}


def _read(people: Sequence[Person], enough: Event, telling: "Connection[Views, None]") -> None:
    views: Views = {}
    telling.send(views)
    for page, view in itertools.cycle(_doors(people)):
        views.setdefault(page, []).append(view())
        if enough.is_set():
            break
    telling.send(views)


def _doors(people: Sequence[Person]) -> list[tuple[str, Callable[[], float]]]:
    """By page, what opens it and gives the seconds."""
    doors: list[tuple[str, Callable[[], float]]] = []
    for person in people:
        session = requests.Session()
        session.cookies.update(person.cookies)
        doors += [(page, partial(_view, session, address)) for page, address in person.pages.items()]
    return doors


def _view(session: requests.Session, address: str) -> float:
    begun = time.monotonic()
    answer = session.get(address, timeout=60, allow_redirects=False)
    took = time.monotonic() - begun
    # Whoever is sent elsewhere, to sign in for one, has not seen the page.
    if answer.status_code != requests.codes.ok:
        raise RuntimeError(f"{address} was answered with {answer.status_code}")
    # A person looks at what they asked for.
    time.sleep(_PAUSE)
    return took
