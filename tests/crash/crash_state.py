"""The state of a killed run: SQLite files, or a database of a PostgreSQL server, copied away and put back."""

import shutil
from pathlib import Path
from typing import Protocol


class StateKeeper(Protocol):
    location: str

    def lose(self) -> None: ...
    def freeze(self) -> None: ...
    def put_back(self) -> None: ...

    def wait_until_free(self) -> None:
        """Until nothing of a killed process holds it any more."""
        ...


class SqliteState:
    """Files in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "state"
        self._calm = folder / "state.calm"
        self.location = str(self._folder / "state.sqlite")

    def lose(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)

    def freeze(self) -> None:
        shutil.rmtree(self._calm, ignore_errors=True)
        self._folder.mkdir(exist_ok=True)
        shutil.copytree(self._folder, self._calm)

    def put_back(self) -> None:
        self.lose()
        shutil.copytree(self._calm, self._folder)

    def wait_until_free(self) -> None:
        """Its locks die with the process."""
