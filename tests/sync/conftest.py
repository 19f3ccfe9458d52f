"""A destination in memory, and a bench that syncs into it."""

from pathlib import Path

import pytest

from lms_bridge.testing.bench import Bench
from lms_bridge.testing.memory import MemoryDestination


@pytest.fixture
def there() -> MemoryDestination:
    return MemoryDestination()


@pytest.fixture
def bench(there: MemoryDestination, tmp_path: Path) -> Bench:
    return Bench(there, tmp_path)
