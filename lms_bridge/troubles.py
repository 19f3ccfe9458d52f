"""What went wrong, in words that quote nothing: for mails, chats and logs, which more people read than the places.

They are made of kinds, counts and the names of routes alone: whoever makes them has no text that could slip in.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NewType

from lms_bridge.errors import Problem, Trouble

Counts = NewType("Counts", tuple[tuple[Trouble, int], ...])
"""How much of each kind, the most pressing first."""
NONE = Counts(())

_WORDS: Mapping[Trouble, str] = {
    Trouble.CONFIG: "connectors.yaml, or what it refers to, cannot be used",
    Trouble.STATE: "the state store cannot be used",
    Trouble.DENIED: "a credential is not taken, or a right lacks",
    Trouble.UNREACHABLE: "the other side could not be reached",
    Trouble.SOURCE: "a source could not be read",
    Trouble.NOT_FOUND: "a place or an entry is not there",
    Trouble.CONTENT: "content cannot be used as it is",
    Trouble.REFUSED: "the destination refused",
    Trouble.CONFLICT: "it was changed or locked there meanwhile",
    Trouble.UNANSWERED: "no answer came to a write",
    Trouble.USAGE: "what was asked for does not exist or does not fit",
    Trouble.MISTAKE: "lms-bridge or a connector made a mistake",
    Trouble.OTHER: "it could not be done",
}
_LOOK_AGAIN = (Trouble.CONFLICT, Trouble.UNANSWERED)
_CHECK = (Trouble.CONFIG, Trouble.STATE, Trouble.DENIED, Trouble.UNREACHABLE)


def counted(problems: Iterable[Problem]) -> Counts:
    counts = Counter(problem.trouble for problem in problems)
    return Counts(tuple((trouble, counts[trouble]) for trouble in Trouble if counts[trouble]))


def reason(counts: Counts) -> str:
    return ", ".join(f"{_WORDS[trouble]} ({count})" if count > 1 else _WORDS[trouble] for trouble, count in counts)


def next_step(counts: Counts, route: str) -> str:
    """About the most pressing of them. `route`: its name, by which commands know it."""
    first = counts[0][0] if counts else Trouble.UNREACHABLE
    if first in _CHECK:
        return "`lms-bridge check` tells what exactly, and what to do; the next sync tries again."
    if first in _LOOK_AGAIN:
        return f"The next sync looks again; `lms-bridge plan --route {route}` shows where."
    if first is Trouble.MISTAKE:
        return f"`lms-bridge -v plan --route {route}` shows what and where: report that."
    return f"`lms-bridge plan --route {route}` shows what, where, and what to do."
