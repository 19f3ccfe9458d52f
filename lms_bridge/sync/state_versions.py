"""Which form a state store has, and bringing an older one up to date.

A normal start reads one number; Alembic, which takes half a second to load, is imported only when it is behind.
"""

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from lms_bridge.errors import StateError
from lms_bridge.sync.state_engine import open_engine, sqlite_file, unusable, where
from lms_bridge.sync.state_lease import lease

NEWEST = 7


def bring_up_to_date(engine: Engine) -> None:
    """Raises StateError when the store was written by a newer version of lms-bridge."""
    with engine.connect() as connection:
        version = form_of(connection)
    _refuse_newer(engine, version)
    if version == NEWEST:
        return
    # Two first starts at once must not both make the tables.
    with lease(engine, "migration", patient=True):
        with engine.connect() as connection:
            version = form_of(connection)
        _refuse_newer(engine, version)
        if version < NEWEST:
            if version:
                _back_up(engine, version)
            _migrate(engine)


def is_current(location: str | Path) -> bool:
    """Whether a store is there that need not be migrated. Raises StateError for one that cannot be used."""
    engine = open_engine(location)
    try:
        with engine.connect() as connection:
            return form_of(connection) == NEWEST
    except sa.exc.SQLAlchemyError as error:
        raise unusable(engine, error) from error
    finally:
        engine.dispose()


def form_of(connection: Connection) -> int:
    """The number of the newest migration that was run, as Alembic keeps it; 0 for an empty store."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return 0
    number = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    return int(number) if number is not None else 0


def _refuse_newer(engine: Engine, version: int) -> None:
    if version > NEWEST:
        raise StateError(
            f"The state was written by a newer lms-bridge (form {version}; this one knows forms up to {NEWEST}).",
            where=where(engine),
            next_step="Install that version again, or go back to the backup that it made beside the state.",
        )


def _back_up(engine: Engine, version: int) -> None:
    file = sqlite_file(engine)
    if file is None:
        return
    copy = file.with_name(f"{file.name}.form-{version}.{datetime.now(UTC):%Y%m%dT%H%M%SZ}.backup")
    with sqlite3.connect(file) as source, sqlite3.connect(copy) as target:
        source.backup(target)
    source.close()
    target.close()


def _migrate(engine: Engine) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "state_migrations").replace("%", "%%"))
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            # Python's driver commits every CREATE TABLE by itself, and a start that was killed left half a store.
            # https://docs.sqlalchemy.org/en/20/dialects/sqlite.html#serializable-isolation-savepoints-transactional-ddl
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
