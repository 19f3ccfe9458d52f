"""Texts that are not held, but given when they are asked for: those of a large route are most of what it would take."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

T = TypeVar("T")


def body_on_demand(cls: type[T]) -> type[T]:
    """Lets the `body` of a frozen dataclass with slots be a function that gives it. Whoever reads it gets the text."""
    slot = cls.__dict__["body"]

    def body(self: T) -> str:
        held: str | Callable[[], str] = slot.__get__(self)
        return held if isinstance(held, str) else held()

    # Its `__init__` sets what is frozen for everybody else.
    setattr(cls, "body", property(body, slot.__set__))  # noqa: B010 - a type checker takes it for the field
    return cls


def with_body(item: Any, give: Callable[[], str], **others: Any) -> Any:
    """The same with its body given by `give`, each time it is asked for, and with `others` of its fields."""
    return replace(item, body=give, **others)
