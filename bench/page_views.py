"""A person who reads pages of a Moodle while something else is going on, in a process of their own."""

import multiprocessing
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.synchronize import Event

import requests

_PAUSE = 0.2


@contextmanager
def reader(address: str, cookies: Mapping[str, str], seconds: list[float]) -> Iterator[None]:
    """`seconds` of each view are there when the reader has gone."""
    context = multiprocessing.get_context("spawn")
    enough, told = context.Event(), context.SimpleQueue()
    process = context.Process(target=_read, args=(address, dict(cookies), enough, told), daemon=True)
    process.start()
    try:
        yield
    finally:
        enough.set()
        seconds += told.get()
        process.join()


def idle(address: str, cookies: Mapping[str, str], views: int = 30) -> list[float]:
    """Seconds of some views while nobody else is there."""
    with requests.Session() as session:
        session.cookies.update(cookies)
        return [_view(session, address) for _ in range(views)]


def _read(
    address: str, cookies: dict[str, str], enough: Event, told: "multiprocessing.SimpleQueue[list[float]]"
) -> None:
    seconds = []
    with requests.Session() as session:
        session.cookies.update(cookies)
        while not enough.is_set():
            seconds.append(_view(session, address))
    told.put(seconds)


def _view(session: requests.Session, address: str) -> float:
    begun = time.monotonic()
    session.get(address, timeout=60).raise_for_status()
    took = time.monotonic() - begun
    # A person looks at what they asked for.
    time.sleep(_PAUSE)
    return took
