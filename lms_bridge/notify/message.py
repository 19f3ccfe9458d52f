"""What is told, whichever way it goes. Types and words only."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from lms_bridge.config.notifications import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """`event` is one of the settings' events, `digest` or `test`. `run` is empty where none began."""

    event: Event | str
    headline: str
    at: datetime
    route: str = ""
    reason: str = ""
    next_step: str = ""
    run: str = ""
    lines: tuple[str, ...] = ()
    """Of a summary: one a route."""
    installation: str = ""
    news: str = ""
    """What tells this piece of news from any other, earlier ones of its kind among them."""

    @property
    def id(self) -> str:
        """The same each time that this is tried, whichever run tries it: who is told twice can tell."""
        told = (self.event, self.news, self.installation)
        return hashlib.sha256("\0".join(told).encode()).hexdigest()[:32]


def facts(message: Message) -> list[tuple[str, str]]:
    """What there is to say besides the headline, named."""
    told = [
        ("Why", message.reason),
        ("What to do", message.next_step),
        ("Run", message.run),
        ("Installation", message.installation),
        ("When", f"{message.at:%Y-%m-%d %H:%M %Z}"),
    ]
    return [(name, value) for name, value in told if value]


def text_of(message: Message) -> str:
    lines = [f"{message.headline}.", ""]
    lines += [*message.lines, ""] if message.lines else []
    lines += [f"{name}: {value}" for name, value in facts(message)]
    if message.run:
        lines += ["", f"`lms-bridge runs show {message.run}` shows each change of this run."]
    return "\n".join(lines) + "\n"
