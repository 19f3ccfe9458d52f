"""The JSON Schema of connectors.yaml, with the settings of every installed connector, for editors."""

from typing import Any

from pydantic import BaseModel

from lms_bridge.config.model import RootSettings
from lms_bridge.config.notifications import CHANNELS
from lms_bridge.config.references import STORES
from lms_bridge.registry import connector, connector_names

REFERENCE = rf"^\$\{{({'|'.join(STORES)}):[^{{}}]+\}}$"


def json_schema() -> dict[str, Any]:
    schema = _with_references(RootSettings.model_json_schema(by_alias=True))
    definitions = schema.setdefault("$defs", {})
    definitions.pop("ConnectorSettings", None)
    loaded = [(name, connector(name)) for name in connector_names()]
    for role in ("source", "destination"):
        members = [
            _settings_schema(name, found.settings, definitions)
            for name, found in loaded
            if getattr(found, role) is not None
        ]
        place = schema["properties"][f"{role}s"]
        place.pop("additionalProperties", None)
        place["patternProperties"] = {"^[a-z0-9][a-z0-9_-]*$": {"oneOf": members}}
        place["additionalProperties"] = False
    definitions.pop("ChannelSettings", None)
    channels = [_settings_schema(name, model, definitions) for name, model in CHANNELS.items()]
    schema["properties"]["notifications"]["items"] = {"oneOf": channels}
    schema["title"] = "connectors.yaml of lms-bridge"
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _settings_schema(name: str, model: type[BaseModel], definitions: dict[str, Any]) -> dict[str, Any]:
    schema = model.model_json_schema(by_alias=True, ref_template=f"#/$defs/{name}.{{model}}")
    for key, definition in schema.pop("$defs", {}).items():
        definitions[f"{name}.{key}"] = _with_references(definition)
    schema = _with_references(schema)
    schema["properties"] = {"type": {"const": name, "description": "Which connector."}, **schema.get("properties", {})}
    schema["required"] = ["type", *schema.get("required", [])]
    schema["title"] = name
    return schema


def _with_references(schema: dict[str, Any]) -> dict[str, Any]:
    """Secrets are references in the file; any other single value may be one too."""

    def mapped(value: Any) -> Any:
        if isinstance(value, list):
            return [mapped(item) for item in value]
        if not isinstance(value, dict):
            return value
        if value.get("format") == "password":
            return {"type": "string", "pattern": REFERENCE, **_texts(value)}
        return {key: mapped(item) for key, item in value.items()}

    return dict(mapped(schema))


def _texts(schema: dict[str, Any]) -> dict[str, Any]:
    return {key: schema[key] for key in ("title", "description", "default") if key in schema}
