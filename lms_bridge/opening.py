"""From what is configured to open sources and destinations, policies, and what a run of a route rests on."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from lms_bridge.basis import basis_of, code_of
from lms_bridge.config.load import Config, Opening, RouteConfig, beside
from lms_bridge.config.model import PolicySettings
from lms_bridge.connector import Destination, Ending, Glance, Source
from lms_bridge.items import Kind
from lms_bridge.late import Late
from lms_bridge.sync.policy import Deleted, Drift, Limits, Policy, Prune, Refresh


@contextmanager
def open_connectors(
    config: Config, routes: Sequence[RouteConfig]
) -> Iterator[tuple[dict[str, Source], dict[str, Destination]]]:
    """Each is opened when it is first asked for anything."""
    sources = {route.source.name: late(config, route.source, _remembering) for route in routes}
    destinations = {route.destination.name: late(config, route.destination, open_destination) for route in routes}
    with ExitStack() as stack:
        for destination in destinations.values():
            stack.callback(destination.close)
        yield sources, destinations


def late(config: Config, opening: Opening, open_: Callable[[Config, Opening], Any]) -> Any:
    return Late(opening.name, partial(open_, config, opening))


def glance_of(source: Opening, folder: Path) -> Callable[[], Glance] | None:
    glance = source.connector.glance
    return partial(glance, source.settings, folder) if glance is not None else None


def open_sources(config: Config, routes: Sequence[RouteConfig]) -> dict[str, Source]:
    return {route.source.name: open_source(config, route.source) for route in routes}


def open_source(config: Config, opening: Opening) -> Source:
    factory = opening.connector.source
    assert factory is not None, "the config lets only sources be sources"
    return factory(opening.name, opening.settings, config.folder)


def _remembering(config: Config, opening: Opening) -> Source:
    """With a folder beside the state for what it may lose."""
    source = open_source(config, opening)
    remember = getattr(source, "remember", None)
    if remember is not None:
        remember(notes_of(config) / "sources" / opening.name, code_of(opening.settings))
    return source


def open_destination(config: Config, opening: Opening) -> Destination:
    factory = opening.connector.destination
    assert factory is not None, "the config lets only destinations be destinations"
    return factory(opening.name, opening.settings, config.folder)


def basis_for(config: Config, route: RouteConfig, policy: Policy) -> str:
    ends = [(end.name, end.connector.name, end.settings) for end in (route.source, route.destination)]
    return basis_of(config.folder, ends, sorted(route.kinds), policy)


def endings_of(config: Config, opening: Opening) -> Iterator[Ending]:
    """What ends without which the destination lets nobody in."""
    if opening.connector.endings is not None:
        for ending in opening.connector.endings(opening.settings, config.folder):
            yield replace(ending, where=f"{config.file}: destinations.{opening.name}.{ending.where}")


def input_for(config: Config, route: RouteConfig) -> str | None:
    """All that a run of the route goes by besides state and destination, in one line: content, settings and code.
    None for a source that cannot tell whether it changed."""
    glance = glance_of(route.source, config.folder)
    source = glance().told if glance is not None else ""
    return f"{source} {basis_for(config, route, policy_of(route.policy))}" if source else None


def notes_of(config: Config) -> Path:
    return beside(config.state, config.folder, "quiet")


def policy_of(settings: PolicySettings) -> Policy:
    """A policy as it is written → a policy by kind."""
    drift = Policy().drift
    if isinstance(settings.drift, str):
        drift = dict.fromkeys(Kind, Drift(settings.drift))
    elif settings.drift:
        drift = {**drift, **{kind: Drift(value) for kind, value in settings.drift.items()}}
    prune = settings.prune
    return Policy(
        drift=drift,
        deleted=Deleted(settings.deleted),
        prune=dict.fromkeys(Kind, Prune(prune))
        if isinstance(prune, str)
        else {kind: Prune(value) for kind, value in prune.items()},
        limits=Limits(
            deletes=settings.limits.deletes,
            delete_share=settings.limits.delete_share,
            update_share=settings.limits.update_share,
            population=settings.limits.population,
        ),
        refresh=Refresh(settings.refresh),
    )
