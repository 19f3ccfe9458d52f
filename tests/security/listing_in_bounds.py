"""Lists a content folder within the memory and the time that a machine has to spare for it; run as a program."""

import json
import resource
import sys
from pathlib import Path

from lms_bridge.sources.files.settings import FilesSettings
from lms_bridge.sources.files.source import FilesSource

MEMORY = 700_000_000
SECONDS = 60


def main(folder: Path) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    found = FilesSource("s", FilesSettings(path=Path(folder.name)), folder.parent).items()
    told = [[problem.where, str(problem)] for problem in found.problems]
    print(json.dumps({"told": told, "keys": [item.key for item in found.items]}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
