"""Where links lead by an outline: as `folder.Map` has it, without a leaf for each of the files that nobody asks for."""

import os
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from lms_bridge.items import Course, Kind
from lms_bridge.sources.files.folder import CourseFolder, Leaf, folded
from lms_bridge.sources.files.front_matter import PageMatter, PromptMatter
from lms_bridge.sources.files.outline import Outline, home_of


class Recalled:
    """Of a folder in which every file could be read. What is asked of it may raise Lost."""

    def __init__(self, outline: Outline, root: Path) -> None:
        self._outline = outline
        self._begin = os.path.join(root, "")
        self._leaves: dict[str, Leaf] = {}
        self._near: dict[str, Mapping[str, list[str]]] = {}
        self._homes = {home: CourseFolder(root / home, course) for home, course in outline.courses.items()}
        self._by_course = {course.idnumber: home for home, course in outline.courses.items()}

    def at(self, file: str) -> Leaf | None:
        return self.named(file[len(self._begin) :]) if file.startswith(self._begin) else None

    def titled(self, title: str, course: Course) -> list[Leaf]:
        wanted = folded(title)
        home = self._by_course[course.idnumber]
        if home not in self._near:
            self._near[home] = _titles(self._outline.leaves(home).items())
        # The titles of all courses are gone through only where a text names a page of another one.
        names = self._near[home].get(wanted) or self._titles.get(wanted) or []
        return [leaf for name in names if (leaf := self.named(name)) is not None]

    def pages(self, course: Course) -> Iterator[Leaf]:
        for name, row in self._outline.leaves(self._by_course[course.idnumber]).items():
            if row[0] == Kind.PAGE and (leaf := self.named(name)) is not None:
                yield leaf

    def home(self, name: str) -> CourseFolder:
        """The course that a file lies in."""
        return self.home_named(home_of(name))

    def home_named(self, home: str) -> CourseFolder:
        return self._homes[home]

    def named(self, name: str) -> Leaf | None:
        """By the file's name, below the content folder."""
        if name not in self._leaves:
            home = home_of(name)
            row = self._outline.leaves(home).get(name) if home in self._homes else None
            if row is None:
                return None
            kind, key, title, line, _, raw = row
            matter = _matter(Kind(kind), raw)
            file = f"{self._begin}{name}"
            self._leaves[name] = Leaf(Kind(kind), key, file, self.home(name).course, title, matter, _unread, line)
        return self._leaves[name]

    @cached_property
    def _titles(self) -> Mapping[str, list[str]]:
        return _titles(row for home in self._homes for row in self._outline.passing(home).items())


def _titles(leaves: Iterable[tuple[str, Any]]) -> Mapping[str, list[str]]:
    """Names of the files that hold a page, by its title."""
    titles: dict[str, list[str]] = {}
    for name, row in leaves:
        if row[0] == Kind.PAGE:
            titles.setdefault(folded(row[2]), []).append(name)
    return titles


def _matter(kind: Kind, raw: Mapping[str, Any]) -> PageMatter | PromptMatter:
    return (PageMatter if kind is Kind.PAGE else PromptMatter).model_validate(raw)


def _unread() -> str:
    raise AssertionError("of a file that nobody touched only the outline is known")
