"""The JSON Schema that editors complete and check connectors.yaml with."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from lms_bridge.config.schema import json_schema

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    return json_schema()


def settings(schema: dict[str, Any], section: str, name: str) -> dict[str, Any]:
    (members,) = schema["properties"][section]["patternProperties"].values()
    (found,) = [member for member in members["oneOf"] if member["title"] == name]
    return dict(found)


def test_sources_and_destinations_offer_the_installed_connectors(schema: dict[str, Any]) -> None:
    assert settings(schema, "sources", "files")["properties"]["type"]["const"] == "files"
    assert settings(schema, "destinations", "moodle")["required"][:3] == ["type", "url", "token"]
    assert settings(schema, "destinations", "sharepoint")["additionalProperties"] is False


def test_a_secret_must_be_a_reference_in_the_schema_as_well(schema: dict[str, Any]) -> None:
    token = settings(schema, "destinations", "moodle")["properties"]["token"]
    assert token["pattern"].startswith(r"^\$\{(env|file|credential|keyring|azure|vault):")


def test_every_reference_inside_the_schema_leads_somewhere(schema: dict[str, Any]) -> None:
    text = json.dumps(schema)
    references = {part.split('"')[0] for part in text.split('"$ref": "#/$defs/')[1:]}
    assert references <= set(schema["$defs"])


def test_each_setting_says_what_it_is_for(schema: dict[str, Any]) -> None:
    for section, name in (("sources", "files"), ("destinations", "moodle"), ("destinations", "sharepoint")):
        for key, value in settings(schema, section, name)["properties"].items():
            assert value.get("description") or "$ref" in value or "anyOf" in value, f"{name}.{key}"


def test_the_shipped_file_points_its_editor_at_the_schema_and_names_no_key_that_the_schema_lacks(
    schema: dict[str, Any],
) -> None:
    text = (ROOT / "connectors.yaml").read_text(encoding="utf-8")
    assert text.startswith("# yaml-language-server: $schema=./connectors.schema.json\n")
    content = yaml.safe_load(text)
    assert set(content) <= set(schema["properties"])
    for section in ("sources", "destinations"):
        for opening in content[section].values():
            assert set(opening) <= set(settings(schema, section, opening["type"])["properties"])
