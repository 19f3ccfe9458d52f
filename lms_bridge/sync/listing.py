"""Reading a source: its items with their index pages, what could not be read, and how far the listing is trusted."""

from dataclasses import dataclass
from datetime import datetime

from lms_bridge.errors import BridgeError, Problem
from lms_bridge.items import Item, Key, Kind
from lms_bridge.sync.decision import Listed
from lms_bridge.sync.index import with_indexes
from lms_bridge.sync.run import Failure, Route


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceView:
    """`withheld` are keys whose item exists but cannot be used. `failed`: nothing is known, so nothing is done."""

    items: tuple[Item, ...] = ()
    failures: tuple[Failure, ...] = ()
    withheld: frozenset[Key] = frozenset()
    listed: Listed = Listed.WHOLE
    failed: bool = False


def read_source(route: Route, now: datetime, linkable: frozenset[Key]) -> SourceView:
    """`linkable` are keys that other routes brought to the same destination: index pages may lead to them."""
    try:
        listing = route.source.items()
        # To the end first: a half-read source would make half index pages.
        every = list(listing.items)
    except BridgeError as error:
        return SourceView(failures=(Failure("", error.problem),), failed=True)
    failures = [Failure("", problem) for problem in listing.problems]
    items, doubles = _unique(every)
    failures += doubles
    listed = Listed.WHOLE if listing.complete and not failures else Listed.PARTLY
    if listed is Listed.WHOLE and not every:
        listed = Listed.EMPTY
    if Kind.PAGE in route.kinds:
        shown = [item for item in items if item.kind in route.kinds or item.key in linkable]
        items = with_indexes(shown, route.source.name, now)
    return SourceView(
        items=tuple(item for item in items if item.kind in route.kinds),
        failures=tuple(failures),
        withheld=frozenset(failure.key for failure in doubles),
        listed=listed,
    )


def _unique(items: list[Item]) -> tuple[list[Item], list[Failure]]:
    """Of items with one key none is taken: which of them is meant cannot be known."""
    by_key: dict[Key, list[Item]] = {}
    for item in items:
        by_key.setdefault(item.key, []).append(item)
    failures = [
        Failure(
            key,
            Problem(
                f"{len(same)} items have the same key {key}: {', '.join(str(item.origin) for item in same)}.",
                str(same[0].origin),
                "Give each of them an `id` of its own.",
            ),
        )
        for key, same in by_key.items()
        if len(same) > 1
    ]
    return [same[0] for same in by_key.values() if len(same) == 1], failures
