"""The state of a killed run: SQLite files, or a database of a PostgreSQL server, copied away and put back."""

import shutil
from pathlib import Path
from typing import Protocol

from lms_bridge.sync.state_engine import open_engine
from lms_bridge.sync.state_lease import lease


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


class PostgresqlState:
    """A database of its own on a server; copies of it are made as from a template."""

    def __init__(self, server: str) -> None:
        self._server = open_engine(server).execution_options(isolation_level="AUTOCOMMIT")
        self.location = server.rpartition("/")[0] + "/bridge"

    def lose(self) -> None:
        self._do("DROP DATABASE IF EXISTS bridge WITH (FORCE)", "CREATE DATABASE bridge")

    def freeze(self) -> None:
        self._do("DROP DATABASE IF EXISTS frozen", "CREATE DATABASE frozen TEMPLATE bridge")

    def put_back(self) -> None:
        self._do("DROP DATABASE IF EXISTS bridge WITH (FORCE)", "CREATE DATABASE bridge TEMPLATE frozen")

    def wait_until_free(self) -> None:
        """The server notices a moment later that a session's process is dead; its lease ends only then."""
        engine = open_engine(self.location)
        for route in ("moodle", "sharepoint"):
            with lease(engine, route, patient=True):
                pass
        engine.dispose()

    def close(self) -> None:
        self._server.dispose()

    def _do(self, *statements: str) -> None:
        with self._server.connect() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)
