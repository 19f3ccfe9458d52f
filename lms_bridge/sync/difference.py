"""What a change would change, as readable text before and after. For people who review a plan."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from lms_bridge.connector import Action, Body, Change, Place
from lms_bridge.errors import BridgeError
from lms_bridge.items import Key
from lms_bridge.markup.fragment import parse, text_of
from lms_bridge.markup.links import images, links
from lms_bridge.markup.text import to_text
from lms_bridge.sync.digest import body_digest
from lms_bridge.sync.policy import Refresh
from lms_bridge.sync.run import Plan, Route
from lms_bridge.sync.selected import prepare_selected

if TYPE_CHECKING:
    # The database library takes a third of a second to load, and types need none.
    from lms_bridge.sync.state import State


@dataclass(frozen=True, slots=True)
class Difference:
    """`before` is what stands there, empty when nothing does; `after` is what a sync would leave there."""

    key: Key
    title: str
    before: str
    after: str


def difference(plan: Plan, change: Change) -> Difference:
    """Before and after of one change of a plan. Asks the destination only where the record does not know the text."""
    place, record, entry = plan.places[change.place.id], change.record, change.entry
    known = record is not None and record.base and not record.drifted and entry and record.version == entry.version
    if change.payload is None or record is None or not known:
        return _standing(place, change)
    # The record knows the words that stand there, but not the fields: neither side shows them. Nor does it know the
    # title as it reads there, which a destination may take from the address: both sides show the item's.
    after = replace(place.expected(change.payload), title=change.payload.title, fields={})
    return _difference(change, Body(title=record.title, html=record.base), after)


def differences(plan: Plan, most: int) -> tuple[list[Difference], int]:
    """Of the first changed texts of a plan, and how many more there are.

    A text that cannot be read now is told as such, and the plan still stands.
    """
    changed = [change for change in plan.changes if _has_text_to_compare(change)]
    told: list[Difference] = []
    for change in changed[:most]:
        try:
            told.append(difference(plan, change))
        except BridgeError as error:
            told.append(Difference(change.key, f"{change.title}: {error.problem}", "", ""))
    return told, max(0, len(changed) - most)


def _has_text_to_compare(change: Change) -> bool:
    return change.entry is not None and (change.action in (Action.UPDATE, Action.MERGE) or change.conflict)


def diff(route: Route, state: "State", key: Key, *, now: datetime) -> Difference | None:
    """What stands there now against what the source wants there; none when this route has no such item.

    Raises BridgeError when either side cannot be read.
    """
    looking = replace(route, policy=replace(route.policy, refresh=Refresh.ALWAYS))
    plan = prepare_selected(looking, state, [key], now=now)
    for change in (*plan.changes, *plan.in_step):
        if change.key == key:
            return _standing(plan.places[change.place.id], change)
    mine = [failure.problem for failure in plan.failures if failure.key in ("", key)]
    if mine and (plan.selected or not plan.places):
        raise BridgeError(mine[0].cause, where=mine[0].where, next_step=mine[0].next_step)
    return None


def _standing(place: Place, change: Change) -> Difference:
    before = place.read(change.entry) if change.entry is not None else None
    after = place.expected(change.payload) if change.payload is not None else None
    return _difference(change, before, after)


def _difference(change: Change, before: Body | None, after: Body | None) -> Difference:
    """What changes without a change of words is told as well: the links, or else that it is something else."""
    old, new = (_text(body) if body is not None else "" for body in (before, after))
    if old == new and before is not None and after is not None and body_digest(before) != body_digest(after):
        old_links, new_links = _addresses(before.html), _addresses(after.html)
        if old_links != new_links:
            old, new = f"{old}\nOnly links change:\n{old_links}", f"{new}\nOnly links change:\n{new_links}"
        else:
            new = f"{new}\nOnly what words do not show changes: formatting, for instance.\n"
    return Difference(change.key, change.title, old, new)


def _addresses(html: str) -> str:
    """Links and images, one a line, in reading order."""
    if not html:
        return ""
    fragment = parse(html)
    lines = [f"link “{text_of(a)}”: {a.get('href')}" for a in links(fragment)]
    lines += [f"image “{image.get('alt', '')}”: {image.get('src')}" for image in images(fragment)]
    return "".join(f"{line}\n" for line in lines)


def _text(body: Body) -> str:
    """Title, fields and words, the same way for both sides."""
    lines = [body.title, *(f"{name}: {value}" for name, value in sorted(body.fields.items()))]
    if body.html:
        # Only code has blank lines, and a Moodle wiki takes them out of a page that a person saved: no words go.
        lines += ["", *filter(str.strip, to_text(body.html).splitlines())]
    return "\n".join(lines).strip() + "\n"
