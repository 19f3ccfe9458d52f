"""What real runs asked of the sandboxes, as whoever serves is told it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from lms_bridge.sandbox.faults import Fault
from lms_bridge.service.reading import Reading
from lms_bridge.service.running import Processes, Request
from lms_bridge.service.textfile import write_metrics
from tests.service.serve_world import Home, home


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Home]:
    with home(tmp_path) as made:
        made.config.write_text(with_setting(made, "attempts: 2"), encoding="utf-8")
        yield made


def with_setting(served: Home, setting: str) -> str:
    return served.config.read_text(encoding="utf-8").replace("type: moodle,", f"type: moodle, {setting},")


def run(served: Home) -> int:
    return Processes().run(served.config, Request(route="pages"), lambda line: None)


def told(served: Home, name: str) -> dict[str, float]:
    """By the last label."""
    file = served.folder / "lms-bridge.prom"
    write_metrics(Reading(served.config).served(), file, datetime.now(UTC))
    families = text_string_to_metric_families(file.read_text(encoding="utf-8"))
    samples = [each for family in families for each in family.samples if each.name == f"lmsbridge_{name}"]
    return {each.labels.get("outcome", each.labels["dest"]): each.value for each in samples}


def test_the_requests_of_each_run_are_added_to_those_before_by_how_they_ended(served: Home) -> None:
    served.server.faults.add(Fault(kind="status", status=503, headers={"Retry-After": "0"}))
    assert run(served) == 0
    first = told(served, "remote_calls_total")
    assert first["busy"] == 1
    assert first["done"] == len(served.wire.exchanges) - 1
    (served.folder / "content/BIO/wiki/p0.md").write_text("# Page 0\n\nOther words.\n", encoding="utf-8")
    assert run(served) == 0
    assert told(served, "remote_calls_total")["done"] == len(served.wire.exchanges) - 1
    assert told(served, "budget_remaining") == {}, "no budget is set"
    served.server.stop()
    assert run(served) != 0
    assert told(served, "remote_calls_total")["unreachable"] > 0


def test_a_budget_that_is_set_is_told_as_the_share_that_is_left(served: Home) -> None:
    served.config.write_text(with_setting(served, "calls_per_minute: 100000"), encoding="utf-8")
    assert run(served) == 0
    (share,) = told(served, "budget_remaining").values()
    assert 0.9 < share <= 1
