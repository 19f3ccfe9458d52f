"""What a route does where the two sides do not agree, and how much it may change without asking.

Apart from the config, so that the engine can be used and tested without one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from lms_bridge.items import Key, Kind


class Drift(StrEnum):
    """When a person changed an entry since we wrote it, and the source changed, too."""

    REPORT = "report"
    MERGE = "merge"
    OVERWRITE = "overwrite"
    KEEP_BOTH = "keep_both"
    """What the person left is copied to a page of its own beside it, and then ours is written."""


class Answer(StrEnum):
    """What a person decides where both sides changed: which version is to stand."""

    OURS = "ours"
    THEIRS = "theirs"
    MERGED = "merged"


@dataclass(frozen=True, slots=True)
class Edited:
    """Both versions as a person wrote them together, in the form in which the place gives its texts back. It is an
    answer like `Answer.MERGED`; the title stays as both were merged."""

    html: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    """Those that the person wrote; the others stay as both were merged."""


Answers = Mapping[Key, Answer | Edited]


class Deleted(StrEnum):
    """When a person deleted an entry."""

    RESPECT = "respect"
    RECREATE = "recreate"


class Prune(StrEnum):
    """When the item of an entry is gone from the source."""

    REPORT = "report"
    HIDE = "hide"
    RECYCLE = "recycle"
    DELETE = "delete"


class Refresh(StrEnum):
    """How often a place is listed although nothing changed in the source."""

    ALWAYS = "always"
    DAILY = "daily"
    NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What waits for approval. Shares are of a place's entries, and count only where at least `population` stand."""

    deletes: int = 10
    delete_share: float = 0.3
    update_share: float = 1.0
    population: int = 10


def _drift_by_kind() -> Mapping[Kind, Drift]:
    # Ratings are figures that are computed anew each time: what a person typed over one is no contribution.
    return {Kind.RATING: Drift.OVERWRITE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """`drift` and `prune` are by kind; a kind that is not named is reported only."""

    drift: Mapping[Kind, Drift] = field(default_factory=_drift_by_kind)
    deleted: Deleted = Deleted.RESPECT
    prune: Mapping[Kind, Prune] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    refresh: Refresh = Refresh.ALWAYS
    places_at_once: int = 16
    history_days: int = 0
    """Runs, with what stood there before them, are kept so long; 0 keeps them for ever."""
    installation: str = ""
    """The name that marks are signed with. What carries another name is left."""
    fresh_since: datetime | None = None
    """What was listed since then was listed in this run, by somebody else, and need not be listed again."""
    takeover: bool = False
    """What carries another installation's name is ours from now on."""

    def drift_of(self, kind: Kind) -> Drift:
        return self.drift.get(kind, Drift.REPORT)

    def prune_of(self, kind: Kind) -> Prune:
        return self.prune.get(kind, Prune.REPORT)
