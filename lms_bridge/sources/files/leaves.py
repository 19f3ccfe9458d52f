"""Markdown files → leaves: front matter, title and identity; and leaves → pages and prompts, links resolved."""

import re
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath
from urllib.parse import quote, unquote, urlsplit

from lms_bridge.errors import ContentError, Problem
from lms_bridge.items import Asset, Key, Kind, Origin, Page, Prompt, Withheld, index_key
from lms_bridge.markup.fragment import MarkupError
from lms_bridge.markup.links import asset_src, item_href
from lms_bridge.markup.markdown import plain_text, split_front_matter, to_html
from lms_bridge.sources.files import folder as folders
from lms_bridge.sources.files.assets import read_asset
from lms_bridge.sources.files.front_matter import PageMatter, PromptMatter, moment, read_yaml
from lms_bridge.sources.files.reading import Reading, read_text
from lms_bridge.sources.files.settings import FilesSettings

_ATX = re.compile(r"\s*\n?# +(?P<title>[^\n]+?)(?: +#+)? *(?:\n|$)")
_SETEXT = re.compile(r"(?:[ \t]*\n)*(?P<title>\S[^\n]*)\n=+ *(?:\n|$)")
_PLAIN_LINE = re.compile(r"^(?P<name>id|title):[ \t]+(?P<value>[^\n]*\S)", re.MULTILINE)
_MAX_TITLE = 255
# A line longer than this is no title, whatever its marks stand for: it is not read for them.
_MAX_HEADING = 5_000
_NO_PARTS = "leads to the top of its page: parts of pages cannot be linked to."
_NO_PARTS_STEP = "Leave the part out, or make it a page of its own."
_WIKI = "wiki"
ROOMS = {Kind.PAGE: _WIKI, Kind.PROMPT: "prompts"}
Tell = Callable[[int, str, str], None]


def read_leaf(
    reading: Reading, path: Path, home: folders.CourseFolder, kind: Kind, source: str, settings: FilesSettings
) -> folders.Leaf:
    """Raises ContentError for a file that cannot become a page or a prompt."""
    where = reading.shown(path)
    text = read_text(reading, path, limit=settings.max_page_bytes)
    raw, body, offset = split_front_matter(text)
    model: type[PageMatter | PromptMatter] = PageMatter if kind is Kind.PAGE else PromptMatter
    matter, lines = read_yaml(raw, model, where=where, first_line=2)
    title, body, dropped = _title(matter.title, body)
    if not title and body.startswith("---"):
        cause, step = "opens with `---`, and no other such line follows.", "Close the front matter with a line `---`."
        raise ContentError(cause, where=f"{where}:1", next_step=step)
    if not title:
        raise ContentError(
            "has no title.",
            where=where,
            next_step="Begin the text with `# Title`, or write `title: …` in its front matter.",
        )
    if len(title) > _MAX_TITLE:
        raise ContentError(f"has a title of {len(title)} characters.", where=where, next_step="Keep it under 256.")
    key = _key(path, home, kind, source, matter.id, matter.group)
    return folders.Leaf(kind, key, path, home.course, title, matter, body, offset + dropped, lines)


def salvaged(
    reading: Reading, path: Path, home: folders.CourseFolder, kind: Kind, source: str, settings: FilesSettings
) -> folders.Leaf:
    """What can be told of a file with a mistake in it, so that links to it need not be taken for dead."""
    try:
        raw, body, _ = split_front_matter(read_text(reading, path, limit=settings.max_page_bytes))
    except ContentError:
        raw = body = ""
    told = {found["name"]: found["value"].strip("'\"") for found in _PLAIN_LINE.finditer(raw)}
    title, _, _ = _title(told.get("title"), body)
    matter = PageMatter() if kind is Kind.PAGE else PromptMatter()
    key = _key(path, home, kind, source, told.get("id"), told.get("group"))
    return folders.Leaf(kind, key, path, home.course, title, matter, "", 0)


def _key(path: Path, home: folders.CourseFolder, kind: Kind, source: str, given: str | None, group: str | None) -> Key:
    room = ROOMS[kind]
    if kind is Kind.PAGE and path == home.folder / room / "index.md":
        return index_key(source, home.course.idnumber, group)
    identity = given or folders.stable_name(path.relative_to(home.folder / room))
    return f"{source}:{home.course.idnumber}/{room}/{identity}"


def _title(given: str | None, body: str) -> tuple[str, str, int]:
    """The title, the text without its first heading where that is the title, and how many lines were taken off."""
    found = _ATX.match(body) or _SETEXT.match(body)
    line = found["title"] if found else ""
    heading = plain_text(line) if len(line) <= _MAX_HEADING else line
    if given is not None and folders.folded(given) != folders.folded(heading):
        return " ".join(given.split()), body, 0
    if found is None:
        return "", body, 0
    taken = body[: found.end()]
    return " ".join((given or heading).split()), body[found.end() :], taken.count("\n")


class Conversion:
    """Turns leaves into items. Holds what all of them share: the map of links and the images already read."""

    def __init__(self, reading: Reading, links: folders.Map, settings: FilesSettings) -> None:
        self._reading = reading
        self._links = links
        self._settings = settings
        self._assets: dict[Path, Asset] = {}

    def item(self, leaf: folders.Leaf) -> Page | Prompt | None:
        """The item, or none when its text has problems: they are noted, and what stands is left as it is."""
        where = self._reading.shown(leaf.path)
        problems: list[Problem] = []
        warnings: list[Problem] = []
        assets: dict[str, Asset] = {}

        def tell(line: int, cause: str, next_step: str) -> None:
            problems.append(Problem(cause, f"{where}:{line}", next_step))

        def warn(line: int, cause: str, next_step: str) -> None:
            warnings.append(Problem(cause, f"{where}:{line}", next_step))

        def resolve_link(href: str, line: int) -> str | None:
            return self._link(leaf, href, line, tell, warn)

        def resolve_image(src: str, line: int) -> str | None:
            return self._image(leaf, src, line, assets, tell)

        def wiki_link(title: str, line: int) -> str | None:
            return self._titled(leaf, title, line, tell, warn)

        item: Page | Prompt | None = None
        try:
            converted = to_html(
                leaf.text,
                resolve_link=resolve_link,
                resolve_image=resolve_image,
                wiki_link=wiki_link,
                where=where,
                line_offset=leaf.text_line,
            )
            item = self._build(leaf, converted.html, tuple(assets.values()), where)
        except MarkupError as error:
            problems.append(Problem(str(error).removeprefix(f"{where}: ") + ".", where, "Simplify or split the text."))
        except ContentError as error:
            problems.append(error.problem)
        if item is None or problems:
            for problem in dict.fromkeys(problems):
                self._reading.leave_out(problem)
            self.hold(leaf)
            return None
        # Of an item that goes through: what is left out of it, and what will not read as it was meant.
        self._reading.warnings += [
            *dict.fromkeys(warnings),
            *(
                Problem(f"{told.message}.", f"{where}:{told.line}", "Look how it reads there, or write it another way.")
                for told in converted.problems
            ),
        ]
        return item

    def hold(self, leaf: folders.Leaf) -> None:
        """Tell that a file is an item that cannot be given now."""
        origin = Origin(self._reading.shown(leaf.path))
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
            url=source_url(self._settings, self._reading, leaf.path),
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
        within = PurePosixPath(*leaf.path.parts[leaf.path.parts.index(_WIKI, len(self._reading.root.parts)) + 1 :])
        return Page(
            key=leaf.key,
            course=leaf.course,
            title=leaf.title,
            origin=Origin(self._reading.shown(leaf.path)),
            url=source_url(self._settings, self._reading, leaf.path),
            body=body,
            assets=assets,
            parent=parent,
            order=folders.order_of(Path(within), matter.order),
            tags=matter.tags,
            group=matter.group,
            index=str(within) == "index.md",
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
        every = (*self._links.leaves.values(), *self._links.left_out.values())
        pages = [other for other in every if other.kind is Kind.PAGE and other.course == leaf.course]
        room = f"/{_WIKI}/"
        for other in pages:
            if named == other.matter.id or named.removesuffix(".md") == other.key.partition(room)[2]:
                return other
        titled = self._links.titled(named, leaf.course)
        return titled[0] if len(titled) == 1 else None

    def _parent_by_folder(self, leaf: folders.Leaf) -> str | None:
        """The page that stands for a file's folder: `cells/index.md`, or `cells.md` beside `cells/`."""
        here = leaf.path.parent
        if leaf.path.name == "index.md":
            candidates = [here.with_suffix(".md")]
        else:
            candidates = [here / "index.md", here.with_suffix(".md")]
        for path in candidates:
            other = self._links.at(path)
            if other is not None and not (path.name == "index.md" and path.parent.name == _WIKI):
                return other.key
        return None

    def _link(self, leaf: folders.Leaf, href: str, line: int, tell: Tell, warn: Tell) -> str | None:
        parts = urlsplit(href)
        if not parts.path:
            return None
        path = _beside(leaf.path, unquote(parts.path))
        if path.suffix.lower() != ".md":
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
            places = ", ".join(self._reading.shown(other.path) for other in found)
            tell(line, f"[[{title}]] names several pages: {places}.", "Link to the file instead: `[label](path.md)`.")
            return None
        return self._to(found[0], line, tell)

    def _to(self, other: folders.Leaf, line: int, tell: Tell) -> str | None:
        if other.is_draft:
            shown = self._reading.shown(other.path)
            tell(line, f"the link leads to {shown}, which is a draft.", "Approve that page first, or remove the link.")
            return None
        return item_href(other.key)

    def _image(self, leaf: folders.Leaf, src: str, line: int, assets: dict[str, Asset], tell: Tell) -> str | None:
        if src.lower().startswith("http:"):
            tell(line, f"the image {src!r} is not an https address.", "Put the file beside the page, or use https.")
            return None
        path = _beside(leaf.path, unquote(urlsplit(src).path))
        try:
            asset = self._assets.get(path) or read_asset(self._reading, path, limit=self._settings.max_image_bytes)
        except ContentError as error:
            tell(line, f"the image {src!r} {error.problem.cause}.", error.problem.next_step)
            return None
        self._assets[path] = asset
        assets[asset.digest] = asset
        return asset_src(asset.digest)


def _beside(page: Path, relative: str) -> Path:
    """Resolved as text, so that `..` cannot pass through a symbolic link unseen."""
    parts: list[str] = list(page.parent.parts)
    for part in PurePosixPath(relative).parts:
        if part == "..":
            parts = parts[:-1] or parts
        elif part != ".":
            parts.append(part)
    return Path(*parts)


def source_url(settings: FilesSettings, reading: Reading, path: Path) -> str | None:
    if settings.source_link is None:
        return None
    return settings.source_link.replace("{path}", quote(path.relative_to(reading.root).as_posix()))


def shared_keys(leaves: Iterable[folders.Leaf], reading: Reading) -> frozenset[Key]:
    """Keys that several files claim. All of those files are left out, since nobody knows which is meant."""
    by_key: dict[Key, list[folders.Leaf]] = {}
    for leaf in leaves:
        by_key.setdefault(leaf.key, []).append(leaf)
    shared = {key: sharing for key, sharing in by_key.items() if len(sharing) > 1}
    for key, sharing in shared.items():
        places = " and ".join(reading.shown(leaf.path) for leaf in sharing)
        prefix = f"{key.partition(':')[0]}:{sharing[0].course.idnumber}/{ROOMS[sharing[0].kind]}/"
        cause = f"the id {key.removeprefix(prefix)!r} is used twice."
        reading.leave_out(Problem(cause, places, "Give each file its own id; none was sent."))
    return frozenset(shared)
