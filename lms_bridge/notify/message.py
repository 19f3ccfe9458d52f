"""What is told, whichever way it goes. Types and words only.

Mail and chats are read by more people than the places are: a message holds kinds, counts, moments, and the names that
connectors.yaml gives. No text of an item, of a person or of a server has a field that could hold it.
"""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from lms_bridge import troubles
from lms_bridge.config.notifications import Event
from lms_bridge.connector import Ending
from lms_bridge.expiry import problem_of
from lms_bridge.troubles import Counts

Health = Literal["healthy", "failed"]
Done = Literal["created", "updated", "merged", "adopted", "hidden", "deleted", "failed"]


@dataclass(frozen=True, slots=True)
class Failed:
    """`counts` is empty where the destination could not be reached."""

    counts: Counts


@dataclass(frozen=True, slots=True)
class Recovered:
    pass


@dataclass(frozen=True, slots=True)
class Waits:
    """How much a person has to decide about."""

    changes: int
    conflicts: int

    def __bool__(self) -> bool:
        return bool(self.changes or self.conflicts)


@dataclass(frozen=True, slots=True)
class Ends:
    """By what the settings say."""

    ending: Ending


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteDay:
    """What a route's runs did since the summary before; `conflicts` wait."""

    route: str
    status: Health
    runs: int
    done: tuple[tuple[Done, int], ...] = ()
    conflicts: int = 0


@dataclass(frozen=True, slots=True)
class Summary:
    day: date
    routes: tuple[RouteDay, ...]


@dataclass(frozen=True, slots=True)
class Trial:
    pass


About = Failed | Recovered | Waits | Ends | Summary | Trial


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """`route`, `installation` and `console` (its address) are as connectors.yaml names them; `run` is empty where none
    began."""

    about: About
    at: datetime
    route: str = ""
    run: str = ""
    installation: str = ""
    console: str = ""
    news: str = ""
    """What tells this piece of news from any other, earlier ones of its kind among them."""

    @property
    def event(self) -> Event | Literal["digest", "test"]:
        match self.about:
            case Failed():
                return "failed"
            case Recovered():
                return "recovered"
            case Waits():
                return "waiting"
            case Ends():
                return "expiry"
            case Summary():
                return "digest"
            case Trial():
                return "test"

    @property
    def id(self) -> str:
        """The same each time that this is tried, whichever run tries it: who is told twice can tell."""
        told = (self.event, self.news, self.installation)
        return hashlib.sha256("\0".join(told).encode()).hexdigest()[:32]


def headline(message: Message) -> str:
    match message.about:
        case Failed():
            return f"Route {message.route} failed"
        case Recovered():
            return f"Route {message.route} works again"
        case Waits():
            return f"Route {message.route} waits for a person"
        case Ends(ending):
            cause = problem_of(ending, message.at).cause
            return cause[:1].upper() + cause[1:]
        case Summary(day):
            return f"Summary of {day}"
        case Trial():
            return "lms-bridge can reach you here"


def reason(message: Message) -> str:
    match message.about:
        case Failed(counts):
            return troubles.reason(counts) or "the destination could not be reached"
        case Recovered():
            return "its last run came to a good end"
        case Waits(changes, conflicts):
            told = [f"{_count(changes, 'change')} for approval"] if changes else []
            told += [f"{_count(conflicts, 'conflict')} for a decision"] if conflicts else []
            return f"there {'is' if (changes or conflicts) == 1 else 'are'} {' and '.join(told)}"
        case Ends(ending):
            return f"{ending.where} ends, and nothing can be read or written there afterwards"
        case Summary():
            return ""
        case Trial():
            return "somebody ran `lms-bridge notify test`"


def next_step(message: Message) -> str:
    match message.about:
        case Failed(counts):
            return troubles.next_step(counts, message.route)
        case Waits(changes, conflicts):
            shows = f"`lms-bridge plan --route {message.route}` shows them, and the command that approves."
            steps = [shows] if changes else []
            steps += ["`lms-bridge review list` shows them."] if conflicts else []
            return " ".join(steps)
        case Ends(ending):
            return problem_of(ending, message.at).next_step
        case Summary():
            return ""
        case _:
            return "Nothing is to be done."


def lines(message: Message) -> list[str]:
    """Of a summary: one a route."""
    return [_of_day(route) for route in message.about.routes] if isinstance(message.about, Summary) else []


def link(message: Message) -> str:
    """To the run in the console, where the settings say at which address people reach that."""
    return f"{message.console}/runs/{message.run}" if message.console and message.run else message.console


def _of_day(told: RouteDay) -> str:
    words = [f"{count} {name}" for name, count in told.done]
    words += [f"{_count(told.conflicts, 'conflict')} for a decision"] if told.conflicts else []
    return f"{told.route}: {told.status}, {_count(told.runs, 'run')}; {', '.join(words) or 'nothing changed'}"


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'s' if number != 1 else ''}"


def facts(message: Message) -> list[tuple[str, str]]:
    """What there is to say besides the headline, named."""
    told = [
        ("Why", reason(message)),
        ("What to do", next_step(message)),
        ("Run", message.run),
        ("Console", link(message)),
        ("Installation", message.installation),
        ("When", f"{message.at:%Y-%m-%d %H:%M %Z}"),
    ]
    return [(name, value) for name, value in told if value]


def text_of(message: Message) -> str:
    listed = lines(message)
    told = [f"{headline(message)}.", "", *listed, *([""] if listed else [])]
    told += [f"{name}: {value}" for name, value in facts(message)]
    if message.run:
        told += ["", f"`lms-bridge runs show {message.run}` shows each change of this run."]
    return "\n".join(told) + "\n"
