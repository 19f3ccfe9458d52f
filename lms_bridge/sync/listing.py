"""Reading a source: its items with their index pages, what could not be read, and how far the listing is trusted."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import datetime

from lms_bridge.connector import Record
from lms_bridge.errors import BridgeError, Problem, Trouble, known_as
from lms_bridge.items import Item, Key, Kind, Page, Prompt, Withheld, index_key, mark
from lms_bridge.sync.catalogue import Catalogue, catalogue_of
from lms_bridge.sync.decision import Listed
from lms_bridge.sync.index import with_indexes
from lms_bridge.sync.run import Failure, Route


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceView:
    """`withheld` are keys whose item exists but cannot be used; `held` those the source could not give, with where.

    `failed`: nothing is known, so nothing is done.
    """

    items: tuple[Item, ...] = ()
    failures: tuple[Failure, ...] = ()
    withheld: frozenset[Key] = frozenset()
    held: Mapping[Key, str] = field(default_factory=dict)
    listed: Listed = Listed.WHOLE
    cursor: str | None = None
    until: datetime | None = None
    """When the next of all items is published or closed."""
    failed: bool = False
    outline: str | None = None
    """What the source may be asked for later: what was touched since."""
    catalogue: Catalogue = field(default_factory=Catalogue)


def read_source(
    route: Route,
    now: datetime,
    linkable: frozenset[Key],
    standing: Callable[[], Iterable[Record]] = tuple,
    since: str | None = None,
    kept_away: Set[str] = frozenset(),
) -> SourceView:
    """`linkable` are keys that other routes brought to the same destination: index pages may lead to them.

    `standing` gives this route's records: what is held back keeps its line on the index page while it stands. `since`
    is what the source gave as its cursor when it was last read as a whole. `kept_away` are marks of what is never
    pushed.
    """
    try:
        listing = route.source.items(since)
        # To the end first: a half-read source would make half index pages.
        every = list(listing.items)
        held = {withheld.key: withheld for withheld in listing.withheld}
    except BridgeError as error:
        return SourceView(failures=(Failure("", error.problem),), failed=True)
    failures = [Failure("", known_as(problem, Trouble.CONTENT)) for problem in listing.problems]
    items, doubles = _unique(every)
    failures += doubles
    listed = Listed.WHOLE if listing.complete and not failures and not held else Listed.PARTLY
    if listed is Listed.WHOLE and not every:
        listed = Listed.EMPTY
    if Kind.PAGE in route.kinds:
        # Asked for only where something is missing: beside all that a large source lists they would be much.
        records = standing() if held or listed is Listed.PARTLY else ()
        live = {record.key: record for record in records if record.kind is Kind.PAGE and not record.deleted}
        stubs = _standing_pages(held.values(), live)
        without = {w.page.course.idnumber for w in held.values() if w.page is not None and w.page.index}
        if listed is Listed.PARTLY:
            without |= _with_unsure_index(items, held, live, route.source.name)
        items = with_indexes(_shown(items, route, linkable), route.source.name, now, held=stubs, without=without)
    items = [item for item in items if item.kind in route.kinds and mark(item.key) not in kept_away]
    drafts = [draft for draft in listing.drafts if draft.kind in route.kinds]
    return SourceView(
        items=tuple(items),
        failures=tuple(failures),
        withheld=frozenset(failure.key for failure in doubles),
        held={withheld.key: str(withheld.origin) for withheld in held.values()},
        listed=listed,
        cursor=listing.cursor if listed is Listed.WHOLE else None,
        outline=listing.outline if listed is Listed.WHOLE else None,
        catalogue=catalogue_of(items, drafts, whole=listed is Listed.WHOLE),
        until=min((moment for item in every for moment in _turns(item) if moment > now), default=None),
    )


def view_part(
    route: Route, items: Sequence[Item], now: datetime, linkable: frozenset[Key], kept_away: Set[str]
) -> SourceView:
    """As `read_source` has it, of some courses of a source that can be read as a whole."""
    every = list(items)
    if Kind.PAGE in route.kinds:
        every = with_indexes(_shown(every, route, linkable), route.source.name, now)
    every = [item for item in every if item.kind in route.kinds and mark(item.key) not in kept_away]
    return SourceView(items=tuple(every))


def _shown(items: Iterable[Item], route: Route, linkable: frozenset[Key]) -> list[Item]:
    """What index pages may lead to."""
    return [item for item in items if item.kind in route.kinds or item.key in linkable]


def _turns(item: Item) -> list[datetime]:
    return [moment for moment in (item.publish, item.close) if moment is not None] if isinstance(item, Prompt) else []


def _standing_pages(held: Iterable[Withheld], live: Mapping[Key, Record]) -> list[Page]:
    """Held-back pages that stand at the destination, under the titles that they have there."""
    return [replace(w.page, title=live[w.key].title) for w in held if w.page is not None and w.key in live]


def _with_unsure_index(
    items: Sequence[Item], held: Collection[Key], live: Mapping[Key, Record], source: str
) -> set[str]:
    """Courses of which a half listing lacks a page that the source did not name: the designer's own index may be among
    what was not read, so none is made in its place, and the one that stands is left as it is."""
    known = {item.key for item in items} | set(held)
    lacking = [record for record in live.values() if record.key not in known]
    indexes = [record for record in lacking if record.key.partition("@")[0] == index_key(source, record.course)]
    # An index that was made here is in no listing; only where nothing is named it may be the designer's.
    return {record.course for record in lacking if record not in indexes or not held}


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
                trouble=Trouble.CONTENT,
            ),
        )
        for key, same in by_key.items()
        if len(same) > 1
    ]
    return [same[0] for same in by_key.values() if len(same) == 1], failures
