"""Writes the tables of configuration.md from the settings models, so that they cannot rot: `make docs`.

Apart from the page because its words are written by hand and its tables are not; tests/test_docs.py compares both.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from lms_bridge.config.model import ChannelSettings, ConnectorSettings, RootSettings, RouteSettings
from lms_bridge.config.notifications import CHANNELS
from lms_bridge.registry import connector, connector_names

PAGE = Path(__file__).with_name("configuration.md")
BEGIN, END = "<!-- Written by `make docs` from here on. -->", "<!-- Written by `make docs` up to here. -->"
_TABLES_OF_THEIR_OWN = (ChannelSettings, ConnectorSettings, RouteSettings)
_HEAD = "| key | value | default | what it is for |\n|---|---|---|---|"


def main() -> None:
    PAGE.write_text(rewritten(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


def rewritten(page: str) -> str:
    """The page with today's tables between its two marks."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{tables()}\n{END}{after}"


def tables() -> str:
    parts = [_table("At the top", RootSettings)]
    for name in connector_names():
        found = connector(name)
        role = "source" if found.source is not None else "destination"
        parts.append(_table(f"A {role} with `type: {name}`", found.settings))
    parts.append(_table("A route", RouteSettings))
    parts += [_table(f"A channel of `notifications` with `type: {name}`", model) for name, model in CHANNELS.items()]
    return "\n".join(parts)


def _table(title: str, model: type[BaseModel]) -> str:
    schema = model.model_json_schema(by_alias=True)
    return "\n".join([f"## {title}", "", _HEAD, *_rows(model, schema, schema.get("$defs", {}), None, ""), ""])


def _rows(
    model: type[BaseModel], schema: Mapping[str, Any], definitions: Mapping[str, Any], preset: Any, prefix: str
) -> Iterator[str]:
    """A row a key; the keys of a block follow it. `preset` is the block as it is when the file does not mention it."""
    for name, field in model.model_fields.items():
        key = field.alias or name
        property_ = schema["properties"][key]
        value = getattr(preset, name) if preset is not None else field.get_default(call_default_factory=True)
        inner = _model_in(field.annotation)
        about = property_.get("description", "") or (inner.__doc__ or "" if inner else "See below.")
        required = field.is_required() and preset is None
        yield f"| `{prefix}{key}` | {_words(property_, definitions)} | {_default(value, required)} | {_cell(about)} |"
        if inner is not None:
            block = _block(property_, definitions)
            yield from _rows(inner, block, definitions, _instance(value, inner), f"{prefix}{key}.")


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if annotation in _TABLES_OF_THEIR_OWN:
        return None
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    members = [_model_in(member) for member in get_args(annotation) if member is not type(None)]
    found = [member for member in members if member is not None]
    return found[0] if len(found) == 1 else None


def _instance(value: Any, model: type[BaseModel]) -> Any:
    return value if isinstance(value, model) else None


def _resolved(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" in schema:
        found: Mapping[str, Any] = definitions[schema["$ref"].rpartition("/")[2]]
        return found
    for member in schema.get("anyOf", ()):
        if member.get("type") != "null":
            return _resolved(member, definitions)
    return schema


def _block(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    """Of a list of blocks, what each of them is."""
    found = _resolved(schema, definitions)
    return _resolved(found["items"], definitions) if found.get("type") == "array" else found


def _words(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    if "anyOf" in schema:
        told = [_words(member, definitions) for member in schema["anyOf"] if member.get("type") != "null"]
        return ", or ".join(dict.fromkeys(told))
    found = _resolved(schema, definitions)
    if found.get("format") == "password":
        return "a reference to a secret"
    if "const" in found:
        return f"`{found['const']}`"
    if "enum" in found:
        return " · ".join(f"`{value}`" for value in found["enum"])
    match found.get("type"):
        case "boolean":
            return "`true` · `false`"
        case "integer" | "number":
            return ("whole number" if found["type"] == "integer" else "number") + _range(found)
        case "array":
            return _list(found, definitions)
        case "object" if "properties" in found:
            return "block"
        case "object" if "propertyNames" in found and "$ref" in found["propertyNames"]:
            return f"one for each kind: {_words(found['additionalProperties'], definitions)}"
        case "object" if isinstance(lists := found.get("additionalProperties"), dict) and lists.get("type") == "array":
            return f"{_list(lists, definitions)} by name"
        case "object":
            return "blocks by name"
    return {"path": "path", "date": "date"}.get(found.get("format", ""), "text")


def _list(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    if "prefixItems" in schema:
        return f"list of {len(schema['prefixItems'])}: {_words(schema['prefixItems'][0], definitions)}s"
    each = _words(schema["items"], definitions)
    return f"list of {each}s" if each == "block" else f"list of {each}"


def _range(schema: Mapping[str, Any]) -> str:
    least = schema.get("minimum")
    above = schema.get("exclusiveMinimum")
    most = schema.get("maximum")
    begin = f"from {_number(least)}" if least is not None else f"over {_number(above)}" if above is not None else ""
    end = f"to {_number(most)}" if most is not None else ""
    return f" {begin} {end}".replace("  ", " ").rstrip() if begin or end else ""


def _number(value: float) -> str:
    return f"{value:g}" if value < 1000 else f"{value:,.0f}"


def _default(value: Any, required: bool) -> str:
    if required or value is PydanticUndefined:
        return "**required**"
    if value is None or value == {} or isinstance(value, BaseModel):
        return ""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple):
        return f"`[{', '.join(str(getattr(each, 'value', each)) for each in value)}]`"
    return f"`{value}`"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    main()
