"""What a designer writes into a page, a prompt or a course file, and what is said when it cannot be meant so."""

from pathlib import Path
from typing import Any

import pytest

from lms_bridge.connector import Level, Listing, Source
from lms_bridge.items import Item, Page
from lms_bridge.sources.files import CONNECTOR


class Folder:
    """A content folder that a test writes."""

    def __init__(self, root: Path) -> None:
        self.root = root / "content"

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def source(self, **settings: Any) -> Source:
        assert CONNECTOR.source is not None
        model = CONNECTOR.settings.model_validate({"path": "content", **settings})
        return CONNECTOR.source("s", model, self.root.parent)

    def listing(self, **settings: Any) -> Listing:
        return self.source(**settings).items()

    def items(self, **settings: Any) -> dict[str, Item]:
        listing = self.listing(**settings)
        assert not listing.problems
        return {item.key: item for item in listing.items}

    def problems(self, **settings: Any) -> list[str]:
        return [str(problem) for problem in self.listing(**settings).problems]

    def warnings(self) -> list[str]:
        return [str(finding.problem) for finding in self.source().check() if finding.level is Level.WARNING]


@pytest.fixture
def content(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def page(content: Folder, key: str, **settings: Any) -> Page:
    item = content.items(**settings)[key]
    assert isinstance(item, Page)
    return item


@pytest.mark.parametrize("key", ["publish", "close"])
@pytest.mark.parametrize(
    "when",
    [
        "9999-12-31T23:59:59-12:00",
        "0001-01-01T00:00:00+12:00",
        "9999-12-31",
        "0001-01-01",
        "1969-12-30",
        "2200-01-02",
        "2199-12-31T23:00:00-02:00",
    ],
)
@pytest.mark.parametrize("zone", [None, "Pacific/Kiritimati"])
def test_a_moment_far_from_our_time_costs_its_prompt_alone(
    content: Folder, key: str, when: str, zone: str | None
) -> None:
    content.write("C1/prompts/far.md", f"---\n{key}: {when}\n---\n# Far\n")
    content.write("C1/prompts/near.md", f"---\n{key}: 2199-12-30\n---\n# Near\n")
    listing = content.listing(timezone=zone)
    assert [item.key for item in listing.items] == ["s:C1/prompts/near"]
    (told,) = map(str, listing.problems)
    assert told.startswith(f"content/C1/prompts/far.md:2: `{key}` is {when}")
    assert told.endswith("which cannot be meant. Write a moment between the years 1970 and 2200.")
