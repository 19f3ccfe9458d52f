"""Lists a content folder: first the map of all files, then the items, so that links can lead anywhere."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from lms_bridge.connector import Edit, Finding, Level, Listing, Meant, Part, Revision, Rewrite, Touched
from lms_bridge.errors import Problem, SourceError
from lms_bridge.items import Item, Key, Kind
from lms_bridge.sources.files import approving, parts
from lms_bridge.sources.files import folder as folders
from lms_bridge.sources.files import outline as outlines
from lms_bridge.sources.files.conversion import Conversion
from lms_bridge.sources.files.glance import Home
from lms_bridge.sources.files.leaves import salvaged, shared_keys
from lms_bridge.sources.files.memory import Keeping, Memory, remembering
from lms_bridge.sources.files.ratings import Reviews, course_table, identity_of, mean_at, mean_of, ratings, same_rater
from lms_bridge.sources.files.reading import Reading
from lms_bridge.sources.files.settings import FilesSettings
from lms_bridge.sources.files.spool import Spool
from lms_bridge.sources.files.unread import unread
from lms_bridge.sources.files.untouched import Shelf, leaf_of

if TYPE_CHECKING:
    # What writes Markdown takes its time to load, and a sync reads only.
    from lms_bridge.sources.files.write_back import Room

_TABLES = ("ratings.csv", "ratings.xlsx")


class FilesSource:
    """A content folder. Holds nothing between listings: the folder may change at any time.

    `instead` are texts to read in the place of what lies in some of its files.
    """

    def __init__(
        self, name: str, settings: FilesSettings, folder: Path, instead: Mapping[Path, bytes] = MappingProxyType({})
    ) -> None:
        self.name = name
        self._settings = settings
        self._shown = settings.path.as_posix()
        self._folder = folder
        self._root = folder / settings.path
        self._instead = instead
        self._keeping: Keeping | None = None

    def remember(self, folder: Path, code: str) -> None:
        self._keeping = Keeping(folder, code)

    def items(self, since: str | None = None) -> Listing:
        """Everything in the folder. Raises SourceError when it is not there.

        The cursor is the mean of all stars: while a course cannot be read, the ranks of the others keep their ground.
        """
        return self._list(self._reading(), since)

    def _list(self, reading: Reading, since: str | None = None) -> Listing:
        with remembering(self._keeping) as memory:
            listing = self._listed(reading, since, memory)
            if memory is not None:
                memory.settle()
        return listing

    def touched(self, outline: str, seen: Iterable[Home] | None = None) -> Touched | None:
        """The pages and prompts whose text changed, where nothing else did. `seen`: by a glance, just now."""
        with remembering(self._keeping) as memory:
            before = outlines.recall(memory, outline) if memory is not None else None
            if memory is None or before is None:
                return None
            try:
                found = parts.touched(self._known(memory, before), seen)
            except outlines.Lost:
                return None
            if found is not None:
                self._keep_latest(memory, found.outline)
            return found

    def part(self, meant: Meant) -> Part | None:
        """What is meant, and without its text what stands beside it, where since a listing only texts changed."""
        with remembering(self._keeping) as memory:
            latest = memory.recall(self._latest(memory)) if memory is not None else None
            before = outlines.recall(memory, latest) if memory is not None and latest is not None else None
            if memory is None or before is None:
                return None
            try:
                found = parts.part(self._known(memory, before), meant)
            except outlines.Lost:
                return None
            if found is None:
                return None
            self._keep_latest(memory, found[1])
            return found[0]

    def _known(self, memory: Memory, outline: outlines.Outline) -> parts.Known:
        return parts.known(self._reading(), memory, outline, self.name, self._settings)

    def _latest(self, memory: Memory) -> bytes:
        """What the folder's latest outline is told by."""
        return memory.mark("latest outline", str(self._root), self._settings.model_dump_json())

    def _keep_latest(self, memory: Memory, outline: str) -> None:
        if memory.recall(self._latest(memory)) != outline:
            memory.keep(self._latest(memory), outline)
        memory.save()

    def _listed(self, reading: Reading, since: str | None, memory: Memory | None) -> Listing:
        seen = outlines.begin(memory, reading.root) if memory is not None else None
        spool = Spool(self._keeping.folder) if self._keeping is not None and memory is not None else None
        homes, links = self._map(reading, memory, spool)
        shared = shared_keys(links.leaves.values(), reading)
        items: list[Item] = []
        conversion = Conversion(reading, links, self._settings, memory, spool)
        for leaf in links.leaves.values():
            if leaf.key in shared:
                with reading.one_file(leaf.file):
                    conversion.hold(leaf)
            elif not leaf.is_draft:
                items += conversion.items(leaf)
        for leaf in links.left_out.values():
            with reading.one_file(leaf.file):
                conversion.hold(leaf)
        tables = [table for home in homes if (table := self._table(reading, home, self._settings)) is not None]
        whole = reading.complete and not reading.problems and not reading.withheld
        mean = mean_of(tables) if whole else mean_at(since, otherwise=mean_of(tables))
        items += [review for table in tables for review in table.reviews]
        shown = {table.where: reading.shown(table.where) for table in tables}
        items += ratings(tables, mean, source=self.name, settings=self._settings, shown=shown)
        outline = None
        if whole and memory is not None and seen is not None:
            outline = outlines.keep(memory, reading.root, seen, links, homes, mean)
            if outline is not None:
                memory.keep(self._latest(memory), outline)
        return Listing(
            items,
            complete=reading.complete,
            problems=tuple(reading.problems),
            withheld=tuple(reading.withheld),
            drafts=[approving.draft_of(reading, leaf) for leaf in links.leaves.values() if leaf.is_draft],
            cursor=repr(mean),
            outline=outline,
        )

    def _map(
        self, reading: Reading, memory: Memory | None = None, spool: Spool | None = None
    ) -> tuple[list[folders.CourseFolder], folders.Map]:
        homes = list(folders.courses(reading))
        links = folders.Map()
        for leaf in self._leaves(Shelf(reading, self.name, self._settings, memory, spool), homes, links):
            links.add(leaf)
        return homes, links

    def revised(self, edits: Sequence[Edit]) -> Revision:
        """The folder with these edits in its files. What would break something else in it is held."""
        from lms_bridge.sources.files.revising import revise

        return revise(self._reading(), edits, self._revising, self._over)

    def approved(self, key: Key) -> Rewrite:
        """A draft's file as it is, and as it is once somebody approved it."""
        reading = self._reading()
        _, links = self._map(reading)
        return approving.approved(reading, links, key, limit=self._settings.max_page_bytes)

    def approve(self, file: Rewrite) -> None:
        approving.approve(file)

    def _over(self, instead: Mapping[Path, bytes]) -> "FilesSource":
        return FilesSource(self.name, self._settings, self._folder, instead)

    def _revising(self, reading: Reading) -> "Room":
        from lms_bridge.sources.files.write_back import Room

        _, links = self._map(reading)
        return Room(reading, links, Conversion(reading, links, self._settings), self._settings.max_page_bytes)

    def reviews_by(self, author: str, keys: Iterable[Key]) -> frozenset[Key]:
        """By the tables as they are, and by the pseudonym, which outlives a row that was taken out already."""
        own = f"/reviews/{identity_of(author, self.name, self._settings)}"
        named = {key for key, rater, _ in self._raters() if same_rater(rater, author)}
        return frozenset({key for key in keys if key.endswith(own)} | named)

    def rows_by(self, author: str) -> list[str]:
        return [where for _, rater, where in self._raters() if same_rater(rater, author)]

    def _table(self, reading: Reading, home: folders.CourseFolder, settings: FilesSettings) -> Reviews | None:
        return course_table(reading, home, source=self.name, settings=settings)

    def _raters(self) -> Iterator[tuple[Key, str, str]]:
        """Key, rater and place of each row. The rater's own name, whatever readers see."""
        reading = self._reading()
        named = self._settings.model_copy(update={"raters": "named"})
        for home in folders.courses(reading):
            table = self._table(reading, home, named)
            for review in table.reviews if table is not None else ():
                yield review.key, review.rater, str(review.origin)

    def check(self) -> Iterable[Finding]:
        """Reads everything and says what was found; names that look like a slip are warnings."""
        reading = self._reading()
        listing = self._list(reading)
        for problem in listing.problems:
            yield Finding(Level.ERROR, "content", problem)
        for problem in reading.warnings:
            yield Finding(Level.WARNING, "content", problem)
        for home in folders.courses(self._reading()):
            for problem in unread(reading, home):
                yield Finding(Level.WARNING, "names in the content folder", problem)
        if self._settings.raters == "pseudonym" and self._settings.pseudonym_key is None:
            problem = Problem(
                "pseudonyms are made without a key: who has a list of names can find who is who.",
                f"sources.{self.name}",
                "Set `pseudonym_key: ${env:NAME}` before the first sync; a change later makes new reviews.",
            )
            yield Finding(Level.WARNING, "pseudonyms", problem)
        counts = {kind: sum(item.kind is kind for item in listing.items) for kind in Kind}
        told = ", ".join(f"{count} {kind.value}{'s' if count != 1 else ''}" for kind, count in counts.items())
        yield Finding(Level.OK, f"{told} in {self._shown}")

    def _reading(self) -> Reading:
        where = f"sources.{self.name}.path: {self._shown}"
        step = "Correct the path; it starts where connectors.yaml stands."
        try:
            root = self._root.resolve()
            is_folder = root.is_dir()
        except (OSError, RuntimeError, ValueError) as error:
            raise SourceError(f"the content folder cannot be read ({error}).", where=where, next_step=step) from error
        if not is_folder:
            raise SourceError("the content folder is not there.", where=where, next_step=step)
        return Reading(root, self._shown, instead=self._instead)

    def _leaves(self, shelf: Shelf, homes: list[folders.CourseFolder], links: folders.Map) -> Iterator[folders.Leaf]:
        reading = shelf.reading
        for home in homes:
            for kind, room, deep in ((Kind.PAGE, "wiki", True), (Kind.PROMPT, "prompts", False)):
                for path in folders.files(reading, home.folder / room, deep=deep):
                    leaf = None
                    with reading.one_file(path):
                        leaf = leaf_of(shelf, path, home, kind)
                    if leaf is not None:
                        yield leaf
                        continue
                    with reading.one_file(path):
                        links.leave_out(salvaged(reading, path, home, kind, self.name, self._settings))
