"""Rendering items without holding all that comes of it: of what is in step a text is worked out again when asked for.

Nearly nobody asks: it is compared by its fingerprint.
"""

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from threading import Lock

from lms_bridge.connector import Context, Payload, Place, Record
from lms_bridge.demand import with_body
from lms_bridge.items import Item, Key, Page

_HELD = 8_000_000
"""Signs of texts to be written that are held, all together: about 2,000 pages."""
_RECENT = 1_000
"""More than are written at one time by all places, each of which asks for a text several times."""


class Rendering:
    """All of one round, by one context. Rendering is pure, so that what comes of it again is the same."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._held = 0
        self._recent: OrderedDict[tuple[str, Key], str] = OrderedDict()
        self._lock = Lock()

    def of(self, item: Item, place: Place, record: Record | None) -> Payload:
        """Raises what the place raises."""
        payload = place.render(item, self._context)
        if not payload.body:
            return payload
        lean: Payload
        if record is not None and record.fingerprint == payload.fingerprint:
            lean = with_body(payload, _Again(self, item, place), fingerprint=record.fingerprint)
            return lean
        self._held += len(payload.body)
        if self._held <= _HELD:
            return payload
        lean = with_body(payload, _Again(self, item, place))
        return lean

    def again(self, item: Item, place: Place) -> str:
        """Its text once more."""
        at = (place.ref.id, item.key)
        with self._lock:
            if at in self._recent:
                self._recent.move_to_end(at)
                return self._recent[at]
        body = place.render(item, self._context).body
        with self._lock:
            self._recent[at] = body
            if len(self._recent) > _RECENT:
                self._recent.popitem(last=False)
        return body


@dataclass(frozen=True, slots=True)
class _Again:
    """One for each item of a large route: a third of what a `partial` of a method takes."""

    rendering: Rendering
    item: Item
    place: Place

    def __call__(self) -> str:
        return self.rendering.again(self.item, self.place)


class Texts(Mapping[Key, str]):
    """The pages' own texts, read when they are asked for."""

    def __init__(self, pages: Mapping[Key, Page]) -> None:
        self._pages = pages

    def __getitem__(self, key: Key) -> str:
        return self._pages[key].body

    def __iter__(self) -> Iterator[Key]:
        return iter(self._pages)

    def __len__(self) -> int:
        return len(self._pages)
