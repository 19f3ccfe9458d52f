"""Form fields as PHP reads them: brackets become nested arrays, too many variables vanish silently.

Written here because no Python form library drops the variables after `max_input_vars` or nests as PHP does.
"""

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote_to_bytes

_BRACKET = re.compile(r"\[([^\]]*)\]")


def parse_urlencoded(body: bytes, max_vars: int) -> dict[str, Any]:
    pairs: list[tuple[str, str]] = []
    for part in body.split(b"&"):
        if not part:
            continue
        name, _, value = part.partition(b"=")
        pairs.append((_decode(name), _decode(value)))
        if len(pairs) > max_vars + 1:
            break
    return nest(pairs, max_vars)


def nest(pairs: Iterable[tuple[str, str]], max_vars: int) -> dict[str, Any]:
    """`a[0][b]=c` → {"a": {"0": {"b": "c"}}}; PHP drops the variables after the limit without a word.

    PHP 8.2: one more than max_input_vars gets through."""
    nested: dict[str, Any] = {}
    for count, (name, value) in enumerate(pairs):
        if count > max_vars:
            break
        bracket = name.find("[")
        path = [name] if bracket < 1 else [name[:bracket], *_BRACKET.findall(name[bracket:])]
        path[0] = path[0].lstrip(" ").replace(".", "_").replace(" ", "_")
        if path[0]:
            _put(nested, path, value)
    return nested


def _put(nested: dict[str, Any], path: list[str], value: str) -> None:
    here = nested
    for key in path[:-1]:
        key = key or _next_key(here)
        deeper = here.get(key)
        if not isinstance(deeper, dict):
            deeper = {}
            here[key] = deeper
        here = deeper
    here[path[-1] or _next_key(here)] = value


def _next_key(here: dict[str, Any]) -> str:
    return str(1 + max((int(key) for key in here if key.isdigit()), default=-1))


def _decode(raw: bytes) -> str:
    # What is no UTF-8 must stay recognisable: Moodle refuses it later, as "invalidparameter".
    return unquote_to_bytes(raw.replace(b"+", b" ")).decode("utf-8", "surrogateescape")
