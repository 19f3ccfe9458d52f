"""What the service finds out about the file, and about what a run would go by, in a process that ends."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lms_bridge.errors import ConfigError
from lms_bridge.service.reading import Reading
from lms_bridge.service.running import Processes, Request, Said
from tests.service.serve_world import Home, home


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Home]:
    with home(tmp_path) as made:
        yield made


def input_of(served: Home) -> str | None:
    return Processes().input(served.config, "pages")


def test_what_a_run_goes_by_is_the_same_until_content_config_or_a_mistake_changes(served: Home) -> None:
    # What was touched just now may be touched again within the same tick of the file system's clock.
    served.until(lambda: input_of(served) is not None)
    first = input_of(served)
    assert input_of(served) == first
    (served.folder / "token").unlink()
    mistake = input_of(served)
    assert mistake is not None
    assert "token" in mistake
    assert input_of(served) == mistake


def test_a_reading_that_takes_too_long_tells_nothing_of_what_a_run_would_go_by(served: Home) -> None:
    assert Reading(served.config, input_of="pages", patience=0).input() is None
    with pytest.raises(ConfigError, match="it took too long") as caught:
        Reading(served.config, patience=0).served()
    assert caught.value.passing


def test_a_vault_that_is_away_ends_a_run_otherwise_than_a_mistake_does(
    served: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nobody listens at that port.
    monkeypatch.setenv("VAULT_ADDR", "http://127.0.0.1:9")
    monkeypatch.setenv("VAULT_TOKEN", "hvs.a-token")
    served.config.write_text(
        served.config.read_text(encoding="utf-8").replace("${file:token}", "${vault:kv/learning#moodle}"), "utf-8"
    )
    told: list[Said] = []
    assert Processes().run(served.config, Request(route="pages"), told.append) == 7
    assert told[-1].text.startswith("connectors.yaml, or what it refers to, cannot be used.")
    assert input_of(served) is None
    # A mistake beside it is for a person to mend all the same.
    served.write_config(every="often")
    assert Processes().run(served.config, Request(route="pages"), told.append) == 2
