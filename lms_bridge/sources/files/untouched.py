"""Files that nobody touched since they were last read: what was read out of them, without opening them."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lms_bridge.errors import ContentError
from lms_bridge.items import Kind
from lms_bridge.sources.files.converting import mark_of
from lms_bridge.sources.files.folder import CourseFolder, Leaf
from lms_bridge.sources.files.front_matter import PageMatter, PromptMatter
from lms_bridge.sources.files.glance import of_file
from lms_bridge.sources.files.leaves import key_of
from lms_bridge.sources.files.memory import Memory
from lms_bridge.sources.files.settings import FilesSettings


def leaf_of(
    path: Path,
    home: CourseFolder,
    kind: Kind,
    source: str,
    settings: FilesSettings,
    *,
    memory: Memory | None,
    shown: Callable[[], str],
    read: Callable[[], Leaf],
) -> Leaf:
    """What `read` gives. Where it is remembered, the text is read when it is asked for. Raises ContentError."""
    seen = of_file(path, memory.begun) if memory is not None else None
    if memory is None or seen is None:
        return read()
    mark = memory.mark("file", kind, str(settings.max_page_bytes), seen)
    kept = memory.recall(mark)
    if kept is None:
        leaf = read()
        if _is_plain(leaf.matter):
            memory.keep(mark, _written(leaf, mark_of(memory, leaf.text, leaf.text_line)))
        return leaf
    text = bytes.fromhex(kept["text"])

    def again() -> str:
        found = read()
        if mark_of(memory, found.text, found.text_line) != text:
            raise ContentError("changed while the run went on.", where=shown(), next_step="Run again.")
        return found.text

    matter = (PageMatter if kind is Kind.PAGE else PromptMatter).model_validate(kept["matter"])
    key = key_of(path, home, kind, source, matter.id, matter.group)
    return Leaf(kind, key, path, home.course, kept["title"], matter, again, kept["line"], kept["lines"], text)


def _is_plain(matter: PageMatter | PromptMatter) -> bool:
    """A date and a time of day are one and the same as words."""
    return not isinstance(matter, PromptMatter) or (matter.publish is None and matter.close is None)


def _written(leaf: Leaf, text: bytes) -> Mapping[str, Any]:
    return {
        "title": leaf.title,
        "matter": leaf.matter.model_dump(mode="json", exclude_unset=True),
        "line": leaf.text_line,
        "lines": dict(leaf.lines),
        "text": text.hex(),
    }
