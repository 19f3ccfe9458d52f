"""The settings that belong to no connector: what stands at the top of connectors.yaml, and routes with their policy."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from lms_bridge.config.console import ConsoleSettings
from lms_bridge.config.form import Name, Settings
from lms_bridge.config.schedule import ScheduleSettings, ServiceSettings, WindowSettings
from lms_bridge.items import Kind

Drift = Literal["report", "merge", "overwrite", "keep_both"]
Prune = Literal["report", "hide", "recycle", "delete"]


class LimitSettings(Settings):
    """What waits for approval instead of being applied. Shares count only from `population` entries on."""

    deletes: int = Field(10, ge=0, description="More deletes than this in one run wait for approval.")
    delete_share: float = Field(0.3, ge=0, le=1, description="Deletes over this share of a place's entries wait.")
    update_share: float = Field(1.0, ge=0, le=1, description="Updates over this share of a place's entries wait.")
    population: int = Field(10, ge=1, description="Shares are judged only where at least so many entries stand.")


class PolicySettings(Settings):
    """What a route does where the two sides do not agree. Each may be one word, or one a kind."""

    drift: Drift | dict[Kind, Drift] = Field(
        default_factory=dict,
        description="When a person changed an entry and the source changed, too: `report` leaves it and tells, `merge` "
        "brings both together and tells only where they clash, `keep_both` first copies what the person left, "
        "`overwrite` writes over it. Ratings are figures that the bridge computes and are overwritten by default; "
        "everything else is reported.",
    )
    deleted: Literal["respect", "recreate"] = Field(
        "respect", description="When a person deleted an entry: leave it so, or make it again."
    )
    prune: Prune | dict[Kind, Prune] = Field(
        "report",
        description="Entries whose item is gone from the source: `report` them, `hide` them behind a notice, `recycle` "
        "them where the destination has a recycle bin, or `delete` them (into the bin where there is one).",
    )
    limits: LimitSettings = Field(default_factory=LimitSettings)
    refresh: Literal["always", "daily", "never"] = Field(
        "always", description="How often the destination is listed although nothing changed in the source."
    )


class RouteSettings(Settings):
    """One source into one destination, for some kinds of item."""

    source: Name = Field(alias="from", description="The name of a source above.")
    destination: Name = Field(alias="to", description="The name of a destination above.")
    kinds: tuple[Kind, ...] = Field(tuple(Kind), min_length=1, description="Which kinds of item take this route.")
    policy: PolicySettings = Field(default_factory=PolicySettings)
    schedule: ScheduleSettings = Field(default_factory=ScheduleSettings)
    windows: WindowSettings = Field(default_factory=WindowSettings)

    @field_validator("kinds")
    @classmethod
    def _each_kind_once(cls, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        return tuple(dict.fromkeys(kinds))


class ConnectorSettings(BaseModel):
    """A source or destination before its connector's own model has looked at it."""

    model_config = ConfigDict(extra="allow", frozen=True)
    type: str = Field(description="Which connector.")


class ChannelSettings(BaseModel):
    """A way to tell people what happened, before the model of its type has looked at it."""

    model_config = ConfigDict(extra="allow", frozen=True)
    type: Literal["email", "teams", "webhook"] = Field(description="By which way.")


class RootSettings(Settings):
    """The whole of connectors.yaml."""

    version: Literal[1] = Field(description="The version of this file's form.")
    state: str = Field(
        ".state/lms-bridge.sqlite",
        description="Where lms-bridge remembers what it applied: a file (SQLite) or a postgresql:// address.",
    )
    installation: Name | Literal[""] = Field(
        "",
        description="A name that no other lms-bridge writing to the same destinations has. It signs what is written: "
        "what carries another name is left, and reported.",
    )
    history_days: int = Field(
        90, ge=1, le=3650, description="How long runs can be looked into and undone: what stood there before is kept."
    )
    deadline_minutes: int = Field(
        240, ge=1, le=10_080, description="A sync that takes longer ends early, in good order; the next one goes on."
    )
    notifications: tuple[ChannelSettings, ...] = Field(
        (), description="Who is told when a route fails or recovers, when something waits for a person or ends soon."
    )
    service: ServiceSettings = Field(default_factory=ServiceSettings)
    console: ConsoleSettings = Field(default_factory=ConsoleSettings)
    windows: WindowSettings = Field(default_factory=WindowSettings, description="When nothing is pushed, on any route.")
    sources: Mapping[Name, ConnectorSettings] = Field(min_length=1)
    destinations: Mapping[Name, ConnectorSettings] = Field(min_length=1)
    routes: Mapping[Name, RouteSettings] = Field(min_length=1)


class Opened(Settings):
    """A source or destination with its connector's name and validated settings."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)
    connector: str
    settings: Any
