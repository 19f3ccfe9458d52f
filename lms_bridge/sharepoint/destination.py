"""A SharePoint site as a destination: which place each kind has, and the one connection that all places share."""

import threading
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from lms_bridge.connector import Context, Finding, Place, Placement, PlaceRef, SharedBudget, Spent
from lms_bridge.errors import Denied, NotFound, Problem
from lms_bridge.items import Item, Key, Kind, mark
from lms_bridge.sharepoint.budget import SHARE
from lms_bridge.sharepoint.check import check_site
from lms_bridge.sharepoint.connection import Connection, LazyConnection, connect
from lms_bridge.sharepoint.images import ImageStore
from lms_bridge.sharepoint.list_forms import ListForm
from lms_bridge.sharepoint.lists import ListAddress, ListPlace
from lms_bridge.sharepoint.page_bodies import PageLook, link_of, prompt_form, wiki_form
from lms_bridge.sharepoint.page_writes import PageWriter
from lms_bridge.sharepoint.pages import PagePlace, SitePages
from lms_bridge.sharepoint.prompts import prompts_list
from lms_bridge.sharepoint.ratings import RATINGS
from lms_bridge.sharepoint.reviews import REVIEWS
from lms_bridge.sharepoint.settings import SharePointSettings
from lms_bridge.sharepoint.site import (
    SETUP,
    FoundList,
    FoundSite,
    columns_of,
    find_site,
    first_problem,
    unfit,
    wants_approval,
)


class SharePointSite:
    """Safe for many threads; every place is used by one at a time."""

    kinds = frozenset(Kind)

    def __init__(
        self,
        name: str,
        settings: SharePointSettings,
        folder: Path,
        *,
        connection: LazyConnection | None = None,
    ) -> None:
        self.name = name
        self._settings = settings
        self._folder = folder
        self._connection = connection or LazyConnection(partial(connect, settings, folder))
        self._lock = threading.Lock()
        self._site: FoundSite | None = None
        self._images: ImageStore | None = None
        self._views: dict[str, str] = {}
        self._forms: dict[str, tuple[ListForm, FoundList]] = {}
        self._unfit: dict[str, Problem | None] = {}
        self._moderated: set[str] = set()
        self._marks: dict[Kind, set[str]] = {}

    @property
    def connection(self) -> Connection:
        return self._connection.get()

    def locate(self, items: Iterable[Item]) -> Placement:
        """One place a kind. A list that is missing or does not fit is told for each of its items.

        Looks at the site anew: a destination may live as long as a scheduler does.
        """
        wanted = list(items)
        with self._lock:
            self._site, self._images = None, None
        self._unfit.clear()
        places: dict[PlaceRef, list[Item]] = {}
        missing: dict[Key, Problem] = {}
        refs: dict[Kind, PlaceRef | Problem] = {}
        for item in wanted:
            if item.kind not in refs:
                refs[item.kind] = self._ref(item.kind)
            self._marks.setdefault(item.kind, set()).add(mark(item.key))
            found = refs[item.kind]
            if isinstance(found, Problem):
                missing[item.key] = found
            else:
                places.setdefault(found, []).append(item)
        return Placement(places, missing)

    def open(self, ref: PlaceRef) -> Place:
        site = self.site()
        form, found = self._forms.get(ref.id, (None, None))
        if form is None and self._is_list(ref.kind):
            self._ref(ref.kind)
            form, found = self._forms.get(ref.id, (None, None))
        if form is not None and found is not None:
            address = ListAddress(site.id, found.id, found.url, moderated=found.id in self._moderated)
            return ListPlace(ref, form, address, self.connection.client, units_per_second=self._units_per_second)
        if self._is_list(ref.kind) or ref.container != site.id:
            raise NotFound("the place is not in this site", where=ref.title, next_step="Check `site` and `lists`.")
        return PagePlace(
            ref, wiki_form(self._look()) if ref.kind is Kind.PAGE else prompt_form(self._look()), self._pages(ref.kind)
        )

    def check(self) -> Iterable[Finding]:
        return check_site(self)

    def calls(self) -> Mapping[str, int]:
        made = self._connection.made
        return made.client.counts() if made is not None else {}

    def spent(self) -> Spent | None:
        made = self._connection.made
        return made.transport.spent() if made is not None else None

    def interrupt(self, *, finish: bool = False) -> None:
        """The run is to end: nobody waits any longer. `finish`: what is under way is brought to its end first."""
        self._connection.stop(finish=finish)

    def share(self, budget: SharedBudget) -> None:
        self._connection.shared = budget

    def close(self) -> None:
        made = self._connection.made
        if made is not None:
            made.close()

    @property
    def settings(self) -> SharePointSettings:
        return self._settings

    def site(self) -> FoundSite:
        with self._lock:
            if self._site is None:
                self._site = find_site(self.connection.client, self._settings)
            return self._site

    def forms(self) -> Mapping[str, ListForm]:
        """The lists that the settings ask for, by title."""
        lists = self._settings.lists
        forms = {lists.ratings: RATINGS, lists.reviews: REVIEWS}
        if self._settings.prompts.form == "list":
            forms[lists.prompts] = prompts_list(self._whole_link)
        return forms

    def _ref(self, kind: Kind) -> PlaceRef | Problem:
        site = self.site()
        if not self._is_list(kind):
            return PlaceRef(kind, site.id, f"Site pages of {site.title or self._settings.site}")
        title, form = next((title, form) for title, form in self.forms().items() if form.kind is kind)
        found = site.list_named(title)
        if found is None:
            return Problem(f"the site has no list {title!r}", self._settings.site, SETUP)
        try:
            problem = self._checked(form, found)
        except (Denied, NotFound) as error:
            problem = error.problem
        if problem is not None:
            return problem
        ref = PlaceRef(kind, found.id, found.title)
        self._forms[ref.id] = (form, found)
        self._views[found.id] = found.url
        return ref

    def _checked(self, form: ListForm, found: FoundList) -> Problem | None:
        if found.id not in self._unfit:
            columns = columns_of(self.connection.client, self.site().id, found)
            self._unfit[found.id] = first_problem(unfit(form, found.title, columns))
            (self._moderated.add if wants_approval(columns) else self._moderated.discard)(found.id)
        return self._unfit[found.id]

    def _is_list(self, kind: Kind) -> bool:
        return kind in (Kind.RATING, Kind.REVIEW) or (kind is Kind.PROMPT and self._settings.prompts.form == "list")

    def _folder_of(self, item: Item) -> str:
        return item.course.placement.get(self.name, {}).get("folder", item.course.idnumber)

    def _pages(self, kind: Kind) -> SitePages:
        site = self.site()
        with self._lock:
            if self._images is None:
                library = site.library("SiteAssets")
                self._images = ImageStore(self.connection.client, site.id, library.id if library else None)
        return SitePages(
            writer=PageWriter(self.connection.client, site.id),
            images=self._images,
            prefix=self._settings.pages.prefix,
            folder_of=self._folder_of,
            marks=frozenset(self._marks.get(kind, ())),
            threads=self._settings.most_connections,
            units_per_second=self._units_per_second,
            app=(self._settings.client_id or "").casefold(),
        )

    @property
    def _units_per_second(self) -> float:
        return self._settings.units_per_minute * SHARE / 60

    def _look(self) -> PageLook:
        return PageLook(
            site_path=self._settings.site_path,
            view_of=self._views.get,
            images=self._settings.pages.images,
            comments=self._settings.pages.comments,
            news=self._settings.prompts.form == "news",
        )

    def _whole_link(self, key: Key, context: Context) -> str | None:
        """A whole address, for texts that stand on no page."""
        href = link_of(key, self._look(), context)
        if href is None or not href.startswith("/"):
            return href
        parts = urlsplit(self._settings.site)
        return f"{parts.scheme}://{parts.netloc}{href}"
