"""Recorded answers of a real Moodle, read from `data/`: each row is one text that went in and what came back."""

import json
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data"


def rows(name: str) -> list[dict[str, Any]]:
    found = json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))["rows"]
    assert found, f"{name}.json holds no rows"
    return list(found)


def count_matches(name: str, matches: list[bool], capsys: Any) -> None:
    """Says how many rows match, so that a reader of the log sees how faithful the sandbox is."""
    with capsys.disabled():
        print(f"\n{name}: {sum(matches)} of {len(matches)} recorded answers match")
    assert all(matches)
