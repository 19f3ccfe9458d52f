"""What is in a state store, counted; it is changed in no way, and may be of any form."""

from pathlib import Path
from typing import Any

import sqlalchemy as sa

from lms_bridge.sync import state_schema as tables
from lms_bridge.sync.state_engine import open_engine, sqlite_file, unusable, where
from lms_bridge.sync.state_versions import NEWEST, form_of


def inventory(location: str | Path) -> dict[str, Any]:
    """Its place without a password, its form, and how many rows stand in each table. Raises StateError."""
    engine = open_engine(location)
    told: dict[str, Any] = {"location": where(engine), "newest_form": NEWEST}
    file = sqlite_file(engine)
    if file is not None and not file.exists():
        return told | {"form": 0, "tables": {}}
    try:
        with engine.connect() as connection:
            there = set(sa.inspect(connection).get_table_names())
            counts = {
                name: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
                for name, table in tables.metadata.tables.items()
                if name in there
            }
            return told | {"form": form_of(connection), "tables": counts}
    except sa.exc.SQLAlchemyError as error:
        raise unusable(engine, error) from error
    finally:
        engine.dispose()
