"""The pieces that cleaning passes from step to step: tags and text in a row, and the tree made of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto

PHP_BLANKS = " \t\n\r\0\x0b"
_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


class Kind(Enum):
    START = auto()
    END = auto()
    EMPTY = auto()
    TEXT = auto()


@dataclass(slots=True)
class Token:
    kind: Kind
    name: str = ""
    attrs: dict[str, str] = field(default_factory=dict)
    text: str = ""
    checked: bool = False  # attributes were validated already; a second look would see its own ids as repeated

    def start(self) -> Token:
        return Token(Kind.START, self.name, dict(self.attrs), checked=self.checked)


@dataclass(slots=True)
class Node:
    name: str  # "#PCDATA" for text
    attrs: dict[str, str] = field(default_factory=dict)
    text: str = ""
    children: list[Node] = field(default_factory=list)
    void: bool = False
    checked: bool = False

    @property
    def is_text(self) -> bool:
        return self.name == "#PCDATA"

    @property
    def is_blank(self) -> bool:
        return self.is_text and self.text != "" and not self.text.strip(" \t\n\r\x0b\x0c")


def names(text: str) -> frozenset[str]:
    return frozenset(text.split())


def ascii_lower(text: str) -> str:
    """PHP's strtolower: only the ASCII letters change."""
    return text.translate(_LOWER)
