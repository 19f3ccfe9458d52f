"""Finds the shipped example, connectors.yaml and content/: beside the package in a checkout, else inside it."""

from pathlib import Path

from lms_bridge.errors import BridgeError


def example_folder() -> Path:
    package = Path(__file__).parent
    for folder in (package / "shipped", package.parent):
        if (folder / "connectors.yaml").is_file() and (folder / "content").is_dir():
            return folder
    raise BridgeError(
        "the example that ships with lms-bridge is not there.",
        where=str(package),
        next_step="Install lms-bridge anew, or run it from a checkout.",
    )
