"""The site's pages as a place, for wiki pages and for prompts that are pages; what differs stands in a `PageForm`."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace

from lms_bridge.connector import Action, Body, Change, Context, Cost, Entry, Outcome, Payload, PlaceRef, Status
from lms_bridge.errors import ContentError, DestinationError, Problem, Unreachable
from lms_bridge.items import Item, Key, mark
from lms_bridge.markup.digest import digest
from lms_bridge.markup.links import ASSET
from lms_bridge.sharepoint.image_parts import StoredImage
from lms_bridge.sharepoint.images import ImageStore
from lms_bridge.sharepoint.marker import marker_in
from lms_bridge.sharepoint.page_calls import PageState, PageText, list_pages, page_state
from lms_bridge.sharepoint.page_owners import PageOwners, by_name, owned_among
from lms_bridge.sharepoint.page_texts import PageForm, adapted, body_of, expected, hidden, kept_in, page_text
from lms_bridge.sharepoint.page_writes import PageWriter
from lms_bridge.sharepoint.payloads import failed
from lms_bridge.sharepoint.refusals import Changed
from lms_bridge.sharepoint.slugs import page_name

WAVE = 40
SECONDS_A_CALL = 0.4
CREATE = Cost(calls=3, units=5)
UPDATE = Cost(calls=4, units=6)
DELETE = Cost(calls=1, units=2)
ADOPT = Cost(calls=1, units=1)


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

    prunes = frozenset({"hide", "recycle", "delete"})

    def __init__(self, ref: PlaceRef, form: PageForm, site: SitePages) -> None:
        self.ref = ref
        self._form = form
        self._site = site
        self._standing: dict[str, PageState] | None = None
        self._owners = PageOwners(form.kind, site.app, by_name(site.marks))

    def addresses(self, items: Sequence[Item], standing: Mapping[Key, str]) -> Mapping[Key, str]:
        taken = {name.casefold() for name in standing.values()}
        named: dict[Key, str] = {}
        for item in items:
            # A person may have renamed the file: what stands there now is where links must lead.
            owned = self._owners.pages.get(mark(item.key))
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
        self._owners = replace(self._owners, pages=owned_among(states, self._form.kind))
        return [self._owners.entry(state) for state in states]

    def read(self, entry: Entry) -> Body:
        return self._body(self._site.writer.read(entry.ref))

    def expected(self, payload: Payload) -> Body:
        return expected(payload, self._form)

    def adapt(self, like: Payload, body: Body) -> Payload:
        return adapted(like, body)

    def hide(self, like: Payload, notice: str) -> Payload:
        return hidden(like, notice)

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
            problem = replace(error.problem, where=change.key)
            return Outcome(change=change, status=Status.FAILED, problem=problem)

    def _written(self, change: Change) -> Outcome:
        writer = self._site.writer
        match change.action:
            case Action.CREATE:
                text = self._text(change)
                # A copy of what a person left is no news.
                text = replace(text, news=text.news and change.of is None)
                return self._done(change, writer.create(_payload(change).address, text, known=self._known))
            case Action.DELETE:
                ref, version = _standing(change)
                writer.delete(ref, version=version)
                return Outcome(change=change, status=Status.DONE)
            case Action.ADOPT:
                return self._done(change, self._adopted(change))
            case _:
                ref, version = _standing(change)
                kept = kept_in(_payload(change)) if change.action is Action.MERGE else None
                return self._done(change, writer.change(ref, self._text(change), version=version, kept=kept))

    def _adopted(self, change: Change) -> PageState:
        """Read only; but what we wrote last and nobody has seen yet is brought to its end."""
        assert change.entry is not None
        state = self._site.writer.read(change.entry.ref)
        if not self._owners.is_cut_off(state):
            return state
        found = marker_in(state.description)
        stale = found is None or not _payload(change).fingerprint.startswith(found.fingerprint)
        if state.new and stale:
            return self._site.writer.change(state.id, self._text(change), version=state.version)
        # A draft of a page that readers know may hold words of people: it is never written over here.
        return self._site.writer.publish(state.id)

    def _known(self, name: str) -> PageState | None:
        if self._standing is not None:
            return self._standing.get(name.casefold())
        return self._site.writer.find(name)

    def _text(self, change: Change) -> PageText:
        payload = _payload(change)
        stored: Mapping[str, StoredImage] = {}
        if ASSET in payload.body:
            stored = self._site.images.store(payload.assets)
        return page_text(payload, stored)

    def _done(self, change: Change, state: PageState) -> Outcome:
        body = self._body(state)
        if state.person and change.action is not Action.ADOPT and not _says(body, self.expected(_payload(change))):
            raise Changed("a person changed the page while it was written", next_step="Run again: it is compared anew.")
        problem = None
        if state.draft:
            problem = Problem(
                "the page is written but readers do not see it yet: the site wants an approval before it is published",
                change.key,
                f"Ask an approver to publish it: {state.url}",
            )
        entry = self._owners.entry(state)
        return Outcome(change=change, status=Status.DONE, entry=entry, body=body, problem=problem)

    def _body(self, state: PageState) -> Body:
        return body_of(state.title, state.canvas, self._form, comments=state.comments)


def _payload(change: Change) -> Payload:
    assert change.payload is not None
    return change.payload


def _says(body: Body, meant: Body) -> bool:
    return body.title == meant.title and digest(body.html) == digest(meant.html)


_COSTS: Mapping[Action, Cost] = {
    Action.CREATE: CREATE,
    Action.UPDATE: UPDATE,
    Action.MERGE: UPDATE,
    Action.HIDE: UPDATE,
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
