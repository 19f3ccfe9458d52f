"""The folder's map, made before any text is read: courses, and which file holds which page or prompt."""

import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from lms_bridge.errors import ContentError, Problem, SourceError
from lms_bridge.items import Course, Key, Kind
from lms_bridge.sources.files.front_matter import CourseFile, PageMatter, PromptMatter, read_yaml
from lms_bridge.sources.files.reading import Reading, legible, linked_out, read_text, stands, told

_COURSE_FILE = "course.yaml"
_LIMIT = 50_000
_LEADING_NUMBER = re.compile(r"^\d+[-_. ]+(?=.)")


@dataclass(frozen=True, slots=True)
class CourseFolder:
    folder: Path
    course: Course


@dataclass(frozen=True, slots=True)
class Leaf:
    """A Markdown file that will be a page or a prompt: its key, title, front matter and where its text begins."""

    kind: Kind
    key: Key
    file: str
    """Where it lies: of a large folder Paths would take six times as much."""
    course: Course
    title: str
    matter: PageMatter | PromptMatter
    body: Callable[[], str] = field(repr=False)
    """Gives the text below the front matter and the title. Raises ContentError when it is no longer there."""
    text_line: int
    lines: Mapping[str, int] = field(default_factory=dict)
    """Where each key of the front matter stands."""
    mark: bytes | None = None
    """What the text's conversion is remembered by, where that is known."""

    @property
    def path(self) -> Path:
        return Path(self.file)

    @property
    def text(self) -> str:
        return self.body()

    def at(self, key: str, where: str) -> str:
        """The line of a key of the front matter, in words."""
        return f"{where}:{self.lines[key]}" if key in self.lines else where

    @property
    def is_draft(self) -> bool:
        return self.matter.status == "draft"


class Links(Protocol):
    """Where links lead."""

    def at(self, file: str) -> Leaf | None:
        """The leaf of a file, readable or not."""
        ...

    def titled(self, title: str, course: Course) -> list[Leaf]:
        """The pages of this title in the course, else in any course."""
        ...

    def pages(self, course: Course) -> Iterable[Leaf]:
        """Every page of the course, readable or not."""
        ...


@dataclass(slots=True)
class Map:
    """Where links lead: by file, and by course and title. `left_out` are files that cannot become items now: a link to
    one is no mistake of the page that links."""

    leaves: dict[str, Leaf] = field(default_factory=dict)
    titles: dict[tuple[str, str], list[Leaf]] = field(default_factory=dict)
    left_out: dict[str, Leaf] = field(default_factory=dict)

    def add(self, leaf: Leaf) -> None:
        self.leaves[leaf.file] = leaf
        self._add_title(leaf)

    def leave_out(self, leaf: Leaf) -> None:
        self.left_out[leaf.file] = leaf
        self._add_title(leaf)

    def at(self, file: str) -> Leaf | None:
        return self.leaves.get(file) or self.left_out.get(file)

    def _add_title(self, leaf: Leaf) -> None:
        if leaf.kind is Kind.PAGE and leaf.title:
            self.titles.setdefault((leaf.course.idnumber, folded(leaf.title)), []).append(leaf)

    def pages(self, course: Course) -> Iterator[Leaf]:
        for leaf in (*self.leaves.values(), *self.left_out.values()):
            if leaf.kind is Kind.PAGE and leaf.course == course:
                yield leaf

    def titled(self, title: str, course: Course) -> list[Leaf]:
        near = self.titles.get((course.idnumber, folded(title)))
        if near:
            return near
        return [leaf for (_, name), found in self.titles.items() if name == folded(title) for leaf in found]


def folded(title: str) -> str:
    return " ".join(title.casefold().split())


def courses(reading: Reading) -> Iterator[CourseFolder]:
    """Every folder of the content folder is a course, unless its name begins with a dot or an underscore."""
    seen: dict[str, Path] = {}
    for folder in _entries(reading):
        course = None
        with reading.one_file(folder):
            course = _course(reading, folder)
        if course is None:
            continue
        if course.idnumber in seen:
            cause = f"names the course {course.idnumber!r}, which {seen[course.idnumber].name} names as well."
            reading.leave_out(Problem(cause, reading.shown(folder), "Give each course its own `idnumber`."))
            continue
        seen[course.idnumber] = folder
        yield CourseFolder(folder, course)


def _entries(reading: Reading) -> list[Path]:
    try:
        found = sorted(reading.root.iterdir())
    except OSError as error:
        raise SourceError(
            f"the content folder cannot be read ({error.strerror}).",
            where=reading.shown_root,
            next_step="Give the account that runs this the right to read it.",
        ) from error
    return [path for path in found if not _hidden(path.name)]


def _course(reading: Reading, folder: Path) -> Course | None:
    """None for a file beside the courses. A link that leads nowhere may have been a course: it is a problem."""
    path = folder / _COURSE_FILE
    shown = reading.shown(folder)
    with told(shown):
        is_folder = stat.S_ISDIR(folder.stat().st_mode)
        inside = reading.is_inside(folder)
    if not is_folder:
        return None
    if legible(folder.name) != folder.name:
        problem = _illegible(reading, folder)
        raise ContentError(problem.cause, where=problem.where, next_step=problem.next_step)
    if not inside:
        raise linked_out(shown)
    if not stands(path, reading.shown(path)):
        return Course(folder.name, folder.name)
    text = read_text(reading, path, limit=_LIMIT)
    found, _ = read_yaml(text, CourseFile, where=reading.shown(path))
    idnumber = found.idnumber or folder.name
    return Course(idnumber, found.title or idnumber, found.places)


def files(reading: Reading, folder: Path, *, deep: bool) -> Iterator[Path]:
    """Markdown files in a stable order; hidden ones are the designer's own. A folder that cannot be listed is left out:
    `Path.glob` would pass over it as if it were empty, and all that stands for it would be deleted."""
    found: list[Path] = []
    with reading.one_file(folder):
        if not stands(folder, reading.shown(folder)):
            return
        with told(reading.shown(folder)):
            inside = reading.is_inside(folder)
        if not inside:
            raise linked_out(reading.shown(folder))

        def refused(error: OSError) -> None:
            place = reading.shown(Path(error.filename))
            step = "Make it a folder that the account which runs this may read; until then nothing is deleted."
            reading.leave_out(Problem(f"cannot be listed ({error.strerror})", place, step))

        for place, below, names in os.walk(folder, onerror=refused):
            found += [Path(place, name) for name in names if name.endswith(".md") and not _hidden(name)]
            below[:] = [name for name in below if deep and not _hidden(name)]
    for path in sorted(found):
        name = str(path.relative_to(folder))
        if legible(name) == name:
            yield path
        else:
            reading.leave_out(_illegible(reading, path))


def _illegible(reading: Reading, path: Path) -> Problem:
    return Problem("has a name that is not UTF-8.", reading.shown(path), "Give it another name.")


def _hidden(name: str) -> bool:
    return name.startswith((".", "_"))


def order_of(names: Sequence[str], order: int | None) -> tuple[str, ...]:
    """Of a page by its folders and its file: folders and files by name, `index` first, an explicit order before the
    rest of its folder."""
    *folders, file = names
    name, _ = os.path.splitext(file)
    last = "" if name == "index" else name
    return (*folders, f"{order:06d}" if order is not None else f"~{last}" if last else "")


def without_number(name: str) -> str:
    return _LEADING_NUMBER.sub("", name)
