"""Where links lead by an outline: as `folder.Map` has it, without a leaf for each of the files that nobody asks for."""

import os
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from lms_bridge.items import Course, Kind
from lms_bridge.sources.files.folder import CourseFolder, Leaf, folded
from lms_bridge.sources.files.front_matter import PageMatter, PromptMatter
from lms_bridge.sources.files.outline import Outline, home_of


class Recalled:
    """Of a folder in which every file could be read."""

    def __init__(self, outline: Outline, root: Path) -> None:
        self._outline = outline
        self._root = root
        self._begin = os.path.join(root, "")
        self._leaves: dict[str, Leaf] = {}
        self._homes: dict[str, CourseFolder] = {}

    def at(self, path: Path) -> Leaf | None:
        name = str(path)
        return self._at(name[len(self._begin) :]) if name.startswith(self._begin) else None

    def titled(self, title: str, course: Course) -> list[Leaf]:
        wanted = folded(title)
        every = self._titles.get(wanted, ())
        near = [name for name in every if self.home(name).course.idnumber == course.idnumber]
        return [leaf for name in near or every if (leaf := self._at(name)) is not None]

    def pages(self, course: Course) -> Iterator[Leaf]:
        for name in self._names(Kind.PAGE):
            if self.home(name).course == course and (leaf := self._at(name)) is not None:
                yield leaf

    def home(self, name: str) -> CourseFolder:
        """The course that a file lies in."""
        folder = home_of(name)
        if folder not in self._homes:
            self._homes[folder] = CourseFolder(self._root / folder, Course(*self._outline.courses[folder]))
        return self._homes[folder]

    def _at(self, name: str) -> Leaf | None:
        if name not in self._leaves:
            row = self._outline.leaves.get(name)
            if row is None:
                return None
            kind, key, title, line, _, raw = row
            matter = _matter(Kind(kind), raw)
            self._leaves[name] = Leaf(
                Kind(kind), key, self._root / name, self.home(name).course, title, matter, _unread, line
            )
        return self._leaves[name]

    def _names(self, kind: Kind) -> Iterator[str]:
        return (name for name, row in self._outline.leaves.items() if row[0] == kind)

    @cached_property
    def _titles(self) -> Mapping[str, list[str]]:
        """Names of the files that hold a page, by its title."""
        titles: dict[str, list[str]] = {}
        for name in self._names(Kind.PAGE):
            titles.setdefault(folded(self._outline.leaves[name][2]), []).append(name)
        return titles


def _matter(kind: Kind, raw: Mapping[str, Any]) -> PageMatter | PromptMatter:
    return (PageMatter if kind is Kind.PAGE else PromptMatter).model_validate(raw)


def _unread() -> str:
    raise AssertionError("of a file that nobody touched only the outline is known")
