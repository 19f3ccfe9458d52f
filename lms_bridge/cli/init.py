"""`init` writes a config and a content folder to start from; `schema` prints the JSON Schema of the config."""

import secrets
import shutil
from pathlib import Path
from typing import Annotated

import typer

from lms_bridge.cli.printing import say, say_text
from lms_bridge.errors import BridgeError


def init(
    folder: Annotated[Path, typer.Argument(help="Where to write; made when it is not there.")] = Path(),
) -> None:
    """Write connectors.yaml, its JSON Schema and the example content to start from."""
    write_example(folder)
    say(f"Wrote connectors.yaml, connectors.schema.json and content/ into {folder.resolve()}.")
    say("Next: `lms-bridge sandbox` in one terminal, then `lms-bridge plan` and `lms-bridge sync` in another.")


def write_example(folder: Path) -> None:
    """Raises BridgeError, and writes nothing, where one of the files is there already."""
    from lms_bridge.example import example_folder

    folder.mkdir(parents=True, exist_ok=True)
    example = example_folder()
    targets = {"connectors.yaml": folder / "connectors.yaml", "content": folder / "content"}
    standing = [str(path) for path in targets.values() if path.exists()]
    if standing:
        raise BridgeError(
            f"{' and '.join(standing)} already there; nothing was written.",
            next_step="Give another folder: `lms-bridge init FOLDER`.",
        )
    # Two installations must not have one name, and nobody thinks of that when copying an example.
    named = f"installation: bridge-{secrets.token_hex(4)}"
    text = (example / "connectors.yaml").read_text(encoding="utf-8")
    targets["connectors.yaml"].write_text(text.replace("installation: example", named), encoding="utf-8")
    shutil.copytree(example / "content", targets["content"])
    _write_schema(folder / "connectors.schema.json")


def schema(
    output: Annotated[Path | None, typer.Option("--write", help="Write it to this file instead.")] = None,
) -> None:
    """Print the JSON Schema of connectors.yaml, which lets editors complete and check it."""
    if output is None:
        say_text(_schema_text())
        return
    _write_schema(output)
    say(f"Wrote {output}.")


def _schema_text() -> str:
    import json

    from lms_bridge.config.schema import json_schema

    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def _write_schema(path: Path) -> None:
    path.write_text(_schema_text(), encoding="utf-8")
