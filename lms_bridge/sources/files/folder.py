"""The folder's map, made before any text is read: courses, and which file holds which page or prompt."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lms_bridge.errors import ContentError, Problem
from lms_bridge.items import Course, Key, Kind
from lms_bridge.sources.files.front_matter import CourseFile, PageMatter, PromptMatter, read_yaml
from lms_bridge.sources.files.reading import Reading, read_text

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
    path: Path
    course: Course
    title: str
    matter: PageMatter | PromptMatter
    text: str
    text_line: int
    lines: Mapping[str, int] = field(default_factory=dict)
    """Where each key of the front matter stands."""

    def at(self, key: str, where: str) -> str:
        """The line of a key of the front matter, in words."""
        return f"{where}:{self.lines[key]}" if key in self.lines else where

    @property
    def is_draft(self) -> bool:
        return self.matter.status == "draft"


@dataclass(slots=True)
class Map:
    """Where links lead: by file, and by course and title. `left_out` are files that cannot become items now: a link to
    one is no mistake of the page that links."""

    leaves: dict[Path, Leaf] = field(default_factory=dict)
    titles: dict[tuple[str, str], list[Leaf]] = field(default_factory=dict)
    left_out: dict[Path, Leaf] = field(default_factory=dict)

    def add(self, leaf: Leaf) -> None:
        self.leaves[leaf.path] = leaf
        self._add_title(leaf)

    def leave_out(self, leaf: Leaf) -> None:
        self.left_out[leaf.path] = leaf
        self._add_title(leaf)

    def at(self, path: Path) -> Leaf | None:
        """The leaf of a file, readable or not."""
        return self.leaves.get(path) or self.left_out.get(path)

    def _add_title(self, leaf: Leaf) -> None:
        if leaf.kind is Kind.PAGE and leaf.title:
            self.titles.setdefault((leaf.course.idnumber, folded(leaf.title)), []).append(leaf)

    def titled(self, title: str, course: Course) -> list[Leaf]:
        """The pages of this title in the course, else in any course."""
        near = self.titles.get((course.idnumber, folded(title)))
        if near:
            return near
        return [leaf for (_, name), found in self.titles.items() if name == folded(title) for leaf in found]


def folded(title: str) -> str:
    return " ".join(title.casefold().split())


def courses(reading: Reading) -> Iterator[CourseFolder]:
    """Every folder of the content folder is a course, unless its name begins with a dot or an underscore."""
    seen: dict[str, Path] = {}
    for folder in sorted(reading.root.iterdir()):
        if not folder.is_dir() or folder.name.startswith((".", "_")):
            continue
        try:
            course = _course(reading, folder)
        except ContentError as error:
            reading.leave_out(error.problem)
            continue
        if course.idnumber in seen:
            cause = f"names the course {course.idnumber!r}, which {seen[course.idnumber].name} names as well."
            reading.leave_out(Problem(cause, reading.shown(folder), "Give each course its own `idnumber`."))
            continue
        seen[course.idnumber] = folder
        yield CourseFolder(folder, course)


def _course(reading: Reading, folder: Path) -> Course:
    path = folder / _COURSE_FILE
    if not reading.is_inside(folder):
        raise ContentError(
            "is a symbolic link that leads out of the content folder.",
            where=reading.shown(folder),
            next_step="Copy the course here.",
        )
    if not path.is_file():
        return Course(folder.name, folder.name)
    text = read_text(reading, path, limit=_LIMIT)
    found, _ = read_yaml(text, CourseFile, where=reading.shown(path))
    idnumber = found.idnumber or folder.name
    return Course(idnumber, found.title or idnumber, found.places)


def files(reading: Reading, folder: Path, pattern: str) -> Iterator[Path]:
    """Markdown files in a stable order; hidden ones are the designer's own."""
    for path in sorted(folder.glob(pattern)):
        parts = path.relative_to(folder).parts
        if path.is_file() and not any(part.startswith((".", "_")) for part in parts):
            yield path


def stable_name(path: Path) -> str:
    """A file's path without suffixes: what identifies it when its front matter gives no id."""
    return path.with_suffix("").as_posix()


def order_of(path: Path, order: int | None) -> tuple[str, ...]:
    """Sorts folders and files by name, `index` first, an explicit order before the rest of its folder."""
    *folders, name = path.with_suffix("").parts
    last = "" if name == "index" else name
    return (*folders, f"{order:06d}" if order is not None else f"~{last}" if last else "")


def without_number(name: str) -> str:
    return _LEADING_NUMBER.sub("", name)
