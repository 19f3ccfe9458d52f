"""Leaves → pages and prompts: links and images resolved, whatever is wrong with a text told."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit

from lms_bridge.demand import with_body
from lms_bridge.errors import ContentError, Problem
from lms_bridge.items import Asset, Key, Kind, Origin, Page, Prompt, Withheld
from lms_bridge.markup.addresses import Resolve
from lms_bridge.markup.fragment import MarkupError
from lms_bridge.markup.links import asset_src, item_href
from lms_bridge.sources.files import folder as folders
from lms_bridge.sources.files.assets import read_asset
from lms_bridge.sources.files.converting import converted
from lms_bridge.sources.files.front_matter import PageMatter, PromptMatter, moment
from lms_bridge.sources.files.leaves import WIKI
from lms_bridge.sources.files.memory import Memory
from lms_bridge.sources.files.reading import Reading, within
from lms_bridge.sources.files.settings import FilesSettings
from lms_bridge.sources.files.spool import Spool

if TYPE_CHECKING:
    from lms_bridge.markup.sections import Section

_NO_PARTS = "leads to the top of its page: parts of pages cannot be linked to."
_NO_PARTS_STEP = "Leave the part out, or make it a page of its own."
Tell = Callable[[int, str, str], None]


@dataclass(frozen=True, slots=True)
class _Told:
    """What comes up while the links and images of a text are looked up."""

    where: str
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    assets: dict[str, Asset] = field(default_factory=dict)

    def tell(self, line: int, cause: str, next_step: str) -> None:
        self.problems.append(Problem(cause, f"{self.where}:{line}", next_step))

    def warn(self, line: int, cause: str, next_step: str) -> None:
        self.warnings.append(Problem(cause, f"{self.where}:{line}", next_step))

    def nothing(self) -> None:
        self.problems.clear()
        self.warnings.clear()
        self.assets.clear()


class Conversion:
    """Turns leaves into items. Holds what all of them share: the map of links and the images already read."""

    def __init__(
        self,
        reading: Reading,
        links: folders.Links,
        settings: FilesSettings,
        memory: Memory | None = None,
        spool: Spool | None = None,
    ) -> None:
        self._reading = reading
        self._links = links
        self._settings = settings
        self._memory = memory
        self._spool = spool
        self._assets: dict[Path, Asset] = {}

    def item(self, leaf: folders.Leaf) -> Page | Prompt | None:
        """The item, or none when its text has problems: they are noted, and what stands is left as it is."""
        where = self._reading.shown(leaf.file)
        told = _Told(where)
        item: Page | Prompt | None = None
        try:
            found = converted(
                leaf,
                {
                    "link": lambda href, line: self._link(leaf, href, line, told.tell, told.warn),
                    "image": lambda src, line: self._image(leaf, src, line, told.assets, told.tell),
                    "wiki": lambda title, line: self._titled(leaf, title, line, told.tell, told.warn),
                },
                memory=self._memory,
                anew=told.nothing,
            )
            item = self._build(leaf, found.html, tuple(told.assets.values()), where)
        except MarkupError as error:
            at = where if error.line is None else f"{where}:{error.line}"
            told.problems.append(Problem(f"{error}.", at, "Simplify or split the text."))
        except ContentError as error:
            told.problems.append(error.problem)
        if item is None or told.problems:
            for problem in dict.fromkeys(told.problems):
                self._reading.leave_out(problem)
            self.hold(leaf)
            return None
        # Of an item that goes through: what is left out of it, and what will not read as it was meant.
        self._reading.warnings += [
            *dict.fromkeys(told.warnings),
            *(
                Problem(f"{odd.message}.", f"{where}:{odd.line}", "Look how it reads there, or write it another way.")
                for odd in found.problems
            ),
        ]
        return self._not_held(item)

    def _not_held(self, item: Page | Prompt) -> Page | Prompt:
        if self._spool is None:
            return item
        try:
            give = self._spool.put(item.body)
        except OSError:
            return item
        held: Page | Prompt = with_body(item, give)
        return held

    def items(self, leaf: folders.Leaf) -> list[Page | Prompt]:
        """The item or nothing, whatever goes wrong; what was held back is told."""
        before = len(self._reading.withheld)
        with self._reading.one_file(leaf.file):
            item = self.item(leaf)
            return [item] if item is not None else []
        if len(self._reading.withheld) == before:
            with self._reading.one_file(leaf.file):
                self.hold(leaf)
        return []

    def without_text(self, leaf: folders.Leaf) -> Page | Prompt:
        """Of a leaf that can become an item. Raises ContentError."""
        return self._build(leaf, "", (), self._reading.shown(leaf.file))

    def sections(self, leaf: folders.Leaf, text: str, noted: dict[str, str], titles: dict[str, str]) -> "list[Section]":
        """A text by its blocks, were it this leaf's. Notes how its writer spells what `item:` and `asset:` lead to."""

        def quiet(line: int, cause: str, next_step: str) -> None:
            """What is wrong with the text is told when it is read as an item."""

        def noting(resolve: Resolve, into: dict[str, str]) -> Resolve:
            def noted_down(spelled: str, line: int) -> str | None:
                address = resolve(spelled, line)
                if address is not None:
                    into.setdefault(address, spelled)
                return address

            return noted_down

        from lms_bridge.markup.sections import sections

        return sections(
            text,
            resolve_link=noting(lambda href, line: self._link(leaf, href, line, quiet, quiet), noted),
            resolve_image=noting(lambda src, line: self._image(leaf, src, line, {}, quiet), noted),
            wiki_link=noting(lambda title, line: self._titled(leaf, title, line, quiet, quiet), titles),
        )

    def hold(self, leaf: folders.Leaf) -> None:
        """Tell that a file is an item that cannot be given now."""
        origin = Origin(self._reading.shown(leaf.file))
        page = self._page(leaf, "", (), self._parent_by_folder(leaf)) if leaf.kind is Kind.PAGE else None
        self._reading.withheld.append(Withheld(leaf.key, origin, page))

    def _build(self, leaf: folders.Leaf, body: str, assets: tuple[Asset, ...], where: str) -> Page | Prompt:
        matter = leaf.matter
        if not isinstance(matter, PromptMatter):
            return self._page(leaf, body, assets, self._parent(leaf, where))
        zone = self._settings.timezone
        publish = moment(matter.publish, "publish", zone=zone, where=leaf.at("publish", where))
        close = moment(matter.close, "close", zone=zone, where=leaf.at("close", where))
        if publish is not None and close is not None and close <= publish:
            cause = f"`close` is {matter.close}, which is not after `publish`, {matter.publish}."
            step = "Write a later `close`; a date alone means its first minute."
            raise ContentError(cause, where=leaf.at("close", where), next_step=step)
        return Prompt(
            key=leaf.key,
            course=leaf.course,
            title=leaf.title,
            origin=Origin(where),
            url=source_url(self._settings, self._reading, leaf.file),
            body=body,
            assets=assets,
            publish=publish,
            close=close,
            pinned=matter.pinned,
            tags=matter.tags,
            group=matter.group,
        )

    def _page(self, leaf: folders.Leaf, body: str, assets: tuple[Asset, ...], parent: Key | None) -> Page:
        matter = leaf.matter
        assert isinstance(matter, PageMatter)
        names = within(leaf.file, self._reading.root).split(os.sep)
        below = names[names.index(WIKI) + 1 :]
        return Page(
            key=leaf.key,
            course=leaf.course,
            title=leaf.title,
            origin=Origin(self._reading.shown(leaf.file)),
            url=source_url(self._settings, self._reading, leaf.file),
            body=body,
            assets=assets,
            parent=parent,
            order=folders.order_of(below, matter.order),
            tags=matter.tags,
            group=matter.group,
            index=below == ["index.md"],
        )

    def _parent(self, leaf: folders.Leaf, where: str) -> str | None:
        assert isinstance(leaf.matter, PageMatter)
        named = leaf.matter.parent
        if named is None:
            return self._parent_by_folder(leaf)
        other = self._named(named, leaf)
        step = "Name the parent page by its id, its path below wiki/, or its title."
        if other is None:
            cause = f"`parent` is {named!r}, and there is no such page."
            raise ContentError(cause, where=leaf.at("parent", where), next_step=step)
        if other.key == leaf.key:
            cause = f"`parent` is {named!r}, which is this page itself."
            raise ContentError(cause, where=leaf.at("parent", where), next_step=step)
        return other.key

    def _named(self, named: str, leaf: folders.Leaf) -> folders.Leaf | None:
        """The page that the front matter of another one names."""
        room = f"/{WIKI}/"
        for other in self._links.pages(leaf.course):
            if named == other.matter.id or named.removesuffix(".md") == other.key.partition(room)[2]:
                return other
        titled = self._links.titled(named, leaf.course)
        return titled[0] if len(titled) == 1 else None

    def _parent_by_folder(self, leaf: folders.Leaf) -> str | None:
        """The page that stands for a file's folder: `cells/index.md`, or `cells.md` beside `cells/`."""
        here, name = os.path.split(leaf.file)
        # The wiki's own index is nobody's parent.
        inside = name != "index.md" and os.path.basename(here) != WIKI
        candidates = ([os.path.join(here, "index.md")] if inside else []) + [f"{here}.md"]
        found = filter(None, map(self._links.at, candidates))
        return next((other.key for other in found), None)

    def _link(self, leaf: folders.Leaf, href: str, line: int, tell: Tell, warn: Tell) -> str | None:
        parts = urlsplit(href)
        if not parts.path:
            return None
        path = _beside(leaf.file, unquote(parts.path))
        if os.path.splitext(path)[1].lower() != ".md":
            tell(
                line, f"the link to {href!r} leads to a file, which cannot be sent along.", "Link to an https address."
            )
            return None
        other = self._links.at(path)
        if other is None:
            tell(
                line,
                f"the link to {href!r} leads to a page that does not exist.",
                "Correct the path, or write the page.",
            )
            return None
        if parts.fragment:
            warn(line, f"the link to {href!r} {_NO_PARTS}", _NO_PARTS_STEP)
        return self._to(other, line, tell)

    def _titled(self, leaf: folders.Leaf, title: str, line: int, tell: Tell, warn: Tell) -> str | None:
        found = self._links.titled(title, leaf.course)
        if not found and (found := self._links.titled(title.rpartition("#")[0], leaf.course)):
            warn(line, f"[[{title}]] {_NO_PARTS}", _NO_PARTS_STEP)
        if not found:
            tell(line, f"[[{title}]] names a page that does not exist.", "Correct the title, or write the page.")
            return None
        if len({other.key for other in found}) > 1:
            places = ", ".join(self._reading.shown(other.file) for other in found)
            tell(line, f"[[{title}]] names several pages: {places}.", "Link to the file instead: `[label](path.md)`.")
            return None
        return self._to(found[0], line, tell)

    def _to(self, other: folders.Leaf, line: int, tell: Tell) -> str | None:
        if other.is_draft:
            shown = self._reading.shown(other.file)
            tell(line, f"the link leads to {shown}, which is a draft.", "Approve that page first, or remove the link.")
            return None
        return item_href(other.key)

    def _image(self, leaf: folders.Leaf, src: str, line: int, assets: dict[str, Asset], tell: Tell) -> str | None:
        if src.lower().startswith("http:"):
            tell(line, f"the image {src!r} is not an https address.", "Put the file beside the page, or use https.")
            return None
        path = Path(_beside(leaf.file, unquote(urlsplit(src).path)))
        try:
            asset = self._assets.get(path) or read_asset(self._reading, path, limit=self._settings.max_image_bytes)
        except ContentError as error:
            tell(line, f"the image {src!r} {error.problem.cause}.", error.problem.next_step)
            return None
        self._assets[path] = asset
        assets[asset.digest] = asset
        return asset_src(asset.digest)


def _beside(page: str, relative: str) -> str:
    """Resolved as text, so that `..` cannot pass through a symbolic link unseen. By names and not by Paths, which every
    link of every page would take three of."""
    parts = [""] if relative.startswith("/") else page.split(os.sep)[:-1]
    for part in relative.split("/"):
        if part == "..":
            parts = parts[:-1] or parts
        elif part not in ("", "."):
            parts.append(part)
    return os.sep.join(parts)


def source_url(settings: FilesSettings, reading: Reading, path: Path | str) -> str | None:
    if settings.source_link is None:
        return None
    return settings.source_link.replace("{path}", quote(Path(path).relative_to(reading.root).as_posix()))
