"""YAML with positions: plain values, and for every key and value the line and column it stands in."""

import hashlib
import json
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from lms_bridge.errors import ConfigError, Problem

MAX_BYTES = 250_000
MAX_DEPTH = 30
_LONGEST_VALUE = 100
_TEXT_TAG = "tag:yaml.org,2002:str"
_MERGE_TAG = "tag:yaml.org,2002:merge"
KeyPath = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A YAML file as plain values. `keys` and `values` give the (line, column) of each path, counted from 1."""

    name: str
    content: Any
    keys: dict[KeyPath, tuple[int, int]] = field(default_factory=dict)
    values: dict[KeyPath, tuple[int, int]] = field(default_factory=dict)

    def written(self, path: KeyPath) -> Any:
        """The value as it stands in the file, references unresolved; none where nothing stands."""
        value = self.content
        for part in path:
            try:
                value = value[part]
            except (KeyError, IndexError, TypeError):
                return None
        return value

    def digest(self) -> str:
        """Equal as long as the values are, wherever they stand and whatever comments say."""
        written = json.dumps(self.content, sort_keys=True, separators=(",", ":"), default=str)
        return hashlib.sha256(written.encode()).hexdigest()

    def where(self, path: KeyPath, *, key: bool = False) -> str:
        """`file:line:column: a.b[0]` of a path, or of its nearest ancestor that was written."""
        dotted = dotted_path(path)
        places = self.keys if key else self.values
        while path and path not in places:
            path = path[:-1]
            places = self.keys if path in self.keys else self.values
        line, column = places.get(path, (1, 1))
        return f"{self.name}:{line}:{column}" + (f": {dotted}" if dotted else "")


def dotted_path(path: KeyPath) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")


def read_document(path: Path, *, name: str | None = None, addresses: Mapping[str, str] | None = None) -> Document:
    """`addresses` are read as others: for servers that got another port. Raises ConfigError for a file that is
    missing, too big, not UTF-8 or not YAML."""
    shown = name or str(path)
    text = read_text(path, name=shown)
    for written, meant in (addresses or {}).items():
        text = text.replace(written, meant)
    return parse_document(text, name=shown)


def read_text(path: Path, *, name: str) -> str:
    """Raises ConfigError for a file that is missing, too big or not UTF-8."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(
            (Problem(f"cannot be read: {error.strerror}.", name, "`lms-bridge init` writes one to start from."),)
        ) from error
    if len(raw) > MAX_BYTES:
        raise ConfigError(
            (Problem(f"is larger than {MAX_BYTES:,} bytes.", name, "Split it, or remove what is not settings."),)
        )
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(
            (Problem(f"is not UTF-8 (byte {error.start}).", name, "Save it with the encoding UTF-8."),)
        ) from error


def parse_document(text: str, *, name: str) -> Document:
    document = Document(name, None)
    problems: list[Problem] = []
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        content = _Reader(document, problems).value(node, ()) if node is not None else None
    except (yaml.YAMLError, RecursionError) as error:
        raise ConfigError((_yaml_problem(error, name),)) from error
    if problems:
        raise ConfigError(tuple(problems))
    return Document(name, content, document.keys, document.values)


def _yaml_problem(error: Exception, name: str) -> Problem:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    where = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name
    cause = getattr(error, "problem", None) or "is nested too deeply"
    context = getattr(error, "context", None)
    sentence = f"is not valid YAML: {cause}" + (f" ({context})" if context else "") + "."
    return Problem(sentence, where, "Check the indentation, quotes and colons around this line.")


class _Reader:
    """Turns composed nodes into plain values and notes where each stands."""

    def __init__(self, document: Document, problems: list[Problem]) -> None:
        self._document = document
        self._problems = problems
        self._scalars = yaml.SafeLoader("")
        self._seen: set[int] = set()
        self._aliased = False

    def value(self, node: yaml.Node, path: KeyPath) -> Any:
        self._document.values[path] = _position(node)
        if len(path) > MAX_DEPTH:
            raise RecursionError
        if id(node) in self._seen and not isinstance(node, yaml.ScalarNode):
            # An alias repeats a whole block; a few lines of them can grow without bound.
            if not self._aliased:
                self._complain(node, "a YAML alias (`*name`) is not allowed here.", "Write the block out.")
            self._aliased = True
            return None
        self._seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            return dict(self._pairs(node, path))
        if isinstance(node, yaml.SequenceNode):
            return [self.value(child, (*path, index)) for index, child in enumerate(node.value)]
        return self._scalar(node)

    def _pairs(self, node: yaml.MappingNode, path: KeyPath) -> Iterator[tuple[str, Any]]:
        names: set[Hashable] = set()
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode) or key_node.tag == _MERGE_TAG:
                self._complain(key_node, "a key must be a plain name.", "Write `name: value`.")
                continue
            name = key_node.value
            if name in names:
                self._complain(key_node, f"the key {name!r} stands here twice.", "Keep one of them.")
                continue
            names.add(name)
            self._document.keys[(*path, name)] = _position(key_node)
            yield name, self.value(value_node, (*path, name))

    def _scalar(self, node: yaml.Node) -> Any:
        if node.tag != _TEXT_TAG and len(str(node.value)) > _LONGEST_VALUE:
            # YAML knows numbers to the base of sixty, whose reading takes the square of their length.
            self._complain(node, "a number or date of this length is not allowed here.", "Write a plain value.")
            return None
        try:
            return self._scalars.construct_object(node, deep=True)
        except (yaml.YAMLError, ValueError):
            self._complain(node, f"the tag or value {node.tag!r} is not allowed here.", "Write a plain value.")
            return None

    def _complain(self, node: yaml.Node, cause: str, next_step: str) -> None:
        line, column = _position(node)
        self._problems.append(Problem(cause, f"{self._document.name}:{line}:{column}", next_step))


def _position(node: yaml.Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1
