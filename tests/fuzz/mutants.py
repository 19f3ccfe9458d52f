"""Texts and files as nobody meant them: what is well formed, changed here and there; and a watch over what reads them.

Apart from the tests because all of them use it. Each example has a bound of time; each process one of memory.
"""

import faulthandler
import os
import resource
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

SECONDS = float(os.environ.get("LMS_BRIDGE_FUZZ_SECONDS", "8"))
"""For each target."""
LONGEST = 5
"""Seconds that one example may take."""
MEMORY = 3 << 30
"""Bytes of address space: a bomb ends here and not at the machine's end."""

T = TypeVar("T")
TOKENS: Sequence[bytes] = (
    b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\\ud800", b"\\u0000", b"1e400", b"NaN", b"-0", b"9" * 400,
    b"!!python/object/apply:os.system", b"&a [*a]", b"<<: *a", b"---\n", b"...\n", b": ", b"- ", b"? ", b"|+9\n", b"\t",
    b"[[", b"]]", b"](", b"![", b"```", b"~~~", b"<!--", b"-->", b"<![CDATA[", b"&#x0;", b"&#xD800;", b"&lt;", b"\\",
    b"<svg><style>", b"<math><mi>", b"<table><tr>", b"<template>", b"<p " * 50, b"<b>" * 300, b"> " * 300, b"[" * 300,
    b"\xe2\x80\xae", b"\xf0\x9f\x92\xa9", b"\r", b"\r\n", b"\"", b"'", b",", b";", b"=1+1", b"null", b"true", b"0x1p3",
    b"2026-13-45", b"24:61", b"javascript:", b"data:text/html,", b"item:", b"asset:", b"../../../etc/passwd", b"%00",
)  # fmt: skip


@st.composite
def mutants(draw: st.DrawFn, seeds: Sequence[bytes]) -> bytes:
    """One of the seeds with some pieces taken out, doubled, swapped, or exchanged for what parsers stumble over."""
    content = bytearray(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(1, 8))):
        at = draw(st.integers(0, len(content)))
        end = min(len(content), at + draw(st.integers(0, 40)))
        match draw(st.integers(0, 4)):
            case 0:
                content[at:end] = draw(st.sampled_from(TOKENS))
            case 1:
                content[at:at] = draw(st.sampled_from(TOKENS))
            case 2:
                del content[at:end]
            case 3:
                content[at:at] = bytes(content[at:end]) * draw(st.integers(1, 50))
            case _:
                content[at:end] = draw(st.binary(max_size=8))
    return bytes(content)


class TooSlow(BaseException):
    """No mistake that anything catches on its way."""


@contextmanager
def watched(longest: float = LONGEST) -> Iterator[None]:
    """Raises TooSlow after so many seconds. Code in C that does not return to Python, and threads that are waited for,
    end the process a while later, with all their stacks told."""

    def over(number: int, frame: FrameType | None) -> None:
        raise TooSlow(f"took more than {longest} seconds")

    before = signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, longest)
    faulthandler.dump_traceback_later(4 * longest, exit=True)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def bounded_memory() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def fuzz(examples: st.SearchStrategy[T], read: Callable[[T], object]) -> int:
    """Reads examples until the time is over; how many there were. What fails is shrunk and shown by Hypothesis."""
    end = time.monotonic() + SECONDS
    count = 0

    @settings(
        max_examples=100,
        deadline=None,
        database=None,
        # Where `CI` is set Hypothesis would draw the same examples each time.
        derandomize=False,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(examples)
    def some(example: T) -> None:
        nonlocal count
        count += 1
        with watched():
            read(example)

    with bounded_memory():
        while time.monotonic() < end:
            some()
    return count
