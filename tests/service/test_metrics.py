"""What Prometheus is told, and that dashboard and alert rules ask for nothing else."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from lms_bridge.calendars.feed import Feed, Rules
from lms_bridge.errors import UsageError
from lms_bridge.service.textfile import write_metrics
from lms_bridge.service.timetable import Timetable
from lms_bridge.testing.sample import make_page
from tests.calendars.calendar_world import calendar, exam
from tests.service.week_world import BIO, World, prompt

ROOT = Path(__file__).parent.parent.parent
NOW = datetime(2027, 1, 11, 8, 0, tzinfo=UTC)
Values = Mapping[tuple[str, ...], float]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    calendar_file = tmp_path / "exams.ics"
    calendar_file.write_bytes(calendar(exam()))
    feed = Feed(name="exams", where="connectors.yaml", copy=tmp_path / "copies" / "exams", file=calendar_file)
    feed = replace(feed, rules=Rules(by_course=True, named=(("Exam", ("CHE",)),)))
    made = World(tmp_path, NOW, (feed,), one=Timetable(every=timedelta(hours=1)), never=Timetable())
    yield made
    made.close()


def values(text: bytes) -> dict[str, dict[tuple[str, ...], float]]:
    """By name, then by the values of the labels in the order of their names."""
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families(text.decode()):
        for sample in family.samples:
            labels = tuple(value for _, value in sorted(sample.labels.items()))
            found.setdefault(sample.name, {})[labels] = sample.value
    return found


def labels(text: bytes) -> dict[str, set[str]]:
    samples = [each for family in text_string_to_metric_families(text.decode()) for each in family.samples]
    return {each.name: set(each.labels) for each in samples}


def test_items_are_counted_by_how_they_stand(world: World) -> None:
    line = world.lines["one"]
    world.fill("one", *(prompt(f"p{n}", NOW) for n in range(5)), prompt("later", NOW + timedelta(days=9)))
    line.there.refused.add(prompt("p4", NOW).key)
    world.pass_until(NOW + timedelta(minutes=1))
    line.there.edit(prompt("p0", NOW).key, "<p>What a person wrote.</p>")
    world.fill(
        "one", *(replace(each, body="<p>Newer.</p>") for each in line.source.content[:1]), *line.source.content[1:]
    )
    world.pass_until(NOW + timedelta(hours=1, minutes=1))
    told = values(world.rota.metrics())
    assert {status: n for (_, _, route, status), n in told["lmsbridge_objects"].items() if route == "one"} == {
        "conflict": 1,
        "deferred": 1,
        "failed": 1,
        "in_step": 3,
    }
    assert told["lmsbridge_writes_total"]["create", "done", "one"] == 4


def test_a_service_that_begins_anew_tells_the_same_of_everything_that_stands(world: World) -> None:
    world.fill("one", *(prompt(f"p{n}", NOW) for n in range(5)))
    world.pass_until(NOW + timedelta(minutes=1))
    before = values(world.rota.metrics())
    world.down_until(NOW + timedelta(minutes=2))
    world.pass_until(NOW + timedelta(minutes=3))
    after = values(world.rota.metrics())
    own = ["writes_total", "scheduler_tick_timestamp", "run_seconds", "budget_remaining"]
    for name in before:
        if name.startswith("lmsbridge_") and name.removeprefix("lmsbridge_") not in own:
            assert after[name] == before[name], name


def test_a_calendar_tells_when_it_was_read_last(world: World) -> None:
    world.pass_until(NOW + timedelta(hours=1))
    feed = world.feeds[0]
    assert feed.file is not None
    assert values(world.rota.metrics())["lmsbridge_calendar_read_timestamp"]["exams",] == NOW.timestamp()
    feed.file.unlink()
    world.pass_until(NOW + timedelta(hours=2))
    assert values(world.rota.metrics())["lmsbridge_calendar_read_timestamp"]["exams",] == NOW.timestamp()


def test_a_counter_never_goes_down_while_the_service_lives(world: World) -> None:
    counted = []
    for hour in range(4):
        world.fill("one", *(prompt(f"p{n}", NOW) for n in range(hour)))
        world.pass_until(NOW + timedelta(hours=hour, minutes=1))
        counted.append(values(world.rota.metrics()).get("lmsbridge_writes_total", {}).get(("create", "done", "one"), 0))
    assert counted == [0, 1, 2, 3]


def test_a_config_that_is_refused_and_a_destination_that_is_away_are_told(world: World) -> None:
    world.lines["one"].there.unreachable = True
    world.fill("one", prompt("p", NOW))
    world.pass_until(NOW + timedelta(hours=1))
    world.rota.refuse("connectors.yaml:3:1: the key is not known here.")
    told = values(world.rota.metrics())
    assert told["lmsbridge_config_valid"] == {(): 0}
    assert told["lmsbridge_connector_status"]["memory", "one", "down"] == 1
    assert told["lmsbridge_failures_in_a_row"]["one",] == 6
    assert told["lmsbridge_route_status"]["never", "pending"] == 1
    health = world.rota.health()
    assert health.ready
    assert "connectors.yaml:3:1" in health.problems[0]


def test_the_textfile_tells_the_same_of_the_routes_and_is_written_as_a_whole(world: World, tmp_path: Path) -> None:
    world.fill("one", *(prompt(f"p{n}", NOW) for n in range(5)))
    world.pass_until(NOW + timedelta(minutes=1))
    file = tmp_path / "lms-bridge.prom"
    write_metrics(world.rota.served, file, world.now)
    served, written = values(world.rota.metrics()), values(file.read_bytes())
    for name in ("objects", "remote_calls_total", "budget_remaining", "calendar_read_timestamp"):
        assert written[f"lmsbridge_{name}"] == served[f"lmsbridge_{name}"]
    assert written["lmsbridge_last_success_timestamp"] == served["lmsbridge_last_success_timestamp"]
    assert file.stat().st_mode & 0o777 == 0o644
    assert [each.name for each in tmp_path.glob(".lms-bridge.prom*")] == []
    with pytest.raises(UsageError, match="cannot be written"):
        write_metrics(world.rota.served, tmp_path / "nowhere" / "lms-bridge.prom", world.now)


def test_how_requests_ended_is_counted_over_all_runs_and_restarts_and_told_by_destination_alone(world: World) -> None:
    line = world.lines["one"]
    world.fill("one", prompt("p", NOW))
    world.pass_until(NOW + timedelta(minutes=1))
    first = values(world.rota.metrics())["lmsbridge_remote_calls_total"]
    assert first["memory", "done"] == sum(line.there.counts.values()) > 0
    # Every way in which one may end is told from the beginning on, so that its first is an increase.
    assert {outcome: n for (_, outcome), n in first.items() if outcome != "done"} == dict.fromkeys(
        ("busy", "refused", "unanswered", "unreachable"), 0
    )
    line.there.unreachable = True
    world.down_until(NOW + timedelta(hours=1))
    world.pass_until(NOW + timedelta(hours=1, minutes=1))
    later = values(world.rota.metrics())["lmsbridge_remote_calls_total"]
    assert later["memory", "done"] == first["memory", "done"]
    assert later["memory", "unreachable"] > 0
    world.rota.exchange(replace(world.rota.served, routes=()))
    assert "lmsbridge_remote_calls_total" not in values(world.rota.metrics())


def test_what_a_destination_may_be_asked_still_grows_again_after_a_run(world: World) -> None:
    world.fill("one", prompt("p", NOW))
    world.pass_until(NOW + timedelta(seconds=1))
    left = values(world.rota.metrics())["lmsbridge_budget_remaining"]["memory",]
    assert left == pytest.approx(1 - sum(world.lines["one"].there.counts.values()) / 10, abs=0.02)
    world.pass_until(NOW + timedelta(minutes=6))
    later = values(world.rota.metrics())["lmsbridge_budget_remaining"]["memory",]
    assert later == pytest.approx(left + 0.1, abs=0.02)


def test_how_much_of_the_pages_arrived_is_that_of_the_last_run_that_wrote_any(world: World) -> None:
    line = world.lines["one"]
    linked = make_page(BIO, "linked", '<p>See <a href="https://example.org/">there</a>.</p>')
    world.fill("one", prompt("p", NOW))
    world.pass_until(NOW + timedelta(minutes=1))
    assert "lmsbridge_fidelity_ratio" not in values(world.rota.metrics())
    line.there.drops_links = True
    world.fill("one", linked, make_page(BIO, "plain", "<p>Words.</p>"))
    world.pass_until(NOW + timedelta(hours=2))
    # The course's index is a page of links as well.
    assert values(world.rota.metrics())["lmsbridge_fidelity_ratio"]["one",] == pytest.approx(1 / 3, abs=1e-5)
    line.there.drops_links = False
    world.fill("one", replace(linked, body="<p>Nothing to be lost.</p>"), *line.source.content[1:])
    world.pass_until(NOW + timedelta(hours=4))
    assert values(world.rota.metrics())["lmsbridge_fidelity_ratio"] == {("one",): 1.0}


# What is shipped


def ran_with_everything(world: World) -> bytes:
    world.fill("one", prompt("p", NOW), make_page(BIO, "page", "<p>Words.</p>"))
    world.pass_until(NOW + timedelta(hours=1))
    return world.rota.metrics()


def dashboard() -> list[str]:
    shipped = json.loads((ROOT / "deploy/grafana/lms-bridge.json").read_text(encoding="utf-8"))
    asked = [target["expr"] for panel in shipped["panels"] for target in panel["targets"]]
    return [*asked, *(each["query"]["query"] for each in shipped["templating"]["list"] if each["type"] == "query")]


def alerts() -> list[str]:
    groups = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yaml").read_text(encoding="utf-8"))["groups"]
    return [rule["expr"] for group in groups for rule in group["rules"]]


@pytest.mark.parametrize("shipped", [dashboard, alerts])
def test_every_metric_and_label_that_is_asked_for_is_really_exported(
    world: World, shipped: Callable[[], list[str]]
) -> None:
    exported = labels(ran_with_everything(world))
    for expression in shipped():
        names = set(re.findall(r"\b(?:lmsbridge|process)_\w+", expression))
        assert names
        assert names <= exported.keys(), expression
        for name, selection in re.findall(r"(lmsbridge_\w+)\{([^}]*)\}", expression):
            assert set(re.findall(r"(\w+)\s*(?:=~|!=|=)", selection)) <= exported[name], expression
        for grouped in re.findall(r"by \(([^)]*)\)", expression):
            wanted = {each.strip() for each in grouped.split(",")}
            assert any(wanted <= exported[name] for name in names), expression


def test_every_metric_of_ours_is_used_by_the_dashboard_or_an_alert_or_is_told_in_the_docs(world: World) -> None:
    told = " ".join([*dashboard(), *alerts(), (ROOT / "docs/running.md").read_text(encoding="utf-8")])
    ours = {name for name in labels(ran_with_everything(world)) if name.startswith("lmsbridge_")}
    assert {name for name in ours if name not in told} == set()


def test_alerts_name_only_labels_that_their_metric_has(world: World) -> None:
    exported = labels(ran_with_everything(world))
    groups = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yaml").read_text(encoding="utf-8"))["groups"]
    for rule in (rule for group in groups for rule in group["rules"]):
        (name,) = re.findall(r"lmsbridge_\w+", rule["expr"])
        used = set(re.findall(r"\$labels\.(\w+)", " ".join(rule["annotations"].values())))
        assert used <= exported[name], rule["alert"]


def test_an_alert_says_when_nothing_is_told_any_more_by_what_service_and_textfile_both_tell(
    world: World, tmp_path: Path
) -> None:
    (asked,) = [name for rule in alerts() for name in re.findall(r"absent\((\w+)\)", rule)]
    assert asked in labels(world.rota.metrics())
    write_metrics(world.rota.served, tmp_path / "lms-bridge.prom", world.now)
    assert asked in labels((tmp_path / "lms-bridge.prom").read_bytes())
    # Before any run, too: else it would be raised on the first day.
    assert world.ran == []


def test_another_state_is_counted_from_its_own_beginning(world: World, tmp_path: Path) -> None:
    world.fill("one", *(prompt(f"p{n}", NOW) for n in range(5)))
    world.pass_until(NOW + timedelta(minutes=1))
    world.down_until(NOW + timedelta(minutes=2))
    world.pass_until(NOW + timedelta(minutes=3))
    world.file = tmp_path / "another.sqlite"
    world.rota.exchange(replace(world.rota.served, state=str(world.file)))
    world.lines["one"].there.things.clear()
    world.fill("one", prompt("p", NOW))
    world.pass_until(world.now + timedelta(minutes=1))
    assert values(world.rota.metrics())["lmsbridge_writes_total"]["create", "done", "one"] == 1
