"""The errors that people meet, each with its cause, its place and the next step.

    BridgeError
    ├── ConfigError          connectors.yaml cannot be used (holds every problem found)
    ├── UsageError           what was asked for does not exist
    ├── ContentError         an item cannot be read or rendered
    ├── SourceError          a source could not be read at all
    ├── DestinationError     a destination refused or misbehaved
    │   ├── Unreachable      it could not be reached, or is closed for maintenance
    │   ├── Denied           credentials or permissions are missing
    │   ├── Conflict         what stands there is not what we knew: someone changed or locked it
    │   ├── NotFound         what was addressed is not there
    │   └── Ambiguous        a write was sent and no usable answer came: it may have happened
    └── StateError           the state store cannot be used

One function turns them into sentences (`lms_bridge.cli.sentences`).
"""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import ClassVar

LONGEST = 1_000


class Trouble(StrEnum):
    """What kind of thing went wrong, the most pressing first: what is told where nothing may be quoted."""

    CONFIG = "config"
    STATE = "state"
    DENIED = "denied"
    UNREACHABLE = "unreachable"
    SOURCE = "source"
    NOT_FOUND = "not_found"
    CONTENT = "content"
    REFUSED = "refused"
    CONFLICT = "conflict"
    UNANSWERED = "unanswered"
    USAGE = "usage"
    MISTAKE = "mistake"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: what, where, and what to do. `where` is a file with line, a key, or an address.

    Each is part of a sentence, whatever it quotes: bounded, on one line, without signs that act on a terminal.
    `passing`: it may be over in a minute, without anybody mending anything.
    """

    cause: str
    where: str = ""
    next_step: str = ""
    passing: bool = False
    trouble: Trouble = field(default=Trouble.OTHER, compare=False, repr=False, kw_only=True)

    def __post_init__(self) -> None:
        for name in ("cause", "where", "next_step"):
            object.__setattr__(self, name, _phrase(getattr(self, name)))

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        stop = "" if self.cause.endswith((".", "!", "?", "…")) else "."
        step = f" {self.next_step}" if self.next_step else ""
        return f"{place}{self.cause}{stop if step else ''}{step}"


def known_as(problem: Problem, trouble: Trouble) -> Problem:
    """Of this kind, unless more is known already."""
    return replace(problem, trouble=trouble) if problem.trouble is Trouble.OTHER else problem


def _phrase(text: str) -> str:
    if len(text) > LONGEST:
        text = f"{text[:LONGEST]}…"
    return text if text.isprintable() else "".join(sign if sign.isprintable() else " " for sign in text)


class BridgeError(Exception):
    """Anything that a person can mend. Never carries a secret."""

    trouble: ClassVar[Trouble] = Trouble.OTHER

    def __init__(self, cause: str, *, where: str = "", next_step: str = "") -> None:
        self.problem = Problem(cause, where, next_step, trouble=self.trouble)
        super().__init__(str(self.problem))


class ConfigError(BridgeError):
    """The config has problems; all of them are in `problems`."""

    trouble = Trouble.CONFIG

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        first = problems[0]
        super().__init__(first.cause, where=first.where, next_step=first.next_step)
        self.problems = tuple(known_as(problem, self.trouble) for problem in problems)

    @property
    def passing(self) -> bool:
        """No mistake is among them: the same config may be usable in a minute."""
        return all(problem.passing for problem in self.problems)


class UsageError(BridgeError):
    trouble = Trouble.USAGE


class ContentError(BridgeError):
    trouble = Trouble.CONTENT


class SourceError(BridgeError):
    trouble = Trouble.SOURCE


class DestinationError(BridgeError):
    trouble = Trouble.REFUSED


class Unreachable(DestinationError):
    trouble = Trouble.UNREACHABLE


class Denied(DestinationError):
    trouble = Trouble.DENIED


class Conflict(DestinationError):
    trouble = Trouble.CONFLICT


class NotFound(DestinationError):
    trouble = Trouble.NOT_FOUND


class Ambiguous(DestinationError):
    trouble = Trouble.UNANSWERED


class StateError(BridgeError):
    trouble = Trouble.STATE
