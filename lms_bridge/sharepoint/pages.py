"""The site's pages as a place, for wiki pages and for prompts that are pages; what differs stands in a `PageForm`."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import Any

from lms_bridge.connector import Action, Body, Change, Context, Cost, Entry, Outcome, Payload, PlaceRef, Status
from lms_bridge.errors import ContentError, DestinationError, Problem, Unreachable
from lms_bridge.items import Item, Key, Kind, mark
from lms_bridge.markup.links import ASSET
from lms_bridge.markup.text import to_text
from lms_bridge.sharepoint.canvas import StoredImage, to_canvas, to_html
from lms_bridge.sharepoint.images import ImageStore
from lms_bridge.sharepoint.marker import described, marker_in
from lms_bridge.sharepoint.page_calls import PageState, PageText, list_pages, page_state
from lms_bridge.sharepoint.page_writes import PageWriter
from lms_bridge.sharepoint.payloads import failed
from lms_bridge.sharepoint.slugs import is_name_of, mark_part, page_name

WAVE = 40
SECONDS_A_CALL = 0.4
CREATE = Cost(calls=3, units=5)
UPDATE = Cost(calls=4, units=6)
DELETE = Cost(calls=1, units=2)
ADOPT = Cost(calls=1, units=1)

Render = Callable[[Any, Context, str], Payload]
"""An item, the context and the page's name → its payload. Raises ContentError. Pure."""


@dataclass(frozen=True, slots=True)
class PageForm:
    """What makes a kind's pages different. `fields` of a payload: `comments`, `news`."""

    kind: Kind
    render: Render
    reads_comments: bool = False
    """Whether it matters when a person switches the comments on or off."""


@dataclass(frozen=True, slots=True)
class SitePages:
    """What all pages of a site share. `folder_of` is the course's part in its pages' names."""

    writer: PageWriter
    images: ImageStore
    prefix: str
    folder_of: Callable[[Item], str]
    marks: frozenset[str]
    """Of the items that are located, so that a page whose description a person emptied is still recognised."""
    threads: int
    units_per_second: float
    app: str
    """Our own app's id in lower case; empty for a machine's identity, whose id nobody needs to configure."""


class PagePlace:
    """All pages of one kind in one site."""

    def __init__(self, ref: PlaceRef, form: PageForm, site: SitePages) -> None:
        self.ref = ref
        self._form = form
        self._site = site
        self._standing: dict[str, PageState] | None = None
        self._owned: dict[str, PageState] = {}
        self._marks = {mark[:6]: mark for mark in sorted(site.marks)}

    def addresses(self, items: Sequence[Item], standing: Mapping[Key, str]) -> Mapping[Key, str]:
        taken = {name.casefold() for name in standing.values()}
        named: dict[Key, str] = {}
        for item in items:
            # A person may have renamed the file: what stands there now is where links must lead.
            owned = self._owned.get(mark(item.key))
            name = owned.name if owned else standing.get(item.key) or self._free_name(item, taken)
            taken.add(name.casefold())
            named[item.key] = name
        return named

    def _free_name(self, item: Item, taken: set[str]) -> str:
        course = self._site.folder_of(item)
        name = page_name(prefix=self._site.prefix, course=course, title=item.title, key=item.key)
        if name.casefold() not in taken:
            return name
        title = f"{item.title[:40]} {mark(item.key)[6:]}"
        return page_name(prefix=self._site.prefix, course=course, title=title, key=item.key)

    def render(self, item: Item, context: Context) -> Payload:
        if item.kind is not self._form.kind:
            raise ContentError(f"a {item.kind.value} does not belong among these pages", where=str(item.origin))
        address = context.addresses.get(item.key)
        return self._form.render(item, context, address.name if address else self._free_name(item, set()))

    def entries(self) -> Iterable[Entry]:
        rows = self._site.writer.client.pages(list_pages(self._site.writer.site))
        states = [state for state in map(page_state, rows) if state.id and state.name]
        self._standing = {state.name.casefold(): state for state in states}
        self._owned = self._owned_among(states)
        return [self._entry(state) for state in states]

    def _owned_among(self, states: Sequence[PageState]) -> dict[str, PageState]:
        """The page of each mark. People copy pages, and the copy has the description too: the name decides, and where
        no name fits (a person renamed the file) a page that is the only one of its mark."""
        bearers: dict[str, list[PageState]] = {}
        for state in states:
            marker = marker_in(state.description)
            if marker is not None and marker.kind is self._form.kind:
                bearers.setdefault(marker.mark, []).append(state)
        owned: dict[str, PageState] = {}
        for own, found in bearers.items():
            named = [state for state in found if is_name_of(state.name, own)] or found
            if len(named) == 1:
                owned[own] = named[0]
        return owned

    def read(self, entry: Entry) -> Body:
        return self._body(self._site.writer.read(entry.ref))

    def expected(self, payload: Payload) -> Body:
        return self._shown(payload.title, to_html(to_canvas(payload.body, None)), payload.fields["comments"])

    def cost(self, changes: Sequence[Change]) -> Cost:
        total = Cost()
        for change in changes:
            total += _COSTS[change.action]
        waiting = total.calls * SECONDS_A_CALL / self._site.threads
        return Cost(total.calls, total.units, max(waiting, total.units / self._site.units_per_second))

    def write(self, changes: Sequence[Change]) -> Iterator[Outcome]:
        """Pages in parallel, the steps of a page one after the other."""
        for start in range(0, len(changes), WAVE):
            wave = changes[start : start + WAVE]
            lost: list[Unreachable] = []
            with ThreadPoolExecutor(self._site.threads, thread_name_prefix="pages") as pool:
                for future in as_completed([pool.submit(self._outcome, change, lost) for change in wave]):
                    yield future.result()
            if len(lost) == len(wave):
                raise lost[0]

    def _outcome(self, change: Change, lost: list[Unreachable]) -> Outcome:
        try:
            return self._written(change)
        except Unreachable as error:
            lost.append(error)
            return failed(change, error)
        except DestinationError as error:
            return failed(change, error)
        except ContentError as error:
            problem = Problem(error.problem.cause, change.key, error.problem.next_step)
            return Outcome(change=change, status=Status.FAILED, problem=problem)

    def _written(self, change: Change) -> Outcome:
        writer = self._site.writer
        match change.action:
            case Action.CREATE:
                assert change.payload is not None
                text = self._text(change.payload)
                return self._done(change, writer.create(change.payload.address, text, known=self._known))
            case Action.DELETE:
                ref, version = _standing(change)
                writer.delete(ref, version=version)
                return Outcome(change=change, status=Status.DONE)
            case Action.ADOPT:
                return self._done(change, self._adopted(change))
            case _:
                assert change.payload is not None
                ref, version = _standing(change)
                text = self._text(change.payload)
                keeps = change.action is Action.MERGE
                return self._done(change, writer.change(ref, text, version=version, keeps_people=keeps))

    def _adopted(self, change: Change) -> PageState:
        """Read only; but a page of ours that was cut off before anybody saw it is brought to its end."""
        assert change.entry is not None
        state = self._site.writer.read(change.entry.ref)
        if not (state.new and self._is_cut_off(state) and change.payload is not None):
            return state
        found = marker_in(state.description)
        if found is not None and change.payload.fingerprint.startswith(found.fingerprint):
            return self._site.writer.publish(state.id)
        text = self._text(change.payload)
        return self._site.writer.change(state.id, text, version=state.version, keeps_people=True)

    def _known(self, name: str) -> PageState | None:
        if self._standing is not None:
            return self._standing.get(name.casefold())
        return self._site.writer.find(name)

    def _text(self, payload: Payload) -> PageText:
        stored: Mapping[str, StoredImage] = {}
        if ASSET in payload.body:
            stored = self._site.images.store(payload.assets)
        return PageText(
            title=payload.title,
            description=described(payload.body, kind=payload.kind, key=payload.key, fingerprint=payload.fingerprint),
            canvas=to_canvas(payload.body, stored),
            comments=bool(payload.fields["comments"]),
            news=bool(payload.fields["news"]),
        )

    def _done(self, change: Change, state: PageState) -> Outcome:
        problem = None
        if state.draft:
            problem = Problem(
                "the page is written but readers do not see it yet: the site wants an approval before it is published",
                change.key,
                f"Ask an approver to publish it: {state.url}",
            )
        body = self._body(state)
        return Outcome(change=change, status=Status.DONE, entry=self._entry(state), body=body, problem=problem)

    def _entry(self, state: PageState) -> Entry:
        marker = marker_in(state.description)
        own: str | None = None
        if marker is None:
            own = self._marks.get(mark_part(state.name) or "")
        elif marker.kind is self._form.kind and self._bears(state, marker.mark):
            own = marker.mark
        return Entry(
            ref=state.id,
            version=state.version,
            name=state.name,
            mark=own,
            fingerprint=marker.fingerprint if marker is not None and own is not None else None,
            title=state.title,
            url=state.url or None,
            unfinished=own is not None and self._is_cut_off(state),
        )

    def _bears(self, state: PageState, own: str) -> bool:
        owner = self._owned.get(own)
        return owner.id == state.id if owner is not None else is_name_of(state.name, own)

    def _is_cut_off(self, state: PageState) -> bool:
        """A draft that we wrote last: people's drafts, and other apps', are theirs."""
        return state.draft and bool(state.app) and self._site.app in ("", state.app)

    def _body(self, state: PageState) -> Body:
        return self._shown(state.title, to_html(state.canvas), state.comments)

    def _shown(self, title: str, html: str, comments: bool) -> Body:
        fields = {"comments": comments} if self._form.reads_comments else {}
        return Body(title=title.strip(), html=html, fields=fields, text=to_text(html))


_COSTS: Mapping[Action, Cost] = {
    Action.CREATE: CREATE,
    Action.UPDATE: UPDATE,
    Action.MERGE: UPDATE,
    Action.DELETE: DELETE,
    Action.ADOPT: ADOPT,
    Action.SKIP: Cost(),
    Action.FORGET: Cost(),
}


def _standing(change: Change) -> tuple[str, str]:
    if change.entry is not None:
        return change.entry.ref, change.entry.version
    assert change.record is not None
    return change.record.ref, change.record.version


def marks_of(items: Iterable[Item]) -> frozenset[str]:
    return frozenset(mark(item.key) for item in items)
