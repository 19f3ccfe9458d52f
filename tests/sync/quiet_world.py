"""A desk with a content folder whose runs note what they found, and remember what they read."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from lms_bridge.bridge import Bridge
from lms_bridge.config.load import Config
from lms_bridge.config.schedule import ServiceSettings
from lms_bridge.connector import Glance, Listing, Touched
from lms_bridge.items import Kind
from lms_bridge.sources.files.glance import glance
from lms_bridge.sources.files.settings import FilesSettings
from lms_bridge.sources.files.source import FilesSource
from lms_bridge.sync.policy import Policy, Refresh
from lms_bridge.sync.run import Report, Route
from lms_bridge.sync.state import State
from lms_bridge.testing.memory import MemoryDestination

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1" + b"\0" * 20
NEVER = Policy(refresh=Refresh.NEVER)
DAILY = Policy(refresh=Refresh.DAILY)


class Watched(FilesSource):
    """A content folder that notes what it is asked."""

    readings = 0
    answered: list[list[str] | None]
    """Titles of what was told as touched."""

    def items(self, since: str | None = None) -> Listing:
        self.readings += 1
        return super().items(since)

    def touched(self, outline: str, seen: Any = None) -> Touched | None:
        found = super().touched(outline, seen)
        self.answered.append(None if found is None else [item.title for item in found.items])
        return found


@dataclass(slots=True)
class Desk:
    folder: Path
    policy: Policy = NEVER
    basis: str = "settings"
    now: datetime = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
    there: MemoryDestination = field(default_factory=MemoryDestination)
    kinds: frozenset[Kind] = frozenset(Kind)
    remembers: bool = False
    told: list[list[str] | None] = field(default_factory=list)
    """What the last run was told as touched."""
    blind: bool = False
    """Of a source that cannot tell whether it changed."""
    later: int = 3_000_000_000
    """Nanoseconds that pass between a touch of the folder and a run."""

    @property
    def content(self) -> Path:
        return self.folder / "content"

    @property
    def note(self) -> Path:
        return self.folder / "state" / "notes" / "route.json"

    def _glance(self) -> Glance:
        return glance(self.content, begun=time.time_ns() + self.later)

    def source(self) -> Watched:
        source = Watched("programme", FilesSettings(path=Path("content"), scale=(1, 5)), self.folder)
        source.answered = []
        if self.remembers:
            source.remember(self.note.parent / "sources" / "programme", "code")
        return source

    def route(self, source: Watched) -> Route:
        return Route(
            "route", source, self.there, self.kinds, self.policy, glance=None if self.blind else self._glance,
            basis=f"{self.basis} {self.policy}",
        )  # fmt: skip

    def sync(self, only: Sequence[str] = ()) -> tuple[Report, bool]:
        """The report, and whether the folder was read."""
        source = self.source()
        self.told = source.answered
        route = self.route(source)
        config = Config("", self.folder, "", "", 90, 240, {}, {}, (), ServiceSettings())
        with State.open(self.folder / "state.sqlite") as state:
            desk = Bridge(config, (route,), {}, {"memory": self.there}, state, self.note.parent)
            (report,) = desk.sync(clock=lambda: self.now, only=only)
        self.now += timedelta(minutes=15)
        return report, source.readings > 0

    def looks(self) -> bool:
        return self.sync()[1]
