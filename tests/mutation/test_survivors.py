"""What the documentation says of mistakes that no test notices is about code that is there."""

import ast
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parent.parent.parent
EXPLAINED: dict[str, dict[str, list[str]]] = yaml.safe_load(
    (ROOT / "docs" / "survivors.yaml").read_text(encoding="utf-8")
)


@pytest.mark.parametrize("module", EXPLAINED)
def test_every_explained_mistake_is_one_in_code_that_is_there(module: str) -> None:
    source = (ROOT / "lms_bridge" / module).read_text(encoding="utf-8")
    text = " ".join(line.strip() for line in source.splitlines())
    kinds = ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef
    names = {node.name for node in ast.walk(ast.parse(source)) if isinstance(node, kinds)} | {"module"}
    gone = [
        mistake
        for mistakes in EXPLAINED[module].values()
        for mistake in mistakes
        if mistake.partition(": ")[0] not in names or _before(mistake) not in text
    ]
    assert gone == []


def test_no_mistake_is_explained_twice() -> None:
    told: list[Any] = [(m, one) for m, reasons in EXPLAINED.items() for names in reasons.values() for one in names]
    assert len(told) == len(set(told))


def _before(mistake: str) -> str:
    return mistake.partition(": ")[2].partition(" → ")[0]
