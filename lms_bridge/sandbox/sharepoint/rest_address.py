"""SharePoint's function-like addresses brought to plain paths, so that one table of routes can read them.

`web/lists/GetByTitle('A b')/items(3)` and `web/lists(guid'…')/getItemById(3)` both end as
`web/lists/<list>/items/3`. Keys are percent-encoded, since they may hold slashes.
"""

import re
from collections.abc import Iterator, Mapping
from urllib.parse import quote, unquote

_KEYED = {
    "lists": "id:",
    "getbytitle": "title:",
    "getbyurl": "url:",
}
# Names that only pick one of the collection before them.
_PICKERS = {"getbyid", "getbytitle", "getbyinternalnameortitle", "getbyurl", "getbystringid"}
_SHORT = {
    "getlist": ("lists", "url:"),
    "getitembyid": ("items", ""),
    "getitembyuniqueid": ("items", ""),
    "getfilebyid": ("files", ""),
    "getfilebyserverrelativeurl": ("files", "url:"),
    "getfilebyserverrelativepath": ("files", "url:"),
    "getfilebyurl": ("files", "url:"),
}


def plain_address(path: str, query: Mapping[str, str]) -> str:
    """`path` is what follows `/_api/`, decoded."""
    parts: list[str] = []
    for name, argument in _segments(path.strip("/")):
        key = None if argument is None else _value(argument, query)
        folded = name.casefold()
        if folded in _SHORT and key is not None:
            collection, prefix = _SHORT[folded]
            parts += [collection, quote(f"{prefix}{key}", safe="")]
        elif folded in _PICKERS and key is not None:
            prefix = _KEYED.get(folded) or ("id:" if parts and parts[-1] == "lists" else "")
            parts.append(quote(f"{prefix}{key}", safe=""))
        elif key:
            parts += [folded, quote(f"{_KEYED.get(folded, '')}{key}", safe="")]
        else:
            parts.append(folded)
    return "/" + "/".join(parts)


def named_arguments(argument: str, query: Mapping[str, str]) -> dict[str, str]:
    """`listID=@a1,itemID=3` → by name, aliases looked up in the query."""
    found = {}
    for part in argument.split(","):
        name, _, value = part.partition("=")
        found[name.strip().casefold()] = _value(value.strip(), query)
    return found


def key_of(params: Mapping[str, str], name: str) -> str:
    return unquote(params[name])


def _segments(path: str) -> Iterator[tuple[str, str | None]]:
    """Name and argument of each segment; slashes in quotes do not part."""
    for text in _parts(path):
        name, bracket, argument = text.partition("(")
        yield (name, argument.removesuffix(")")) if bracket else (text, None)


def _parts(path: str) -> Iterator[str]:
    start, is_quoted = 0, False
    for at, letter in enumerate(path):
        # A quote inside a quoted text is doubled, so it ends and begins the quoting at once.
        is_quoted ^= letter == "'"
        if letter == "/" and not is_quoted:
            yield path[start:at]
            start = at + 1
    yield path[start:]


def _value(argument: str, query: Mapping[str, str]) -> str:
    argument = argument.strip()
    if argument.startswith("@"):
        argument = query.get(argument, "").strip()
    if "=" in argument and not argument.startswith(("'", "guid'")):
        name, _, value = argument.partition("=")
        if "," in value and not value.strip().startswith("'"):
            return argument
        if name.strip().isidentifier():
            argument = value.strip()
    match = re.fullmatch(r"(?:guid|datetime)?'(.*)'", argument, re.DOTALL | re.IGNORECASE)
    return match[1].replace("''", "'") if match else argument
