"""What people changed at a destination → the source: their words stand there from then on, and a sync is in step.

Reads both sides, and writes nothing, anywhere: `Pull.files` is what the source's folder is to get.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from lms_bridge.connector import Body, Change, Edit, Place, Rewrite, Source
from lms_bridge.errors import BridgeError, Problem, UsageError
from lms_bridge.items import Item, Key, Kind, Page, Prompt
from lms_bridge.markup.digest import digest as html_digest
from lms_bridge.markup.fragment import MarkupError
from lms_bridge.markup.links import item_href
from lms_bridge.markup.returning import addresses, returned
from lms_bridge.sync.decision import DRIFT_CONFLICT, DRIFT_REPORT, HEARD, TITLE_DRIFT
from lms_bridge.sync.policy import Drift, Refresh
from lms_bridge.sync.route import prepare
from lms_bridge.sync.run import Failure, Plan, Route
from lms_bridge.sync.selection import select

if TYPE_CHECKING:
    # The database library takes a third of a second to load, and types need none.
    from lms_bridge.sync.state import State

NO_SOURCE = "the source {source} cannot take back what people wrote"
BOTH_CHANGED = Problem(
    "the source changed since the last sync as well.",
    "",
    "Bring both together first: `lms-bridge sync`, then `lms-bridge review accept merged KEY`; then pull again.",
)
NO_TEXT = Problem("a review or a rating says what its source says: it is not pulled.", "", "Correct it in the source.")
OWN_NAME = Problem(
    "has a name of its own in that place, which is not its title.", "", "Change its title in the source."
)
BESIDE_THE_TEXT = Problem("was changed in something beside its text.", "", "It stays; nothing of it is for the source.")
NOT_IN_STEP = Problem(
    "holds changes in what lms-bridge puts around a text, or changes that the source's form cannot say.",
    "",
    "Take the words over by hand: `lms-bridge diff KEY` shows them.",
)


@dataclass(frozen=True, slots=True)
class Taken:
    """One item whose words come back. `file` is what gets them, as people call it."""

    key: Key
    title: str
    file: str


@dataclass(frozen=True, slots=True)
class Pull:
    """What a route's destination gives back, of `selected` items. `left` says of which it does not, and why. `source`
    is the route's source as it would be then; `files` are all that differ in it."""

    route: str
    source: Source
    failures: tuple[Failure, ...]
    unreachable: bool
    selected: int = 0
    taken: tuple[Taken, ...] = ()
    left: Mapping[Key, Problem] = field(default_factory=dict)
    files: Sequence[Rewrite] = ()


@dataclass(frozen=True, slots=True)
class _Asked:
    """One item that people changed, and the ways to say so in the source that were not tried yet."""

    title: str
    ways: Iterator[Edit]


def pull(route: Route, state: "State", *, now: datetime, only: Sequence[str] = ()) -> Pull:
    """Raises UsageError for a source that cannot be written to."""
    if not hasattr(route.source, "revised"):
        cause = NO_SOURCE.format(source=route.source.name)
        raise UsageError(cause, where=f"route {route.name}", next_step="A content folder can (`type: files`).")
    # As it stands at the destination now, whatever the policy does about it in a sync.
    policy = replace(route.policy, drift=dict.fromkeys(Kind, Drift.REPORT), refresh=Refresh.ALWAYS)
    looking = replace(route, policy=policy)
    plan = prepare(looking, state, now=now)
    failed = Pull(route.name, route.source, plan.failures, plan.unreachable)
    if not plan.places:
        return failed
    items = {item.key: item for item in route.source.items().items}
    chosen = {item.key for item in select(list(items.values()), only)} if only else set(items)
    left: dict[Key, Problem] = {}
    asked: dict[Key, _Asked] = {}
    known = _Known(plan, items, {r.url: item_href(r.key) for r in state.records(route.name) if r.url})
    for change in plan.changes:
        if change.key in chosen and change.reason in (DRIFT_REPORT, TITLE_DRIFT, DRIFT_CONFLICT):
            found = _asked(change, known)
            if isinstance(found, Problem):
                left[change.key] = found
            else:
                asked[change.key] = found
    return _settled(replace(failed, left=left, selected=len(chosen)), looking, state, asked, now)


class _Known:
    """Where addresses of a destination lead in the source, by place. Asked for only where people changed something."""

    def __init__(self, plan: Plan, items: Mapping[Key, Item], urls: Mapping[str, str]) -> None:
        self.items = items
        self.places = plan.places
        self._plan = plan
        self._urls = urls
        self._by_place: dict[str, dict[str, str]] = {}

    def at(self, place: str) -> Mapping[str, str]:
        if place not in self._by_place:
            found = dict(self._urls)
            for change in (*self._plan.in_step, *self._plan.changes):
                item = self.items.get(change.key)
                if change.place.id == place and change.payload is not None and isinstance(item, Page | Prompt):
                    found |= addresses(item.body, self.places[place].expected(change.payload).html)
            self._by_place[place] = found
        return self._by_place[place]


def _asked(change: Change, known: _Known) -> "_Asked | Problem":
    item, place = known.items.get(change.key), known.places[change.place.id]
    if not isinstance(item, Page | Prompt):
        return NO_TEXT
    if change.reason == DRIFT_CONFLICT:
        return BOTH_CHANGED
    # Of what people changed the source has the item.
    assert change.payload is not None
    try:
        return _edit(change, item, place.expected(change.payload), _standing(change, place), known)
    except BridgeError as error:
        return error.problem
    except MarkupError as error:
        return _unreadable(change.key, error)


def _unreadable(key: Key, error: MarkupError) -> Problem:
    return Problem(f"holds a text that cannot be read: {error}.", key, NOT_IN_STEP.next_step)


def _standing(change: Change, place: Place) -> Body:
    assert change.entry is not None
    return change.before if change.before is not None else place.read(change.entry)


def _edit(change: Change, item: Page | Prompt, shown: Body, stands: Body, known: _Known) -> "_Asked | Problem":
    title = stands.title.strip() if stands.title.strip() != shown.title.strip() else None
    if title is not None and shown.title.strip() != item.title:
        return OWN_NAME
    if html_digest(stands.html) != html_digest(shown.html):
        bodies = returned(item.body, shown.html, stands.html, known.at(change.place.id))
        return _Asked(item.title, (Edit(key=change.key, title=title, body=body) for body in bodies))
    return _Asked(item.title, iter([Edit(key=change.key, title=title)])) if title is not None else BESIDE_THE_TEXT


def _settled(found: Pull, route: Route, state: "State", asked: Mapping[Key, _Asked], now: datetime) -> Pull:
    """The ways that leave each item in step, tried one after the other."""
    left = dict(found.left)
    edits: dict[Key, Edit] = {}
    for key, each in asked.items():
        _try_next(each, key, edits, left, NOT_IN_STEP)
    while edits:
        revision = route.source.revised(list(edits.values()))  # type: ignore[attr-defined]  # asked for in `pull`
        settled = _in_step(replace(route, source=revision.source), state, set(edits) - set(revision.held), now)
        if set(edits) == settled:
            taken = tuple(Taken(key, asked[key].title, revision.by_key[key]) for key in edits)
            return replace(found, left=left, taken=taken, source=revision.source, files=revision.files)
        for key in set(edits) - settled:
            _try_next(asked[key], key, edits, left, revision.held.get(key, NOT_IN_STEP))
    return replace(found, left=left)


def _try_next(asked: _Asked, key: Key, edits: dict[Key, Edit], left: dict[Key, Problem], otherwise: Problem) -> None:
    """Put the next way of an item among the edits, or the item among what is left when there is none."""
    try:
        edits[key] = next(asked.ways)
        return
    except StopIteration:
        left[key] = otherwise
    except MarkupError as error:
        # In our form a text may be longer than it was there.
        left[key] = _unreadable(key, error)
    edits.pop(key, None)


def _in_step(route: Route, state: "State", keys: set[Key], now: datetime) -> set[Key]:
    """Which of them a sync of this source would leave alone, or write once in its own form with nothing lost."""
    if not keys:
        return set()
    plan = prepare(route, state, now=now, only=sorted(keys))
    written = {change.key for change in plan.changes if change.reason == HEARD}
    return ({change.key for change in plan.in_step} | written) & keys


def told(left: Mapping[Key, Problem]) -> Iterable[str]:
    """A line for each item that is left, `KEY` filled in."""
    for key, problem in left.items():
        yield f"{key}: {problem.cause} {problem.next_step.replace('KEY', key)}".strip()
