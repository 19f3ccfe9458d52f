"""The `files` source: a content folder that a designer keeps in Git.

`content/<course idnumber>/` holds `wiki/**/*.md`, `prompts/*.md`, `ratings.csv` or `.xlsx`, and maybe `course.yaml`.
"""

from pathlib import Path
from typing import Any

from lms_bridge.connector import Connector, Glance, Source
from lms_bridge.sources.files.settings import FilesSettings


def _open(name: str, settings: Any, folder: Path) -> Source:
    from lms_bridge.sources.files.source import FilesSource

    return FilesSource(name, settings, folder)


def _glance(settings: Any, folder: Path) -> Glance:
    from lms_bridge.sources.files.glance import glance

    return glance(folder / settings.path)


CONNECTOR = Connector("files", FilesSettings, source=_open, glance=_glance)
